package main

import (
	"context"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/keeping"
	"github.com/rehome-iam/rehome/engine/phrase"
)

func revokeCommand() Command {
	return Command{
		Path: "revoke", Args: "HASH",
		Group: groupRecords,
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []string{"plan-hash-invalid"},
		Short: "Take the hash of a plan back, so that nobody applies it",
		Long: `Revoke notes the hash in the target's marker. From then on no apply takes a plan of that hash, from whatever machine and state, and a
run of it that did not end does not go on. A plan made anew that comes to the same content has the same hash and stays revoked.`,
		Example: "  rehome revoke sha256:9f2c61d0…",
		Run: func(ctx context.Context, r *call) error {
			hash := r.arg(0)
			already, err := keeping.Revoke(ctx, r.Project, hash)
			if err != nil {
				return err
			}
			text := "Plan %s is revoked: nobody can apply it to this target any more."
			if already {
				text = "Plan %s was revoked before."
			}
			return r.tell("plan_revoked", map[string]any{"plan_hash": hash, "already": already}, text, phrase.ShortHash(hash))
		},
	}
}
