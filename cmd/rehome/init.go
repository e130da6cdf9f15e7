package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/keeping"
)

func initCommand() Command {
	upgrade := false
	return Command{
		Path:  "init",
		Group: groupUsual,
		Class: classBegin,
		Codes: []string{"version-constraint-invalid"},
		Short: "Prepare this folder: plugins, lock file, state",
		Long: `Init finds the plugins that the configuration needs, writes their versions and checksums into ` + config.LockFileName + `,
and prepares the encrypted state. Plugins are looked for in -plugin-dir, REHOME_PLUGIN_DIR, next to the rehome
binary, and in ~/.local/share/rehome/plugins. Commit the lock file; never commit .rehome.`,
		Example: "  rehome init\n  rehome init -upgrade",
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&upgrade, "upgrade", false, "accept plugins whose checksum differs from the lock file")
		},
		Run: func(ctx context.Context, r *call) error {
			done, err := keeping.Initialise(ctx, r.Project, upgrade)
			if done != nil && !r.global.json {
				view.Initialised(r.env.out, done)
			}
			if err != nil {
				return err
			}
			r.next("rehome collect")
			return nil
		},
	}
}
