package main

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/rotating"
)

func rotateClientCommand() Command {
	var in rotating.Input
	return Command{
		Path: "credentials rotate-client", Args: "CLIENT",
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []string{"rotate-no-client", "rotate-not-ours", "rotate-no-secret", "rotate-not-approved"},
		Short: "Give an application in the target a new secret",
		Long: `Rotate-client makes a new secret for a client that rehome made, when the first one was lost or seen. It
is delivered durably before the target gets it, as apply delivers: to -secrets-out, or to the owner that a
secret_recipients block names. From then on the old secret is refused, so the application must get the new one at
once. This is approved by typing the client's id, or in automation with -approve=CLIENT.`,
		Example: "  rehome credentials rotate-client payroll -secrets-out=payroll.age -secrets-recipient=age1…",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&in.Secrets.Out, "secrets-out", "",
				"write the secret to this new file (mode 0600), or folder where there are secret_recipients")
			f.StringArrayVar(&in.Secrets.Recipients, "secrets-recipient", nil, "encrypt the secret for this age public key")
			f.StringVar(&in.Approved, "approve", "", "the client's id once more, where nobody can be asked")
		},
		Run: func(ctx context.Context, r *call) error {
			in.Name, in.Secrets.Terminal = r.arg(0), r.secretsTerminal()
			files, err := rotating.Rotate(ctx, r.Project, in)
			if err != nil {
				return err
			}
			fmt.Fprintf(r.env.out, "Client %s has a new secret; the old one is refused from now on.\n", phrase.Clean(in.Name))
			view.SecretsWritten(r.env.out, files)
			return nil
		},
	}
}
