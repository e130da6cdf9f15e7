package deciding_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/deciding"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/pseudonym"
)

const crowdedRealm = `{"realm": "acme", "enabled": true, "groups": [
  {"name": "Engineering", "path": "/Engineering"}, {"name": "Finance", "path": "/Finance"},
  {"name": "Leadership", "path": "/Leadership"}, {"name": "Support", "path": "/Support"}]}`

// crowded is a place in which four groups meet groups of the target.
func decide(ctx context.Context, p *project.Project, in deciding.Input) (*deciding.Decided, error) {
	in.Plan = planning.Review
	return deciding.Decide(ctx, p, in)
}

func crowded(t *testing.T) *projecttest.Place {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Engineering", "Finance", "Leadership", "Support",
		"Sales")...)
	place.Write("realm.json", crowdedRealm)
	return place
}

func shown(names *[]string) func(merge.Overlap, int, int) error {
	return func(o merge.Overlap, number, total int) error {
		*names = append(*names, o.Item.Name)
		if number != len(*names) || total != 4 {
			return errors.New("counted wrongly")
		}
		return nil
	}
}

func TestDecide_AsksOneByOneAndWritesWhatWasAnswered(t *testing.T) {
	place, names := crowded(t), []string{}
	// Engineering: a wrong answer, then a new one with a rename. Finance: reconcile. Leadership: open. Support: the end.
	person := place.Answers("9", "c", "Engineering-okta", "r 1", "description", "", "q")
	report, err := decide(t.Context(), place.Open(), deciding.Input{File: deciding.DecisionsFile,
		Present: shown(&names)})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(names, []string{"Engineering", "Finance", "Leadership", "Support"}) || report.Pending != 4 ||
		len(report.Written) != 2 || len(person.Lines) != 0 {
		t.Errorf("asked about %q: %+v", names, report)
	}
	if !slices.Contains(place.Heard.Notes(), "That is none of the answers.") {
		t.Errorf("heard %q", place.Heard.Notes())
	}
	want := `merge "group" "engineering" {
  where    = item.name == "Engineering"
  decision = "create_new"
  rename   = "Engineering-okta"
}

merge "group" "finance" {
  where     = item.name == "Finance"
  decision  = "reconcile"
  target    = "group:/Finance"
  overwrite = ["description"]
}
`
	if got := place.Read(deciding.DecisionsFile); got != want {
		t.Errorf("wrote\n%s", got)
	}
	made, err := planning.Plan(t.Context(), place.Open(), planning.Input{}, "")
	if err != nil {
		t.Fatal(err)
	}
	if b := made.Plan.Handoff.Blockers; len(b) != 1 || len(b[0].Items) != 2 {
		t.Errorf("the plan does not follow the blocks: %+v", b)
	}
	list, err := deciding.Overlaps(t.Context(), place.Open(), "", nil)
	if err != nil || list.Pending != 2 || len(list.Overlaps) != 4 || len(list.Decisions) != 2 ||
		len(list.Assessments) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := deciding.Overlaps(t.Context(), place.Open(), list.Assessments[0],
		[]string{"application"}); err != nil || len(list.Overlaps) != 0 {
		t.Errorf("of applications: %+v, %v", list, err)
	}
	if _, err := deciding.Overlaps(t.Context(), place.Open(), "a-none", nil); err == nil {
		t.Error("an assessment that is not there has matched resources")
	}
}

func TestDecide_LeavingWritesNothing(t *testing.T) {
	place, names := crowded(t), []string{}
	ctx, interrupt := context.WithCancel(t.Context())
	place.Answers("s").Otherwise = func(ctx context.Context) (string, error) {
		interrupt()
		return "", ctx.Err()
	}
	_, err := decide(ctx, place.Open(), deciding.Input{File: deciding.DecisionsFile, Present: shown(&names)})
	if err == nil || !strings.Contains(err.Error(), "nothing was written") || len(names) != 2 {
		t.Errorf("asked about %q: %v", names, err)
	}
	if place.Read(deciding.DecisionsFile) != "" {
		t.Error("something was written")
	}
}

func TestDecide_TheEndOfTheInputKeepsWhatWasAnswered(t *testing.T) {
	for name, answers := range map[string][]string{"between two": {"s"}, "within a create": {"s", "c"},
		"within a reconcile": {"s", "r"}} {
		place, names := crowded(t), []string{}
		place.Answers(answers...)
		report, err := decide(t.Context(), place.Open(), deciding.Input{File: deciding.DecisionsFile,
			Present: shown(&names)})
		if err != nil || len(report.Written) != 1 || report.Written[0].Decision != "skip" {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}

func TestDecide_AllAlikeOrLeftOpen(t *testing.T) {
	for name, c := range map[string]struct {
		in            deciding.Input
		pending       int
		written, open int
	}{
		"nobody is asked and nothing stated": {deciding.Input{}, 4, 0, 4},
		"all":                                {deciding.Input{All: "map_to_existing"}, 4, 4, 0},
		"one by its name":                    {deciding.Input{All: "skip", Items: []string{"Finance"}}, 1, 1, 0},
		"one by its id":                      {deciding.Input{All: "skip", Items: []string{"g2"}}, 1, 1, 0},
		"one by its address":                 {deciding.Input{All: "skip", Items: []string{"fake.corp/group/g2"}}, 1, 1, 0},
		"of another kind":                    {deciding.Input{All: "skip", Kinds: []string{"application"}}, 0, 0, 0},
		"of this kind": {deciding.Input{All: "create_new", Suffix: "-okta", Kinds: []string{"group"}},
			4, 4, 0},
	} {
		place := crowded(t)
		c.in.File = "mine.rehome.hcl"
		report, err := decide(t.Context(), place.Open(), c.in)
		if err != nil || report.Pending != c.pending || len(report.Written) != c.written || len(report.Open) != c.open {
			t.Errorf("%s: %+v, %v", name, report, err)
			continue
		}
		if blocks := strings.Count(place.Read("mine.rehome.hcl"), "merge \""); blocks != c.written {
			t.Errorf("%s: %d blocks", name, blocks)
		}
	}
}

func TestDecide_RefusesWhatCouldDecideNothing(t *testing.T) {
	for want, in := range map[string]deciding.Input{
		"no decision":               {File: deciding.DecisionsFile, All: "guess"},
		"ends with .rehome.hcl":     {File: "decisions.hcl"},
		"must be a file of the":     {File: "below/decisions.rehome.hcl"},
		"no kind of item":           {File: deciding.DecisionsFile, Kinds: []string{"grup"}},
		"waits for no decision":     {File: deciding.DecisionsFile, All: "skip", Items: []string{"Nobody"}},
		"Sales waits for no decisi": {File: deciding.DecisionsFile, All: "skip", Items: []string{"Sales"}},
	} {
		if _, err := decide(t.Context(), crowded(t).Open(), in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", in, err)
		}
	}
	place := crowded(t)
	place.Write("main.rehome.hcl", strings.Replace(place.Read("main.rehome.hcl"), "merge_into_existing",
		"first_run_adoption", 1))
	_, err := decide(t.Context(), place.Open(), deciding.Input{File: deciding.DecisionsFile})
	var d diag.Diagnostic
	if !errors.As(err, &d) || d.Code != "merge-mode" {
		t.Errorf("in a first run: %v", err)
	}
}

func TestAcknowledge_WritesABlockForEachImpactOfTheLastPlan(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Item(t, identity.KindUser, "u1", "ada@acme.example",
		kinds.User{Username: "ada@acme.example", Status: identity.StatusActive}))
	if list, err := deciding.Impacts(t.Context(), place.Open(), false); err != nil || list.Found != 0 ||
		list.Impacts == nil {
		t.Fatalf("before any plan: %+v, %v", list, err)
	}
	if _, err := planning.Plan(t.Context(), place.Open(), planning.Input{}, ""); err != nil {
		t.Fatal(err)
	}
	list, err := deciding.Impacts(t.Context(), place.Open(), false)
	if err != nil || list.Found < 2 || list.Acknowledged != 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	first, second := list.Impacts[0].ID, list.Impacts[1].ID
	if _, err := deciding.Acknowledge(t.Context(), place.Open(), deciding.Acknowledgement{IDs: []string{first,
		"ocm-none"}, Reason: "test"}); err == nil || place.Read(deciding.AcknowledgementsFile) != "" {
		t.Errorf("an unknown impact: %v, and wrote %q", err, place.Read(deciding.AcknowledgementsFile))
	}
	got, err := deciding.Acknowledge(t.Context(), place.Open(), deciding.Acknowledgement{IDs: []string{first, first},
		Reason: "told", Reference: "T-1"})
	if err != nil || !slices.Equal(got.Written, []string{first}) || len(got.Already) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = deciding.Acknowledge(t.Context(), place.Open(), deciding.Acknowledgement{IDs: []string{first, second},
		Reason: "told"})
	if err != nil || !slices.Equal(got.Written, []string{second}) || !slices.Equal(got.Already, []string{first}) {
		t.Errorf("%+v, %v", got, err)
	}
	if notes := strings.Join(place.Heard.Notes(), "\n"); !strings.Contains(notes, "named twice") ||
		!strings.Contains(notes, "acknowledged already, at "+deciding.AcknowledgementsFile+" line 1") {
		t.Errorf("heard %s", notes)
	}
	if _, err := planning.Plan(t.Context(), place.Open(), planning.Input{}, ""); err != nil {
		t.Fatal(err)
	}
	if list, err := deciding.Impacts(t.Context(), place.Open(), false); err != nil || list.Acknowledged != 2 ||
		list.Impacts[0].Acknowledgement == nil {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestImpacts_NamePeopleOrHideThem(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Item(t, identity.KindUser, "u1-ada-lovelace", "ada@acme.example",
		kinds.User{Username: "ada@acme.example", Status: identity.StatusActive}))
	if _, err := planning.Plan(t.Context(), place.Open(), planning.Input{}, ""); err != nil {
		t.Fatal(err)
	}
	list, err := deciding.Impacts(t.Context(), place.Open(), false)
	if err != nil {
		t.Fatal(err)
	}
	named := func() (n int) {
		for _, row := range list.Impacts {
			for _, item := range row.Items {
				n += strings.Count(item, "u1-ada-lovelace")
			}
		}
		return n
	}
	if list.Hide(nil); named() == 0 {
		t.Error("nobody is named to begin with")
	}
	if list.Hide(pseudonym.New(make([]byte, pseudonym.KeySize), nil)); named() != 0 {
		t.Errorf("%d are named", named())
	}
}

func TestImpacts_TellOfThoseThatWentOnDemand(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Item(t, identity.KindUser, "u1", "ada", kinds.User{Username: "ada",
		Status: identity.StatusActive}))
	if _, err := planning.Plan(t.Context(), place.Open(), planning.Input{}, ""); err != nil {
		t.Fatal(err)
	}
	place.Items = nil
	if _, err := planning.Plan(t.Context(), place.Open(), planning.Input{Refresh: true}, ""); err != nil {
		t.Fatal(err)
	}
	now, err := deciding.Impacts(t.Context(), place.Open(), false)
	if err != nil || now.Found != 0 || len(now.Impacts) != 0 {
		t.Errorf("%+v, %v", now, err)
	}
	if before, err := deciding.Impacts(t.Context(), place.Open(), true); err != nil || before.Found != 0 ||
		len(before.Impacts) == 0 {
		t.Errorf("%+v, %v", before, err)
	}
}
