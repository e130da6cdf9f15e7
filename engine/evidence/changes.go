package evidence

import (
	"encoding/json"
	"reflect"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/changes"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
)

// EventVerified is the audit event of a verification; its fact FactDigest is the digest of the target's record.
// EventRecorded is that of evidence that was recorded.
const (
	EventVerified = audit.VerificationCompleted
	EventRecorded = audit.EvidenceUpdated
	FactDigest    = "record_digest"
)

// Changes is the content of FileChanges: what the target recorded by itself while the run was going on, and what that
// says of the run.
type Changes struct {
	Verification string `json:"verification"`
	At           string `json:"at"`
	Digest       string `json:"digest"` // of the record, as the audit chain has it
	// names in the record have pseudonyms here, so that the digest is not proven
	Masked  bool                     `json:"masked,omitempty"`
	Record  observation.ChangeReport `json:"record"`
	Verdict changes.Verdict          `json:"verdict"`
}

// changes checks that the record is the one of the audit chain, and comes to the verdict again from plan and run alone.
func (v *Verdict) changes(contents map[string][]byte) {
	content, ok := contents[FileChanges]
	if !ok {
		v.Notes = append(v.Notes,
			"The target's own record of writes is not in it: that the run did just this is the word of its journal.")
		return
	}
	var stated Changes
	if err := json.Unmarshal(content, &stated); err != nil {
		v.problem(FileChanges, "broken", "it does not read: %v", err)
		return
	}
	v.recordDigest(stated)
	var p plan.Plan
	var run changes.Run
	if json.Unmarshal(contents[FilePlan], &p) != nil || json.Unmarshal(contents[FileRun], &run) != nil {
		return // that was said already
	}
	found, err := changes.Check(&p, run, stated.Record)
	switch {
	case err != nil:
		v.problem(FileChanges, "broken", "%v", err)
	case !reflect.DeepEqual(found, stated.Verdict):
		v.problem(FileChanges, "changed", "its verdict is not what plan, run and record give")
	default:
		v.Changes = &found
	}
}

func (v *Verdict) recordDigest(stated Changes) {
	if stated.Masked {
		v.Notes = append(v.Notes, "The target's record names people and has pseudonyms here: its digest is not proven.")
		return
	}
	digest, err := changes.Digest(stated.Record)
	if err != nil || digest != stated.Digest {
		v.problem(FileChanges, "changed", "the record does not have the digest that it states")
		return
	}
	facts, known := v.proofs[stated.Verification]
	switch {
	case !known && v.withheld:
		v.Notes = append(v.Notes,
			"The audit chain's record of the verification is withheld, or was never made: the digest of the target's record "+
				"is not proven.")
	case !known:
		v.problem(FileChanges, "foreign", "the audit chain does not tell of verification %s", stated.Verification)
	case facts[FactDigest] != digest:
		v.problem(FileChanges, "changed", "the audit chain has another digest of the record of verification %s",
			stated.Verification)
	}
}
