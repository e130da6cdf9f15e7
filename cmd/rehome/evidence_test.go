package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

func TestPrintReport_AFailedRunSaysWhomToCallAfterItsFailures(t *testing.T) {
	var out bytes.Buffer
	s := &session{env: testEnvironment(t), global: &options{}, cfg: &config.Config{Rollback: &handoff.Rollback{
		Summary: "Point DNS back.", Owner: "identity on-call", Steps: []string{"x"}, Until: "2026-12-31", DecisionOwner: "the CISO", Contact: "+49 30 1234",
	}}}
	s.env.out = &out
	report := apply.Report{Results: []apply.Result{{Step: plan.Step{ID: "client:crm"}, Outcome: history.Failed, Reason: "400"}}}
	for status, wanted := range map[string]bool{"failed": true, "completed": false} {
		out.Reset()
		printReport(s, &plan.Plan{}, report, &secretVaults{}, state.Run{ID: "r-1", Status: history.Status(status), StartedAt: time.Unix(1, 0), CompletedAt: time.Unix(2, 0)}, "", false)
		failure, contact := strings.Index(out.String(), "client:crm"), strings.Index(out.String(), "Going back: call +49 30 1234")
		if (contact > failure) != wanted {
			t.Errorf("%s:\n%s", status, out.String())
		}
		if wanted && !strings.Contains(out.String(), "decided by the CISO; call +49 30 1234; possible until 2026-12-31") {
			t.Error(out.String())
		}
	}
}
