package lifecycle_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/merge"
)

func TestFollowUp_IsOpenedAgainOnlyWhenWhatIsToBeDoneChanged(t *testing.T) {
	step := lifecycle.PlannedStep{StepID: "s", Title: "Wiki", Reason: "no protocol", ToDo: "rebuild it", At: at(1)}
	fresh := lifecycle.NewFollowUp(7, "acme", "r1", step)
	want := lifecycle.FollowUp{ID: "f-7", Migration: "acme", StepID: "s", Title: "Wiki", Reason: "no protocol",
		ToDo:   "rebuild it",
		Status: lifecycle.FollowUpOpen, CreatedAt: at(1), FirstRun: "r1", LastRun: "r1"}
	if diff := cmp.Diff(want, fresh); diff != "" {
		t.Error(diff)
	}
	done, event, err := fresh.Close("rebuilt", by(2))
	if err != nil || done.Status != lifecycle.FollowUpDone || done.Note != "rebuilt" || done.ClosedBy != "jane" ||
		!done.ClosedAt.Equal(at(2)) ||
		event.Name != audit.FollowUpDone || event.Target != "f-7" || event.Facts["note"] != "rebuilt" {
		t.Errorf("%+v, %+v, %v", done, event, err)
	}
	if _, _, err := done.Close("again", by(3)); !errors.Is(err, lifecycle.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	for name, c := range map[string]struct {
		before   lifecycle.FollowUp
		change   func(*lifecycle.PlannedStep)
		status   string
		reopened bool
	}{
		"the same, open": {fresh, func(*lifecycle.PlannedStep) {}, lifecycle.FollowUpOpen, false},
		"the same, done": {done, func(*lifecycle.PlannedStep) {}, lifecycle.FollowUpDone, false},
		"another title, done": {done, func(s *lifecycle.PlannedStep) { s.Title = "Wiki 2" }, lifecycle.FollowUpDone,
			false},
		"another to-do, done": {done, func(s *lifecycle.PlannedStep) { s.ToDo = "rebuild it otherwise" },
			lifecycle.FollowUpOpen, true},
		"another reason, done": {done, func(s *lifecycle.PlannedStep) { s.Reason = "no key" }, lifecycle.FollowUpOpen,
			true},
		"another to-do, was open": {fresh, func(s *lifecycle.PlannedStep) { s.ToDo = "rebuild it otherwise" },
			lifecycle.FollowUpOpen, false},
	} {
		now := step
		c.change(&now)
		again, event := c.before.Again("r2", now, by(4))
		if again.Status != c.status || (event.Name == audit.FollowUpReopened) != c.reopened || again.LastRun != "r2" ||
			again.FirstRun != "r1" ||
			again.Title != now.Title || again.ToDo != now.ToDo || c.reopened &&
			(again.ClosedBy != "" || !again.ClosedAt.IsZero()) {
			t.Errorf("%s: %+v, %s", name, again, event.Name)
		}
	}
}

func TestSortFollowUps_PutsOpenOnesFirstAndCountsAsPeopleDo(t *testing.T) {
	all := []lifecycle.FollowUp{{ID: "f-10", Status: "open"}, {ID: "f-1", Status: "done"}, {ID: "f-9", Status: "open"},
		{ID: "f-2", Status: "done"}}
	lifecycle.SortFollowUps(all)
	order := ""
	for _, f := range all {
		order += f.ID + " "
	}
	if order != "f-9 f-10 f-1 f-2 " {
		t.Error(order)
	}
}

func impact(id string, count int, reason string) fidelity.Impact {
	return fidelity.Impact{ID: id, Code: "c", Count: count, Acknowledged: reason != "", Reason: reason}
}

func TestReviewImpacts_KeepsWhatWasAcknowledgedAndWhen(t *testing.T) {
	whole := func(impacts ...fidelity.Impact) lifecycle.Review {
		return lifecycle.Review{Assessments: map[string]string{"okta.corp": "a2", "entra.hq": "a1"}, Impacts: impacts}
	}
	first, events := whole(impact("i1", 3, ""), impact("i2", 1, "announced")).ReviewImpacts(nil, by(1))
	if len(first) != 2 || len(events) != 1 || events[0].Name != audit.ImpactsAcknowledged || events[0].Target != "i2" ||
		events[0].Facts["reason"] != "announced" ||
		!cmp.Equal(first[0].Assessments, []string{"a1", "a2"}) || !first[1].FirstSeen.Equal(at(1)) ||
		first[1].Acknowledgement.By != "jane" {
		t.Fatalf("%+v, %+v", first, events)
	}
	partial := whole(impact("i1", 2, ""))
	partial.Partial = true
	for name, c := range map[string]struct {
		review  lifecycle.Review
		events  int
		current map[string]bool
		count   int // of i1
		by      int64
	}{
		"nothing new": {whole(impact("i1", 3, ""), impact("i2", 1, "announced")), 0,
			map[string]bool{"i1": true, "i2": true}, 3, 1},
		"more people": {whole(impact("i1", 9, ""), impact("i2", 1, "announced")), 0,
			map[string]bool{"i1": true, "i2": true}, 9, 1},
		"for another reason": {whole(impact("i1", 3, ""), impact("i2", 1, "agreed")), 1,
			map[string]bool{"i1": true, "i2": true}, 3, 5},
		"one is gone":         {whole(impact("i1", 3, "")), 0, map[string]bool{"i1": true, "i2": false}, 3, 1},
		"a part that has one": {partial, 0, map[string]bool{"i1": true}, 3, 1},
		"it is not accepted more": {whole(impact("i1", 3, ""), impact("i2", 1, "")), 1,
			map[string]bool{"i1": true, "i2": true}, 3, 0},
	} {
		changed, events := c.review.ReviewImpacts(first, by(5))
		current := map[string]bool{}
		for _, row := range changed {
			current[row.ID] = row.Current
			if row.ID == "i1" && row.Count != c.count {
				t.Errorf("%s: i1 counts %d", name, row.Count)
			}
			if a := row.Acknowledgement; row.ID == "i2" && row.Current &&
				((a == nil) != (c.by == 0) || a != nil && !a.At.Equal(at(c.by))) {
				t.Errorf("%s: i2 is acknowledged by %+v", name, a)
			}
		}
		if diff := cmp.Diff(c.current, current); diff != "" || len(events) != c.events {
			t.Errorf("%s: %d events, %s", name, len(events), diff)
		}
	}
}

func TestReviews_RecordWhatSomebodyTookBack(t *testing.T) {
	review := lifecycle.Review{Assessments: map[string]string{"okta.corp": "a1"},
		Impacts: []fidelity.Impact{impact("i1", 3, "announced")}, Overlaps: []merge.Overlap{overlap("a", "skip", "")}}
	impacts, _ := review.ReviewImpacts(nil, by(1))
	decisions, _ := review.ReviewDecisions(nil, by(1))
	again := overlap("a", "", "")
	again.Status = merge.OverlapPending
	review.Impacts, review.Overlaps = []fidelity.Impact{impact("i1", 3, "")}, []merge.Overlap{again}
	_, events := review.ReviewImpacts(impacts, by(2))
	if len(events) != 1 || events[0].Name != audit.AcknowledgementWithdrawn || events[0].Target != "i1" ||
		events[0].Facts["reason"] != "announced" || events[0].Facts["acknowledged_by"] != "jane" {
		t.Errorf("the acknowledgement: %+v", events)
	}
	_, events = review.ReviewDecisions(decisions, by(2))
	if len(events) != 1 || events[0].Name != audit.DecisionWithdrawn || events[0].Target != "okta.corp/group/a" ||
		events[0].Facts["decision"] != "skip" || events[0].Facts["resolved_by"] != "jane" {
		t.Errorf("the decision: %+v", events)
	}
	// once, and not of what is bound by now, or gone
	impacts, _ = review.ReviewImpacts(impacts, by(2))
	if _, events = review.ReviewImpacts(impacts, by(3)); len(events) != 0 {
		t.Errorf("it is taken back twice: %+v", events)
	}
	review.Overlaps = nil
	if _, events = review.ReviewDecisions(decisions, by(2)); len(events) != 0 {
		t.Errorf("an overlap that is gone: %+v", events)
	}
}

func overlap(id, decision, resource string) merge.Overlap {
	o := merge.Overlap{Item: merge.ItemName{Source: "okta.corp", Kind: identity.KindGroup, ID: id}, Decision: decision,
		Wanted: identity.ResourceID{Type: "group", Key: "/" + id}, Status: merge.OverlapDecided}
	if resource != "" {
		o.Resource = &identity.ResourceID{Type: "group", Key: resource}
	}
	return o
}

func TestReviewDecisions_RecordsWhoDecidedWhat(t *testing.T) {
	whole := func(overlaps ...merge.Overlap) lifecycle.Review {
		return lifecycle.Review{Assessments: map[string]string{"okta.corp": "a1"}, Overlaps: overlaps}
	}
	pending := overlap("c", "", "/c")
	pending.Status = ""
	first, events := whole(overlap("a", "map_to_existing", "/a"), overlap("b", "skip", ""), pending).ReviewDecisions(nil,
		by(1))
	if len(first) != 2 || len(events) != 2 || events[0].Name != audit.DecisionResolved ||
		events[0].Facts["resource"] != "group:/a" || first[0].Assessment != "a1" {
		t.Fatalf("%+v, %+v", first, events)
	}
	partial := whole(overlap("a", "map_to_existing", "/a"))
	partial.Partial = true
	for name, c := range map[string]struct {
		review  lifecycle.Review
		events  int
		current map[string]bool
	}{
		"the same": {whole(overlap("a", "map_to_existing", "/a"), overlap("b", "skip", "")), 0,
			map[string]bool{"a": true, "b": true}},
		"another decision": {whole(overlap("a", "reconcile", "/a"), overlap("b", "skip", "")), 1,
			map[string]bool{"a": true, "b": true}},
		"another resource": {whole(overlap("a", "map_to_existing", "/x"), overlap("b", "skip", "")), 1,
			map[string]bool{"a": true, "b": true}},
		"a block is gone": {whole(overlap("a", "map_to_existing", "/a")), 0,
			map[string]bool{"a": true, "b": false}},
		"a part says nothing of rest": {partial, 0, map[string]bool{"a": true}},
	} {
		changed, events := c.review.ReviewDecisions(first, by(5))
		current := map[string]bool{}
		for _, row := range changed {
			current[row.Item.ID] = row.Current
		}
		if diff := cmp.Diff(c.current, current); diff != "" || len(events) != c.events {
			t.Errorf("%s: %d events, %s", name, len(events), diff)
		}
	}
	back := first[1]
	back.Current = false
	if _, events := whole(overlap("b", "skip", "")).ReviewDecisions([]lifecycle.DecisionRow{back},
		by(9)); len(events) != 1 {
		t.Errorf("a decision that came back has %d events", len(events))
	}
}

func TestMatched_ListsAnAssessmentWithoutOverlapsToo(t *testing.T) {
	r := lifecycle.Review{Assessments: map[string]string{"okta.corp": "a1", "entra.hq": "a2"},
		Overlaps: []merge.Overlap{overlap("a", "skip", "")}}
	matched := r.Matched()
	if len(matched) != 2 || len(matched["a1"]) != 1 || matched["a2"] == nil || len(matched["a2"]) != 0 {
		t.Errorf("%+v", matched)
	}
}
