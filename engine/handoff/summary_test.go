package handoff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/plan"
)

func ready() handoff.Facts {
	at := time.Unix(100, 0).UTC()
	return handoff.Facts{
		MergeMode: true,
		Sources: []handoff.Source{{Name: "okta.corp", Configured: true, Inventory: true,
			Assessment: handoff.AssessmentCompleted, Started: at, Completed: at.Add(time.Second)}},
		Planned: &handoff.Planned{Hash: "sha256:1", Impacts: 2, Acknowledged: 2, ResolvedDecisions: 3},
	}
}

func TestCompute_SaysOneWordForEachState(t *testing.T) {
	blocked := []plan.Blocker{{Code: plan.BlockerPendingDecisions, Next: "rehome decide"}}
	// ocm status, ocm review, assessment, merge review, handoff: first blocker, next
	cases := map[string]struct {
		change func(*handoff.Facts)
		want   [6]string
	}{
		"ready": {func(*handoff.Facts) {}, [6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "",
			"rehome apply -plan-hash=sha256:1"}},
		"no source": {func(in *handoff.Facts) { *in = handoff.Facts{MergeMode: true} },
			[6]string{"not_assessed", "not_started", "not_started", "not_started", "no_source",
				"add a source block to the configuration"}},
		"an archived source only": {func(in *handoff.Facts) { in.Sources[0].Configured = false },
			[6]string{"unavoidable_changes", "acknowledged", "not_started", "completed", "no_source",
				"add a source block to the configuration"}},
		"never read": {func(in *handoff.Facts) {
			in.Sources[0] = handoff.Source{Name: "okta.corp", Configured: true}
			in.Planned = nil
		}, [6]string{"not_assessed", "not_started", "not_started", "not_started", "no_inventory", "rehome collect"}},
		"a second source was never read": {func(in *handoff.Facts) {
			in.Sources = append(in.Sources,
				handoff.Source{Name: "b", Configured: true})
		},
			[6]string{"unavoidable_changes", "acknowledged", "not_started", "completed", "no_inventory", "rehome collect"}},
		"not assessed": {func(in *handoff.Facts) { in.Sources[0].Assessment, in.Planned = "", nil },
			[6]string{"not_assessed", "not_started", "not_started", "not_started", "no_assessment", "rehome assess"}},
		"assessing": {func(in *handoff.Facts) { in.Sources[0].Assessment = handoff.AssessmentRunning },
			[6]string{"unavoidable_changes", "acknowledged", "assessing", "completed", "no_assessment", "rehome assess"}},
		"assessment failed": {func(in *handoff.Facts) { in.Sources[0].Assessment = handoff.AssessmentFailed },
			[6]string{"unavoidable_changes", "acknowledged", "failed", "completed", "no_assessment", "rehome assess"}},
		"not planned": {func(in *handoff.Facts) { in.Planned = nil },
			[6]string{"not_assessed", "not_started", "completed", "not_started", "no_plan", "rehome plan -out=plan.rehome"}},
		"no impacts": {func(in *handoff.Facts) { in.Planned.Impacts, in.Planned.Acknowledged = 0, 0 },
			[6]string{"no_unavoidable_changes", "not_required", "completed", "completed", "",
				"rehome apply -plan-hash=sha256:1"}},
		"an open impact": {func(in *handoff.Facts) {
			in.Planned.Acknowledged, in.Planned.Hash, in.Planned.Blockers = 1, "",
				[]plan.Blocker{{Code: plan.BlockerImpacts, Next: "rehome acknowledge"}}
		}, [6]string{"unavoidable_changes", "pending", "completed", "completed", "unacknowledged_impacts",
			"rehome acknowledge"}},
		"no overlap": {func(in *handoff.Facts) { in.Planned.ResolvedDecisions = 0 },
			[6]string{"unavoidable_changes", "acknowledged", "completed", "not_required", "",
				"rehome apply -plan-hash=sha256:1"}},
		"a missing decision": {func(in *handoff.Facts) {
			in.Planned.PendingDecisions, in.Planned.Hash, in.Planned.Blockers = 1, "", blocked
		}, [6]string{"unavoidable_changes", "acknowledged", "completed", "pending", "pending_merge_decisions",
			"rehome decide"}},
		"first run adoption has no merge review": {func(in *handoff.Facts) { in.MergeMode = false },
			[6]string{"unavoidable_changes", "acknowledged", "completed", "not_required", "",
				"rehome apply -plan-hash=sha256:1"}},
		"stale since the plan": {func(in *handoff.Facts) { in.Planned.Stale = []string{"okta.corp is old"} },
			[6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "stale_snapshot", "rehome collect"}},
		"collected again since a stale draft": {func(in *handoff.Facts) {
			in.Planned.Hash, in.Planned.Blockers = "", []plan.Blocker{{Code: plan.BlockerStaleSnapshot, Next: "rehome collect"}}
		}, [6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "", "rehome plan -out=plan.rehome"}},
		"a failed check": {func(in *handoff.Facts) {
			in.Planned.Hash, in.Planned.Blockers = "", []plan.Blocker{{Code: plan.BlockerFailedCheck}}
		}, [6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "failed_check",
			"rehome plan -out=plan.rehome"}},
		"expired": {func(in *handoff.Facts) { in.Planned.Expired = true },
			[6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "", "rehome plan -out=plan.rehome"}},
		"applied": {func(in *handoff.Facts) { in.RunPlan, in.OpenFollowUps = "sha256:1", 4 },
			[6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "", "rehome verify"}},
		"applied and verified": {func(in *handoff.Facts) { in.RunPlan, in.Verified = "sha256:1", true },
			[6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "", "rehome evidence"}},
		"verified, with follow-up": {func(in *handoff.Facts) {
			in.RunPlan, in.Verified,
				in.OpenFollowUps = "sha256:1", true, 4
		}, [6]string{"unavoidable_changes", "acknowledged", "completed", "completed",
			"", "rehome run follow-up list"}},
		"a plan that changes nothing": {func(in *handoff.Facts) { in.Planned.Empty = true },
			[6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "", "rehome evidence"}},
		"a way back that was only looked at": {func(in *handoff.Facts) { in.Planned.RollbackOf = "r-1" },
			[6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "", "rehome show"}},
		"a way back that was begun": {func(in *handoff.Facts) {
			in.Planned.RollbackOf, in.RunPlan,
				in.RunUnfinished = "r-1", "sha256:1", true
		}, [6]string{"unavoidable_changes", "acknowledged", "completed",
			"completed", "", "rehome apply -plan-hash=sha256:1"}},
		"taken back": {func(in *handoff.Facts) {
			in.Planned.RollbackOf, in.RunPlan = "r-1",
				"sha256:1"
		}, [6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "",
			"rehome plan -out=plan.rehome"}},
		"blocks acknowledge every open impact since": {func(in *handoff.Facts) {
			in.Planned.Acknowledged, in.Planned.Hash, in.Planned.Written = 1, "", []string{"ocm-1"}
			in.Planned.Blockers = []plan.Blocker{{Code: plan.BlockerImpacts, Items: []string{"ocm-1"},
				Next: "rehome acknowledge"}}
		}, [6]string{"unavoidable_changes", "pending", "completed", "completed", "unacknowledged_impacts",
			"rehome plan -out=plan.rehome"}},
		"the run failed": {func(in *handoff.Facts) { in.RunPlan, in.RunUnfinished = "sha256:1", true },
			[6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "", "rehome apply -plan-hash=sha256:1"}},
		"cut off, and expired since": {func(in *handoff.Facts) {
			in.RunPlan, in.RunUnfinished, in.RunLast, in.Planned.Expired = "sha256:1", true, true, true
		}, [6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "",
			"rehome apply -plan-hash=sha256:1"}},
		"a rollback was cut off": {func(in *handoff.Facts) {
			in.RunPlan, in.RunUnfinished, in.RunLast, in.Planned.Stale = "sha256:2", true, true, []string{"okta.corp is old"}
		}, [6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "stale_snapshot",
			"rehome apply -plan-hash=sha256:2"}},
		"planned again after a run failed": {func(in *handoff.Facts) { in.RunPlan, in.RunUnfinished = "sha256:2", true },
			[6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "", "rehome apply -plan-hash=sha256:1"}},
		"archived": {func(in *handoff.Facts) { in.Archived = true },
			[6]string{"unavoidable_changes", "acknowledged", "completed", "completed", "migration_archived", ""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := ready()
			c.change(&in)
			s := handoff.Compute(in)
			first := ""
			if len(s.PreviewHandoffBlockers) > 0 {
				first = s.PreviewHandoffBlockers[0].Code
			}
			got := [6]string{s.OCMStatus, s.OCMReviewStatus, s.AssessmentStatus, s.MergeReviewStatus, first, s.Next}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every combination of the facts keeps the rules that readers of the summary rely on.
func TestCompute_HoldsItsRulesForEveryCombination(t *testing.T) {
	bits, combinations := 11, 0
	for n := range 1 << bits {
		on := func(bit int) bool { return n>>bit&1 == 1 }
		in := ready()
		in.Archived, in.MergeMode = on(0), on(1)
		in.Sources[0].Configured, in.Sources[0].Inventory = on(2), on(3)
		in.Sources[0].Assessment = []string{"", handoff.AssessmentRunning, handoff.AssessmentFailed,
			handoff.AssessmentCompleted}[n>>4&3]
		if on(6) {
			in.Planned.PendingDecisions, in.Planned.Hash, in.Planned.Blockers = 2, "",
				[]plan.Blocker{{Code: plan.BlockerPendingDecisions, Items: []string{"a", "b"}, Next: "rehome decide"}}
		}
		if on(7) {
			in.Planned.Stale = []string{"okta.corp is old"}
		}
		if on(8) {
			in.Planned = nil
		}
		in.RunUnfinished = on(9)
		if on(10) {
			in.RunPlan, in.OpenFollowUps = "sha256:1", 1
		}
		combinations++
		s := handoff.Compute(in)
		open := len(s.PreviewHandoffBlockers) > 0
		for rule, broken := range map[string]bool{
			"not ready exactly when something blocks": open != (s.PreviewHandoffStatus == plan.HandoffNotReady),
			"the status is one of two words": s.PreviewHandoffStatus != plan.HandoffNotReady &&
				s.PreviewHandoffStatus != plan.HandoffReady,
			"archived blocks and asks for nothing": in.Archived && (!open || s.Next != ""),
			"others know what is next":             !in.Archived && s.Next == "",
			"apply is advised only when ready":     open && strings.Contains(s.Next, "apply"),
			"apply needs an assessed inventory": strings.Contains(s.Next, "apply") &&
				!(on(2) && on(3) && s.AssessmentStatus == handoff.AssessmentCompleted),
			"without a plan nothing is reviewed": in.Planned == nil &&
				(s.OCMReviewStatus != handoff.ReviewNotStarted || s.UnavoidableChangeCount != 0),
			"no merge review in first run adoption": !in.MergeMode && s.MergeReviewStatus != handoff.ReviewNotRequired,
			"blockers are never null":               s.PreviewHandoffBlockers == nil,
		} {
			if broken {
				t.Fatalf("%s: %+v gives %+v", rule, in, s)
			}
		}
	}
	if combinations != 1<<bits {
		t.Fatal("combinations were left out")
	}
}
