package proving

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
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
		{Resource: resource("crm")}, {Resource: resource("0oa1"), Items: []merge.ItemName{{Name: "Expenses"}}},
	}
	warnings := unknownApplications(block, expected)
	var reported []string
	for _, w := range warnings {
		if w.Code != "verify-application-unknown" || w.Subject == nil || *w.Subject != place {
			t.Errorf("%+v", w)
		}
		reported = append(reported, w.Detail)
	}
	want := []string{
		`No run made an application "Payroll", so nobody acts for it.`,
		`No run made an application "Wiki", so nobody acts for it.`,
		`No run made an application "Wiki archive", so nobody acts for it.`,
	}
	if diff := cmp.Diff(want, reported); diff != "" {
		t.Error(diff)
	}
	if unknownApplications(nil, expected) != nil {
		t.Error("a block that is not there names applications")
	}
}

func TestProbedPeople_AreFoundByKeyAndByTheNameInTheSource(t *testing.T) {
	expected := []verify.Expected{
		{Resource: resource("0oa1"), Items: []merge.ItemName{{Name: "Wiki"}}}, {Resource: resource("crm")},
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
