package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/keeping"
)

func validateCommand() Command {
	online, phase := false, ""
	return Command{
		Path:      "validate",
		Group:     groupUsual,
		Class:     classFree,
		ClassWith: map[string]commandClass{"online": classRead}, // it asks source and target
		Codes:     []string{"permission-missing", "online-failed"},
		Short:     "Check the configuration",
		Long: `Validate checks the configuration without reading a tenant. Where the folder is initialised, the arguments of source and
target blocks are checked against their providers too.

With -online it asks sources and target who they are and lists by name the permissions that are granted, missing or cannot be told,
without writing anything. It ends with 1 when one is missing that is needed; one without which only something extra does not work is shown as "without".
-for=plan leaves out what only applying needs.`,
		Example: "  rehome validate\n  rehome validate -online -for=plan",
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&online, "online", false, "ask sources and target which permissions are missing")
			f.StringVar(&phase, "for", "", "with -online: plan or apply; both without it")
		},
		Run: func(ctx context.Context, r *call) error {
			if phase != "" && (!online || phase != config.PhasePlan && phase != config.PhaseApply) {
				return misuse("-for is plan or apply and goes with -online; without it both are checked")
			}
			report, err := keeping.Validate(ctx, r.Project, keeping.ValidateInput{Online: online, Phase: phase})
			if showing := r.show(report, func(w io.Writer) error { return view.Validated(w, report, online) }); showing != nil {
				return showing
			}
			if err != nil && r.global.json {
				return &statusError{status: exitError, quiet: true, err: err}
			}
			return err
		},
	}
}
