package proving

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/verify"
	"github.com/rehome-iam/rehome/state"
)

func resource(key string) identity.ResourceID { return identity.ResourceID{Type: "client", Key: key} }

func TestNamed_FindsTheOneThatIsAskedForAndNoOther(t *testing.T) {
	runs := []state.Run{{ID: "r-2"}, {ID: "r-1"}}
	for only, want := range map[string]string{"": "r-2 r-1", "r-1": "r-1", "r-2": "r-2"} {
		found, err := named(runs, only)
		var ids []string
		for _, run := range found {
			ids = append(ids, run.ID)
		}
		if got := strings.Join(ids, " "); err != nil || got != want {
			t.Errorf("%q: %s, %v", only, got, err)
		}
	}
	if _, err := named(runs, "r-"); err == nil || !strings.Contains(err.Error(), `no run "r-"`) {
		t.Errorf("the beginning of an id: %v", err)
	}
}

func TestCarriedOut_OnlyWhatWasDoneCountsAndOfEachStepTheLast(t *testing.T) {
	outcome := func(step string, what history.Outcome) history.Step {
		return history.Step{StepID: step, Outcome: what, ServerID: "id-" + step + "-" + string(what)}
	}
	p := &plan.Plan{Steps: []plan.Step{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "d"}, {ID: "e"}, {ID: "f"}}}
	run := state.Run{ID: "r-1", Steps: []history.Step{
		outcome("a", history.Intended), outcome("a", history.Applied),
		outcome("b", history.Already), outcome("c", history.Failed),
		outcome("d", history.NotStarted), outcome("e", history.Applied), outcome("e", history.Unknown),
		outcome("elsewhere", history.Applied),
	}}
	var got []string
	for _, done := range carriedOut(run, p) {
		got = append(got, done.Run+" "+done.Step.ID+" "+done.ServerID)
	}
	if want := []string{"r-1 a id-a-applied", "r-1 b id-b-already"}; !cmp.Equal(want, got) {
		t.Errorf("got %q", got)
	}
}

func TestRunFacts_CountEachStepOnce(t *testing.T) {
	if runFacts(nil) != nil {
		t.Error("no run has facts")
	}
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	run := &state.Run{ID: "r-1", Status: history.StatusStarted, StartedAt: start}
	for i, what := range []history.Outcome{
		history.Intended, history.Applied, history.Already, history.Failed, history.NotStarted, history.Unknown,
	} {
		run.Steps = append(run.Steps, history.Step{StepID: fmt.Sprint(i), Outcome: what})
	}
	run.Steps = append(run.Steps, history.Step{StepID: "3", Outcome: history.Applied}) // it went on, and the step worked
	want := &handoff.Run{
		ID: "r-1", Status: "started", StartedAt: "2026-11-22T09:00:00Z", Applied: 3, NotStarted: 1, Unknown: 2,
	}
	if diff := cmp.Diff(want, runFacts(run)); diff != "" {
		t.Error(diff)
	}
	run.Steps, run.CompletedAt = []history.Step{{StepID: "a", Outcome: history.Failed}}, start.Add(time.Minute)
	if got := runFacts(run); got.Failed != 1 || got.CompletedAt != "2026-11-22T09:01:00Z" {
		t.Errorf("%+v", got)
	}
}

func TestAppliedPlan_IsThatOfTheNewestRunWhichMustHaveEndedWell(t *testing.T) {
	run := func(hash string, status history.Status) state.Run {
		return state.Run{ID: "r-1", PlanHash: hash, Status: status}
	}
	cases := map[string]struct {
		runs    []state.Run
		want    string
		refusal string
	}{
		"no run":         {refusal: `No plan of migration "acme" was applied`},
		"completed":      {runs: []state.Run{run("new", history.StatusCompleted), run("old", "failed")}, want: "new"},
		"with work left": {runs: []state.Run{run("new", history.StatusCompletedWithFollowUp)}, want: "new"},
		"failed, then an older": {
			runs: []state.Run{run("new", history.StatusFailed), run("old", history.StatusCompleted)}, refusal: `"failed"`,
		},
		"not ended": {runs: []state.Run{run("new", history.StatusStarted)}, refusal: "finish the apply first"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := appliedPlan(c.runs, "acme")
			if got != c.want || (err == nil) != (c.refusal == "") {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.refusal) {
				t.Errorf("it says %v", err)
			}
		})
	}
}

func TestNewest_WhoLookedAtTheRunLastCounts(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	look := func(id, kind string, runs ...string) state.Verification {
		return state.Verification{ID: id, At: at, Kind: kind, Runs: runs, Passed: len(id), Findings: []byte(`"` + id + `"`)}
	}
	all := []state.Verification{
		look("v-6", kindDrift, "r-1"), look("v-5", kindProbes, "r-2"), look("v-4", kindEvents, "r-2"),
		look("v-3", kindProbes, "r-2", "r-1"), look("v-2", kindEvents, "r-1"), look("v-1", kindProbes, "r-1"),
	}
	want := &handoff.Probes{ID: "v-3", At: "2026-11-22T09:00:00Z", Passed: 3}
	if diff := cmp.Diff(want, newestProbes(all, &state.Run{ID: "r-1"})); diff != "" {
		t.Error(diff)
	}
	if newestProbes(all, nil) != nil || newestProbes(all, &state.Run{ID: "r-3"}) != nil {
		t.Error("probes of nothing")
	}
	if findings, id := newestRecord(all, "r-1"); id != "v-2" || string(findings) != `"v-2"` {
		t.Errorf("%s %s", id, findings)
	}
	if findings, _ := newestRecord(all, "r-3"); findings != nil {
		t.Errorf("%s", findings)
	}
}

// An application whose name is part of another's was once told of only where it came first.
func TestUnknownApplications_NamesEachThatNoRunMade(t *testing.T) {
	place := diag.Range{File: "main.rehome.hcl"}
	block := &config.Verify{
		Range:   place,
		Members: map[string]string{"Wiki": "ada", "Wiki archive": "ada", "crm": "bo", "Payroll": "cy"},
		Strangers: map[string]string{
			"Wiki": "eve", "Expenses": "eve",
		},
	}
	expected := []verify.Expected{
		{Resource: resource("crm")}, {Resource: resource("0oa1"), Items: []plan.ItemName{{Name: "Expenses"}}},
	}
	warnings := unknownApplications(block, expected)
	var told []string
	for _, w := range warnings {
		if w.Code != "verify-application-unknown" || w.Subject == nil || *w.Subject != place {
			t.Errorf("%+v", w)
		}
		told = append(told, w.Detail)
	}
	want := []string{
		`No run made an application "Payroll", so nobody acts for it.`,
		`No run made an application "Wiki", so nobody acts for it.`,
		`No run made an application "Wiki archive", so nobody acts for it.`,
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if unknownApplications(nil, expected) != nil {
		t.Error("a block that is not there names applications")
	}
}

func TestProbedPeople_AreFoundByKeyAndByTheNameInTheSource(t *testing.T) {
	expected := []verify.Expected{
		{Resource: resource("0oa1"), Items: []plan.ItemName{{Name: "Wiki"}}}, {Resource: resource("crm")},
	}
	block := &config.Verify{
		Impersonate: true, Members: map[string]string{"Wiki": "ada", "crm": "bo"},
		Stranger: "eve", Strangers: map[string]string{"0oa1": "mallory"},
	}
	people := probedPeople(block, expected)
	got := []string{
		people.Member(resource("0oa1")), people.Member(resource("crm")), people.Member(resource("other")),
		people.Stranger(resource("0oa1")), people.Stranger(resource("crm")),
	}
	if want := []string{"ada", "bo", "", "mallory", "eve"}; !people.Impersonate || !cmp.Equal(want, got) {
		t.Errorf("got %q", got)
	}
	if none := probedPeople(nil, expected); none.Impersonate || none.Member != nil || none.Stranger != nil {
		t.Error("without a block somebody is acted for")
	}
}

func TestAuditRule_ListsThisTenantAndTheWholeState(t *testing.T) {
	since := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	rule := AuditRule{Since: since, Name: "migration.run"}
	for _, c := range []struct {
		name, tenant string
		at           time.Time
		want         bool
	}{
		{"migration.run.started", "acme", since, true},
		{"migration.run", "", since.Add(time.Hour), true},
		{"migration.run.started", "beta", since, false},
		{"migration.run.started", "acme", since.Add(-time.Nanosecond), false},
		{"migration.plan", "acme", since, false},
	} {
		if got := rule.lists(audit.Event{Name: audit.Name(c.name), Tenant: c.tenant, At: c.at}, "acme"); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

func TestNewest_HoldsTheLastInTheirOrder(t *testing.T) {
	for most, want := range map[int]string{1: "5", 3: "3 4 5", 5: "1 2 3 4 5", 9: "1 2 3 4 5"} {
		last := &newest{most: most}
		for i := range 5 {
			last.add(state.AuditRecord{Sequence: i + 1})
		}
		var got []string
		err := last.each(func(r state.AuditRecord) error {
			got = append(got, fmt.Sprint(r.Sequence))
			return nil
		})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("newest %d: %q, %v", most, got, err)
		}
	}
}

func TestAuditError_SaysWhatToDo(t *testing.T) {
	broken := fmt.Errorf("walking: %w", &audit.BrokenError{Sequence: 6, Reason: "it is missing"})
	for want, err := range map[string]error{
		"Record 6 does not fit: it is missing.": broken, "a backup that holds the checkpoint": &audit.CutError{},
		"else": fmt.Errorf("else"),
	} {
		if got := auditError(err).Error(); !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	if auditError(nil) != nil {
		t.Error("a whole chain is refused")
	}
}
