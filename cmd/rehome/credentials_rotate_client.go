package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

type rotateClientOptions struct {
	secretsOut string
	recipients []string
	approved   string
}

func rotateClientCommand() Command {
	var o rotateClientOptions
	return Command{
		Path: "credentials rotate-client", Args: "CLIENT",
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []config.Code{
			{Code: "rotate-no-client", Cause: "The target has no client of that id.", Cure: "Check the id; rehome show names those that a plan makes."},
			{Code: "rotate-not-ours", Cause: "The client was not made by rehome.", Cure: "Rotate its secret where it is managed."},
			{Code: "rotate-no-secret", Cause: "The client is public, or proves itself in another way.", Cure: "Nothing."},
			{Code: "rotate-not-approved", Cause: "Nobody approved that the old secret is refused.", Cure: "Type the client's id, or give -approve."},
		},
		Short: "Give an application in the target a new secret",
		Long: `Rotate-client makes a new secret for a client that rehome made, when the first one was lost or seen. It is delivered durably before the target
gets it, as apply delivers: to -secrets-out, or to the owner that a secret_recipients block names. From then on the old secret is refused,
so the application must get the new one at once. This is approved by typing the client's id, or in automation with -approve=CLIENT.`,
		Example: "  rehome credentials rotate-client payroll -secrets-out=payroll.age -secrets-recipient=age1…",
		Takes:   cobra.ExactArgs(1),
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.secretsOut, "secrets-out", "", "write the secret to this new file (mode 0600), or folder where there are secret_recipients")
			f.StringArrayVar(&o.recipients, "secrets-recipient", nil, "encrypt the secret for this age public key")
			f.StringVar(&o.approved, "approve", "", "the client's id once more, where nobody can be asked")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runRotateClient(ctx, s, r.args[0], o)
		},
	}
}

func runRotateClient(ctx context.Context, s *session, clientID string, o rotateClientOptions) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if _, err := s.openForChange(); err != nil {
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
	live, err := rotatable(ctx, target, clientID)
	if err != nil {
		return err
	}
	to := destination{out: pathOrEmpty(s, o.secretsOut), recipients: o.recipients}
	if s.env.terminal && !s.env.automation() && !s.global.json {
		to.terminal = s.env.out
	}
	step := plan.Step{ID: live.ID().String(), Resource: live.ID(), AfterUnknown: []string{"secret"}, Items: s.itemsOf(live.ID())}
	vaults, err := newSecretVaults(cfg, []plan.Step{step}, to)
	if err != nil {
		return err
	}
	if !vaults.ready() {
		return diag.Errorf("secrets-need-a-file", "Secret has no destination", "The new secret is given out once and stored nowhere.\nGive -secrets-out=FILE, with -secrets-recipient=age1… to encrypt it.")
	}
	if err := approveRotation(s, clientID, o.approved); err != nil {
		return err
	}
	err = s.Hold(ctx, state.WorkApply, "", "", func(ctx context.Context, _ state.Activity) error {
		return rotate(ctx, s, target, live, vaults)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.env.out, "Client %s has a new secret; the old one is refused from now on.\n", view.Clean(clientID))
	vaults.report(s.env.out)
	return nil
}

// itemsOf names what a resource was made from, for the patterns of secret_recipients blocks.
func (s *session) itemsOf(id identity.ResourceID) []plan.ItemName {
	runs, err := s.store.Runs()
	if err != nil {
		return nil
	}
	for _, run := range runs {
		p, err := s.store.Plan(run.PlanHash)
		if err != nil {
			continue
		}
		if at := slices.IndexFunc(p.Steps, func(step plan.Step) bool { return step.Resource == id }); at >= 0 {
			return p.Steps[at].Items
		}
	}
	return nil
}

// rotatable finds a client that rehome made and that proves itself with a secret.
func rotatable(ctx context.Context, target *client.Target, clientID string) (identity.Resource, error) {
	var found *identity.Resource
	_, err := target.Read(ctx, func(r identity.Resource) error {
		if r.ID() == (identity.ResourceID{Type: "client", Key: clientID}) {
			found = &r
		}
		return nil
	})
	switch {
	case err != nil:
		return identity.Resource{}, fmt.Errorf("reading the target: %w", err)
	case found == nil:
		return identity.Resource{}, diag.Errorf("rotate-no-client", "Client is not there", "The target has no client %q.", clientID)
	case found.Tag == "":
		return identity.Resource{}, diag.Errorf("rotate-not-ours", "Client was not made by rehome", "Client %q carries no tag of this migration; what rehome did not make, it does not change.", clientID)
	case found.Attributes["public"] == true || found.Attributes["protocol"] == "saml":
		return identity.Resource{}, diag.Errorf("rotate-no-secret", "Client has no secret", "Client %q does not prove itself with a secret.", clientID)
	}
	return *found, nil
}

func approveRotation(s *session, clientID, approved string) error {
	if approved == "" && s.Ask.Possible() {
		question := fmt.Sprintf("Client %s gets a new secret and refuses the old one at once. Type its id to approve: ", view.Clean(clientID))
		typed, err := s.Ask.Line(s.ctx, question)
		if err != nil {
			return errors.New("nothing was typed, so nothing was changed")
		}
		approved = typed
	}
	if approved != clientID {
		return &statusError{status: exitGate, err: diag.Errorf("rotate-not-approved", "Rotation is not approved", "Nothing was changed. Approve it with -approve=%s.", clientID)}
	}
	return nil
}

// rotate delivers a new secret and then sets it, under the lease, with an audit event on either side.
func rotate(ctx context.Context, s *session, target *client.Target, live identity.Resource, vaults *secretVaults) error {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return fmt.Errorf("making a secret: %w", err)
	}
	secret := base64.RawURLEncoding.EncodeToString(random)
	s.plugins.Hide(secret)
	id := s.NewID("c")
	holder := apply.Holder{ID: id, Run: id, Actor: s.Actor(), Host: s.env.host, PID: os.Getpid(), Command: "rehome credentials rotate-client", Since: s.env.now()}
	claim := apply.Claim{Owner: s.Owner(), Holder: holder, CreatedAt: s.env.now(), Dead: func(h apply.Holder) bool { return s.dead(h, "") }}
	if err := s.awaitTarget(ctx, target, claim); err != nil {
		return err
	}
	lease, err := apply.TakeLease(ctx, target, claim, s.env.now)
	if err != nil {
		return err
	}
	err = setSecret(ctx, s, target, live, secret, vaults)
	return errors.Join(err, lease.Release(context.WithoutCancel(ctx), func(*identity.Marker) {}))
}

func setSecret(ctx context.Context, s *session, target *client.Target, live identity.Resource, secret string, vaults *secretVaults) error {
	name := live.ID().String()
	if err := s.store.Note(s.event("migration.client_secret.rotating", name, nil)); err != nil {
		return err
	}
	if err := vaults.Deliver(live.ID(), "secret", secret); err != nil {
		return fmt.Errorf("delivering the secret, so nothing was changed: %w", err)
	}
	_, err := target.Apply(context.WithoutCancel(ctx), identity.StepRequest{
		StepID: name, Action: string(plan.ActionUpdate), Resource: live.ID(), ServerID: live.ServerID, Tag: live.Tag,
		Before: identity.Attributes{"client_id": live.Key}, After: identity.Attributes{"client_id": live.Key}, Secrets: map[string]string{"secret": secret},
	})
	if err != nil {
		return fmt.Errorf("setting the secret that was delivered; run the command again, and use its newer secret: %w", err)
	}
	return s.store.Note(s.event("migration.client_secret.rotated", name, nil))
}
