package main

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

// printReport says what came of every step, and what to do next.
func printReport(s *session, p *plan.Plan, report apply.Report, vault *secretVaults, run state.Run, head string, interrupted bool) {
	w := s.env.out
	fmt.Fprintf(w, "\napplied      %5d\n", report.Count(history.Applied))
	if n := report.Count(history.Already); n > 0 {
		fmt.Fprintf(w, "already done %5d   before this apply\n", n)
	}
	for _, outcome := range []history.Outcome{history.Failed, history.NotStarted, history.Unknown} {
		if n := report.Count(outcome); n > 0 {
			fmt.Fprintf(w, "%-12s %5d\n", strings.ReplaceAll(string(outcome), "_", " "), n)
			for _, result := range report.Results {
				if result.Outcome == outcome {
					fmt.Fprintf(w, "    %s   %s\n", view.Clean(result.Step.ID), view.Clean(result.Reason))
				}
			}
		}
	}
	hint := func(count int, command string) string {
		if count == 0 || s.env.automation() {
			return ""
		}
		return "   " + command
	}
	byHand, blocked := p.Summary.ManualFollowUp, p.Summary.Blocked
	fmt.Fprintf(w, "by hand      %5d%s\nblocked      %5d%s\n\n", byHand, hint(byHand, "rehome run follow-up list"), blocked, hint(blocked, "rehome run show"))
	if run.Status == history.StatusFailed {
		printContact(w, s)
	}
	vault.report(w)
	if head != "" {
		fmt.Fprintf(w, "Audit head %s (keep it with the change ticket). ", head[:12])
	}
	fmt.Fprintf(w, "Run %s: %s in %s, %s.\n", run.ID, run.Status, view.Took(run.CompletedAt.Sub(run.StartedAt)), view.Plural(report.Requests, "request", "requests"))
	if interrupted && run.Status == history.StatusFailed {
		fmt.Fprintf(w, "Interrupted; the lock is released. The same apply goes on with run %s.\n", run.ID)
		return
	}
	if s.env.automation() {
		return
	}
	if run.Status == history.StatusFailed {
		fmt.Fprintf(w, "Next: mend the cause and run the same apply again: what is done stays done. If the target was changed, plan again.\n")
		return
	}
	if p.Rollback != nil {
		fmt.Fprintln(w, rollbackEnd(p))
		return
	}
	fmt.Fprintf(w, "Next: rehome verify\n")
}
