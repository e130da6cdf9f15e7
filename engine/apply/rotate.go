package apply

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Rotation is a resource that gets a new one-time secret, and the attribute that holds it.
type Rotation struct {
	Live      identity.Resource
	Schema    identity.ResourceSchema
	Attribute string
}

// Generating are the types with an attribute that the target generates: only these prove themselves with a secret.
func Generating(schemas []identity.ResourceSchema) map[string]identity.ResourceSchema {
	found := map[string]identity.ResourceSchema{}
	for _, schema := range schemas {
		if generated(schema) != "" {
			found[schema.Type] = schema
		}
	}
	return found
}

func generated(schema identity.ResourceSchema) string {
	for _, a := range schema.Attributes {
		if a.Generated {
			return a.Name
		}
	}
	return ""
}

// Rotatable finds the resource of a key, or of TYPE:KEY, that rehome made and that proves itself with a secret. Made is
// the step that made it, as far as that is known: it tells whether there is a secret at all.
func Rotatable(live []identity.Resource, schemas []identity.ResourceSchema, name string,
	made func(identity.ResourceID) *plan.Step) (*Rotation, error) {
	types := Generating(schemas)
	at := slices.IndexFunc(live, func(r identity.Resource) bool {
		_, has := types[r.Type]
		return has && (r.Key == name || r.ID().String() == name)
	})
	if at < 0 {
		return nil, diag.Errorf("rotate-no-client", "Client is not there", "The target has no %s %q.", typesOf(schemas), name)
	}
	found := live[at]
	if found.Tag == "" {
		return nil, diag.Errorf("rotate-not-ours", "Client was not made by rehome",
			"%s carries no tag of this migration; what rehome did not make, it does not change.", found.ID())
	}
	r := &Rotation{Live: found, Schema: types[found.Type], Attribute: generated(types[found.Type])}
	if step := made(found.ID()); step != nil && !holds(step, r.Attribute) {
		return nil, diag.Errorf("rotate-no-secret", "Client has no secret", "%s does not prove itself with a secret.",
			found.ID())
	}
	return r, nil
}

func typesOf(schemas []identity.ResourceSchema) string {
	var names []string
	for _, schema := range schemas {
		if generated(schema) != "" {
			names = append(names, schema.Type)
		}
	}
	return strings.Join(names, " or ")
}

// holds tells whether a resource that a step made has a secret: one that the target generated, or that came from the
// incumbent.
func holds(step *plan.Step, attribute string) bool {
	_, brought := identity.AsSecretReference(step.After[attribute])
	return brought || slices.Contains(step.AfterUnknown, attribute)
}

// Step is the request that sets the new value.
func (r *Rotation) Step(secret string) contract.StepRequest {
	key := identity.Attributes{}
	for _, a := range r.Schema.Attributes {
		if a.Identity {
			key[a.Name] = r.Live.Attributes[a.Name]
		}
	}
	return contract.StepRequest{
		StepID: r.Live.ID().String(), Action: string(plan.ActionUpdate), Resource: r.Live.ID(), ServerID: r.Live.ServerID,
		Tag: r.Live.Tag, Before: key, After: key, Secrets: map[string]string{r.Attribute: secret},
	}
}
