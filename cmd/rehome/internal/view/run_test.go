package view_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/recounting"
	"github.com/rehome-iam/rehome/state"
)

func TestRun_ListsWhatNeedsAPersonFirst(t *testing.T) {
	report := &recounting.RunReport{
		Run: history.Run{ID: "r-1", Status: history.StatusStarted, PlanHash: "sha256:abc", StartedAt: time.Unix(0, 0),
			RolledBackBy: "r-2"},
		Steps: []recounting.Row{
			{Title: "group:/a", State: history.StateCreated, ServerID: "77"},
			{Title: "group:/b", State: history.StateUnchanged},
			{Title: "client:c", State: history.StateFailed, Reason: "400", Plan: recounting.PlanLine{File: "a.hcl", Line: 3}},
			{Title: "an app", State: history.StateManual, FollowUp: "f-1", Open: true},
		},
	}
	show := func(o view.RunOptions) string {
		var out bytes.Buffer
		view.Run(&out, report, o)
		return out.String()
	}
	got := show(view.RunOptions{Now: time.Unix(60, 0)})
	at := -1
	for _, want := range []string{
		"cut off: it goes on with rehome apply -plan-hash=sha256:abc", "taken back by r-2", "failed       1\n",
		"! client:c   a.hcl:3\n",
		"400\n", "manual       1\n", "? an app   f-1 open\n", "created      1\n", "+ group:/a   id 77\n", "unchanged    1\n",
	} {
		next := strings.Index(got, want)
		if next <= at {
			t.Errorf("%q is not where it is wanted in\n%s", want, got)
		}
		at = next
	}
	if strings.Contains(got, "group:/b") || !strings.Contains(show(view.RunOptions{Verbose: true}), "= group:/b") {
		t.Error("what did not change is shown only when asked for")
	}
	if got := show(view.RunOptions{Automation: true}); !strings.Contains(got, "cut off: the same apply goes on with it") {
		t.Error(got)
	}
}

func TestFollowUps_SayWhatIsDoneAndWhatIsLeft(t *testing.T) {
	show := func(listed ...state.FollowUp) string {
		var out bytes.Buffer
		view.FollowUps(&out, listed, "r-2")
		return out.String()
	}
	if got := show(); got != "Nothing is left to do by hand.\n" {
		t.Error(got)
	}
	got := show(
		state.FollowUp{ID: "f-1", Title: "rebuild", Status: lifecycle.FollowUpOpen, LastRun: "r-2", ToDo: "do it"},
		state.FollowUp{ID: "f-2", Title: "move", Status: lifecycle.FollowUpOpen, LastRun: "r-1"},
		state.FollowUp{ID: "f-3", Title: "tell", Status: lifecycle.FollowUpDone, LastRun: "r-1", ClosedBy: "ada",
			Note: "told"},
	)
	for want, count := range map[string]int{
		"[ ] f-1   rebuild\n          to do: do it\n[ ] f-2   move\n": 1, "the newest plan does not list it": 1,
		"[x] f-3   tell\n          done 1 Jan 0001 by ada: told\n": 1,
	} {
		if strings.Count(got, want) != count {
			t.Errorf("%q is not %d times in\n%s", want, count, got)
		}
	}
}

func TestRuns_SayHowLongTheyTook(t *testing.T) {
	var out bytes.Buffer
	if err := view.Runs(&out, nil); err != nil || out.String() != "There is no run yet.\n" {
		t.Errorf("%v %s", err, out.String())
	}
	out.Reset()
	err := view.Runs(&out, []history.Run{
		{ID: "r-2", Status: history.StatusStarted, StartedAt: time.Unix(100, 0), RollbackOf: "r-1"},
		{ID: "r-1", Status: history.StatusCompleted, StartedAt: time.Unix(1, 0), CompletedAt: time.Unix(3, 0)},
	})
	if err != nil || !strings.Contains(out.String(), "did not end") || !strings.Contains(out.String(), "takes back r-1") ||
		!strings.Contains(out.String(), "2.0 s") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
