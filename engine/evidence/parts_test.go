package evidence_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/plan"
)

type line = map[string]any

// bundleParts is what a bundle says of a run that was cut off once and then made a client, with two verifications after it.
type bundleParts struct {
	plan     *plan.Plan
	run      line
	steps    []line // of the run
	journal  []line
	probes   []line
	report   line
	events   []audit.Event // between the first event of the chain and the last
	ended    string        // as the chain says
	people   string
	withhold func(audit.Event) bool
	head     string // known from elsewhere: that of the chain without what came after the run
}

func facts(pairs ...string) map[string]string {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

func asPlanned() *bundleParts {
	p := samplePlan()
	found := json.RawMessage(`{"results": [], "n": 1}`)
	verified := func(id, passed string) audit.Event {
		return audit.Event{Name: evidence.EventVerified, Target: id, Facts: facts("kind", "probes", "passed", passed,
			"failed", "0", "unknown", "0", "changes", "0", evidence.FactRuns, "r-1",
			evidence.FactFindings, evidence.Digest(found))}
	}
	probe := func(id string, passed int) line {
		return line{"id": id, "kind": "probes", "passed": passed, "failed": 0, "unknown": 0, "changes": 0, "findings": found}
	}
	process := line{"run": "r-1", "plan_hash": p.PlanHash}
	return &bundleParts{
		plan: p, ended: "completed", people: "named", withhold: func(audit.Event) bool { return false },
		run: line{"id": "r-1", "plan_hash": p.PlanHash, "status": "completed"},
		steps: []line{
			{"order": 2, "step_id": "client:crm", "outcome": "intended"},
			{"order": 3, "step_id": "client:crm", "outcome": "unknown", "reason": "cut off"},
			{"order": 5, "step_id": "client:crm", "outcome": "intended"},
			{"order": 6, "step_id": "client:crm", "outcome": "applied"},
		},
		journal: []line{
			{"sequence": 1, "kind": "begin", "process": process},
			{"sequence": 2, "kind": "intend", "intend": line{"step_id": "client:crm"}},
			{"sequence": 3, "kind": "outcome", "outcome": line{"step_id": "client:crm", "outcome": "unknown", "reason": "cut off"}},
			{"sequence": 4, "kind": "resume", "process": process},
			{"sequence": 5, "kind": "intend", "intend": line{"step_id": "client:crm"}},
			{"sequence": 6, "kind": "outcome", "outcome": line{"step_id": "client:crm", "outcome": "applied"}},
			{"sequence": 7, "kind": "end", "status": "completed"},
		},
		probes: []line{probe("v-2", 5), probe("v-1", 4)},
		report: line{"plan": line{"hash": p.PlanHash, "summary": p.Summary}, "run": line{"id": "r-1", "status": "completed"},
			"rows": []line{{"step_id": "client:crm"}}},
		events: []audit.Event{
			{Name: audit.StepUnknown, Target: "client:crm"}, {Name: audit.StepApplied, Target: "client:crm"},
			{Name: audit.PlanApplied, Target: p.PlanHash,
				Facts: facts("run", "r-1", "status", "completed", evidence.FactRecords, "7")},
			verified("v-1", "4"), verified("v-2", "5"),
		},
	}
}

// verdict writes the bundle with checksums that fit, and checks it.
func (b *bundleParts) verdict(t *testing.T) evidence.Verdict {
	t.Helper()
	events := append([]audit.Event{{Name: audit.PlanApplying, Target: b.plan.PlanHash}}, b.events...)
	var chain []evidence.Record
	head, afterRun := "", ""
	for i, event := range events {
		if event.Facts == nil {
			event.Facts = facts("run", "r-1")
		}
		record, err := audit.Chain(event, i, head)
		if err != nil {
			t.Fatal(err)
		}
		chain, head = append(chain, evidence.RecordOf(record, b.withhold(event))), record.Hash
		if event.Name == audit.PlanApplied {
			afterRun = head
		}
	}
	hashes, err := evidence.Steps(b.plan, b.plan)
	if err != nil {
		t.Fatal(err)
	}
	run := line{"steps": b.steps}
	for name, value := range b.run {
		run[name] = value
	}
	documents := line{evidence.FilePlan: b.plan, evidence.FileHashes: hashes, evidence.FileAudit: chain,
		evidence.FileRun: run, evidence.FileJournal: b.journal, evidence.FileProbes: b.probes}
	if b.report != nil {
		documents[evidence.FileReport] = b.report
	}
	var out bytes.Buffer
	err = evidence.Write(&out, evidence.Manifest{PlanHash: b.plan.PlanHash, Run: "r-1", AuditHead: head, People: b.people},
		documents, nil)
	if err != nil {
		t.Fatal(err)
	}
	expected := evidence.Expected{}
	if b.head != "" {
		expected.Head = afterRun
	}
	verdict, err := evidence.Check(bytes.NewReader(out.Bytes()), int64(out.Len()), expected)
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

func problemsOf(v evidence.Verdict) string {
	var lines []string
	for _, p := range v.Problems {
		lines = append(lines, fmt.Sprintf("%s %s: %s", p.File, p.Change, p.Detail))
	}
	return strings.Join(lines, "\n")
}

func TestParts_OfOneThatIsSoHaveNoFault(t *testing.T) {
	if found := problemsOf(asPlanned().verdict(t)); found != "" {
		t.Error(found)
	}
	withHead := asPlanned()
	withHead.head = "known"
	v := withHead.verdict(t)
	if found := problemsOf(v); found != "" {
		t.Error(found)
	}
	notes := strings.Join(v.Notes, "\n")
	for _, want := range []string{
		"Verification v-1 came after the head that was given, which does not vouch for it.",
		"The head that was given vouches for the first 4 of 6 records of the audit chain",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("%q is not in:\n%s", want, notes)
		}
	}
}

func TestParts_AForgedOneIsNamed(t *testing.T) {
	end := func(b *bundleParts) *audit.Event { return &b.events[2] }
	for name, c := range map[string]struct {
		forge func(*bundleParts)
		want  string
	}{
		"a run of another plan": {func(b *bundleParts) { end(b).Target = "sha256:other" },
			"audit.json foreign: record 4 tells of the run with plan sha256:other"},
		"an end that was not": {func(b *bundleParts) { end(b).Facts["status"] = "failed" },
			`run.json changed: it says that the run ended as "completed", and the audit chain "failed"`},
		"an outcome that was not": {func(b *bundleParts) { b.events[1].Name = audit.StepFailed },
			`run.json changed: it says "applied" of step client:crm, and the audit chain "migration.cutover_step.failed"`},
		"an outcome that the chain does not tell": {func(b *bundleParts) { b.events = b.events[1:] },
			"audit.json missing: it does not tell what became of step client:crm, which run.json does"},
		"an outcome that the run leaves out": {func(b *bundleParts) { b.steps = b.steps[2:]; b.journal[2]["outcome"] = nil },
			"run.json missing: the audit chain has"},
		"outcomes in another order": {func(b *bundleParts) { b.events[0], b.events[1] = b.events[1], b.events[0] },
			"run.json changed: it has an outcome of step client:crm out of order"},
		"rows in another order": {func(b *bundleParts) { b.steps[0], b.steps[1] = b.steps[1], b.steps[0] },
			"run.json changed: step client:crm is out of order"},
		"a journal of another run": {func(b *bundleParts) { b.journal[0]["process"] = line{"run": "r-9", "plan_hash": "x"} },
			`journal.json foreign: record 1 is of run "r-9" of plan x`},
		"a journal of another plan": {func(b *bundleParts) { b.journal[3]["process"] = line{"run": "r-1", "plan_hash": "x"} },
			`journal.json foreign: record 4 is of run "r-1" of plan x`},
		"a journal without its beginning": {func(b *bundleParts) { delete(b.journal[0], "process") },
			"journal.json changed: its beginning is missing"},
		"a journal that was cut": {func(b *bundleParts) { b.journal = b.journal[:5] },
			"journal.json missing: it has no record of what run.json says of step client:crm"},
		"a journal without its end": {func(b *bundleParts) { b.journal = b.journal[:6] },
			`journal.json changed: its end is missing, or is not that of a run that "completed"`},
		"a journal with another end": {func(b *bundleParts) { b.journal[6]["status"] = "failed" },
			"journal.json changed: its end is missing"},
		"a record taken out of the middle": {func(b *bundleParts) { b.journal = append(b.journal[:3:3], b.journal[4:]...) },
			"journal.json changed: record 4 does not follow the one before it"},
		"a record changed": {func(b *bundleParts) { b.journal[5]["outcome"] = line{"step_id": "client:crm", "outcome": "failed"} },
			`journal.json changed: record 6 says "failed" of step client:crm, and run.json says "applied" of step "client:crm"`},
		"a reason changed": {func(b *bundleParts) {
			b.journal[2]["outcome"] = line{"step_id": "client:crm", "outcome": "unknown", "reason": "?"}
		}, "journal.json changed: record 3 says"},
		"records that the chain does not count": {func(b *bundleParts) { end(b).Facts[evidence.FactRecords] = "9" },
			"journal.json changed: it has 7 records, and the audit chain says 9"},
		"a verification that was not": {func(b *bundleParts) { b.probes[0]["id"] = "v-9" },
			"probes.json foreign: the audit chain does not tell of verification v-9"},
		"a verification left out": {func(b *bundleParts) { b.probes = b.probes[:1] },
			"probes.json missing: the audit chain tells of verification v-1 of the run, and it is not in it"},
		"verifications in another order": {func(b *bundleParts) { b.probes[0], b.probes[1] = b.probes[1], b.probes[0] },
			"probes.json changed: verification v-2 is out of order: the newest comes first"},
		"a count changed": {func(b *bundleParts) { b.probes[0]["passed"] = 6 },
			"probes.json changed: verification v-2 says 6 of passed, and the audit chain 5"},
		"a kind changed": {func(b *bundleParts) { b.probes[0]["kind"] = "drift" },
			"probes.json changed: verification v-2 says drift of kind, and the audit chain probes"},
		"findings changed": {func(b *bundleParts) { b.probes[1]["findings"] = json.RawMessage(`{"results":[],"n":2}`) },
			"probes.json changed: what verification v-1 found is not what was kept of it"},
		"findings masked where nobody is": {func(b *bundleParts) {
			b.probes[1]["findings"], b.probes[1]["masked"] = json.RawMessage(`{"n":2}`), true
		}, "probes.json changed: what verification v-1 found is not what was kept of it"},
		"a report of another plan": {func(b *bundleParts) { b.report["plan"] = line{"hash": "sha256:x", "summary": b.plan.Summary} },
			"report.json changed: what it says of the plan is not what plan.json says"},
		"a report with other numbers": {func(b *bundleParts) {
			b.report["plan"] = line{"hash": b.plan.PlanHash, "summary": line{"create": 99}}
		}, "report.json changed: what it says of the plan is not what plan.json says"},
		"a report of another run": {func(b *bundleParts) { b.report["run"] = line{"id": "r-9", "status": "completed"} },
			"report.json changed: what it says of the run is not what run.json says"},
		"a report of another end": {func(b *bundleParts) { b.report["run"] = line{"id": "r-1", "status": "failed"} },
			"report.json changed: what it says of the run is not what run.json says"},
		"a report without a run": {func(b *bundleParts) { b.report["run"] = nil },
			"report.json changed: what it says of the run is not what run.json says"},
		"steps in an impossible order": {func(b *bundleParts) {
			b.plan.Steps[0].DependsOn = []string{b.plan.Steps[1].ID}
			b.plan.PlanHash = plan.Hash(b.plan)
		}, "plan.json changed: step client:crm stands before user:ana@acme.example, which it needs"},
		"records withheld of steps that name nobody": {func(b *bundleParts) {
			b.people, b.withhold = "pseudonyms", func(e audit.Event) bool { return e.Name == audit.StepApplied }
		}, "audit.json missing: it does not tell what became of step client:crm, which run.json does"},
	} {
		t.Run(name, func(t *testing.T) {
			b := asPlanned()
			c.forge(b)
			if found := problemsOf(b.verdict(t)); !strings.Contains(found, c.want) {
				t.Errorf("%q is not in:\n%s", c.want, found)
			}
		})
	}
}

func TestParts_WhatTheHeadDoesNotVouchForCarriesNoRun(t *testing.T) {
	b := asPlanned()
	b.head = "known"
	b.events = append(b.events, audit.Event{Name: audit.PlanResumed, Target: b.plan.PlanHash},
		audit.Event{Name: audit.PlanApplied, Target: b.plan.PlanHash, Facts: facts("run", "r-2", "status", "completed")})
	b.events[2].Facts["run"] = "r-0" // the end that the head covers is of another run
	found := problemsOf(b.verdict(t))
	if !strings.Contains(found, "run.json changed: it says that the run ended as") {
		t.Error(found)
	}
}

func TestParts_AVerificationWhosePeopleAreMaskedIsProvenInItsCounts(t *testing.T) {
	b := asPlanned()
	b.people = "pseudonyms"
	b.probes[0]["findings"], b.probes[0]["masked"] = json.RawMessage(`{"who":"person-abcdefghij"}`), true
	v := b.verdict(t)
	if found := problemsOf(v); strings.Contains(found, "probes.json") {
		t.Error(found)
	}
	if notes := strings.Join(v.Notes, "\n"); !strings.Contains(notes, "Verification v-2 names people and has pseudonyms here: "+
		"what it found is not proven, its counts are.") {
		t.Error(notes)
	}
	b.withhold = func(e audit.Event) bool { return e.Target == "v-2" }
	if notes := strings.Join(b.verdict(t).Notes, "\n"); !strings.Contains(notes,
		"The audit chain's record of verification v-2 is withheld: it is not proven.") {
		t.Error(notes)
	}
}

func TestDigest_SeesTheSameDocumentInAnyForm(t *testing.T) {
	same := evidence.Digest(json.RawMessage(`{"a":1,"b":[1.50]}`))
	for text, want := range map[string]bool{
		"{ \"b\": [1.50],\n \"a\": 1 }": true, `{"a":1,"b":[1.5]}`: false, `{"a":"1","b":[1.50]}`: false, `{`: false,
	} {
		if got := evidence.Digest(json.RawMessage(text)) == same; got != want {
			t.Errorf("%s: the same is %v", text, got)
		}
	}
	if evidence.Digest(json.RawMessage(`{`)) != "" {
		t.Error("what is no JSON has a digest")
	}
}
