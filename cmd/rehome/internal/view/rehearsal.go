package view

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/state"
)

// shownFailures is how many failures of a part are listed without -v.
const shownFailures = 10

// Rehearsal shows what came of a rehearsal, what went wrong first.
func Rehearsal(w io.Writer, report *history.Rehearsal, verbose bool, readers Readers) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Rehearsal on %s: %s", report.Target.Address, phrase.Clean(report.Target.Summary))
	if report.Wave != "" {
		fmt.Fprintf(&b, ", wave %s", report.Wave)
	}
	fmt.Fprint(&b, "\n\n")
	most := shownFailures
	if verbose {
		most = 1 << 30
	}
	for _, part := range report.Parts {
		for i, failure := range part.Failures {
			if i == most {
				fmt.Fprintf(&b, "! … and %d more (-v)\n", len(part.Failures)-i)
				break
			}
			fmt.Fprintf(&b, "! %s: %s   %s\n", partTitle(part.Name), phrase.Clean(failure.What), phrase.Clean(failure.Reason))
		}
	}
	for i, d := range report.Differences {
		if i == most {
			fmt.Fprintf(&b, "! … and %d more (-v)\n", len(report.Differences)-i)
			break
		}
		fmt.Fprintf(&b, "! not as before: %s   %s\n", phrase.Clean(d.Resource.String()), phrase.Clean(d.Summary))
	}
	table := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	for _, part := range report.Parts {
		rehearsedPart(table, part)
	}
	_ = table.Flush()
	start := fmt.Sprintf("as before: %s compared", phrase.Plural(report.Compared, "resource", "resources"))
	if n := len(report.Differences); n > 0 {
		start = fmt.Sprintf("%s from before; the throw-away target is refused from now on: make it anew",
			phrase.Plural(n, "difference", "differences"))
	}
	fmt.Fprintf(&b, "\nTarget    %s\n", start)
	forecast(&b, report)
	for _, note := range report.Notes {
		fmt.Fprintf(&b, "Note      %s\n", phrase.Clean(note))
	}
	verdict := "The rehearsal passed."
	if !report.Passed() {
		verdict = "The rehearsal did not pass."
	}
	if !readers.Automation && report.Passed() {
		verdict += " Next: rehome plan -out=plan.rehome"
	}
	fmt.Fprintf(&b, "\n%s\n", verdict)
	_, err := io.WriteString(w, b.String())
	return err
}

func partTitle(name string) string {
	return map[string]string{
		history.PartApply: "Apply", history.PartVerify: "Verify", history.PartRollback: "Rollback",
		history.PartVerifyAgain: "Verify again",
	}[name]
}

func rehearsedPart(w io.Writer, part history.RehearsalPart) {
	unit := phrase.Plural(part.Steps, "step", "steps")
	if part.Name == history.PartVerify || part.Name == history.PartVerifyAgain {
		unit = phrase.Plural(part.Steps, "probe", "probes")
	}
	if part.Skipped > 0 {
		unit += fmt.Sprintf(" (%d skipped)", part.Skipped)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d failed\n", partTitle(part.Name), unit,
		phrase.Plural(part.Requests, "request", "requests"), tookMillis(part.Millis), len(part.Failures))
}

func forecast(w io.Writer, report *history.Rehearsal) {
	f := report.Forecast
	if f == nil {
		fmt.Fprintf(w, "Real run  no estimate: %s\n", phrase.Clean(report.Unsaid))
		return
	}
	fmt.Fprintf(w, "Real run  estimate: %s, about %s, %s\n", phrase.Plural(f.Steps, "step", "steps"),
		phrase.Plural(f.Requests, "request", "requests"), minutes(f.Millis))
	rests := fmt.Sprintf("it rests on %s measured here, each sort by its average, at the speed of this target",
		phrase.Plural(f.Measured, "step", "steps"))
	if f.Unseen > 0 {
		rests += fmt.Sprintf("; %d are of a sort that was not rehearsed", f.Unseen)
	}
	fmt.Fprintf(w, "          %s\n", rests)
}

func minutes(millis int64) string {
	if m := (millis + 59_999) / 60_000; m > 1 {
		return fmt.Sprintf("%d minutes", m)
	}
	return "less than a minute (" + tookMillis(millis) + ")"
}

func tookMillis(millis int64) string { return phrase.Took(time.Duration(millis) * time.Millisecond) }

// RehearsalPrepared says what the settings for a throw-away target leave out. Of is the target that they are of.
func RehearsalPrepared(w io.Writer, blueprint *observation.Blueprint, of, file string, readers Readers) {
	fmt.Fprintf(w, "Settings of %s are in %s, for a throw-away target called %s: no people, no secrets, new ids.\n",
		of, file, phrase.Clean(blueprint.Name))
	for _, what := range blueprint.Stripped {
		fmt.Fprintf(w, "  - %s\n", phrase.Clean(what))
	}
	if !readers.Automation {
		fmt.Fprintln(w, "Next: import it, best on another server, set the secret of rehome's client there, name it in a "+
			"rehearsal block, and run rehome rehearse.")
	}
}

// Rehearsals lists the rehearsals that were done.
func Rehearsals(w io.Writer, all []state.Rehearsal) error {
	if len(all) == 0 {
		fmt.Fprintln(w, "There is no rehearsal yet.")
		return nil
	}
	columns := []layout.Heading{{Title: "ID"}, {Title: "RESULT"}, {Title: "ENDED"}, {Title: "TOOK", Right: true},
		{Title: "TARGET"}}
	rows := make([][]string, 0, len(all))
	for _, r := range all {
		verdict := map[bool]string{true: "passed", false: "did not pass"}[r.Passed]
		total := int64(0)
		for _, part := range r.Report.Parts {
			total += part.Millis
		}
		rows = append(rows, []string{r.ID, verdict, phrase.Moment(r.At), tookMillis(total),
			phrase.Clean(r.Report.Target.Identity)})
	}
	return layout.Table(w, columns, rows)
}
