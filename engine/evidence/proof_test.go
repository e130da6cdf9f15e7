package evidence_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/evidence"
)

// bundleWithJournal is one of samplePlan without an audit chain, whose run has the status and whose journal the lines.
func bundleWithJournal(t *testing.T, status string, journal any) []byte {
	t.Helper()
	p := samplePlan()
	hashes, err := evidence.Steps(p, p)
	if err != nil {
		t.Fatal(err)
	}
	documents := map[string]any{
		evidence.FilePlan: p, evidence.FileHashes: hashes, evidence.FileAudit: []evidence.Record{},
		evidence.FileRun: map[string]string{"id": "r-1", "plan_hash": p.PlanHash, "status": status},
	}
	if journal != nil {
		documents[evidence.FileJournal] = journal
	}
	var out bytes.Buffer
	if err := evidence.Write(&out, evidence.Manifest{PlanHash: p.PlanHash, Run: "r-1"}, documents, nil); err != nil {
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
	noteMaskedLine = "1 of 3 records of the audit chain name people or are of another tenant, and are withheld: their " +
		"place in the chain is proven, their content is not."
)

func TestCheck_SaysWhatABundleLeavesUnproven(t *testing.T) {
	public, _ := keyOf(1).Public().(ed25519.PublicKey)
	line := []map[string]any{{"intend": map[string]string{"step_id": "client:crm"}}}
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
			[]string{noteMaskedLine, noteMasked, noteNoJournal, noteNoRecord}},
		{"with a journal", bundleWithJournal(t, "completed", line), nil, []string{noteUnsigned, noteNoRecord}},
		{"an empty journal", bundleWithJournal(t, "completed", []string{}), nil,
			[]string{noteUnsigned, noteNoJournal, noteNoRecord}},
		{"a run that did not end well", bundleWithJournal(t, "failed", line), nil, []string{
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
		{"an intent and an outcome", []map[string]any{{"intend": named("client:crm")},
			{"outcome": named("client:crm")}}, nil},
		{"a record about the run as a whole", []map[string]any{{"begin": "r-1"}}, nil},
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
			if diff := cmp.Diff(append([]evidence.Problem{}, c.want...), verdict.Problems); diff != "" {
				t.Error(diff)
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
		"another content":         {swap(`"target": "2"`, `"target": "9"`), "the content of record 3 does not have its hash"},
		"another place":           {swap(`"sequence": 2`, `"sequence": 7`), "record 2 does not follow the one before it"},
		"a first one that is not": {swap(`"previous": ""`, `"previous": "00"`), "record 1 does not follow the one before it"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			changed := rewrite(t, bundle(t, false, nil), map[string]func([]byte) []byte{evidence.FileAudit: c.change})
			var told []string
			for _, p := range check(t, changed, nil).Problems {
				told = append(told, p.Detail)
			}
			if !slices.Contains(told, c.want) {
				t.Errorf("told %q", told)
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
