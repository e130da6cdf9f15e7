package standing_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/engine/rollback"
	"github.com/rehome-iam/rehome/engine/standing"
	"github.com/rehome-iam/rehome/engine/undoing"
	"github.com/rehome-iam/rehome/state"
)

// free is a way back that costs nothing.
func free(context.Context, *project.Project, bool) (*rollback.OfRun, error) { return nil, nil }

func stands(t *testing.T, place *projecttest.Place) *standing.Report {
	t.Helper()
	report, err := standing.Of(t.Context(), place.Open(), free, false)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestOf_FollowsAMigrationFromNothingToItsEnd(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Crew", "Office")...)
	begun := stands(t, place)
	if begun.Status != lifecycle.MigrationReady || len(begun.Sources) != 1 || begun.Sources[0].LastInventory != nil ||
		begun.Facts.Planned != nil || begun.LastRun != nil || begun.Next == "" || begun.FollowUps == nil {
		t.Errorf("nothing was done: %+v", begun)
	}
	if err := reading.CollectNamed(t.Context(), place.Open(), nil, func(state.Snapshot) {}); err != nil {
		t.Fatal(err)
	}
	collected := stands(t, place)
	if s := collected.Sources[0]; s.LastInventory == nil || s.Items != 2 || s.LastFailure != "" || s.Collecting != nil ||
		!collected.Facts.Sources[0].Inventory {
		t.Errorf("collected: %+v", s)
	}
	place.At = place.At.Add(time.Minute)
	planned, err := planning.Plan(t.Context(), place.Open(), planning.Input{}, "plan.rehome")
	if err != nil {
		t.Fatal(err)
	}
	waiting := stands(t, place)
	if waiting.PlanHash != planned.Plan.PlanHash || waiting.Facts.Planned.Empty || waiting.Facts.Planned.Expired ||
		waiting.Plan == nil || waiting.Next == collected.Next {
		t.Errorf("planned: %+v", waiting.Facts.Planned)
	}
	late := *place
	late.Now = func() time.Time { return place.At.AddDate(1, 0, 0) }
	if old := stands(t, &late); !old.Facts.Planned.Expired || old.Next == waiting.Next {
		t.Errorf("a year later the plan is good still: %+v", old.Facts.Planned)
	}
	place.At = place.At.Add(time.Minute)
	applied, err := applying.Apply(t.Context(), place.Open(), applying.Input{File: "plan.rehome",
		Hash: planned.Plan.PlanHash, Workers: 1, Back: undoing.Way{}})
	if err != nil {
		t.Fatal(err)
	}
	done := stands(t, place)
	if done.LastRun == nil || done.LastRun.ID != applied.Run.ID || done.Facts.RunUnfinished || !done.Facts.RunLast ||
		done.Facts.Verified {
		t.Errorf("applied: %+v", done)
	}
}

func TestOf_TellsWhatGoingBackCosts(t *testing.T) {
	place := projecttest.New(t, "acme")
	looked := false
	cost := func(_ context.Context, _ *project.Project, look bool) (*rollback.OfRun, error) {
		looked = look
		return &rollback.OfRun{Run: "r1"}, nil
	}
	report, err := standing.Of(t.Context(), place.Open(), cost, true)
	if err != nil || report.RollbackCost.Run != "r1" || !looked {
		t.Errorf("%+v %v", report, err)
	}
	own := errors.New("the target does not answer")
	failing := func(context.Context, *project.Project, bool) (*rollback.OfRun, error) { return nil, own }
	if _, err := standing.Of(t.Context(), place.Open(), failing, true); !errors.Is(err, own) {
		t.Errorf("%v", err)
	}
}

// recorded is a project with a run that lasted from minute 10 to minute 20.
func recorded(t *testing.T, status history.Status) (*projecttest.Place, *state.Migration, func(minute int) time.Time) {
	t.Helper()
	place := projecttest.New(t, "acme")
	p := place.Open()
	migration, err := p.StateForChange(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := func(minute int) time.Time { return projecttest.Start().Add(time.Duration(minute) * time.Minute) }
	run := state.Run{ID: "r1", PlanHash: "sha256:1", Migration: "acme", Status: status, StartedAt: at(10)}
	if !status.Unfinished() {
		run.CompletedAt = at(20)
	}
	if err := migration.PutRun(run, p.Event("migration.test", "r1", nil)); err != nil {
		t.Fatal(err)
	}
	return place, migration, at
}

func TestOf_IsVerifiedOnlyByProbesOfTheWholeRunThatAllPassed(t *testing.T) {
	for name, c := range map[string]struct {
		minute int
		v      state.Verification
		want   bool
	}{
		"after the run":                  {21, state.Verification{Kind: state.VerifiedProbes, Passed: 3}, true},
		"before it":                      {9, state.Verification{Kind: state.VerifiedProbes, Passed: 3}, false},
		"while it ran":                   {15, state.Verification{Kind: state.VerifiedProbes, Passed: 3}, false},
		"one probe failed":               {21, state.Verification{Kind: state.VerifiedProbes, Passed: 3, Failed: 1}, false},
		"something else was looked at":   {21, state.Verification{Kind: "events", Passed: 3}, false},
		"what is unknown is no failure":  {21, state.Verification{Kind: state.VerifiedProbes, Passed: 3, Unknown: 1}, true},
		"what was skipped is no failure": {21, state.Verification{Kind: state.VerifiedProbes, Skipped: 1}, true},
	} {
		place, migration, at := recorded(t, history.StatusCompleted)
		c.v.ID, c.v.At, c.v.Runs = "v1", at(c.minute), []string{"r1"}
		if err := migration.PutVerification(c.v, state.Event{Name: "migration.test", At: c.v.At}); err != nil {
			t.Fatal(err)
		}
		if got := stands(t, place).Facts.Verified; got != c.want {
			t.Errorf("%s: verified %t", name, got)
		}
	}
}

func TestOf_ARunThatDidNotEndIsNamedAndNothingIsVerified(t *testing.T) {
	place, migration, at := recorded(t, history.StatusFailed)
	if err := migration.PutVerification(state.Verification{ID: "v1", At: at(5), Kind: state.VerifiedProbes},
		state.Event{Name: "migration.test"}); err != nil {
		t.Fatal(err)
	}
	report := stands(t, place)
	if report.LastRun.Status != history.StatusFailed || report.Facts.RunUnfinished != history.StatusFailed.Unfinished() ||
		report.Facts.Verified {
		t.Errorf("%+v", report.Facts)
	}
}

// What is archived has the sources that it had, whatever the configuration says today.
func TestOf_AnArchivedMigrationIsToldByItsRecord(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Crew")...)
	if err := reading.CollectNamed(t.Context(), place.Open(), nil, func(state.Snapshot) {}); err != nil {
		t.Fatal(err)
	}
	p := place.Open()
	migration, err := p.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migration.Archive(p.Event("migration.test", "acme", nil)); err != nil {
		t.Fatal(err)
	}
	place.Write("more.rehome.hcl", "source \"fake\" \"other\" {}\n")
	report := stands(t, place)
	if !report.Facts.Archived || report.Status != lifecycle.MigrationArchived || len(report.Sources) != 1 ||
		report.Next != "" {
		t.Errorf("%+v", report)
	}
}

// The newest snapshot that is whole counts; what came after it is told beside.
func TestOf_ACollectionThatFailsOrRunsHidesNotWhatWasReadBefore(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Crew")...)
	if err := reading.CollectNamed(t.Context(), place.Open(), nil, func(state.Snapshot) {}); err != nil {
		t.Fatal(err)
	}
	p := place.Open()
	migration, err := p.StateForChange(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range []string{"s-1", "s-2"} {
		writer, err := migration.BeginSnapshot(state.Snapshot{ID: id, Source: "fake.corp", Migration: "acme",
			Status: state.SnapshotCollecting, StartedAt: place.At.Add(time.Duration(i+1) * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if _, err := writer.Fail("the source went away", "", p.Event("migration.test", id, nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := stands(t, place).Sources[0]
	if s.Items != 1 || s.LastFailure != "the source went away" || s.Collecting == nil {
		t.Errorf("%+v", s)
	}
}
