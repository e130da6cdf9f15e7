package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
)

type assessOptions struct {
	snapshot string
	verbose  bool
}

func assessCommand() Command {
	var o assessOptions
	return Command{
		Path:  "assess",
		Group: groupUsual,
		Class: classManage,
		Short: "Classify every item of the newest snapshots",
		Long: `Assess asks the target what it can make of every item and says honestly what carries over, what differs and what does not move. Every
assessment is kept: rehome assessment list. With -snapshot it judges an old snapshot again, under today's classifier and configuration.`,
		Example: "  rehome assess\n  rehome assess -v\n  rehome assess -snapshot=s-2026-11-21-5b1f0c2d",
		Flags: func(f *pflag.FlagSet) {
			f.BoolVarP(&o.verbose, "verbose", "v", false, "every item, not only those that do not move as they are")
			f.StringVar(&o.snapshot, "snapshot", "", "assess this snapshot instead of the newest ones")
		},
		Settled: true,
		Run:     o.run,
	}
}

func (o *assessOptions) run(ctx context.Context, r *call) error {
	mask, err := r.Masker(nil)
	if err != nil {
		return err
	}
	observe := reading.Observer{Result: func(verdict assess.Result) {
		if r.global.json {
			r.Fact("assessed", map[string]any{"result": mask.Result(verdict)})
			return
		}
		readings.Assessed(r.env.out, verdict, o.verbose)
	}}
	observe.Done = func(a state.Assessment, snapshot state.Snapshot) {
		if len(snapshot.Unread) > 0 {
			r.Fact("unread", map[string]any{"source": snapshot.Source, "unread": snapshot.Unread})
		}
		if !r.global.json {
			readings.AssessmentLine(r.env.out, a)
			readings.Unread(r.env.out, snapshot)
		}
	}
	if err := reading.AssessNamed(ctx, r.Project, o.snapshot, observe); err != nil {
		return err
	}
	r.next("rehome plan -out=plan.rehome")
	return nil
}
