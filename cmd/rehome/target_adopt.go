package main

import (
	"context"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/keeping"
	"github.com/rehome-iam/rehome/engine/phrase"
)

func targetAdoptCommand() Command {
	from := ""
	return Command{
		Path:  "target adopt",
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []string{"adopt-unknown", "adopt-not-archived", "adopt-other-tenant", "adopt-nothing"},
		Short: "Take over the target of an archived migration",
		Long: `Adopt gives the target to the migration of the configuration: the marker names it, and what the archived migration made there is found
and kept by the next plan as its own. Both are of one tenant and in this state. The runs of the archived migration are not taken over:
they cannot be taken back any more.`,
		Example: "  rehome state archive acme-pilot\n  rehome target adopt -from=acme-pilot",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&from, "from", "", "the archived migration (required)")
		},
		Needs: map[string]string{"from": "name the archived migration whose target it is"},
		Run: func(ctx context.Context, r *call) error {
			done, err := keeping.Adopt(ctx, r.Project, from)
			if err != nil {
				return err
			}
			fields := map[string]any{"target": done.Target, "from": from, "bindings": strconv.Itoa(done.Bindings)}
			return r.tell("target_adopted", fields, "Target %s belongs to migration %s now, with %s of %s.", done.Target,
				phrase.Clean(done.To), phrase.Plural(done.Bindings, "binding", "bindings"), phrase.Clean(from))
		},
	}
}
