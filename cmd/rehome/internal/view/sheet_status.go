package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/switchover"
)

// ApplicationsOptions say how the cutover of applications is shown.
type ApplicationsOptions struct {
	Style      Style
	Automation bool
	Now        time.Time
}

// stageWords is a stage as people say it.
func stageWords(stage switchover.Stage) string {
	if stage == switchover.StageNone {
		return "not prepared"
	}
	return strings.ReplaceAll(string(stage), "_", " ")
}

// Applications writes one block for each application: where it stands, who is still on the old side, what is missing,
// what is next.
func Applications(w io.Writer, o switchover.Overview, options ApplicationsOptions) error {
	var b strings.Builder
	for _, log := range o.Sides {
		if log.Readable {
			fmt.Fprintf(&b, "%-9s %s: sign-ins since %s\n", log.Side, phrase.Clean(log.Name), phrase.MomentOf(log.Covers))
		} else {
			fmt.Fprintf(&b, "%s %s %s: %s\n", options.Style.symbol("?"), log.Side, phrase.Clean(log.Name),
				phrase.Clean(log.Reason))
		}
	}
	for _, question := range o.Questions {
		fmt.Fprintf(&b, "%s %s\n", options.Style.symbol("?"), phrase.Clean(question))
	}
	fmt.Fprintf(&b, "\n%-26s %-13s %-15s %-6s %-15s %s\n", "APPLICATION", "STATE", "OLD: LAST", "PEOPLE", "NEW: LAST",
		"OWNER, DATE")
	for _, a := range o.Applications {
		application(&b, a, options)
	}
	summary(&b, o, options)
	_, err := io.WriteString(w, b.String())
	return err
}

func application(b *strings.Builder, a switchover.Status, o ApplicationsOptions) {
	people := "?"
	if a.Incumbent != nil {
		people = phrase.Count(a.Incumbent.People)
	}
	owner := phrase.Clean(a.Owner)
	if a.Date != "" {
		owner += ", " + phrase.Clean(a.Date)
	}
	line := fmt.Sprintf("%-26s %-13s %-15s %-6s %-15s %s", cut(phrase.Clean(a.Name), 26), stageWords(a.Stage),
		lastUse(a.Incumbent, o.Now), people, lastUse(a.Target, o.Now), owner)
	fmt.Fprintln(b, strings.TrimRight(line, " "))
	if a.Incumbent != nil && len(a.Incumbent.Names) > 0 {
		fmt.Fprintf(b, "    still on the old one: %s\n", someNames(a.Incumbent.Names, a.Incumbent.People))
	}
	for _, text := range a.Missing {
		fmt.Fprintf(b, "  %s %s\n", o.Style.symbol("!"), phrase.Clean(text))
	}
	for _, text := range a.Questions {
		// said above, once
		if !strings.HasPrefix(text, "the sign-in log of the ") || !strings.Contains(text, "could not be read") {
			fmt.Fprintf(b, "  %s %s\n", o.Style.symbol("?"), phrase.Clean(text))
		}
	}
	if a.Next != "" && !o.Automation {
		fmt.Fprintf(b, "    next: %s\n", phrase.Clean(a.Next))
	}
}

// summary answers who is still on the old one.
func summary(b *strings.Builder, o switchover.Overview, options ApplicationsOptions) {
	counts := map[switchover.Stage]int{}
	for _, a := range o.Applications {
		counts[a.Stage]++
	}
	var parts []string
	for _, stage := range []switchover.Stage{switchover.StageNone, switchover.StagePrepared, switchover.StageHandedOver,
		switchover.StageEnabled, switchover.StageSwitched, switchover.StageConfirmed, switchover.StageRetired} {
		if counts[stage] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[stage], stageWords(stage)))
		}
	}
	fmt.Fprintf(b, "\n%s: %s", phrase.Plural(len(o.Applications), "application", "applications"),
		strings.Join(parts, ", "))
	if o.NotMoved > 0 {
		fmt.Fprintf(b, "; %s of the incumbents not moved", phrase.Count(o.NotMoved))
	}
	still, unsure := o.StillOnOld()
	fmt.Fprintf(b, "\nSince %s, %s used at the incumbent", phrase.MomentOf(o.Since), was(still))
	if unsure {
		fmt.Fprintf(b, " %s not every log could be read", options.Style.symbol("?"))
	}
	fmt.Fprintln(b)
}

func was(n int) string {
	switch n {
	case 0:
		return "no application was"
	case 1:
		return "1 application was"
	}
	return phrase.Count(n) + " applications were"
}

// lastUse says when a side was used last; ? when nobody can tell.
func lastUse(use *switchover.Use, now time.Time) string {
	if use == nil {
		return "?"
	}
	at, err := time.Parse(time.RFC3339, use.Last)
	if err != nil {
		if use.Failures > 0 {
			return phrase.Plural(use.Failures, "failure", "failures")
		}
		return "-"
	}
	return phrase.Ago(at, now)
}

// someNames lists the first names of so many.
func someNames(names []string, count int) string {
	const most = 5
	shown := names[:min(len(names), most)]
	cleaned := make([]string, len(shown))
	for i, name := range shown {
		cleaned[i] = phrase.Clean(name)
	}
	text := strings.Join(cleaned, ", ")
	if more := count - len(shown); more > 0 {
		text += fmt.Sprintf(" and %s more", phrase.Count(more))
	}
	return text
}

func cut(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:width-1]) + "…"
}
