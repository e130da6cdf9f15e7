package recording_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/leasing"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/recording"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// planned is a place with a plan of two groups, of which a file was written.
func planned(t *testing.T) (*projecttest.Place, *plan.Plan) {
	t.Helper()
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Crew", "Office")...)
	report, err := planning.Plan(t.Context(), place.Open(), planning.Input{}, "plan.rehome")
	if err != nil || report.Plan.Summary.Create != 2 {
		t.Fatalf("%+v %v", report, err)
	}
	return place, report.Plan
}

// opened opens the record of the plan's run, as another process does each time.
func opened(t *testing.T, place *projecttest.Place, of *plan.Plan, rescue string) (*project.Project, *recording.Book) {
	t.Helper()
	p := place.Open()
	if _, err := p.StateForChange(t.Context()); err != nil {
		t.Fatal(err)
	}
	book, err := recording.Open(p, of, rescue, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(book.Close)
	return p, book
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func creates(of *plan.Plan) []plan.Step {
	return slices.DeleteFunc(slices.Clone(of.Steps), func(s plan.Step) bool { return s.Action != plan.ActionCreate })
}

func applied(step plan.Step) apply.Result {
	return apply.Result{Step: step, Outcome: history.Applied, ServerID: "id of " + step.ID}
}

func TestBook_ARunThatWasCutOffGoesOnWithWhatIsKnownOfIt(t *testing.T) {
	place, of := planned(t)
	steps := creates(of)
	_, first := opened(t, place, of, "")
	if first.GoesOn() || first.Known() != nil || first.SecretFiles() != nil || first.Run().PlanHash != of.PlanHash {
		t.Errorf("a new run: %+v", first.Run())
	}
	check(t, first.Begin("lock-1", "secrets.age"))
	check(t, first.RecordPlan())
	check(t, first.Journal().Intend(steps[0]))
	check(t, first.Journal().Outcome(applied(steps[0])))
	check(t, first.Journal().Intend(steps[1]))
	first.Close() // the process is gone while the second step is in flight

	p, second := opened(t, place, of, "")
	if !second.GoesOn() || second.Run().ID != first.Run().ID || !second.Run().StartedAt.Equal(first.Run().StartedAt) {
		t.Fatalf("%+v", second.Run())
	}
	var options apply.Options
	second.Before(&options)
	if r, done := options.Done[steps[0].ID]; !done || r.Outcome != history.Already || r.ServerID != "id of "+steps[0].ID {
		t.Errorf("%+v", options.Done)
	}
	if len(options.Done) != 1 || !options.Begun[steps[1].ID] {
		t.Errorf("%+v", options)
	}
	if !slices.Equal(second.SecretFiles(), []string{"secrets.age"}) {
		t.Errorf("%v", second.SecretFiles())
	}
	if !slices.ContainsFunc(place.Heard.Notes(), func(note string) bool {
		return strings.Contains(note, "1 step done, 1 begun of which it is not known")
	}) {
		t.Errorf("%q", place.Heard.Notes())
	}
	check(t, second.Begin("lock-2", ""))
	check(t, second.RecordPlan())
	check(t, second.Journal().Outcome(applied(steps[1])))
	ended := second.Run()
	ended.Status, ended.CompletedAt = history.StatusCompleted, p.Now().UTC()
	var marker contract.Marker
	second.Mark(ended)(&marker)
	if marker.Run != ended.ID || marker.AppliedPlan != of.PlanHash || marker.AppliedMade == "" {
		t.Errorf("%+v", marker)
	}
	check(t, second.End(ended, apply.Report{Results: []apply.Result{
		{Step: steps[0], Outcome: history.Already}, applied(steps[1]),
	}}))
	audited(t, p, map[audit.Name]map[string]string{
		audit.StepApplied: {"run": ended.ID, "action": "create", "resource": steps[1].Resource.String(),
			"items": steps[1].Items[0].Address().String(), "target_id": "id of " + steps[1].ID},
		audit.PlanApplying: {"create": strconv.Itoa(of.Summary.Create), "target_identity": of.Target.Identity},
		audit.PlanApplied:  {"applied": "1", "already": "1", "status": "completed"},
	})

	recorded, err := p.Migration().Run(ended.ID)
	if err != nil || recorded.Status != history.StatusCompleted || len(recorded.Steps) == 0 {
		t.Fatalf("%+v %v", recorded, err)
	}
	_, third := opened(t, place, of, "")
	if third.GoesOn() || third.Run().ID == ended.ID {
		t.Errorf("a run that ended goes on: %+v", third.Run())
	}
}

// audited holds the newest record of each name against the facts that it must have.
func audited(t *testing.T, p *project.Project, want map[audit.Name]map[string]string) {
	t.Helper()
	newest := map[audit.Name]audit.Event{}
	_, err := p.Store().WalkAudit("", func(record state.AuditRecord) error {
		newest[record.Event.Name] = record.Event
		return nil
	})
	check(t, err)
	for name, facts := range want {
		for fact, value := range facts {
			if got := newest[name].Facts[fact]; got != value {
				t.Errorf("%s: %s is %q, wanted %q", name, fact, got, value)
			}
		}
	}
}

func TestBook_AFailedRunDoesNotCallItsPlanApplied(t *testing.T) {
	place, of := planned(t)
	_, book := opened(t, place, of, "")
	failed := book.Run()
	failed.Status = history.StatusFailed
	marker := contract.Marker{AppliedPlan: "sha256:before"}
	book.Mark(failed)(&marker)
	if marker.AppliedPlan != "sha256:before" || marker.Run != failed.ID || marker.RunHost != "here" {
		t.Errorf("%+v", marker)
	}
}

// A lease that somebody else has leaves nothing behind; one of which the answer was lost leaves the proof that it may
// be ours.
func TestBook_WithoutTheLease(t *testing.T) {
	place, of := planned(t)
	files := func(p *project.Project) []string {
		folder, err := p.JournalFolder()
		check(t, err)
		found, err := journal.Files(folder)
		check(t, err)
		return found
	}
	p, book := opened(t, place, of, "")
	check(t, book.Begin("lock", ""))
	held := &apply.HeldError{}
	if err := book.NotLeased(held); !errors.Is(err, held) || len(files(p)) != 0 {
		t.Errorf("%v leaves %v", err, files(p))
	}
	p, book = opened(t, place, of, "")
	check(t, book.Begin("lock", ""))
	lost := errors.New("the answer was lost")
	if err := book.NotLeased(lost); !errors.Is(err, lost) || len(files(p)) != 1 {
		t.Errorf("%v leaves %v", err, files(p))
	}
}

func TestBook_APlanThatALaterOneTookThePlaceOfMayNotBegin(t *testing.T) {
	place, of := planned(t)
	_, book := opened(t, place, of, "")
	check(t, book.MayBegin())
	place.At = place.At.Add(time.Hour)
	place.Write("more.rehome.hcl", "skip \"group\" \"office\" {\n where = item.name == \"Office\"\n reason = \"r\"\n}\n")
	later, err := planning.Plan(t.Context(), place.Open(), planning.Input{}, "later.rehome")
	check(t, err)
	if later.Plan.PlanHash == of.PlanHash {
		t.Fatal("it is the same plan")
	}
	if err := book.MayBegin(); !errors.Is(err, apply.ErrSuperseded) || !strings.Contains(err.Error(),
		later.Plan.PlanHash) {
		t.Errorf("%v", err)
	}
	_, newest := opened(t, place, later.Plan, "")
	check(t, newest.MayBegin())
}

func TestBook_ARescueFileIsTakenForItsOwnRunOnceAndThenRemoved(t *testing.T) {
	place, of := planned(t)
	steps := creates(of)
	p, book := opened(t, place, of, "")
	check(t, book.Begin("lock", ""))
	check(t, book.RecordPlan())
	check(t, book.Journal().Intend(steps[0]))
	book.Close()
	write := func(name, run string, outcomes ...plan.Step) {
		t.Helper()
		var records []journal.Record
		for _, step := range outcomes {
			records = append(records, journal.Record{Kind: journal.Outcome, At: place.At,
				Outcome: &journal.StepOutcome{StepID: step.ID, Outcome: history.Applied, ServerID: "rescued"}})
		}
		process := journal.Process{Format: journal.Format, Run: run, Migration: "acme", Tenant: "acme",
			PlanHash: of.PlanHash}
		check(t, p.Migration().WriteRescue(filepath.Join(place.Folder, name), process, records))
	}
	write("other.rescue", "r-other", steps[0])
	_, err := recording.Open(p, of, "other.rescue", nil)
	var d diag.Diagnostic
	if !errors.As(err, &d) || d.Code != "rescue-other-run" {
		t.Errorf("the file of another run: %v", err)
	}
	if _, err := os.Stat(filepath.Join(place.Folder, "other.rescue")); err != nil {
		t.Errorf("it was removed: %v", err)
	}
	write("own.rescue", book.Run().ID, steps...) // the second step was never begun: nothing is made up for it
	_, again := opened(t, place, of, "own.rescue")
	if done, _ := again.Known().Of(steps[0].ID); !done {
		t.Error("the rescued step is not done")
	}
	if done, _ := again.Known().Of(steps[1].ID); done {
		t.Error("a step is done that was never begun")
	}
	if _, err := os.Stat(filepath.Join(place.Folder, "own.rescue")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there still: %v", err)
	}
	again.Close()
	_, after := opened(t, place, of, "")
	if step, done := after.Known().Done[steps[0].ID]; !done || step.ServerID != "rescued" {
		t.Errorf("the journal did not keep it: %t %+v", done, step)
	}
	after.Close()
	if _, err := recording.Open(p, of, "gone.rescue", nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Who has the lease is dead only where that is certain: it worked with this state, its process is gone, and nobody
// writes the journal of its run.
func TestClaim_TellsAHolderThatIsGoneFromOneThatIsNot(t *testing.T) {
	place, of := planned(t)
	p, book := opened(t, place, of, "")
	check(t, book.Begin("lock", ""))
	run := book.Run().ID
	claim := leasing.Claim(p, "mine", "", "")
	ours := leasing.Claim(p, "mine", "", run)
	elsewhere := apply.Holder{Run: run, Host: "there", PID: 1}
	alive := apply.Holder{Run: run, Host: "here", PID: os.Getppid()}
	for name, c := range map[string]struct {
		claim  apply.Claim
		holder apply.Holder
		want   bool
	}{
		"its journal is written":                 {claim, elsewhere, false},
		"its journal is written by us":           {ours, elsewhere, true},
		"a process of that number lives here":    {ours, alive, false},
		"a run that this state does not know":    {ours, apply.Holder{Run: "r-stranger", Host: "there", PID: 1}, false},
		"a holder without a run":                 {ours, apply.Holder{Host: "there", PID: 1}, false},
		"a run whose name leads out of a folder": {ours, apply.Holder{Run: "../" + run, Host: "there", PID: 1}, false},
	} {
		if got := c.claim.Dead(c.holder); got != c.want {
			t.Errorf("%s: dead %t", name, got)
		}
	}
	book.Close()
	if !claim.Dead(elsewhere) {
		t.Error("a journal that nobody writes belongs to nobody")
	}
	if claim.Owner.Migration != "acme" || claim.Holder.Host != "here" || claim.Holder.ID != "mine" {
		t.Errorf("%+v", claim)
	}
}
