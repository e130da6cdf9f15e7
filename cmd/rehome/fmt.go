package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/keeping"
)

func fmtCommand() Command {
	var check, showDiff, recursive bool
	return Command{
		Path: "fmt", Args: "[file or folder...]",
		Group: groupProgram,
		Class: classFree,
		Short: "Format configuration files",
		Long: "Fmt rewrites *.rehome.hcl and *.auto.vars.hcl in the usual layout. A single - reads standard input and " +
			"writes standard output.",
		Example: "  rehome fmt\n  rehome fmt -check -diff",
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&check, "check", false, "change nothing; list files that are not formatted and exit with 1")
			f.BoolVar(&showDiff, "diff", false, "show what changes")
			f.BoolVar(&recursive, "recursive", false, "go into folders")
		},
		Run: func(_ context.Context, r *call) error {
			if len(r.args) == 1 && r.args[0] == "-" {
				return keeping.FormatStream(r.env.in, r.env.out)
			}
			changed, err := keeping.Format(r.Project, keeping.FormatInput{Paths: r.args, Recursive: recursive, Check: check})
			view.Reformatted(r.env.out, changed, showDiff, r.style())
			if err != nil {
				return err
			}
			return finding(check && len(changed) > 0, exitError)
		},
	}
}
