package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/reading"
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
		snapshot, err := reading.FindSnapshot(s.ctx, s.Project, o.snapshot, o.source)
		if err != nil {
			return err
		}
		id = snapshot.ID
	}
	all, err := reading.Assessments(s.ctx, s.Project, o.source, id)
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
	return view.Assessments(s.env.out, all, s.env.now())
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
	a, err := reading.FindAssessment(s.ctx, s.Project, word, o.source)
	if err != nil {
		return err
	}
	switch {
	case o.item != "":
		return showResult(s, a, o.item)
	case o.class != "":
		return listResults(s, a, o.class)
	}
	kinds, err := reading.ClassesByKind(s.ctx, s.Project, a.ID)
	if err != nil {
		return err
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": eventFormat, "assessment": a, "kinds": kinds})
	}
	return view.Assessment(s.env.out, a, kinds, s.env.now())
}

func listResults(s *session, a state.Assessment, name string) error {
	class, err := assess.ParseClass(name)
	if err != nil {
		return err
	}
	results, err := reading.ResultsOf(s.ctx, s.Project, a.ID, class)
	if err != nil {
		return err
	}
	if !s.global.json {
		return view.Buffered(s.env.out, func(w io.Writer) error { return view.Results(w, results, class) })
	}
	head := map[string]any{"format_version": eventFormat, "assessment": a.ID, "snapshot": a.Snapshot, "class": class}
	return writeList(s, head, "results", results, reading.HideResult)
}

func showResult(s *session, a state.Assessment, text string) error {
	result, err := reading.Result(s.ctx, s.Project, a, text)
	if err != nil {
		return err
	}
	if !s.global.json {
		view.Result(s.env.out, result)
		return nil
	}
	mask, err := s.masker(nil)
	if err != nil {
		return err
	}
	return s.document(map[string]any{"format_version": eventFormat, "assessment": a.ID, "snapshot": a.Snapshot,
		"result": reading.HideResult(mask, result)})
}
