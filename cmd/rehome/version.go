package main

import (
	"context"
	"fmt"
	"io"

	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/version"
)

func versionCommand() Command {
	return Command{
		Path:    "version",
		Group:   groupProgram,
		Class:   classFree,
		Short:   "Show the version",
		Example: "  rehome version -json",
		Run: func(_ context.Context, r *call) error {
			document := map[string]string{"format_version": eventFormat, "rehome": version.Number,
				"platform": project.Platform()}
			return r.show(document, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "rehome %s (%s)\n", version.Number, project.Platform())
				return err
			})
		},
	}
}
