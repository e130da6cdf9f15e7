package evidence_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/evidence"
)

// bundleWithJournal is one of samplePlan whose run made the client and has the status, and whose journal has the lines;
// nil for those that fit.
func bundleWithJournal(t *testing.T, status string, journal any) []byte {
	t.Helper()
	p := samplePlan()
	made := map[string]any{"step_id": "client:crm", "outcome": "applied"}
	if journal == nil {
		journal = []map[string]any{
			{"sequence": 1, "kind": "begin", "process": map[string]string{"run": "r-1", "plan_hash": p.PlanHash}},
			{"sequence": 2, "kind": "intend", "intend": map[string]string{"step_id": "client:crm"}},
			{"sequence": 3, "kind": "outcome", "outcome": made},
			{"sequence": 4, "kind": "end", "status": status}}
	}
	chain, head := chainOf(t, p.PlanHash, status, func(audit.Event) bool { return false },
		audit.Event{Name: audit.StepApplied, Target: "client:crm"})
	hashes, err := evidence.Steps(p, p)
	if err != nil {
		t.Fatal(err)
	}
	documents := map[string]any{
		evidence.FilePlan: p, evidence.FileHashes: hashes, evidence.FileAudit: chain,
		evidence.FileRun: map[string]any{"id": "r-1", "plan_hash": p.PlanHash, "status": status, "steps": []map[string]any{
			{"order": 2, "step_id": "client:crm", "outcome": "intended"},
			{"order": 3, "step_id": "client:crm", "outcome": "applied"}}},
		evidence.FileJournal: journal,
	}
	var out bytes.Buffer
	if err := evidence.Write(&out, evidence.Manifest{PlanHash: p.PlanHash, Run: "r-1", AuditHead: head}, documents, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const (
	noteUnsigned = "It is not signed: whoever has the file could have made it anew. " +
		"Compare its audit head with the one that apply printed."
	noteOwnKey    = "The signature fits the key inside the bundle; give -public-key to know whose key that is."
	noteNoJournal = "There is no journal of the run in it."
	noteNoRecord  = "The target's own record of writes is not in it: that the run did just this is the word of its " +
		"journal."
	noteMasked = "1 of 2 steps name people and have pseudonyms here: their hashes give the plan hash, their " +
		"content is not proven."
	noteNames      = "The plan hash does not vouch for the content of: user:person-vns5byfy4p"
	noteMaskedLine = "1 of 3 records of the audit chain name people or are of another tenant, and are withheld: their " +
		"place in the chain is proven, their content is not."
)

func TestCheck_SaysWhatABundleLeavesUnproven(t *testing.T) {
	public, _ := keyOf(1).Public().(ed25519.PublicKey)
	cases := []struct {
		name    string
		content []byte
		public  ed25519.PublicKey
		want    []string
	}{
		{"with people, unsigned", bundle(t, false, nil), nil, []string{noteUnsigned, noteNoJournal, noteNoRecord}},
		{"with people, signed by the key at hand", bundle(t, false, keyOf(1)), public, []string{noteNoJournal, noteNoRecord}},
		{"signed by a key that is not known", bundle(t, false, keyOf(1)), nil,
			[]string{noteOwnKey, noteNoJournal, noteNoRecord}},
		{"without people", bundle(t, true, keyOf(1)), public,
			[]string{noteMaskedLine, noteMasked, noteNoJournal, noteNoRecord, noteNames}},
		{"with a journal", bundleWithJournal(t, "completed", nil), nil, []string{noteUnsigned, noteNoRecord}},
		{"an empty journal", bundleWithJournal(t, "completed", []string{}), nil,
			[]string{noteUnsigned, noteNoJournal, noteNoRecord}},
		{"a run that did not end well", bundleWithJournal(t, "failed", nil), nil, []string{
			noteUnsigned, `The run ended as "failed": not everything that was approved was done.`, noteNoRecord,
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			verdict := check(t, c.content, c.public)
			if diff := cmp.Diff(c.want, verdict.Notes); diff != "" {
				t.Error(diff)
			}
			if len(verdict.Problems) > 0 {
				t.Errorf("problems %v", verdict.Problems)
			}
		})
	}
}

func TestCheck_TheJournalTellsOfStepsOfThePlanOnly(t *testing.T) {
	named := func(step string) map[string]string { return map[string]string{"step_id": step} }
	cases := []struct {
		name    string
		journal any
		want    []evidence.Problem
	}{
		{"an intent that nobody approved", []map[string]any{{"intend": named("client:evil")}}, []evidence.Problem{
			{File: evidence.FileJournal, Change: "foreign", Detail: "it tells of step client:evil, which is not in the plan"},
		}},
		{"an outcome that nobody approved", []map[string]any{{"intend": named("client:crm"), "outcome": named("x")}},
			[]evidence.Problem{
				{File: evidence.FileJournal, Change: "foreign", Detail: "it tells of step x, which is not in the plan"},
			}},
		{"no list", map[string]string{"a": "b"}, []evidence.Problem{
			{File: evidence.FileJournal, Change: "broken", Detail: "it does not read"},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			verdict := check(t, bundleWithJournal(t, "completed", c.journal), nil)
			for _, want := range c.want {
				if !slices.Contains(verdict.Problems, want) {
					t.Errorf("wanted %+v, got %+v", want, verdict.Problems)
				}
			}
		})
	}
}

func TestCheck_NamesTheRecordOfTheChainThatIsWrong(t *testing.T) {
	swap := func(old, renewed string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(renewed), 1) }
	}
	cases := map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"another content":         {swap(`"target": "1"`, `"target": "9"`), "the content of record 2 does not have its hash"},
		"another place":           {swap(`"sequence": 2`, `"sequence": 7`), "record 2 does not follow the one before it"},
		"a first one that is not": {swap(`"previous": ""`, `"previous": "00"`), "record 1 does not follow the one before it"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			changed := rewrite(t, bundle(t, false, nil), map[string]func([]byte) []byte{evidence.FileAudit: c.change})
			var reported []string
			for _, p := range check(t, changed, nil).Problems {
				reported = append(reported, p.Detail)
			}
			if !slices.Contains(reported, c.want) {
				t.Errorf("told %q", reported)
			}
		})
	}
}

func TestWrite_ListsTheFilesByName(t *testing.T) {
	content := bundle(t, true, keyOf(1))
	var listed []string
	for _, file := range check(t, content, nil).Manifest.Files {
		listed = append(listed, file.Name)
	}
	want := []string{
		evidence.FileAudit, evidence.FileHashes, evidence.FilePlan, evidence.FileRun, evidence.FileSigner,
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Error(diff)
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var stored []string
	for _, file := range archive.File {
		stored = append(stored, file.Name)
	}
	if !slices.IsSorted(stored) || len(stored) != len(want)+2 {
		t.Errorf("stored %s", strings.Join(stored, ", "))
	}
}
