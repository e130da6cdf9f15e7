package main

import (
	"context"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
)

func revokeCommand() Command {
	return Command{
		Path: "revoke", Args: "HASH",
		Group: groupRecords,
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []config.Code{
			{Code: "plan-hash-invalid", Cause: "revoke was given something that is no whole hash of a plan.", Cure: "Give sha256: and its 64 digits, as rehome plan prints them."},
		},
		Short: "Take the hash of a plan back, so that nobody applies it",
		Long: `Revoke notes the hash in the target's marker. From then on no apply takes a plan of that hash, from whatever machine and state, and a
run of it that did not end does not go on. A plan made anew that comes to the same content has the same hash and stays revoked.`,
		Example: "  rehome revoke sha256:9f2c61d0…",
		Takes:   cobra.ExactArgs(1),
		Run: func(ctx context.Context, r *call) error {
			return runRevoke(ctx, r.session(ctx), r.args[0])
		},
	}
}

var wholeHash = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func runRevoke(ctx context.Context, s *session, hash string) error {
	if !wholeHash.MatchString(hash) {
		return diag.Errorf("plan-hash-invalid", "Hash is not whole", "%q is not the hash of a plan: sha256: and 64 digits, as rehome plan prints it.", view.Clean(hash))
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	store, err := s.openState()
	if err != nil {
		return err
	}
	if err := store.MayChange(); err != nil {
		return err
	}
	providers, err := s.providers()
	if err != nil {
		return err
	}
	target, _, err := providers.target(ctx, cfg.Target, cfg)
	if err != nil {
		return err
	}
	defer target.Close()
	already, err := apply.Revoke(ctx, target, s.Owner(), hash, s.env.now)
	if err != nil {
		return err
	}
	if !already {
		if err := store.Note(s.event("migration.cutover_plan.revoked", hash, nil)); err != nil {
			return err
		}
	}
	s.events.emit("plan_revoked", map[string]any{"plan_hash": hash, "already": already})
	if already {
		s.tell("Plan %s was revoked before.", view.ShortHash(hash))
		return nil
	}
	s.tell("Plan %s is revoked: nobody can apply it to this target any more.", view.ShortHash(hash))
	return nil
}
