package changes_test

import (
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/changes"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
)

func at(seconds float64) time.Time {
	return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))
}

func id(resourceType, key string) identity.ResourceID {
	return identity.ResourceID{Type: resourceType, Key: key}
}

// sample is a run of three steps, ten seconds after each other, and a record that proves them.
func sample() (*plan.Plan, changes.Run, observation.ChangeReport) {
	p := &plan.Plan{Steps: []plan.Step{
		{ID: "client:crm", Action: plan.ActionCreate, Resource: id("client", "crm")},
		{ID: "gate:crm", Action: plan.ActionCreate, Resource: id("gate", "crm")},
		{ID: "open:crm", Action: plan.ActionUpdate, Resource: id("open", "crm")},
		{ID: "group:/x", Action: plan.ActionMap, Resource: id("group", "/x")},
	}}
	run := changes.Run{ID: "r-1", StartedAt: at(0), CompletedAt: at(40)}
	for i, step := range p.Steps[:3] {
		begin := float64(i+1) * 10
		run.Steps = append(run.Steps, changes.Line{StepID: step.ID, Resource: step.Resource, Outcome: "intended",
			At: at(begin)},
			changes.Line{StepID: step.ID, Resource: step.Resource, ServerID: "id-of-" + step.Resource.Type, Outcome: "applied",
				At: at(begin + 1)})
	}
	event := func(seconds float64, path string, about ...identity.ResourceID) observation.ChangeEvent {
		return observation.ChangeEvent{At: at(seconds).Format(time.RFC3339Nano), Operation: "update", Path: path, ByUs: true,
			About: about}
	}
	marker := event(0.1, "marker")
	marker.Bookkeeping = true
	return p, run, observation.ChangeReport{Covers: at(0).Format(time.RFC3339Nano), Events: []observation.ChangeEvent{
		marker, event(10.5, "clients/1", id("client", "crm")), event(20.2, "flows/1", id("gate", "")),
		event(20.8, "clients/1", id("gate", "crm")),
		event(30.5, "clients/1", id("open", "crm")),
	}}
}

func verdict(t *testing.T, p *plan.Plan, run changes.Run, report observation.ChangeReport) changes.Verdict {
	t.Helper()
	v, err := changes.Check(p, run, report)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCheck_ProvesARunWhoseEveryStepIsRecorded(t *testing.T) {
	p, run, report := sample()
	v := verdict(t, p, run, report)
	if !v.Proven() || v.Steps != 3 || v.Recorded != 3 || v.Writes != 5 || v.Bookkeeping != 1 ||
		len(v.Loosely)+len(v.Others) != 0 {
		t.Errorf("%+v", v)
	}
	rand.Shuffle(len(report.Events), func(i, j int) {
		report.Events[i], report.Events[j] = report.Events[j],
			report.Events[i]
	})
	if again := verdict(t, p, run, report); again.Recorded != 3 || !again.Proven() {
		t.Errorf("in another order: %+v", again)
	}
}

func TestCheck_FindsWhatIsNotAsTheRunSays(t *testing.T) {
	cases := map[string]struct {
		change func(*changes.Run, *observation.ChangeReport)
		holds  func(changes.Verdict) bool
		proven bool
	}{
		"a step without its write": {
			func(_ *changes.Run, r *observation.ChangeReport) { r.Events = r.Events[:4] },
			func(v changes.Verdict) bool { return len(v.Missing) == 1 && v.Missing[0].StepID == "open:crm" }, false},
		"a write at another time": {
			func(_ *changes.Run, r *observation.ChangeReport) { r.Events[4].At = at(37).Format(time.RFC3339) },
			func(v changes.Verdict) bool { return len(v.Missing) == 1 && len(v.Unexplained) == 1 }, false},
		"a write of ours by no step": {
			func(_ *changes.Run, r *observation.ChangeReport) {
				r.Events[3].About, r.Events[3].Path = []identity.ResourceID{id("client", "other")}, "clients/2"
			},
			func(v changes.Verdict) bool { return len(v.Unexplained) == 1 && v.Unexplained[0].Path == "clients/2" }, false},
		"a write of ours of a kind that nobody knows": {
			func(_ *changes.Run, r *observation.ChangeReport) { r.Events[3].About = nil },
			func(v changes.Verdict) bool { return len(v.Unexplained) == 1 }, false},
		"somebody else in between": {
			func(_ *changes.Run, r *observation.ChangeReport) { r.Events[3].ByUs = false },
			func(v changes.Verdict) bool {
				return len(v.Others) == 1 && v.Others[0].Touches[0] == id("gate", "crm") && len(v.Loosely) == 1
			}, true},
		"somebody else after the run": {
			func(_ *changes.Run, r *observation.ChangeReport) {
				r.Events = append(r.Events, observation.ChangeEvent{At: at(60).Format(time.RFC3339), Path: "late"})
			},
			func(v changes.Verdict) bool { return len(v.Others) == 0 }, true},
		"a write known by the target's id": {
			func(_ *changes.Run, r *observation.ChangeReport) {
				r.Events[1].About, r.Events[1].ServerIDs = []identity.ResourceID{id("client", "")}, []string{"id-of-client"}
			},
			func(v changes.Verdict) bool { return v.Recorded == 3 && len(v.Loosely) == 0 }, true},
		"a record that begins too late": {
			func(_ *changes.Run, r *observation.ChangeReport) {
				r.Covers, r.Events = at(15).Format(time.RFC3339), r.Events[2:]
			},
			func(v changes.Verdict) bool { return len(v.Uncovered) == 1 && len(v.Missing) == 0 }, false},
		"nothing at all": {
			func(_ *changes.Run, r *observation.ChangeReport) { r.Events = nil },
			func(v changes.Verdict) bool { return v.Silent }, false},
		"a step that was found done": {
			func(run *changes.Run, r *observation.ChangeReport) {
				run.Steps[5].Outcome, r.Events = "already", r.Events[:4]
			},
			func(v changes.Verdict) bool { return v.Steps == 2 }, true},
		"a step that failed half-way": {
			func(run *changes.Run, _ *observation.ChangeReport) { run.Steps[5].Outcome = "failed" },
			func(v changes.Verdict) bool { return v.Steps == 2 && len(v.Unexplained) == 0 }, true},
		"a write before the run": {
			func(_ *changes.Run, r *observation.ChangeReport) { r.Events[3].At = at(-3).Format(time.RFC3339) },
			func(v changes.Verdict) bool { return v.Writes == 4 && len(v.Unexplained) == 0 }, true},
		"a clock that is off by a second": {
			func(_ *changes.Run, r *observation.ChangeReport) { r.Events[4].At = at(32.5).Format(time.RFC3339Nano) },
			func(v changes.Verdict) bool { return v.Recorded == 3 }, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, run, report := sample()
			c.change(&run, &report)
			if v := verdict(t, p, run, report); !c.holds(v) || v.Proven() != c.proven {
				t.Errorf("proven %v: %+v", v.Proven(), v)
			}
		})
	}
}

func TestCheck_RefusesARecordWithoutTimes(t *testing.T) {
	p, run, report := sample()
	report.Covers = ""
	if _, err := changes.Check(p, run, report); err == nil || !strings.Contains(err.Error(), "complete") {
		t.Errorf("got %v", err)
	}
	p, run, report = sample()
	report.Events[0].At = "soon"
	if _, err := changes.Check(p, run, report); err == nil {
		t.Error("an event without a time passed")
	}
}

func TestDigest_IsOfTheEventsAndNotOfTheirCost(t *testing.T) {
	_, _, report := sample()
	before, _ := changes.Digest(report)
	report.Requests = 99
	same, _ := changes.Digest(report)
	report.Events[1].Path = "clients/3"
	other, _ := changes.Digest(report)
	if before != same || before == other || !strings.HasPrefix(before, "sha256:") {
		t.Error(before, same, other)
	}
}

func TestWindow_DoesNotReachIntoTheRunsBeforeAndAfter(t *testing.T) {
	at := func(seconds int) time.Time { return time.Date(2026, 11, 22, 8, 0, seconds, 0, time.UTC) }
	run := changes.Run{StartedAt: at(10), CompletedAt: at(20)}
	if from, to := run.Window(); from != at(8) || to != at(22) {
		t.Errorf("alone it reaches from %s to %s", from, to)
	}
	run.After, run.Before = at(9), at(21)
	if from, to := run.Window(); from != at(9) || to != at(21) {
		t.Errorf("between two others it reaches from %s to %s", from, to)
	}
	run.After, run.Before = at(1), at(59)
	if from, to := run.Window(); from != at(8) || to != at(22) {
		t.Errorf("far from the others it reaches from %s to %s", from, to)
	}
}
