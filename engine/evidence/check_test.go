package evidence_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/pseudonym"
)

func keyOf(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func samplePlan() *plan.Plan {
	p := &plan.Plan{
		FormatVersion: plan.FormatVersion, Status: history.PlanPreviewed, Migration: plan.Migration{Name: "acme"},
		AccessDigest: "access:none",
		Impacts: []fidelity.Impact{{ID: "ocm-1", Acknowledged: true, Reason: "told by it@acme.example",
			Items: []string{}}},
		Steps: []plan.Step{
			{ID: "client:crm", Action: plan.ActionCreate, Disposition: plan.DispositionPlanned,
				Resource: identity.ResourceID{Type: "client", Key: "crm"},
				Items:    []merge.ItemName{{Source: "okta.corp", Kind: identity.KindApplication, ID: "0oa1", Name: "CRM"}},
				After:    identity.Attributes{"client_id": "crm", "port": json.Number("8080")}},
			{ID: "user:ana@acme.example", Action: plan.ActionCreate, Disposition: plan.DispositionPlanned,
				Resource: identity.ResourceID{Type: "user", Key: "ana@acme.example"},
				Items: []merge.ItemName{{Source: "okta.corp", Kind: identity.KindUser, ID: "00u1", Name: "ana@acme.example",
					Person: "00u1"}}},
		},
	}
	p.PlanHash = plan.Hash(p)
	return p
}

// bundle writes one about samplePlan, with people or without.
func bundle(t *testing.T, masked bool, key ed25519.PrivateKey) []byte {
	t.Helper()
	p := samplePlan()
	shown, people := p, "named"
	if masked {
		var err error
		if shown, err = pseudonym.New(make([]byte, pseudonym.KeySize), p).Plan(p); err != nil {
			t.Fatal(err)
		}
		people = "pseudonyms"
	}
	hashes, err := evidence.Steps(p, shown)
	if err != nil {
		t.Fatal(err)
	}
	chain, head := chainOf(t, p.PlanHash, "completed", func(e audit.Event) bool { return masked && e.Target == "1" })
	documents := map[string]any{
		evidence.FilePlan: shown, evidence.FileHashes: hashes,
		evidence.FileRun:   map[string]string{"id": "r-1", "plan_hash": p.PlanHash, "status": "completed"},
		evidence.FileAudit: chain,
	}
	var out bytes.Buffer
	err = evidence.Write(&out, evidence.Manifest{Migration: "acme", PlanHash: p.PlanHash, Run: "r-1", AuditHead: head,
		People: people}, documents, key)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// chainOf is a chain that tells of run r-1 of a plan, with one event of something else in the middle.
func chainOf(t *testing.T, planHash, status string, withheld func(audit.Event) bool,
	steps ...audit.Event) (chain []evidence.Record, head string) {
	t.Helper()
	run := map[string]string{"run": "r-1"}
	events := []audit.Event{{Name: audit.PlanApplying, Target: planHash, Facts: run}, {Name: "migration.test", Target: "1"}}
	for _, step := range steps {
		if step.Facts == nil {
			step.Facts = run
		}
		events = append(events, step)
	}
	events = append(events, audit.Event{Name: audit.PlanApplied, Target: planHash,
		Facts: map[string]string{"run": "r-1", "status": status}})
	for i, event := range events {
		event.At = time.Unix(1, 0)
		record, err := audit.Chain(event, i, head)
		if err != nil {
			t.Fatal(err)
		}
		chain, head = append(chain, evidence.RecordOf(record, withheld(event))), record.Hash
	}
	return chain, head
}

func check(t *testing.T, content []byte, public ed25519.PublicKey) evidence.Verdict {
	t.Helper()
	verdict, err := evidence.Check(bytes.NewReader(content), int64(len(content)), evidence.Expected{Public: public})
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

func TestBundle_IsWholeWithAndWithoutPeopleAndTheSameEachTime(t *testing.T) {
	public, _ := keyOf(1).Public().(ed25519.PublicKey)
	for _, masked := range []bool{true, false} {
		content := bundle(t, masked, keyOf(1))
		if !bytes.Equal(content, bundle(t, masked, keyOf(1))) {
			t.Error("two bundles of the same differ")
		}
		verdict := check(t, content, public)
		if len(verdict.Problems) > 0 || verdict.Steps != 2 || verdict.Records != 3 ||
			verdict.Signer != evidence.Fingerprint(public) {
			t.Errorf("%+v", verdict)
		}
		if notes := strings.Join(verdict.Notes, "\n"); strings.Contains(notes, "1 of 2 steps") != masked ||
			strings.Contains(notes, "1 of 3 records") != masked {
			t.Errorf("masked %v: %s", masked, notes)
		}
		if bytes.Contains(content, []byte("ana@acme.example")) == masked {
			t.Errorf("masked %v, and Ana's name says otherwise", masked)
		}
	}
}

// rewrite copies a bundle with some files changed; nil removes one.
func rewrite(t *testing.T, content []byte, changes map[string]func([]byte) []byte) []byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(name string, body []byte) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range archive.File {
		f, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		if change, found := changes[file.Name]; found {
			if body = change(body); body == nil {
				continue
			}
		}
		add(file.Name, body)
	}
	if change, found := changes["+"]; found {
		add("notes.txt", change(nil))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestCheck_NamesWhatWasChangedMissingOrAdded(t *testing.T) {
	remove := func([]byte) []byte { return nil }
	swap := func(old, renewed string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(renewed)) }
	}
	cases := map[string]struct {
		changes map[string]func([]byte) []byte
		signed  bool
		public  byte
		want    string // file and change
	}{
		"a changed plan": {map[string]func([]byte) []byte{evidence.FilePlan: swap(`"crm"`, `"crx"`)}, true, 1,
			"plan.json changed"},
		"a removed run": {map[string]func([]byte) []byte{evidence.FileRun: remove}, true, 1,
			"run.json missing"},
		"an added file": {map[string]func([]byte) []byte{"+": func([]byte) []byte { return []byte("x") }},
			true, 1, "notes.txt added"},
		"a changed manifest": {map[string]func([]byte) []byte{evidence.FileManifest: swap(`"acme"`, `"acne"`)},
			true, 1, "manifest.json changed"},
		"a removed signature": {map[string]func([]byte) []byte{evidence.FileSignature: remove}, true, 1,
			"manifest.json.sig unsigned"},
		"somebody else's key":           {nil, true, 2, "signer.pem foreign"},
		"no signature where one is due": {nil, false, 1, "manifest.json.sig unsigned"},
		"a record of the chain changed": {map[string]func([]byte) []byte{evidence.FileAudit: swap("cutover_plan.applied",
			"cutover_plan.applies")}, false, 0, "audit.json changed"},
		"an approved hash that is not": {map[string]func([]byte) []byte{evidence.FileHashes: swap(`"client:crm": "`,
			`"client:crm": "00`)}, false, 0, "plan-steps.json changed"},
		"a broken plan that is no JSON": {map[string]func([]byte) []byte{evidence.FilePlan: func([]byte) []byte { return []byte("{") }}, false, 0, "plan.json broken"},
		"a run of another plan": {map[string]func([]byte) []byte{evidence.FileRun: swap("sha256:", "sha256:0")},
			false, 0, "run.json foreign"},
		"a step that nobody approved": {map[string]func([]byte) []byte{evidence.FileRun: swap(`"status"`,
			`"steps": [{"step_id": "client:evil"}], "status"`)}, false, 0, "run.json foreign"},
		"a missing document of the list": {map[string]func([]byte) []byte{evidence.FileAudit: remove}, false, 0,
			"audit.json missing"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var key ed25519.PrivateKey
			if c.signed {
				key = keyOf(1)
			}
			var public ed25519.PublicKey
			if c.public > 0 {
				public, _ = keyOf(c.public).Public().(ed25519.PublicKey)
			}
			verdict := check(t, rewrite(t, bundle(t, true, key), c.changes), public)
			var found []string
			for _, p := range verdict.Problems {
				found = append(found, p.File+" "+p.Change)
			}
			if !strings.Contains(strings.Join(found, "\n"), c.want) {
				t.Errorf("wanted %q, got %q", c.want, found)
			}
		})
	}
}

func TestCheck_TheHeadThatApplyPrintedMustBeInTheChain(t *testing.T) {
	content := bundle(t, true, nil)
	whole := check(t, content, nil).Manifest.AuditHead
	for head, found := range map[string]bool{whole: true, whole[:12]: true, strings.Repeat("0", 12): false} {
		verdict, err := evidence.Check(bytes.NewReader(content), int64(len(content)), evidence.Expected{Head: head})
		if err != nil || (len(verdict.Problems) == 0) != found {
			t.Errorf("%s: %v, %v", head, verdict.Problems, err)
		}
	}
}

// TestCheck_AForgerWithoutTheKeyIsFoundBehindFittingChecksums changes a step and makes every checksum fit again.
func TestCheck_AForgerWithoutTheKeyIsFoundBehindFittingChecksums(t *testing.T) {
	p := samplePlan()
	forged := *p
	forged.Steps = append([]plan.Step(nil), p.Steps...)
	forged.Steps[0].After = identity.Attributes{"client_id": "evil"}
	hashes, err := evidence.Steps(p, p)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	chain, head := chainOf(t, p.PlanHash, "completed", func(audit.Event) bool { return false })
	err = evidence.Write(&out, evidence.Manifest{PlanHash: p.PlanHash, Run: "r-1", AuditHead: head}, map[string]any{
		evidence.FilePlan: &forged, evidence.FileHashes: hashes,
		evidence.FileRun:   map[string]string{"id": "r-1", "plan_hash": p.PlanHash, "status": "completed"},
		evidence.FileAudit: chain,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	verdict := check(t, out.Bytes(), nil)
	if len(verdict.Problems) != 1 || !strings.Contains(verdict.Problems[0].Detail, "step client:crm") {
		t.Errorf("%+v", verdict.Problems)
	}
}

func TestKeys_ReadBackAndRefuseOthers(t *testing.T) {
	private, err := evidence.PrivatePEM(keyOf(3))
	if err != nil {
		t.Fatal(err)
	}
	public, err := evidence.PublicPEM(keyOf(3))
	if err != nil {
		t.Fatal(err)
	}
	if key, err := evidence.ParsePrivate(private); err != nil || !key.Equal(keyOf(3)) {
		t.Error(err)
	}
	if key, err := evidence.ParsePublic(public); err != nil || !key.Equal(keyOf(3).Public()) {
		t.Error(err)
	}
	if _, err := evidence.ParsePrivate(public); err == nil {
		t.Error("a public key was taken for a private one")
	}
	if _, err := evidence.ParsePublic([]byte("ssh-ed25519 AAAA")); err == nil {
		t.Error("another form of key was taken")
	}
}

func FuzzCheck_NeverPanics(f *testing.F) {
	var t testing.T
	f.Add(bundle(&t, true, keyOf(1)))
	f.Add(bundle(&t, false, nil))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, content []byte) {
		verdict, err := evidence.Check(bytes.NewReader(content), int64(len(content)), evidence.Expected{})
		if err == nil && verdict.Manifest.FormatVersion != evidence.FormatVersion {
			t.Error("a bundle of no known format was taken")
		}
	})
}
