package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/state"
)

func evidenceBundleCommand() Command {
	var out, key string
	return Command{
		Path:  "evidence bundle",
		Class: classRead,
		Codes: []config.Code{
			{Code: "evidence-key", Cause: "A key to sign or check bundles with does not read.", Cure: "Make one with rehome evidence keygen."},
		},
		Short: "Write a file that proves a run to a stranger",
		Long: `Bundle writes the plan, the run with its journal, the results of probes and the audit chain into one zip with checksums, signed when a key is
given. rehome evidence verify checks it without state, configuration or network. People have pseudonyms unless -show-people: then the
content of steps and records that name them is left out, and their hashes stand for it.`,
		Example: "  rehome evidence bundle -out=evidence.zip -sign-key=evidence.key",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&out, "out", "", "write the bundle here (required)")
			f.StringVar(&key, "sign-key", "", "sign with this key, made by rehome evidence keygen")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			if out == "" {
				return misuse("-out is missing: name the file to write, such as -out=evidence.zip")
			}
			return runEvidenceBundle(s, out, key)
		},
	}
}

func runEvidenceBundle(s *session, out, keyFile string) error {
	var key ed25519.PrivateKey
	if keyFile != "" {
		content, err := os.ReadFile(s.path(keyFile))
		if err != nil {
			return fmt.Errorf("reading the key: %w", err)
		}
		if key, err = evidence.ParsePrivate(content); err != nil {
			return diag.Errorf("evidence-key", "Key does not read", "%s: %v. rehome evidence keygen makes one.", keyFile, err)
		}
	}
	found, err := gatherEvidence(s)
	if err != nil {
		return err
	}
	if found.run == nil {
		return diag.Errorf("evidence-needs-applied", "Plan is not applied", "A bundle proves a run, and no plan of this migration was applied with this state.")
	}
	manifest, documents, err := found.bundle(s)
	if err != nil {
		return err
	}
	if err := s.writeFile(out, func(w io.Writer) error { return evidence.Write(w, manifest, documents, key) }); err != nil {
		return err
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": evidence.FormatVersion, "file": out, "plan_hash": manifest.PlanHash, "run": manifest.Run, "audit_head": manifest.AuditHead, "signed": key != nil})
	}
	signed := "It is not signed; give -sign-key so that a stranger can tell who made it."
	if key != nil {
		public, _ := key.Public().(ed25519.PublicKey)
		signed = "Signed by " + evidence.Fingerprint(public) + "."
	}
	fmt.Fprintf(s.env.out, "%s proves run %s of plan %s. %s\n", out, manifest.Run, manifest.PlanHash, signed)
	s.next("rehome evidence verify " + out)
	return nil
}

// bundle makes the documents. Everything in them is masked, unless people may be named.
func (f *proof) bundle(s *session) (evidence.Manifest, map[string]any, error) {
	manifest := evidence.Manifest{Migration: f.plan.Migration.Name, PlanHash: f.plan.PlanHash, Run: f.run.ID, People: "named"}
	m, err := s.masker(f.plan)
	if err != nil {
		return manifest, nil, err
	}
	shown := f.plan
	if m != nil {
		manifest.People = "pseudonyms"
		if shown, err = m.Plan(f.plan); err != nil {
			return manifest, nil, err
		}
	}
	hashes, err := evidence.Steps(f.plan, shown)
	if err != nil {
		return manifest, nil, err
	}
	report, err := f.report(s, false)
	if err != nil {
		return manifest, nil, err
	}
	mask := newBundleMask(m, f.plan, shown)
	chain := []evidence.Record{}
	walked, err := s.whole.WalkAudit("", func(record state.AuditRecord) error {
		chain = append(chain, evidence.RecordOf(record, mask.withhold(record.Event)))
		return nil
	})
	if err != nil {
		return manifest, nil, fmt.Errorf("reading the audit chain: %w", err)
	}
	manifest.AuditHead = walked.Head
	journal, err := mask.journal(s, f.run.ID)
	if err != nil {
		return manifest, nil, err
	}
	probes, err := mask.probes(s.store, f.run.ID)
	if err != nil {
		return manifest, nil, err
	}
	documents := map[string]any{
		evidence.FilePlan: shown, evidence.FileHashes: hashes, evidence.FileRun: mask.run(*f.run), evidence.FileJournal: journal, evidence.FileProbes: probes,
		evidence.FileAudit: chain, evidence.FileReport: report,
	}
	recorded, err := mask.changes(s.store, shown, *f.run)
	if err == nil && recorded != nil {
		documents[evidence.FileChanges] = recorded
	}
	return manifest, documents, err
}

// bundleMask keeps people out of what belongs to a plan. With a nil masker it changes nothing.
type bundleMask struct {
	masker *pseudonym.Masker
	shown  map[string]plan.Step // step id → the step as it is shown
	people map[string]bool      // ids of steps about people
}

func newBundleMask(m *pseudonym.Masker, original, shown *plan.Plan) *bundleMask {
	out := &bundleMask{masker: m, shown: map[string]plan.Step{}, people: map[string]bool{}}
	for i := range original.Steps {
		id := original.Steps[i].ID
		out.shown[id], out.people[id] = shown.Steps[i], pseudonym.Personal(&original.Steps[i])
	}
	return out
}

func (b *bundleMask) text(text string) string {
	if b.masker == nil {
		return text
	}
	return b.masker.Text(text)
}

func (b *bundleMask) run(run state.Run) state.Run {
	if b.masker == nil {
		return run
	}
	run.Steps = slices.Clone(run.Steps)
	for i := range run.Steps {
		step := &run.Steps[i]
		if shown, known := b.shown[step.StepID]; known {
			if b.people[step.StepID] {
				step.ServerID = ""
			}
			step.StepID, step.Resource = shown.ID, shown.Resource
		}
		step.Reason = b.text(step.Reason)
	}
	return run
}

type journalLine struct {
	Sequence int `json:"sequence"`
	state.JournalRecord
}

// journal is the write-ahead record of the run, where this machine has it. What a record says of a step about people is left out but
// for its digest and outcome.
func (b *bundleMask) journal(s *session, run string) ([]json.RawMessage, error) {
	lines := []json.RawMessage{}
	folder, err := s.JournalFolder()
	if err != nil {
		return nil, err
	}
	err = s.store.ReadJournal(folder, run, func(record state.JournalRecord) error {
		if b.masker != nil {
			b.withoutPeople(&record)
		}
		encoded, err := json.Marshal(journalLine{record.Sequence, record})
		if err != nil {
			return fmt.Errorf("encoding record %d of the journal: %w", record.Sequence, err)
		}
		if b.masker != nil {
			encoded = b.masker.JSON(encoded)
		}
		lines = append(lines, encoded)
		return nil
	})
	if errors.Is(err, state.ErrNotFound) {
		return lines, nil
	}
	return lines, err
}

func (b *bundleMask) withoutPeople(record *state.JournalRecord) {
	if i := record.Intend; i != nil && b.people[i.StepID] {
		shown := b.shown[i.StepID]
		record.Intend = &state.Intention{StepID: shown.ID, Action: i.Action, Resource: shown.Resource, Precondition: i.Precondition, NoWayBack: i.NoWayBack,
			Inverse: state.Inverse{Action: i.Inverse.Action, Resource: shown.Resource}}
	}
	if o := record.Outcome; o != nil && b.people[o.StepID] {
		shown := b.shown[o.StepID]
		record.Outcome = &state.StepOutcome{StepID: shown.ID, Resource: shown.Resource, Outcome: o.Outcome, Reason: b.text(o.Reason), Requests: o.Requests, Generated: o.Generated}
	}
}

// probes are the verifications that looked at the run.
func (b *bundleMask) probes(store *state.Migration, run string) ([]json.RawMessage, error) {
	all, err := store.Verifications()
	if err != nil {
		return nil, err
	}
	found := []json.RawMessage{}
	for _, v := range all {
		if !slices.Contains(v.Runs, run) || v.Kind == kindEvents { // which has a document of its own
			continue
		}
		encoded, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("encoding verification %s: %w", v.ID, err)
		}
		if b.masker != nil {
			encoded = b.masker.JSON(encoded)
		}
		found = append(found, encoded)
	}
	return found, nil
}

// withhold tells whether a record of the audit chain names a person of the plan. Actors are accountable and stay; so do the words of the
// author of the configuration.
func (b *bundleMask) withhold(event audit.Event) bool {
	if b.masker == nil {
		return false
	}
	if b.people[event.Target] || b.text(event.Target) != event.Target {
		return true
	}
	if address, err := identity.ParseAddress(event.Target); err == nil && address.Kind.IsPeople() {
		return true
	}
	if event.Name == "migration.cutover_evidence.updated" {
		return false
	}
	for _, fact := range event.Facts {
		if !bytes.Equal([]byte(b.text(fact)), []byte(fact)) {
			return true
		}
	}
	return false
}
