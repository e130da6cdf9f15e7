package readings

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/inventory"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
)

// Assessed shows the verdict on an item while an assessment is made: those that do not move as they are, or all.
func Assessed(w io.Writer, r assess.Result, verbose bool) {
	if r.Address.Kind.IsPeople() && !verbose {
		return
	}
	sign, show := "=", verbose
	switch r.Class {
	case assess.ClassBlocked:
		sign, show = "!", true
	case assess.ClassManual:
		sign, show = "?", true
	case assess.ClassApproximation:
		sign = "~"
	case assess.ClassNative:
		sign = "+"
	}
	if show {
		fmt.Fprintf(w, "%s %-18s %-34s %s\n", sign, r.Address.Kind, fmt.Sprintf("%q", phrase.Clean(r.Name)),
			phrase.Clean(r.Rationale))
	}
}

// AssessmentLine sums up an assessment in one line.
func AssessmentLine(w io.Writer, a state.Assessment) {
	of := func(class assess.Class) string { return phrase.Count(a.Classes[string(class)]) }
	fmt.Fprintf(w, "%s  native %s  approximated %s  visible only %s  by hand %s  blocked %s   (assessment %s)\n", a.Source,
		of(assess.ClassNative), of(assess.ClassApproximation), of(assess.ClassVisibility), of(assess.ClassManual),
		of(assess.ClassBlocked), a.ID)
}

// Unread asks what no class answers: whether the incumbent has what its provider never reads.
func Unread(w io.Writer, snapshot state.Snapshot) {
	if len(snapshot.Unread) == 0 {
		return
	}
	const head = "\nNot read  rehome does not read these of %s, so they are in no class. Is there any?\n"
	fmt.Fprintf(w, head, snapshot.Source)
	for _, unread := range snapshot.Unread {
		fmt.Fprintf(w, "? %s: %s\n", phrase.Clean(unread.Name), phrase.Clean(unread.Question))
	}
}

// Assessments lists assessments in a table.
func Assessments(w io.Writer, all []state.Assessment, now time.Time) error {
	rows := make([][]string, 0, len(all))
	for _, a := range all {
		row := []string{a.ID, a.Snapshot, a.Source, a.Status, a.Classifier}
		for _, class := range assess.Classes() {
			row = append(row, phrase.Count(a.Classes[string(class)]))
		}
		rows = append(rows, append(row, phrase.Ago(a.StartedAt, now), layout.Shortened(a.Reason)))
	}
	columns := []layout.Heading{{Title: "ID"}, {Title: "SNAPSHOT"}, {Title: "SOURCE"}, {Title: "STATUS"},
		{Title: "CLASSIFIER", Right: true}}
	columns = append(columns, classColumns()...)
	return layout.Table(w, append(columns, layout.Heading{Title: "BEGUN"}, layout.Heading{Title: "REASON"}), rows)
}

// classColumns are in the order of assess.Classes.
func classColumns() []layout.Heading {
	var columns []layout.Heading
	for _, title := range []string{"NATIVE", "APPROX", "VISIBLE", "BY HAND", "BLOCKED"} {
		columns = append(columns, layout.Heading{Title: title, Right: true})
	}
	return columns
}

// Assessment shows how a snapshot was judged, by kind and class.
func Assessment(w io.Writer, a state.Assessment, kinds map[identity.Kind]map[assess.Class]int, now time.Time) error {
	fmt.Fprintf(w, "Assessment  %s of snapshot %s of %s\n", a.ID, a.Snapshot, a.Source)
	fmt.Fprintf(w, "Status      %s, begun %s, %s", a.Status, phrase.Moment(a.StartedAt), phrase.Ago(a.StartedAt, now))
	if !a.CompletedAt.IsZero() {
		fmt.Fprintf(w, ", took %s", phrase.Took(a.CompletedAt.Sub(a.StartedAt)))
	}
	fmt.Fprintf(w, "\nJudged by   classifier %s, target %s (plugin %s)", a.Classifier, a.Target, a.Provider)
	if a.Configuration != "" {
		fmt.Fprintf(w, ", map blocks %s", a.Configuration[:8])
	}
	fmt.Fprintln(w)
	if a.Status == state.AssessmentFailed {
		fmt.Fprintf(w, "! reason    %s\n", phrase.Clean(a.Reason))
	}
	if a.Classifier != assess.ClassifierVersion {
		const old = "! this version of rehome has classifier %s: rehome assess -snapshot=%s judges the snapshot again\n"
		fmt.Fprintf(w, old, assess.ClassifierVersion, a.Snapshot)
	}
	fmt.Fprintln(w)
	var rows [][]string
	for _, kind := range identity.Kinds() {
		if kinds[kind] == nil {
			continue
		}
		row := []string{string(kind)}
		for _, class := range assess.Classes() {
			row = append(row, phrase.Count(kinds[kind][class]))
		}
		rows = append(rows, row)
	}
	total := []string{"all"}
	for _, class := range assess.Classes() {
		total = append(total, phrase.Count(a.Classes[string(class)]))
	}
	return layout.Table(w, append([]layout.Heading{{Title: "KIND"}}, classColumns()...), append(rows, total))
}

// Results lists the verdicts of a class, one a line, and their number.
func Results(w io.Writer, results iter.Seq2[assess.Result, error], class assess.Class) error {
	count := 0
	for r, err := range results {
		if err != nil {
			return err
		}
		count++
		_, err = fmt.Fprintf(w, "%s %q  %s\n", phrase.Clean(r.Address.String()), phrase.Clean(r.Name),
			phrase.Clean(r.Rationale))
		if err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s of class %s\n", phrase.Plural(count, "item", "items"), class)
	return err
}

// Result shows all of one verdict. It leaves out what there is none of, except for the impacts: none is an answer
// there.
func Result(w io.Writer, r assess.Result) {
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(w, "%-10s%s\n", label, phrase.Clean(text))
		}
	}
	line("Item", fmt.Sprintf("%s %q", r.Address, r.Name))
	line("Class", string(r.Class))
	line("Becomes", r.Contract)
	line("Why", r.Rationale)
	for _, note := range r.Notes {
		line("Note", note)
	}
	for _, missing := range r.Missing {
		line("Missing", missing)
	}
	line("Blocked", r.BlockedReason)
	line("To do", r.ToDo)
	line("Impact", fmt.Sprintf("operators %s, users %s", r.OperatorImpact, r.UserImpact))
}

// AssessmentDiff shows for people which items are judged differently, as they come, and tells how many there are.
func AssessmentDiff(w io.Writer, d reading.AssessmentDiff, verbose bool) (int, error) {
	assessmentDiffHead(w, d.Before, d.After)
	total, people := 0, 0
	for change, err := range d.Changes {
		if err != nil {
			return total, err
		}
		total++
		if change.Address.Kind.IsPeople() && !verbose {
			if people++; people > peopleShown {
				continue
			}
		}
		if err := verdictChange(w, change); err != nil {
			return total, err
		}
	}
	if people > peopleShown {
		fmt.Fprintf(w, "  … and %s more of people (-verbose lists them)\n", phrase.Count(people-peopleShown))
	}
	if total == 0 {
		_, err := fmt.Fprintln(w, "Nothing is judged differently.")
		return total, err
	}
	fmt.Fprintln(w)
	for _, class := range assess.Classes() {
		if a, b := d.Before.Classes[string(class)], d.After.Classes[string(class)]; a != b {
			fmt.Fprintf(w, "%-26s %s -> %s\n", class, phrase.Count(a), phrase.Count(b))
		}
	}
	_, err := fmt.Fprintf(w, "%s judged differently\n", phrase.Plural(total, "item is", "items are"))
	return total, err
}

func assessmentDiffHead(w io.Writer, before, after state.Assessment) {
	fmt.Fprintf(w, "%s  %s (%s) -> %s (%s)\n", before.Source, before.ID, phrase.Moment(before.StartedAt), after.ID,
		phrase.Moment(after.StartedAt))
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

func verdictChange(w io.Writer, c assess.Change) error {
	sign := map[assess.ChangeType]string{assess.Added: "+", assess.Removed: "-", assess.Changed: "~"}[c.Type]
	_, err := fmt.Fprintf(w, "%s %s %q  %s\n", sign, phrase.Clean(c.Address.String()), phrase.Clean(c.Name), c.Class)
	for _, f := range c.Fields {
		before, after := compactOrNull(f.Before), compactOrNull(f.After)
		err = fieldChange(w, inventory.FieldChange{Field: f.Field, Before: before, After: after})
	}
	return err
}

// compactOrNull encodes a text or a list of texts, which always succeeds.
func compactOrNull(value any) json.RawMessage {
	encoded, err := layout.Compact(value)
	if err != nil {
		return json.RawMessage("null")
	}
	return encoded
}

// AssessmentDiffJSON writes the same as one document that begins with head. People are hidden by mask, unless that is
// nil.
func AssessmentDiffJSON(w io.Writer, d reading.AssessmentDiff, head map[string]any, verbose bool,
	mask *pseudonym.Masker) (int, error) {
	list, err := layout.BeginList(w, mask.JSON, head, "changes")
	if err != nil {
		return 0, err
	}
	total, people := 0, 0
	for change, err := range d.Changes {
		if err != nil {
			return total, err
		}
		total++
		if change.Address.Kind.IsPeople() && !verbose {
			if people++; people > peopleShown {
				continue
			}
		}
		if err := list.Add(mask.Verdict(change)); err != nil {
			return total, err
		}
	}
	return total, list.End(map[string]any{"total": total})
}
