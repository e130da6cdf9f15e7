package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/state"
)

func assessmentCommand() Command {
	return Command{
		Path:  "assessment",
		Group: groupRecords,
		Short: "Look into how items were judged",
		Long: `An assessment is one classification of one snapshot: what each item becomes, what differs, what is missing, who feels it. All are kept.
Where an ID is asked for, the beginning of one is enough, and so is latest or previous (completed ones, newest first).`,
		Example: "  rehome assessment list\n  rehome assessment show latest -class=blocked\n  rehome assessment diff previous latest",
		Takes:   cobra.NoArgs,
	}
}

type assessmentListOptions struct{ source, snapshot string }

func assessmentListCommand() Command {
	var o assessmentListOptions
	return Command{
		Path:    "assessment list",
		Class:   classRead,
		Short:   "List the assessments, newest first",
		Example: "  rehome assessment list\n  rehome assessment list -snapshot=latest -json",
		Takes:   noArguments,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.source, "source", "", "only those of this source")
			f.StringVar(&o.snapshot, "snapshot", "", "only those of this snapshot")
		},
		Run: func(ctx context.Context, r *call) error {
			return r.withHistory(ctx, func(s *session) error { return runAssessmentList(s, o) })
		},
	}
}

func runAssessmentList(s *session, o assessmentListOptions) error {
	id := ""
	if o.snapshot != "" {
		snapshot, err := findSnapshot(s, o.snapshot, o.source)
		if err != nil {
			return err
		}
		id = snapshot.ID
	}
	all, err := assessmentsOf(s.store, o.source, id)
	if err != nil {
		return err
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": eventFormat, "assessments": all})
	}
	if len(all) == 0 {
		fmt.Fprintln(s.env.out, "No assessments.")
		s.next("rehome assess")
		return nil
	}
	rows := make([][]string, 0, len(all))
	for _, a := range all {
		rows = append(rows, []string{a.ID, a.Snapshot, a.Source, a.Status, a.Classifier, view.Count(a.Classes[string(assess.ClassNative)]), view.Count(a.Classes[string(assess.ClassApproximation)]),
			view.Count(a.Classes[string(assess.ClassVisibility)]), view.Count(a.Classes[string(assess.ClassManual)]), view.Count(a.Classes[string(assess.ClassBlocked)]),
			view.Ago(a.StartedAt, s.env.now()), shortened(a.Reason)})
	}
	columns := []view.Column{{Title: "ID"}, {Title: "SNAPSHOT"}, {Title: "SOURCE"}, {Title: "STATUS"}, {Title: "CLASSIFIER", Right: true}}
	for _, title := range []string{"NATIVE", "APPROX", "VISIBLE", "BY HAND", "BLOCKED"} {
		columns = append(columns, view.Column{Title: title, Right: true})
	}
	return view.Table(s.env.out, append(columns, view.Column{Title: "BEGUN"}, view.Column{Title: "REASON"}), rows)
}

// assessmentsOf lists assessments newest first, of one source and one snapshot where those are given.
func assessmentsOf(store *state.Migration, source, snapshot string) ([]state.Assessment, error) {
	all, err := store.Assessments()
	if err != nil {
		return nil, err
	}
	chosen := []state.Assessment{}
	for _, a := range all {
		if (source == "" || a.Source == source) && (snapshot == "" || a.Snapshot == snapshot) {
			chosen = append(chosen, a)
		}
	}
	return chosen, nil
}

// findAssessment understands an id, the beginning of one, latest and previous.
func findAssessment(s *session, word, source string) (state.Assessment, error) {
	all, err := assessmentsOf(s.store, source, "")
	if err != nil {
		return state.Assessment{}, err
	}
	if word != "latest" && word != "previous" {
		return oneByID("assessment", word, all, func(a state.Assessment) string { return a.ID })
	}
	var completed []state.Assessment
	sources := map[string]bool{}
	for _, a := range all {
		if a.Status == state.AssessmentCompleted {
			completed = append(completed, a)
			sources[a.Source] = true
		}
	}
	index := map[string]int{"latest": 0, "previous": 1}[word]
	switch {
	case len(sources) > 1:
		return state.Assessment{}, diag.Errorf("history-ambiguous", "Which source is not clear", "There are completed assessments of %s; say which with -source.", strings.Join(sortedNames(sources), ", "))
	case len(completed) <= index:
		return state.Assessment{}, diag.Errorf("history-unknown", "Assessment is not there", "There is no %s%s; rehome assessment list shows what there is.", map[string]string{"latest": "completed assessment", "previous": "completed assessment before the newest one"}[word], ofSource(source))
	}
	return completed[index], nil
}

// resultsOf streams the results of an assessment, a chunk in memory at a time.
func resultsOf(store *state.Migration, assessment string) iter.Seq2[assess.Result, error] {
	return func(yield func(assess.Result, error) bool) {
		for chunk, err := range store.Results(assessment) {
			var results []assess.Result
			if err == nil {
				err = json.Unmarshal(chunk, &results)
			}
			if err != nil {
				yield(assess.Result{}, fmt.Errorf("reading assessment %s: %w", assessment, err))
				return
			}
			for _, result := range results {
				if !yield(result, nil) {
					return
				}
			}
		}
	}
}

type assessmentShowOptions struct{ source, class, item string }

func assessmentShowCommand() Command {
	var o assessmentShowOptions
	return Command{
		Path: "assessment show", Args: "[ID]",
		Class: classRead,
		Short: "Show an assessment, the items of a class, or one item",
		Long: `Show tells how a snapshot was judged. With -class it lists the items of a class with the reason; with -item it shows all that is known of
one: class, what it becomes, every note with its field, what is missing, what is to do, and who feels it how much.`,
		Example: "  rehome assessment show\n  rehome assessment show latest -class=blocked\n  rehome assessment show -item=application/0oa1f4k2",
		Takes:   cobra.MaximumNArgs(1),
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.source, "source", "", "the source that latest and previous speak of")
			f.StringVar(&o.class, "class", "", "list the items of this class")
			f.StringVar(&o.item, "item", "", "show one item: kind/id or source/kind/id")
		},
		Run: func(ctx context.Context, r *call) error {
			return r.withHistory(ctx, func(s *session) error { return runAssessmentShow(s, wordOr(r.args, "latest"), o) })
		},
	}
}

func runAssessmentShow(s *session, word string, o assessmentShowOptions) error {
	a, err := findAssessment(s, word, o.source)
	if err != nil {
		return err
	}
	switch {
	case o.item != "":
		return showResult(s, a, o.item)
	case o.class != "":
		return listResults(s, a, o.class)
	}
	kinds, err := classesByKind(s.store, a.ID)
	if err != nil {
		return err
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": eventFormat, "assessment": a, "kinds": kinds})
	}
	return printAssessmentDetail(s, a, kinds)
}

func classesByKind(store *state.Migration, assessment string) (map[identity.Kind]map[assess.Class]int, error) {
	kinds := map[identity.Kind]map[assess.Class]int{}
	for result, err := range resultsOf(store, assessment) {
		if err != nil {
			return nil, err
		}
		if kinds[result.Address.Kind] == nil {
			kinds[result.Address.Kind] = map[assess.Class]int{}
		}
		kinds[result.Address.Kind][result.Class]++
	}
	return kinds, nil
}

func printAssessmentDetail(s *session, a state.Assessment, kinds map[identity.Kind]map[assess.Class]int) error {
	w := s.env.out
	fmt.Fprintf(w, "Assessment  %s of snapshot %s of %s\n", a.ID, a.Snapshot, a.Source)
	fmt.Fprintf(w, "Status      %s, begun %s, %s", a.Status, view.Moment(a.StartedAt), view.Ago(a.StartedAt, s.env.now()))
	if !a.CompletedAt.IsZero() {
		fmt.Fprintf(w, ", took %s", view.Took(a.CompletedAt.Sub(a.StartedAt)))
	}
	fmt.Fprintf(w, "\nJudged by   classifier %s, target %s (plugin %s)", a.Classifier, a.Target, a.Provider)
	if a.Configuration != "" {
		fmt.Fprintf(w, ", map blocks %s", a.Configuration[:8])
	}
	fmt.Fprintln(w)
	if a.Status == state.AssessmentFailed {
		fmt.Fprintf(w, "! reason    %s\n", view.Clean(a.Reason))
	}
	if a.Classifier != assess.ClassifierVersion {
		fmt.Fprintf(w, "! this version of rehome has classifier %s: rehome assess -snapshot=%s judges the snapshot again\n", assess.ClassifierVersion, a.Snapshot)
	}
	fmt.Fprintln(w)
	columns := []view.Column{{Title: "KIND"}}
	for _, title := range []string{"NATIVE", "APPROX", "VISIBLE", "BY HAND", "BLOCKED"} {
		columns = append(columns, view.Column{Title: title, Right: true})
	}
	var rows [][]string
	total := []string{"all"}
	for _, kind := range identity.Kinds() {
		if kinds[kind] == nil {
			continue
		}
		row := []string{string(kind)}
		for _, class := range assess.Classes() {
			row = append(row, view.Count(kinds[kind][class]))
		}
		rows = append(rows, row)
	}
	for _, class := range assess.Classes() {
		total = append(total, view.Count(a.Classes[string(class)]))
	}
	return view.Table(w, columns, append(rows, total))
}

func parseClass(text string) (assess.Class, error) {
	var names []string
	for _, class := range assess.Classes() {
		if string(class) == text {
			return class, nil
		}
		names = append(names, string(class))
	}
	return "", diag.Errorf("usage", "Command line is wrong", "There is no class %q; the classes are %s.", text, strings.Join(names, ", "))
}

func listResults(s *session, a state.Assessment, name string) error {
	class, err := parseClass(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(s.env.out)
	if err := writeResults(out, s, a, class); err != nil {
		return err
	}
	return out.Flush()
}

func writeResults(w io.Writer, s *session, a state.Assessment, class assess.Class) error {
	var list *jsonList
	if s.global.json {
		mask, err := s.masker(nil)
		if err != nil {
			return err
		}
		begun, err := beginList(w, mask, map[string]any{"format_version": eventFormat, "assessment": a.ID, "snapshot": a.Snapshot, "class": class}, "results")
		if err != nil {
			return err
		}
		list = begun
	}
	count := 0
	for result, err := range resultsOf(s.store, a.ID) {
		if err != nil {
			return err
		}
		if result.Class != class {
			continue
		}
		count++
		if list != nil {
			err = list.add(hideResult(list.mask, result))
		} else {
			_, err = fmt.Fprintf(w, "%s %q  %s\n", view.Clean(result.Address.String()), view.Clean(result.Name), view.Clean(result.Rationale))
		}
		if err != nil {
			return err
		}
	}
	if list != nil {
		return list.end(nil)
	}
	_, err := fmt.Fprintf(w, "%s of class %s\n", view.Plural(count, "item", "items"), class)
	return err
}

func showResult(s *session, a state.Assessment, text string) error {
	id, err := parseItem(text, a.Source)
	if err != nil {
		return err
	}
	for result, err := range resultsOf(s.store, a.ID) {
		if err != nil {
			return err
		}
		if result.Address.Kind == id.Kind && result.Address.ID == id.ID {
			if s.global.json {
				mask, err := s.masker(nil)
				if err != nil {
					return err
				}
				return s.document(map[string]any{"format_version": eventFormat, "assessment": a.ID, "snapshot": a.Snapshot, "result": hideResult(mask, result)})
			}
			printResultDetail(s.env.out, result)
			return nil
		}
	}
	return notInState(state.ErrNotFound, "Item "+id.String(), "assessment "+a.ID)
}

// printResultDetail leaves out what there is none of, except for the impacts: none is an answer there.
func printResultDetail(w io.Writer, r assess.Result) {
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(w, "%-10s%s\n", label, view.Clean(text))
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
