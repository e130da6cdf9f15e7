package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/keeping"
	"github.com/rehome-iam/rehome/engine/phrase"
)

func credentialsCommand() Command {
	return Command{
		Path:  "credentials",
		Group: groupProgram,
		Short: "Keep secrets encrypted in the state",
		Long: `Credentials are secrets that the configuration refers to by name, as credential("okta-corp"). A value is read from standard input or,
in a terminal, without being shown; it is never an argument. It is bound to addresses, and refused to a block that connects elsewhere.`,
		Example: "  rehome credentials set okta-corp < token.txt\n  rehome credentials list",
	}
}

func credentialsSetCommand() Command {
	var addresses []string
	return Command{
		Path: "credentials set", Args: "NAME",
		Class: classManage,
		Codes: []string{"credential-address-unknown"},
		Short: "Keep a secret",
		Example: "  rehome credentials set okta-corp < token.txt\n" +
			"  rehome credentials set okta-corp -for=https://acme.okta.com < token.txt",
		Flags: func(f *pflag.FlagSet) {
			f.StringArrayVar(&addresses, "for", nil,
				"an address that it may be sent to, repeated for each; else those of the blocks that use it")
		},
		Run: func(ctx context.Context, r *call) error {
			bound, err := keeping.SetCredential(ctx, r.Project, r.arg(0), addresses)
			if err != nil {
				return err
			}
			return r.tell("credential_set", map[string]any{"name": r.arg(0), "for": bound},
				"Credential %s is kept, encrypted, for %s.",
				phrase.Clean(r.arg(0)), phrase.Clean(strings.Join(bound, ", ")))
		},
	}
}

func credentialsListCommand() Command {
	return Command{
		Path:    "credentials list",
		Class:   classRead,
		Short:   "List names and addresses",
		Example: "  rehome credentials list",
		Run: func(ctx context.Context, r *call) error {
			kept, err := keeping.Credentials(ctx, r.Project)
			if err != nil {
				return err
			}
			return r.show(map[string]any{"format_version": eventFormat, "credentials": kept}, func(w io.Writer) error {
				return view.Credentials(w, kept)
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
			return r.tell("credential_deleted", map[string]any{"name": r.arg(0)}, "Credential %s is gone.",
				phrase.Clean(r.arg(0)))
		},
	}
}
