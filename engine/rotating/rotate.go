package rotating

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/delivering"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/leasing"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Input says which resource of the target gets a new secret, and where that goes.
type Input struct {
	Name     string // its key
	Approved string // the key once more; empty where a person is asked
	Secrets  delivering.Destination
}

// Rotate makes a new secret for a resource that rehome made: it is delivered durably, then set. Returned is where it
// is.
func Rotate(ctx context.Context, p *project.Project, in Input) ([]apply.Delivered, error) {
	migration, err := p.StateForChange(ctx)
	if err != nil {
		return nil, err
	}
	target, schema, err := p.Target(ctx)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	live, _, err := project.Resources(ctx, target)
	if err != nil {
		return nil, err
	}
	made := func(id identity.ResourceID) *plan.Step { return stepOf(migration, id, plan.ActionCreate) }
	found, err := apply.Rotatable(live, schema.Resources, in.Name, made)
	if err != nil {
		return nil, err
	}
	id := found.Live.ID()
	step := plan.Step{ID: id.String(), Resource: id, AfterUnknown: []string{found.Attribute}}
	if named := stepOf(migration, id, ""); named != nil {
		step.Items = named.Items // for the patterns of secret_recipients blocks
	}
	vault, err := delivering.Open(p, []plan.Step{step}, in.Secrets)
	if err != nil {
		return nil, err
	}
	if !vault.Ready() {
		return nil, diag.Errorf("secrets-need-a-file", "Secret has no destination", "The new secret is given out once and "+
			"stored nowhere.\nGive -secrets-out=FILE, with -secrets-recipient=age1… to encrypt it.")
	}
	if err := approveRotation(ctx, p, in); err != nil {
		return nil, err
	}
	err = p.Hold(ctx, state.WorkApply, "", "", func(ctx context.Context, _ state.Activity) error {
		return rotate(ctx, p, target, found, vault)
	})
	return vault.Delivered(), err
}

// stepOf is the step of a resource in the newest plan that was applied and has one, of the action where one is given.
func stepOf(migration *state.Migration, id identity.ResourceID, action plan.Action) *plan.Step {
	runs, err := migration.Runs()
	if err != nil {
		return nil
	}
	for _, run := range runs {
		p, err := migration.Plan(run.PlanHash)
		if err != nil {
			continue
		}
		for i, step := range p.Steps {
			if step.Resource == id && (action == "" || step.Action == action) {
				return &p.Steps[i]
			}
		}
	}
	return nil
}

func approveRotation(ctx context.Context, p *project.Project, in Input) error {
	approved := in.Approved
	if approved == "" && p.Ask.Possible() {
		typed, err := p.Ask.Line(ctx, fmt.Sprintf("Client %s gets a new secret and refuses the old one at once. "+
			"Type its id to approve: ", phrase.Clean(in.Name)))
		if err != nil {
			return errors.New("nothing was typed, so nothing was changed")
		}
		approved = typed
	}
	if approved != in.Name {
		return project.Refuse(project.CauseGate, diag.Errorf("rotate-not-approved", "Rotation is not approved",
			"Nothing was changed. Approve it with -approve=%s.", in.Name))
	}
	return nil
}

// rotate makes the secret and sets it under the lease, with an audit event on either side.
func rotate(ctx context.Context, p *project.Project, target *project.Target, of *apply.Rotation,
	vault *delivering.Vault) error {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return fmt.Errorf("making a secret: %w", err)
	}
	secret := base64.RawURLEncoding.EncodeToString(random)
	plugins, err := p.Plugins()
	if err != nil {
		return err
	}
	plugins.Hide(secret)
	id := p.NewID("c")
	claim := leasing.Claim(p, id, id, "")
	if err := leasing.Await(ctx, p, target, claim); err != nil {
		return err
	}
	lease, err := apply.TakeLease(ctx, target, claim, p.Now)
	if err != nil {
		return err
	}
	err = setSecret(ctx, p, target, of, secret, vault)
	return errors.Join(err, lease.Release(context.WithoutCancel(ctx), nil))
}

func setSecret(ctx context.Context, p *project.Project, target *project.Target, of *apply.Rotation, secret string,
	vault *delivering.Vault) error {
	id := of.Live.ID()
	if err := p.Migration().Note(p.Event(audit.ClientSecretRotating, id.String(), nil)); err != nil {
		return err
	}
	if err := vault.Give(id, of.Attribute, secret); err != nil {
		return fmt.Errorf("delivering the secret, so nothing was changed: %w", err)
	}
	if _, err := target.Apply(context.WithoutCancel(ctx), of.Step(secret)); err != nil {
		return fmt.Errorf("setting the secret that was delivered; run the command again, and use its newer secret: %w", err)
	}
	return p.Migration().Note(p.Event(audit.ClientSecretRotated, id.String(), nil))
}
