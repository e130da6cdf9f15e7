package main

import (
	"context"
	"io"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/standing"
)

func sourceCommand() Command {
	return Command{
		Path: "source", Group: groupRecords,
		Short:   "Read back how the incumbents are reached",
		Long:    "A source is a read-only connection to an incumbent. What is secret of it is never shown.",
		Example: "  rehome source list\n  rehome source show okta.corp",
	}
}

func sourceListCommand() Command {
	return Command{
		Path: "source list", Class: classRead,
		Short:   "List the sources, with what was read of each",
		Example: "  rehome source list\n  rehome source list -json",
		Run: func(ctx context.Context, r *call) error {
			sources, err := standing.Sources(ctx, r.Project)
			if err != nil {
				return err
			}
			return showList(r, "sources", sources, "declare one with a source block, then rehome validate",
				func(w io.Writer) error { return readings.Sources(w, sources, r.Now()) })
		},
	}
}

func sourceShowCommand() Command {
	return Command{
		Path: "source show", Args: "SOURCE", Class: classRead, Codes: []string{"source-unknown"},
		Takes: one("name one source, such as okta.corp; rehome source list names them"),
		Short: "Show the connection of a source without its secrets, and its snapshots",
		Long: "Show names the arguments of the source block as they take effect. What the provider calls secret, or what is made of a\n" +
			"credential or a sensitive variable, is named and not shown. The incumbent is not asked.",
		Example: "  rehome source show okta.corp\n  rehome source show corp -json",
		Run: func(ctx context.Context, r *call) error {
			c, err := standing.ConnectionOf(ctx, r.Project, r.arg(0))
			if err != nil {
				return err
			}
			return r.show(map[string]any{"format_version": eventFormat, "source": c},
				func(w io.Writer) error { return readings.Source(w, c, r.Now()) })
		},
	}
}
