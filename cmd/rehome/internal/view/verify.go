package view

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/verify"
)

// VerificationOptions say how a verification is shown.
type VerificationOptions struct {
	Style      Style
	Verbose    bool
	Automation bool
	Took       time.Duration
}

// Verification writes a report for a person: what failed first, with where to look; equal results folded.
func Verification(w io.Writer, r verify.Report, o VerificationOptions) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Verified  %s in %s (%s)\n\n", phrase.Plural(r.Resources, "resource", "resources"),
		phrase.Took(o.Took),
		phrase.Plural(r.Requests, "request", "requests"))
	for _, result := range r.Results {
		if o.Verbose || result.Status == observation.ProbeFailed || result.Status == observation.ProbeUnknown {
			probeResult(&b, result, o)
		}
	}
	if !o.Verbose {
		foldedProbes(&b, r, observation.ProbeSkipped, o)
		foldedProbes(&b, r, observation.ProbePassed, o)
	}
	incumbent(&b, r.Incumbent, o)
	counts := func(s observation.ProbeStatus) string { return phrase.Count(r.Count(s)) }
	fmt.Fprintf(&b, "\nProbes    %s passed, %s failed, %s unknown, %s skipped\n", counts(observation.ProbePassed),
		counts(observation.ProbeFailed), counts(observation.ProbeUnknown), counts(observation.ProbeSkipped))
	if !o.Automation {
		fmt.Fprintf(&b, "Next: %s\n", nextAfterVerification(r))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shownLacking is how many applications that lack something are named.
const shownLacking = 10

// incumbent writes how many assignments of the sources hold in the target, and who hangs on the others.
func incumbent(b *strings.Builder, in *verify.Incumbent, o VerificationOptions) {
	if in == nil {
		return
	}
	if len(in.Snapshots) == 0 {
		b.WriteString("\nSources   not compared: there is no snapshot\n")
		return
	}
	var read []string
	for _, s := range in.Snapshots {
		read = append(read, fmt.Sprintf("%s as of %s", phrase.Clean(s.Source), phrase.Moment(s.CompletedAt)))
	}
	fmt.Fprintf(b, "\nSources   %s of %s are in the target (%s)\n", phrase.Count(in.Held),
		phrase.Plural(in.Assignments, "assignment", "assignments"), strings.Join(read, ", "))
	for i, l := range in.Applications {
		if i == shownLacking && !o.Verbose {
			fmt.Fprintf(b, "          … and %s; -v lists them\n",
				phrase.Plural(len(in.Applications)-i, "application", "applications"))
			break
		}
		fmt.Fprintf(b, "  %s %s   lacks %s\n", o.Style.symbol("-"), phrase.Clean(l.Name), lacks(l))
	}
	if len(in.Applications) > 0 && !o.Automation {
		b.WriteString("  rehome plan says why, and what can be done\n")
	}
}

// lacks says what of an application is not in the target, and how many people that is.
func lacks(l verify.Lacking) string {
	var parts []string
	if l.Everyone {
		parts = append(parts, "everybody of the source")
	}
	if l.People > 0 {
		parts = append(parts, phrase.Plural(l.People, "person", "people")+" assigned directly")
	}
	for _, group := range l.Groups {
		parts = append(parts, fmt.Sprintf("group %q with %s", phrase.Clean(group.Name),
			phrase.Plural(group.Members, "member", "members")))
	}
	if l.Others > 0 {
		parts = append(parts, phrase.Plural(l.Others, "other assignment", "other assignments"))
	}
	if !l.Moved {
		return strings.Join(parts, ", ") + "; the application is not in the target"
	}
	return strings.Join(parts, ", ")
}

func nextAfterVerification(r verify.Report) string {
	switch {
	case r.Count(observation.ProbeFailed) > 0:
		return "mend what failed and run rehome verify again; rehome plan shows what an apply would set right."
	case r.Count(observation.ProbeUnknown) > 0:
		return "look at what is unknown by hand; rehome verify -v shows every result."
	}
	return "rehome evidence shows what the move still lacks."
}

func probeSign(status observation.ProbeStatus) string {
	switch status {
	case observation.ProbeFailed:
		return "!"
	case observation.ProbeUnknown:
		return "?"
	case observation.ProbeSkipped:
		return "-"
	case observation.ProbePassed:
	}
	return "="
}

func probeResult(b *strings.Builder, r verify.Result, o VerificationOptions) {
	fmt.Fprintf(b, "%s %s   %s %s\n      %s\n", o.Style.symbol(probeSign(r.Status)), phrase.Clean(r.Resource.String()),
		phrase.Clean(r.Probe), r.Status, phrase.Clean(r.Summary))
	if r.LookAt != "" {
		fmt.Fprintf(b, "      look at  %s\n", phrase.Clean(r.LookAt))
	}
	for _, name := range sortedTexts(r.Evidence) {
		fmt.Fprintf(b, "      %s  %s\n", phrase.Clean(name), phrase.Clean(shorten(r.Evidence[name])))
	}
}

func sortedTexts(table map[string]string) []string {
	names := make([]string, 0, len(table))
	for name := range table {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// foldedProbes writes one line for each probe of a status, with how often and the first reason of those that were
// skipped.
func foldedProbes(b *strings.Builder, r verify.Report, status observation.ProbeStatus, o VerificationOptions) {
	counts, reasons := map[string]int{}, map[string]string{}
	for _, result := range r.Results {
		if result.Status == status {
			counts[result.Probe]++
			if reasons[result.Probe] == "" {
				reasons[result.Probe] = result.Summary
			}
		}
	}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		text := ""
		if status == observation.ProbeSkipped {
			text = "   " + phrase.Clean(reasons[name])
		}
		fmt.Fprintf(b, "%s %-24s %s %s%s\n", o.Style.symbol(probeSign(status)), phrase.Clean(name),
			phrase.Count(counts[name]),
			status, text)
	}
}

// Drift writes what somebody changed since the runs.
func Drift(w io.Writer, r verify.Report, o VerificationOptions) error {
	var b strings.Builder
	for _, change := range r.Changes {
		fmt.Fprintf(&b, "%s %s   %s\n", o.Style.symbol("~"), phrase.Clean(change.Resource.String()),
			phrase.Clean(change.Summary))
		if change.Attribute != "" {
			changed(&b, fmt.Sprintf("      %s  ", phrase.Clean(change.Attribute)), change.Expected, change.Live, o.Style)
		}
	}
	if len(r.Changes) > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "Drift     %s in %s\n", phrase.Plural(len(r.Changes), "change", "changes"),
		phrase.Plural(r.Resources, "resource", "resources"))
	if len(r.Changes) > 0 && !o.Automation {
		b.WriteString("Next: rehome plan shows what would set it right; who changed it says the target's own log.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Freeze writes how much changed in the incumbents since the plan of a run.
func Freeze(w io.Writer, run string, changes int, automation bool) {
	fmt.Fprintf(w, "Freeze    %s in the incumbents since the plan of run %s\n",
		phrase.Plural(changes, "change", "changes"), run)
	if changes > 0 && !automation {
		fmt.Fprintln(w, "Next: rehome plan shows what of it the target lacks.")
	}
}
