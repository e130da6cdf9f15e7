package handoff_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

func TestCriteria_EachSaysWhyAndWhatToDo(t *testing.T) {
	rows := []handoff.Row{{ID: "item:a", Disposition: plan.DispositionManual},
		{ID: "item:b", Disposition: plan.DispositionBlocked, Closed: &handoff.Closing{}}}
	cases := map[string]struct {
		criterion string
		in        handoff.Input
		met       bool
		open      []string
	}{
		"no run": {handoff.CriterionRun, handoff.Input{}, false, nil},
		"a run that failed": {handoff.CriterionRun, handoff.Input{Run: &handoff.Run{Status: "failed"}},
			false, nil},
		"a run that did not end": {handoff.CriterionRun, handoff.Input{Run: &handoff.Run{Status: "started"}},
			false, nil},
		"a run with follow-ups": {handoff.CriterionRun,
			handoff.Input{Run: &handoff.Run{Status: "completed_with_follow_up"}}, true, nil},
		"no rollback block": {handoff.CriterionRollback, handoff.Input{}, false, nil},
		"a rollback without steps": {handoff.CriterionRollback,
			declared(&declaration.Rollback{Summary: "s", Owner: "o"}, nil), false, nil},
		"a whole rollback": {handoff.CriterionRollback,
			declared(&declaration.Rollback{Summary: "s", Owner: "o", Steps: []string{"x"}}, nil), true, nil},
		"no evidence": {handoff.CriterionCommunications, handoff.Input{}, false, nil},
		"communications without a summary": {handoff.CriterionCommunications,
			declared(nil, &declaration.Evidence{CommunicationsComplete: true}), false, nil},
		"communications": {handoff.CriterionCommunications,
			declared(nil, &declaration.Evidence{CommunicationsComplete: true, CommunicationsSummary: "mail"}), true, nil},
		"no follow-ups": {handoff.CriterionFollowUps, handoff.Input{}, true, nil},
		"follow-ups nobody reviewed": {handoff.CriterionFollowUps, handoff.Input{Rows: rows}, false,
			[]string{"item:a"}},
		"follow-ups reviewed": {handoff.CriterionFollowUps,
			handoff.Input{Rows: rows, Declared: declaration.Declared{Evidence: &declaration.Evidence{FollowUpReviewed: true,
				FollowUpSummary: "ok"}}}, true, []string{"item:a"}},
		"an application nobody confirmed": {handoff.CriterionApplications,
			handoff.Input{Applications: []handoff.Application{{Name: "A", State: "handed_over"}, {Name: "B"}}}, false,
			[]string{"A (handed over)", "B (nothing recorded)"}},
		"applications confirmed or listed": {handoff.CriterionApplications,
			handoff.Input{Applications: []handoff.Application{{Name: "A", State: "confirmed"}, {Name: "B", State: "retired"},
				{Name: "C", Owner: "o", Date: "2026-12-01"}}}, true, nil},
		"an owner without a date": {handoff.CriterionApplications,
			handoff.Input{Applications: []handoff.Application{{Name: "C", Owner: "o"}}}, false,
			[]string{"C (nothing recorded)"}},
		"logs not exported": {handoff.CriterionIncumbentLogs, declared(nil, &declaration.Evidence{}), false, nil},
		"logs exported somewhere": {handoff.CriterionIncumbentLogs,
			declared(nil, &declaration.Evidence{IncumbentLogsExported: true}), false, nil},
		"logs exported": {handoff.CriterionIncumbentLogs,
			declared(nil, &declaration.Evidence{IncumbentLogsExported: true, IncumbentLogsReference: "vault/7"}), true, nil},
		"no probes": {handoff.CriterionProbes, handoff.Input{}, false, nil},
		"a probe that could not be tried": {handoff.CriterionProbes,
			handoff.Input{Probes: &handoff.Probes{Passed: 9, Unknown: 1}}, false, nil},
		"probes that passed": {handoff.CriterionProbes,
			handoff.Input{Probes: &handoff.Probes{Passed: 9}}, true, nil},
		"a criterion of somebody else": {"probes",
			handoff.Input{Also: []handoff.Criterion{{ID: "probes", Met: true, Why: "12 of 12"}}}, true, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			found := false
			for _, criterion := range handoff.Criteria(c.in) {
				if criterion.ID != c.criterion {
					continue
				}
				found = true
				if criterion.Met != c.met || criterion.Why == "" || (criterion.ToDo == "") != c.met {
					t.Errorf("%+v", criterion)
				}
				if diff := cmp.Diff(c.open, criterion.Open); diff != "" {
					t.Error(diff)
				}
			}
			if !found {
				t.Error("the criterion is not in the list")
			}
		})
	}
}

func declared(r *declaration.Rollback, e *declaration.Evidence) handoff.Input {
	return handoff.Input{Declared: declaration.Declared{Rollback: r, Evidence: e}}
}

func samplePlan() *plan.Plan {
	item := func(kind identity.Kind, id, name string) []merge.ItemName {
		return []merge.ItemName{{Source: "okta.corp", Kind: kind, ID: id, Name: name}}
	}
	return &plan.Plan{Steps: []plan.Step{
		{ID: "client:b", Disposition: plan.DispositionPlanned, Resource: identity.ResourceID{Type: "client", Key: "b"},
			Items: item(identity.KindApplication, "2", "Beta")},
		{ID: "client:a", Disposition: plan.DispositionUnchanged, Resource: identity.ResourceID{Type: "client", Key: "a"},
			Items: item(identity.KindApplication, "1", "Alpha")},
		{ID: "item:c", Disposition: plan.DispositionBlocked, Items: item(identity.KindApplication, "3", "Gamma"),
			Reason: "not readable"},
		{ID: "item:d", Disposition: plan.DispositionManual, Items: item(identity.KindAuthPolicy, "4", "Delta"),
			ToDo: "rebuild it"},
		{ID: "item:e", Disposition: plan.DispositionUnchanged, Items: item(identity.KindApplication, "5", "Seen only")},
		{ID: "people:x", Disposition: plan.DispositionBlocked, Items: item(identity.KindUser, "6", "Ana"),
			Crowd: &plan.Crowd{Count: 40}},
	}}
}

func TestRows_BlockedAndManualNeverDisappearWhateverWasClosed(t *testing.T) {
	word := &handoff.Closing{By: "ana", Note: "done"}
	closings := []handoff.FollowUp{{ID: "f-1", StepID: "item:c", Closed: word},
		{ID: "f-2", StepID: "item:d", Closed: word}, {ID: "f-3", StepID: "people:x", Closed: word},
		{ID: "f-4", StepID: "item:old", Title: "of an earlier wave", LastRun: "r-1", Closed: word}}
	for _, closed := range [][]handoff.FollowUp{nil, closings} {
		report := handoff.NewReport(samplePlan(), closed,
			handoff.Input{Run: &handoff.Run{Status: "completed_with_follow_up"}})
		var ids []string
		for _, row := range report.Rows {
			ids = append(ids, row.ID)
			if (row.Closed != nil) != (closed != nil) {
				t.Errorf("%s: closed is %v", row.ID, row.Closed)
			}
		}
		want := []string{"item:d", "item:c", "people:x"}
		if closed != nil {
			want = append(want, "item:old")
		}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Error(diff)
		}
		if report.Rows[2].Count != 40 || report.Plan.Status != history.PlanAppliedWithFollowUp {
			t.Errorf("%+v", report.Rows[2])
		}
	}
}

func TestMoved_ListsApplicationsWithAResourceByName(t *testing.T) {
	var names []string
	for _, a := range handoff.Moved(samplePlan()) {
		names = append(names, a.Name)
	}
	if diff := cmp.Diff([]string{"Alpha", "Beta"}, names); diff != "" {
		t.Error(diff)
	}
}
