package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/state"
)

func targetAdoptCommand() Command {
	from := ""
	return Command{
		Path:  "target adopt",
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []config.Code{
			{Code: "adopt-unknown", Cause: "The migration to take over from is not in this state, or not of this tenant.", Cure: "Use the state of the machine that applied."},
			{Code: "adopt-not-archived", Cause: "The migration whose target is to be taken over goes on.", Cure: "Archive it first."},
			{Code: "adopt-other-tenant", Cause: "The migration whose target is to be taken over is of another tenant.", Cure: "Name another target."},
			{Code: "adopt-nothing", Cause: "The target is nobody's, or this migration's already.", Cure: "Go on with rehome plan."},
		},
		Short: "Take over the target of an archived migration",
		Long: `Adopt gives the target to the migration of the configuration: the marker names it, and what the archived migration made there is found
and kept by the next plan as its own. Both are of one tenant and in this state. The runs of the archived migration are not taken over:
they cannot be taken back any more.`,
		Example: "  rehome state archive acme-pilot\n  rehome target adopt -from=acme-pilot",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&from, "from", "", "the archived migration (required)")
		},
		Run: func(ctx context.Context, r *call) error {
			return runTargetAdopt(ctx, r.session(ctx), from)
		},
	}
}

func runTargetAdopt(ctx context.Context, s *session, name string) error {
	if name == "" {
		return misuse("-from is missing: name the archived migration whose target it is")
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	store, err := s.openForChange()
	if err != nil {
		return err
	}
	to, err := store.Recorded()
	if err != nil {
		return err
	}
	before := s.whole.Migration(name, cfg.Migration.Tenant)
	from, err := before.Recorded()
	if errors.Is(err, state.ErrNotFound) {
		return diag.Errorf("adopt-unknown", "Migration is not known", "This state has no migration %q of tenant %q. Adopt with the state of the machine that applied.", view.Clean(name), view.Clean(cfg.Migration.Tenant))
	}
	if err != nil {
		return err
	}
	if err := lifecycle.MayFollow(from, to); err != nil {
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
	if err := apply.Adopt(ctx, target, from, to, s.env.now); err != nil {
		return err
	}
	adopted, err := store.Adopt(before, s.event("migration.target.adopted", cfg.Target.Address(), map[string]string{"from": name}))
	if err != nil {
		return fmt.Errorf("the marker is written, but the state did not take over the bindings; run the same command again: %w", err)
	}
	s.events.emit("target_adopted", map[string]any{"target": cfg.Target.Address(), "from": name, "bindings": strconv.Itoa(adopted)})
	s.tell("Target %s belongs to migration %s now, with %s of %s.", cfg.Target.Address(), view.Clean(to.Name), view.Plural(adopted, "binding", "bindings"), view.Clean(name))
	return nil
}
