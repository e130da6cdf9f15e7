package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/keeping"
)

func rotateKeyCommand() Command {
	var in keeping.RotateInput
	return Command{
		Path:  "credentials rotate-key",
		Class: classManage,
		Codes: []string{"key-in-environment", "key-locks-out"},
		Short: "Give the state a new key, and say who opens it",
		Long: `Rotate-key draws a new data key and encrypts the whole state and its journals anew. Without flags the same people open it. With
-recipient only those named do; with -new-identity a new identity takes the place of the one in the identity file. What does not fit
any more no longer opens the state; copies and backups made before still open with the old identity. When it is interrupted, old and
new both open the state, and the same command goes on.`,
		Example: "  rehome credentials rotate-key\n  rehome credentials rotate-key -recipient=age1… -recipient=age1…\n" +
			"  rehome credentials rotate-key -new-identity",
		Flags: func(f *pflag.FlagSet) {
			f.StringArrayVar(&in.Recipients, "recipient", nil,
				"an age public key that opens the state from now on; repeat it for each")
			f.BoolVar(&in.NewIdentity, "new-identity", false, "make a new identity in the place of the old one")
			f.BoolVar(&in.Yes, "yes", false, "go on even when no identity here will open the state any more")
		},
		Run: func(ctx context.Context, r *call) error {
			done, err := keeping.RotateKey(ctx, r.Project, in)
			if err != nil {
				return err
			}
			r.Fact("key_rotated", map[string]any{"recipients": done.Recipients, "values": done.Values, "journals": done.Journals,
				"resumed": done.Resumed})
			if !r.global.json {
				view.Rotated(r.env.out, done)
			}
			return nil
		},
	}
}
