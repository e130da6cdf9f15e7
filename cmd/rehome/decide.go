package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/deciding"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/planning"
)

type decideOptions struct {
	deciding.Input
	list       bool
	assessment string
}

func decideCommand() Command {
	var o decideOptions
	return Command{
		Path:      "decide",
		Group:     groupUsual,
		Class:     classManage,
		ClassWith: map[string]commandClass{"list": classRead}, // it reads back what the last plan found
		Codes:     []string{"merge-mode"},
		Short:     "Decide what becomes of items that meet something in the target",
		Long: `Decide lists every item that meets a resource of the target, or an item of another source, and writes merge blocks into
` + deciding.DecisionsFile + ` for review. In a terminal it asks one by one; Ctrl-C leaves without writing anything. -all decides all alike, but
never where two candidates are equally good or the only one is weak: those are listed as open. A decision takes effect, and is recorded
with who and when, in the next plan. -list reads back matched resources and decisions of the last plan.`,
		Example: "  rehome decide\n  rehome decide -all=map_to_existing -kind=group\n" +
			"  rehome decide -all=create_new -rename-suffix=-okta -item=Payroll\n  rehome decide -list -json",
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&o.list, "list", false, "show what the last plan found and what was decided")
			f.StringVar(&o.assessment, "assessment", "",
				"with -list: the matched resources of this assessment instead of the last one's")
			f.StringVar(&o.All, "all", "", "decide all alike: map_to_existing, create_new, reconcile or skip")
			f.StringVar(&o.Suffix, "rename-suffix", "", "with -all=create_new: what is taken gets its name and this")
			f.StringSliceVar(&o.Overwrite, "overwrite", nil,
				"with -all=reconcile: the attributes to overwrite (none unless named)")
			f.StringArrayVar(&o.Kinds, "kind", nil, "only items of this kind")
			f.StringArrayVar(&o.Items, "item", nil, "only the item of this name, id or address")
			f.StringVar(&o.File, "out", deciding.DecisionsFile, "write the blocks into this file of the folder")
		},
		Run: func(ctx context.Context, r *call) error {
			if o.list {
				return listOverlaps(ctx, r, o)
			}
			return runDecide(ctx, r, o)
		},
	}
}

func runDecide(ctx context.Context, r *call, o decideOptions) error {
	switch {
	case o.assessment != "":
		return misuse("-assessment goes with -list")
	case o.Suffix != "" && o.All != string(merge.DecisionCreate):
		return misuse("-rename-suffix goes with -all=create_new")
	case len(o.Overwrite) > 0 && o.All != string(merge.DecisionReconcile):
		return misuse("-overwrite goes with -all=reconcile")
	}
	if !r.global.json {
		o.Present = func(overlap merge.Overlap, number, total int) error {
			fmt.Fprintf(r.env.err, "\n(%d of %d) ", number, total)
			return view.Overlap(r.env.err, overlap, r.style())
		}
	}
	o.Plan = planning.Review
	report, err := deciding.Decide(ctx, r.Project, o.Input)
	if err != nil {
		return err
	}
	return r.show(report, func(w io.Writer) error {
		return view.Decided(w, report, o.All != "", r.env.automation(), r.style())
	})
}

func listOverlaps(ctx context.Context, r *call, o decideOptions) error {
	list, err := deciding.Overlaps(ctx, r.Project, o.assessment, o.Kinds)
	if err != nil {
		return err
	}
	return r.show(list, func(w io.Writer) error { return view.Overlaps(w, list, r.style()) })
}
