package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/rehearsal"
)

// shownFailures is how many failures of a part are listed without -v.
const shownFailures = 10

func printRehearsal(s *session, report *rehearsal.Report, verbose bool) {
	w := s.env.out
	fmt.Fprintf(w, "Rehearsal on %s: %s", report.Target.Address, view.Clean(report.Target.Summary))
	if report.Wave != "" {
		fmt.Fprintf(w, ", wave %s", report.Wave)
	}
	fmt.Fprint(w, "\n\n")
	most := shownFailures
	if verbose {
		most = 1 << 30
	}
	for _, part := range report.Parts {
		for i, failure := range part.Failures {
			if i == most {
				fmt.Fprintf(w, "! … and %d more (-v)\n", len(part.Failures)-i)
				break
			}
			fmt.Fprintf(w, "! %s: %s   %s\n", partTitle(part.Name), view.Clean(failure.What), view.Clean(failure.Reason))
		}
	}
	for i, d := range report.Differences {
		if i == most {
			fmt.Fprintf(w, "! … and %d more (-v)\n", len(report.Differences)-i)
			break
		}
		fmt.Fprintf(w, "! not as before: %s   %s\n", view.Clean(d.Resource.String()), view.Clean(d.Summary))
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, part := range report.Parts {
		printPart(table, part)
	}
	_ = table.Flush()
	start := fmt.Sprintf("as before: %s compared", view.Plural(report.Compared, "resource", "resources"))
	if n := len(report.Differences); n > 0 {
		start = fmt.Sprintf("%s from before; the throw-away target is refused from now on: make it anew", view.Plural(n, "difference", "differences"))
	}
	fmt.Fprintf(w, "\nTarget    %s\n", start)
	printForecast(w, report)
	for _, note := range report.Notes {
		fmt.Fprintf(w, "Note      %s\n", view.Clean(note))
	}
	verdict := "The rehearsal passed."
	if !report.Passed() {
		verdict = "The rehearsal did not pass."
	}
	if !s.env.automation() && report.Passed() {
		verdict += " Next: rehome plan -out=plan.rehome"
	}
	fmt.Fprintf(w, "\n%s\n", verdict)
}

func partTitle(name string) string {
	return map[string]string{
		rehearsal.PartApply: "Apply", rehearsal.PartVerify: "Verify", rehearsal.PartRollback: "Rollback", rehearsal.PartVerifyAgain: "Verify again",
	}[name]
}

func printPart(w io.Writer, part rehearsal.Part) {
	unit := view.Plural(part.Steps, "step", "steps")
	if part.Name == rehearsal.PartVerify || part.Name == rehearsal.PartVerifyAgain {
		unit = view.Plural(part.Steps, "probe", "probes")
	}
	if part.Skipped > 0 {
		unit += fmt.Sprintf(" (%d skipped)", part.Skipped)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d failed\n", partTitle(part.Name), unit, view.Plural(part.Requests, "request", "requests"), took(part.Millis), len(part.Failures))
}

func printForecast(w io.Writer, report *rehearsal.Report) {
	f := report.Forecast
	if f == nil {
		fmt.Fprintf(w, "Real run  no estimate: %s\n", view.Clean(report.Unsaid))
		return
	}
	fmt.Fprintf(w, "Real run  estimate: %s, about %s, %s\n", view.Plural(f.Steps, "step", "steps"), view.Plural(f.Requests, "request", "requests"), minutes(f.Millis))
	rests := fmt.Sprintf("it rests on %s measured here, each sort by its average, at the speed of this target", view.Plural(f.Measured, "step", "steps"))
	if f.Unseen > 0 {
		rests += fmt.Sprintf("; %d are of a sort that was not rehearsed", f.Unseen)
	}
	fmt.Fprintf(w, "          %s\n", rests)
}

func minutes(millis int64) string {
	if m := (millis + 59_999) / 60_000; m > 1 {
		return fmt.Sprintf("%d minutes", m)
	}
	return "less than a minute (" + took(millis) + ")"
}

func printPrepared(s *session, blueprint identity.Blueprint, file string) {
	w := s.env.out
	fmt.Fprintf(w, "Settings of %s are in %s, for a throw-away target called %s: no people, no secrets, new ids.\n", s.cfg.Target.Address(), file, view.Clean(blueprint.Name))
	for _, what := range blueprint.Stripped {
		fmt.Fprintf(w, "  - %s\n", view.Clean(what))
	}
	if s.env.automation() {
		return
	}
	fmt.Fprintf(w, "Next: import it, best on another server, set the secret of rehome's client there, name it in a rehearsal block, and run rehome rehearse.\n")
}

func listRehearsals(s *session) error {
	store, err := s.openState()
	if err != nil {
		return err
	}
	all, err := store.Rehearsals()
	if err != nil {
		return err
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": eventFormat, "rehearsals": all})
	}
	if len(all) == 0 {
		fmt.Fprintln(s.env.out, "There is no rehearsal yet.")
		return nil
	}
	columns := []view.Column{{Title: "ID"}, {Title: "RESULT"}, {Title: "ENDED"}, {Title: "TOOK", Right: true}, {Title: "TARGET"}}
	rows := [][]string{}
	for _, r := range all {
		var report rehearsal.Report
		if err := json.Unmarshal(r.Report, &report); err != nil {
			return fmt.Errorf("reading rehearsal %s: %w", r.ID, err)
		}
		verdict := map[bool]string{true: "passed", false: "did not pass"}[r.Passed]
		total := int64(0)
		for _, part := range report.Parts {
			total += part.Millis
		}
		rows = append(rows, []string{r.ID, verdict, view.Moment(r.At), took(total), view.Clean(report.Target.Identity)})
	}
	return view.Table(s.env.out, columns, rows)
}
