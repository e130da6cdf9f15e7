package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/version"
)

func newVersionCommand(env *environment, global *options) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the version",
		Example: "  rehome version -json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if global.json {
				return showDocument(env.out, map[string]string{"format_version": eventFormat, "rehome": version.Number, "platform": project.Platform()})
			}
			_, err := fmt.Fprintf(env.out, "rehome %s (%s)\n", version.Number, project.Platform())
			return err
		},
	}
}

func platform() string { return runtime.GOOS + "_" + runtime.GOARCH }
