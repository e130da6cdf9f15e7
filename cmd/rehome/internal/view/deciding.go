package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rehome-iam/rehome/engine/deciding"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// Decided shows what came of deciding; bulk says that all were to be decided alike.
func Decided(w io.Writer, r *deciding.Decided, bulk, automation bool, style Style) error {
	if r.Pending == 0 {
		fmt.Fprintln(w, "No decision is missing.")
		return nil
	}
	for _, d := range r.Written {
		what := d.Decision
		if d.Target != "" {
			what += " " + d.Target
		}
		if d.Rename != "" {
			what += " as " + d.Rename
		}
		fmt.Fprintf(w, "%s %q of %s: %s\n", d.Item.Kind, phrase.Clean(d.Item.Name), phrase.Clean(d.Item.Source),
			phrase.Clean(what))
	}
	for _, open := range r.Open {
		if err := Overlap(w, open.Overlap, style); err != nil {
			return err
		}
		if bulk {
			fmt.Fprintf(w, "    left open: %s\n", phrase.Clean(open.Why))
		}
	}
	next := "rehome decide in a terminal, or with -all=map_to_existing, or write a merge block for each"
	if len(r.Written) == 0 && !bulk {
		fmt.Fprintf(w, "%s missing, nothing was written\n", phrase.Plural(r.Pending, "decision is", "decisions are"))
	} else {
		fmt.Fprintf(w, "%s written to %s, %d of %d left open\n", phrase.Plural(len(r.Written), "merge block", "merge blocks"),
			r.File,
			r.Pending-len(r.Written), r.Pending)
		next = "read " + r.File + ", then rehome plan"
	}
	if !automation && (len(r.Written) > 0 || !bulk) {
		fmt.Fprintln(w, "Next: "+next)
	}
	return nil
}

// Overlaps lists what the last plan found, and what was decided.
func Overlaps(w io.Writer, list *deciding.OverlapList, style Style) error {
	if len(list.Assessments) == 0 {
		fmt.Fprintln(w, "No plan looked for overlaps yet. Run rehome plan.")
		return nil
	}
	if len(list.Overlaps) == 0 {
		fmt.Fprintln(w, "Nothing in the target meets what the sources have.")
		return nil
	}
	made := map[string]lifecycle.DecisionRow{}
	for _, d := range list.Decisions {
		if d.Current {
			made[d.Item.Address().String()+d.Wanted.Type] = d
		}
	}
	for _, overlap := range list.Overlaps {
		if err := Overlap(w, overlap, style); err != nil {
			return err
		}
		if d, ok := made[overlap.Item.Address().String()+overlap.Wanted.Type]; ok {
			fmt.Fprintf(w, "    took effect %s by %s\n", phrase.Moment(d.At), phrase.Clean(d.By))
		}
	}
	fmt.Fprintf(w, "%s, %d waiting for a decision\n", phrase.Plural(len(list.Overlaps), "overlap", "overlaps"),
		list.Pending)
	return nil
}

// Impacts lists what the last plan found: who feels it, what to tell them, who accepted it.
func Impacts(w io.Writer, list *deciding.ImpactList, style Style) {
	if len(list.Impacts) == 0 {
		fmt.Fprintln(w, "No plan found an impact yet. Run rehome plan.")
		return
	}
	fmt.Fprintf(w, "%s found, %d acknowledged\n", phrase.Plural(list.Found, "impact", "impacts"), list.Acknowledged)
	for _, row := range list.Impacts {
		fmt.Fprintf(w, "\n%s\n", impactHead(row.Impact, row.Current, style))
		fmt.Fprintf(w, "    %s (%s)\n", phrase.Clean(row.Summary), phrase.Plural(row.Count, "item", "items"))
		if row.Tell != "" {
			fmt.Fprintf(w, "    tell them: %s\n", phrase.Clean(row.Tell))
		}
		if a := row.Acknowledgement; a != nil {
			reference := ""
			if a.Reference != "" {
				reference = " (" + phrase.Clean(a.Reference) + ")"
			}
			fmt.Fprintf(w, "    acknowledged %s by %s: %s%s\n", phrase.Moment(a.At), phrase.Clean(a.By), phrase.Clean(a.Reason),
				reference)
		}
		fmt.Fprintf(w, "    items %s\n", firstItems(row.Items, row.Count))
	}
}

// firstItems names a few items of a long list.
func firstItems(items []string, count int) string {
	const most = 3
	names := make([]string, 0, most)
	for _, item := range items[:min(most, len(items))] {
		names = append(names, phrase.Clean(item))
	}
	text := strings.Join(names, ", ")
	if count > len(names) {
		text += fmt.Sprintf(" and %s more; -json lists them", phrase.Count(count-len(names)))
	}
	return text
}
