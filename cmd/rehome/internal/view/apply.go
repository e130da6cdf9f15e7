package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
)

// AppliedOptions say how the report of an apply looks.
type AppliedOptions struct {
	Style      Style
	Automation bool                  // no advice to type commands
	Rollback   *declaration.Rollback // what the configuration says of going back; nil where it says nothing
}

// Applied says what came of every step, and what to do next.
func Applied(w io.Writer, r *apply.RunReport, o AppliedOptions) {
	fmt.Fprintf(w, "\napplied      %5d\n", r.Steps.Count(history.Applied))
	if n := r.Steps.Count(history.Already); n > 0 {
		fmt.Fprintf(w, "already done %5d   before this apply\n", n)
	}
	for _, outcome := range []history.Outcome{history.Failed, history.NotStarted, history.Unknown} {
		notDone(w, r.Steps, outcome)
	}
	hint := func(count int, command string) string {
		if count == 0 || o.Automation {
			return ""
		}
		return "   " + command
	}
	byHand, blocked := r.Plan.Summary.ManualFollowUp, r.Plan.Summary.Blocked
	fmt.Fprintf(w, "by hand      %5d%s\nblocked      %5d%s\n\n", byHand, hint(byHand, "rehome run follow-up list"),
		blocked, hint(blocked, "rehome run show"))
	failed := r.Run.Status == history.StatusFailed
	switch {
	case failed && o.Rollback == nil:
		fmt.Fprintf(w, "Going back: no rollback block says who decides and whom to call.\n\n")
	case failed:
		rollbackContact(w, o.Rollback, o.Style)
	}
	SecretsWritten(w, r.Secrets)
	if r.Head != "" {
		fmt.Fprintf(w, "Audit head %s (keep it with the change ticket). ", r.Head[:12])
	}
	fmt.Fprintf(w, "Run %s: %s in %s, %s.\n", r.Run.ID, r.Run.Status, phrase.Took(r.Run.CompletedAt.Sub(r.Run.StartedAt)),
		phrase.Plural(r.Steps.Requests, "request", "requests"))
	switch {
	case r.Interrupted && failed:
		fmt.Fprintf(w, "Interrupted; the lock is released. The same apply goes on with run %s.\n", r.Run.ID)
	case o.Automation:
	case failed:
		fmt.Fprintf(w, "Next: mend the cause and run the same apply again: what is done stays done. "+
			"If the target was changed, plan again.\n")
	case r.Plan.Rollback != nil:
		fmt.Fprintln(w, rollbackEnd(r.Plan))
	default:
		fmt.Fprintf(w, "Next: rehome verify\n")
	}
}

func notDone(w io.Writer, steps apply.Report, outcome history.Outcome) {
	n := steps.Count(outcome)
	if n == 0 {
		return
	}
	fmt.Fprintf(w, "%-12s %5d\n", strings.ReplaceAll(string(outcome), "_", " "), n)
	for _, result := range steps.Results {
		if result.Outcome == outcome {
			fmt.Fprintf(w, "    %s   %s\n", phrase.Clean(result.Step.ID), phrase.Clean(result.Reason))
		}
	}
}

// rollbackEnd says what a rollback left.
func rollbackEnd(p *plan.Plan) string {
	left := p.Summary.Skipped + p.Summary.Blocked
	if left == 0 {
		return fmt.Sprintf("Run %s is taken back.", p.Rollback.Run)
	}
	return fmt.Sprintf("Run %s is taken back but for %s: %d stay, %d changed by others.", p.Rollback.Run,
		phrase.Plural(left, "resource", "resources"), p.Summary.Skipped, p.Summary.Blocked)
}

// SecretsWritten says where one-time secrets are.
func SecretsWritten(w io.Writer, files []apply.Delivered) {
	for _, f := range files {
		to := ""
		if f.Encrypted > 0 {
			to = ", encrypted for " + phrase.Plural(f.Encrypted, "recipient", "recipients")
		}
		fmt.Fprintf(w, "%s written to %s%s; they are stored nowhere else.\n",
			phrase.Plural(f.Secrets, "client secret", "client secrets"), phrase.Clean(strings.TrimSpace(f.Path)), to)
	}
}
