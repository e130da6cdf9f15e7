package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/pseudonym"
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
		Example: "  rehome assessment list\n  rehome assessment show latest -class=blocked\n" +
			"  rehome assessment diff previous latest",
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
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.source, "source", "", "only those of this source")
			f.StringVar(&o.snapshot, "snapshot", "", "only those of this snapshot")
		},
		Settled: true,
		Run:     o.run,
	}
}

func (o *assessmentListOptions) run(ctx context.Context, r *call) error {
	id := ""
	if o.snapshot != "" {
		snapshot, err := reading.FindSnapshot(ctx, r.Project, o.snapshot, o.source)
		if err != nil {
			return err
		}
		id = snapshot.ID
	}
	all, err := reading.Assessments(ctx, r.Project, o.source, id)
	if err != nil {
		return err
	}
	return showList(r, "assessments", all, "rehome assess", func(w io.Writer) error {
		return readings.Assessments(w, all, r.Now())
	})
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
		Example: "  rehome assessment show\n  rehome assessment show latest -class=blocked\n" +
			"  rehome assessment show -item=application/0oa1f4k2",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.source, "source", "", "the source that latest and previous speak of")
			f.StringVar(&o.class, "class", "", "list the items of this class")
			f.StringVar(&o.item, "item", "", "show one item: kind/id or source/kind/id")
		},
		Settled: true,
		Run: func(ctx context.Context, r *call) error {
			return runAssessmentShow(ctx, r, wordOr(r.args, "latest"), o)
		},
	}
}

func runAssessmentShow(ctx context.Context, r *call, word string, o assessmentShowOptions) error {
	a, err := reading.FindAssessment(ctx, r.Project, word, o.source)
	if err != nil {
		return err
	}
	switch {
	case o.item != "":
		return showResult(ctx, r, a, o.item)
	case o.class != "":
		return listResults(ctx, r, a, o.class)
	}
	kinds, err := reading.ClassesByKind(ctx, r.Project, a.ID)
	if err != nil {
		return err
	}
	document := map[string]any{"format_version": eventFormat, "assessment": a, "kinds": kinds}
	return r.show(document, func(w io.Writer) error { return readings.Assessment(w, a, kinds, r.Now()) })
}

func listResults(ctx context.Context, r *call, a state.Assessment, name string) error {
	class, err := assess.ParseClass(name)
	if err != nil {
		return err
	}
	results, err := reading.ResultsOf(ctx, r.Project, a.ID, class)
	if err != nil {
		return err
	}
	if !r.global.json {
		return layout.Buffered(r.env.out, func(w io.Writer) error { return readings.Results(w, results, class) })
	}
	head := map[string]any{"format_version": eventFormat, "assessment": a.ID, "snapshot": a.Snapshot, "class": class}
	return writeList(r, head, "results", results, (*pseudonym.Masker).Result)
}

func showResult(ctx context.Context, r *call, a state.Assessment, text string) error {
	result, err := reading.Result(ctx, r.Project, a, text)
	if err != nil {
		return err
	}
	if !r.global.json {
		readings.Result(r.env.out, result)
		return nil
	}
	mask, err := r.Masker(nil)
	if err != nil {
		return err
	}
	return r.document(map[string]any{"format_version": eventFormat, "assessment": a.ID, "snapshot": a.Snapshot,
		"result": mask.Result(result)})
}
