package view_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
)

func reportOf(status history.Status, results ...apply.Result) *apply.RunReport {
	return &apply.RunReport{
		Plan: &plan.Plan{}, Steps: apply.Report{Results: results},
		Run: history.Run{ID: "r-1", Status: status, StartedAt: time.Unix(1, 0), CompletedAt: time.Unix(2, 0)},
	}
}

func TestApplied_AFailedRunSaysWhomToCallAfterItsFailures(t *testing.T) {
	declared := &declaration.Rollback{
		Summary: "Point DNS back.", Owner: "identity on-call", Steps: []string{"x"}, Until: "2026-12-31",
		DecisionOwner: "the CISO", Contact: "+49 30 1234",
	}
	failed := apply.Result{Step: plan.Step{ID: "client:crm"}, Outcome: history.Failed, Reason: "400"}
	for status, wanted := range map[history.Status]bool{history.StatusFailed: true, history.StatusCompleted: false} {
		var out bytes.Buffer
		view.Applied(&out, reportOf(status, failed), view.AppliedOptions{Rollback: declared})
		failure, contact := strings.Index(out.String(), "client:crm"), strings.Index(out.String(),
			"Going back: call +49 30 1234")
		if (contact > failure) != wanted {
			t.Errorf("%s:\n%s", status, out.String())
		}
		if wanted && !strings.Contains(out.String(), "decided by the CISO; call +49 30 1234; possible until 2026-12-31") {
			t.Error(out.String())
		}
	}
}

func TestApplied_NamesTheNextCommandWhereAPersonReads(t *testing.T) {
	back := reportOf(history.StatusCompleted)
	back.Plan = &plan.Plan{Rollback: &plan.Rollback{Run: "r-0"}, Summary: plan.Summary{Skipped: 1, Blocked: 2}}
	stopped := reportOf(history.StatusFailed)
	stopped.Interrupted = true
	for want, c := range map[string]struct {
		report     *apply.RunReport
		automation bool
	}{
		"Next: rehome verify\n":           {reportOf(history.StatusCompleted), false},
		"in 1.0 s, 0 requests.\n":         {reportOf(history.StatusCompleted), true},
		"Next: mend the cause":            {reportOf(history.StatusFailed), false},
		"goes on with run r-1.\n":         {stopped, true},
		"but for 3 resources: 1 stay, 2 ": {back, false},
	} {
		var out bytes.Buffer
		view.Applied(&out, c.report, view.AppliedOptions{Automation: c.automation})
		last := strings.TrimSuffix(out.String(), "\n")
		last = last[strings.LastIndex(last, "\n")+1:] + "\n"
		if !strings.Contains(last, want) {
			t.Errorf("the last line is %q, wanted %q", last, want)
		}
	}
}

func TestSecretsWritten_SaysForHowMany(t *testing.T) {
	var out bytes.Buffer
	view.SecretsWritten(&out, []apply.Delivered{{Path: "a.json", Secrets: 1}, {Path: "b.age", Secrets: 2, Encrypted: 3}})
	want := "1 client secret written to a.json; they are stored nowhere else.\n" +
		"2 client secrets written to b.age, encrypted for 3 recipients; they are stored nowhere else.\n"
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
}
