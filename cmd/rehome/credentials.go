package main

import (
	"context"
	"fmt"
	"io"

	"github.com/rehome-iam/rehome/engine/keeping"
	"github.com/rehome-iam/rehome/engine/phrase"
)

func credentialsCommand() Command {
	return Command{
		Path:  "credentials",
		Group: groupProgram,
		Short: "Keep secrets encrypted in the state",
		Long: `Credentials are secrets that the configuration refers to by name, as credential("okta-corp"). A value is read from standard input or,
in a terminal, without being shown; it is never an argument.`,
		Example: "  rehome credentials set okta-corp < token.txt\n  rehome credentials list",
	}
}

func credentialsSetCommand() Command {
	return Command{
		Path: "credentials set", Args: "NAME",
		Class:   classManage,
		Short:   "Keep a secret",
		Example: "  rehome credentials set okta-corp < token.txt",
		Run: func(ctx context.Context, r *call) error {
			if err := keeping.SetCredential(ctx, r.Project, r.arg(0)); err != nil {
				return err
			}
			return r.tell("credential_set", map[string]any{"name": r.arg(0)}, "Credential %s is kept, encrypted.", phrase.Clean(r.arg(0)))
		},
	}
}

func credentialsListCommand() Command {
	return Command{
		Path:    "credentials list",
		Class:   classRead,
		Short:   "List the names",
		Example: "  rehome credentials list",
		Run: func(ctx context.Context, r *call) error {
			names, err := keeping.Credentials(ctx, r.Project)
			if err != nil {
				return err
			}
			return r.show(map[string]any{"format_version": eventFormat, "credentials": names}, func(w io.Writer) error {
				if len(names) == 0 {
					fmt.Fprintln(w, "No credential is kept.")
				}
				for _, name := range names {
					fmt.Fprintln(w, phrase.Clean(name))
				}
				return nil
			})
		},
	}
}

func credentialsDeleteCommand() Command {
	return Command{
		Path: "credentials delete", Args: "NAME",
		Class:   classManage,
		Codes:   []string{"credential-unknown"},
		Short:   "Forget a secret",
		Example: "  rehome credentials delete okta-corp",
		Run: func(ctx context.Context, r *call) error {
			if err := keeping.DeleteCredential(ctx, r.Project, r.arg(0)); err != nil {
				return err
			}
			return r.tell("credential_deleted", map[string]any{"name": r.arg(0)}, "Credential %s is gone.", phrase.Clean(r.arg(0)))
		},
	}
}
