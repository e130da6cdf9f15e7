package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/inventory"
	"github.com/rehome-iam/rehome/state"
)

func assessmentDiffCommand() Command {
	return historyDiffCommand("assessments", runAssessmentDiff, Command{
		Path:  "assessment diff",
		Class: classRead,
		Short: "Show which items are judged differently",
		Long: `Diff compares two completed assessments: the effect of a new classifier, target or map block on a snapshot. It names every item whose class,
contract, notes, missing evidence, to-do or impacts differ. Without arguments it compares the newest with the one before it.`,
		Example: "  rehome assess -snapshot=s-2026-11-21-5b1f0c2d\n  rehome assessment diff previous latest -detailed-exitcode",
	})
}

func runAssessmentDiff(s *session, first, second string, o snapshotDiffOptions) error {
	before, err := findAssessment(s, first, o.source)
	if err != nil {
		return err
	}
	after, err := findAssessment(s, second, o.source)
	if err != nil {
		return err
	}
	if before.Source != after.Source {
		return diag.Errorf("snapshot-other-source", "Assessments are of two sources", "%s is of %s, %s is of %s; only two of one source are compared.", before.ID, before.Source, after.ID, after.Source)
	}
	for _, a := range []state.Assessment{before, after} {
		if a.Status != state.AssessmentCompleted {
			return diag.Errorf("snapshot-not-completed", "Assessment is not completed", "%s is %s, so it does not judge every item. Compare completed ones.", a.ID, a.Status)
		}
	}
	out := bufio.NewWriter(s.env.out)
	total, err := writeAssessmentDiff(out, s, before, after, o.verbose)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err == nil && o.detailed && total > 0 {
		return &statusError{status: exitChanges, quiet: true}
	}
	return err
}

func writeAssessmentDiff(w io.Writer, s *session, before, after state.Assessment, verbose bool) (int, error) {
	var list *jsonList
	if s.global.json {
		mask, err := s.masker(nil)
		if err != nil {
			return 0, err
		}
		begun, err := beginList(w, mask, map[string]any{"format_version": eventFormat, "source": before.Source, "before": before, "after": after}, "changes")
		if err != nil {
			return 0, err
		}
		list = begun
	} else {
		printAssessmentPair(w, before, after)
	}
	total, people := 0, 0
	for change, err := range assess.Diff(resultsOf(s.store, before.ID), resultsOf(s.store, after.ID)) {
		if err != nil {
			return total, fmt.Errorf("comparing %s with %s: %w", before.ID, after.ID, err)
		}
		total++
		if change.Address.Kind.IsPeople() && !verbose {
			if people++; people > peopleShown {
				continue
			}
		}
		if list != nil {
			err = list.add(hideVerdict(list.mask, change))
		} else {
			err = printAssessmentChange(w, change)
		}
		if err != nil {
			return total, err
		}
	}
	if list != nil {
		return total, list.end(map[string]any{"total": total})
	}
	return total, printAssessmentDiffEnd(w, before, after, total, people)
}

func printAssessmentPair(w io.Writer, before, after state.Assessment) {
	fmt.Fprintf(w, "%s  %s (%s) -> %s (%s)\n", before.Source, before.ID, view.Moment(before.StartedAt), after.ID, view.Moment(after.StartedAt))
	differs := func(what, a, b string) {
		if a != b {
			fmt.Fprintf(w, "  %s: %s -> %s\n", what, a, b)
		}
	}
	differs("snapshot", before.Snapshot, after.Snapshot)
	differs("classifier", before.Classifier, after.Classifier)
	differs("target", before.Target, after.Target)
	differs("plugin", before.Provider, after.Provider)
	if before.Configuration != after.Configuration {
		fmt.Fprintln(w, "  the map blocks changed")
	}
	fmt.Fprintln(w)
}

func printAssessmentChange(w io.Writer, c assess.Change) error {
	sign := map[assess.ChangeType]string{assess.Added: "+", assess.Removed: "-", assess.Changed: "~"}[c.Type]
	_, err := fmt.Fprintf(w, "%s %s %q  %s\n", sign, view.Clean(c.Address.String()), view.Clean(c.Name), c.Class)
	for _, f := range c.Fields {
		before, after := compactOrNull(f.Before), compactOrNull(f.After)
		err = printFieldChange(w, inventory.FieldChange{Field: f.Field, Before: before, After: after})
	}
	return err
}

// compactOrNull encodes a text or a list of texts, which always succeeds.
func compactOrNull(value any) json.RawMessage {
	encoded, err := compactJSON(value)
	if err != nil {
		return json.RawMessage("null")
	}
	return encoded
}

func printAssessmentDiffEnd(w io.Writer, before, after state.Assessment, total, people int) error {
	if people > peopleShown {
		fmt.Fprintf(w, "  … and %s more of people (-verbose lists them)\n", view.Count(people-peopleShown))
	}
	if total == 0 {
		_, err := fmt.Fprintln(w, "Nothing is judged differently.")
		return err
	}
	fmt.Fprintln(w)
	for _, class := range assess.Classes() {
		if a, b := before.Classes[string(class)], after.Classes[string(class)]; a != b {
			fmt.Fprintf(w, "%-26s %s -> %s\n", class, view.Count(a), view.Count(b))
		}
	}
	_, err := fmt.Fprintf(w, "%s judged differently\n", view.Plural(total, "item is", "items are"))
	return err
}
