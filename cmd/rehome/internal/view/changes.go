package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rehome-iam/rehome/engine/changes"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// mostListed is how many writes or steps of a kind are shown without -v.
const mostListed = 10

// Recorded writes what a target's own record says of a run: what is not as it should be first.
func Recorded(w io.Writer, run string, report observation.ChangeReport, v changes.Verdict,
	o VerificationOptions) error {
	var b strings.Builder
	steps := func(sign, what string, names []changes.StepName) {
		for i, name := range names {
			if i == mostListed && !o.Verbose {
				fmt.Fprintf(&b, "  … and %d more: -v shows them\n", len(names)-i)
				break
			}
			fmt.Fprintf(&b, "%s %s   %s\n", o.Style.symbol(sign), phrase.Clean(name.Resource.String()), what)
		}
	}
	steps("!", "was applied, and the target has no record of it", v.Missing)
	for i, event := range v.Unexplained {
		if i == mostListed && !o.Verbose {
			fmt.Fprintf(&b, "  … and %d more: -v shows them\n", len(v.Unexplained)-i)
			break
		}
		fmt.Fprintf(&b, "%s %s   %s\n", o.Style.symbol("!"), write(event),
			"was written with the run's credential, and by no step")
	}
	steps("?", "was applied before the record begins", v.Uncovered)
	for i, other := range v.Others {
		if i == mostListed && !o.Verbose {
			fmt.Fprintf(&b, "  … and %d more: -v shows them\n", len(v.Others)-i)
			break
		}
		fmt.Fprintf(&b, "%s %s   by %s\n", o.Style.symbol("~"), write(other.ChangeEvent), phrase.Clean(other.By))
		for _, touched := range other.Touches {
			fmt.Fprintf(&b, "      touches  %s, which the run wrote too\n", phrase.Clean(touched.String()))
		}
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "Run       %s: %s in the target's own record (%s), %s of the marker\n", phrase.Clean(run),
		phrase.Plural(v.Writes, "write", "writes"), phrase.Plural(report.Requests, "request", "requests"),
		phrase.Count(v.Bookkeeping))
	fmt.Fprintf(&b, "Record    %s\n", changesLine(v))
	if report.Note != "" {
		fmt.Fprintf(&b, "Note      %s\n", phrase.Clean(report.Note))
	}
	if !o.Automation {
		fmt.Fprintf(&b, "Next: %s\n", nextAfterChanges(v))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func nextAfterChanges(v changes.Verdict) string {
	switch {
	case len(v.Missing) > 0 || len(v.Unexplained) > 0:
		return "find out in the target's own log who did that, and whether its record was kept all the time."
	case len(v.Others) > 0:
		return "ask who wrote meanwhile; rehome verify -drift shows what of the run is no longer as it was left."
	}
	return "rehome evidence bundle takes the record along."
}

// changesLine says in one line what a target's record proves of a run.
func changesLine(v changes.Verdict) string {
	text := fmt.Sprintf("%s of %s recorded by the target", phrase.Count(v.Recorded),
		phrase.Plural(v.Steps, "step", "steps"))
	if len(v.Loosely) > 0 {
		text += fmt.Sprintf(", %s of them known by kind and time only", phrase.Count(len(v.Loosely)))
	}
	switch len(v.Unexplained) {
	case 0:
		text += "; nothing else was written with the run's credential"
	default:
		text += "; " + phrase.Plural(len(v.Unexplained), "write", "writes") + " of the run's credential by no step"
	}
	return text + "; " + phrase.Plural(len(v.Others), "write", "writes") + " by others meanwhile"
}

func write(e observation.ChangeEvent) string {
	return phrase.Clean(fmt.Sprintf("%s %s %s at %s", e.Operation, e.Type, e.Path, e.At))
}
