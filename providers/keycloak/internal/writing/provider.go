package writing

import (
	"context"
	"net/url"
	"slices"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// providerWriter writes identity providers with their mappers.
type providerWriter struct{ *current.Realm }

// RefusesTwice implements steps.Refuser: Keycloak 26.7.4 answers 409 to an alias that is in use.
func (providerWriter) RefusesTwice() bool { return true }

// Later: the mappers are created after the provider, one by one.
func (w providerWriter) Later(*found) []string { return []string{"mappers"} }

// Find implements steps.Writer.
func (w providerWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	raw, err := w.Provider(ctx, step.Resource.Key)
	if err != nil || raw == nil {
		return nil, err
	}
	mappers, err := w.Mappers(ctx, step.Resource.Key)
	if err != nil {
		return nil, err
	}
	return &found{Resource: realm.ReadProvider(raw, mappers), Raw: raw}, nil
}

// Create implements steps.Writer.
func (w providerWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	if _, err := w.Post(ctx, w.Admin("identity-provider", "instances"),
		realm.WriteProvider(nil, step.After, step.Tag, step.Secrets)); err != nil {
		return contract.StepResult{}, err
	}
	return contract.StepResult{}, w.writeMappers(ctx, step)
}

// Update implements steps.Writer.
func (w providerWriter) Update(ctx context.Context, step contract.StepRequest, live *found) error {
	body := realm.WriteProvider(live.Raw, step.After, step.Tag, step.Secrets)
	if err := w.Put(ctx, w.Admin("identity-provider", "instances", step.Resource.Key), body); err != nil {
		return err
	}
	return w.writeMappers(ctx, step)
}

// writeMappers makes the mappers of a provider those that are wanted. New ones come before old ones go.
func (w providerWriter) writeMappers(ctx context.Context, step contract.StepRequest) error {
	wanted, managed := realm.WriteMappers(step.After)
	if !managed {
		return nil
	}
	alias := step.Resource.Key
	live, err := w.Mappers(ctx, alias)
	if err != nil {
		return err
	}
	path := func(more ...string) string {
		return w.Admin(append([]string{"identity-provider", "instances", alias, "mappers"}, more...)...)
	}
	for _, mapper := range wanted {
		mapper["identityProviderAlias"] = alias // without it the server answers that the resource is a duplicate
		at := slices.IndexFunc(live, func(old object.Object) bool {
			return admin.Text(old, "name") == admin.Text(mapper, "name")
		})
		if at < 0 {
			if _, err := w.Post(ctx, path(), mapper); err != nil {
				return err
			}
			continue
		}
		old := live[at]
		live = slices.Delete(slices.Clone(live), at, at+1)
		if realm.MapperKey(old) == realm.MapperKey(mapper) {
			continue
		}
		mapper["id"] = admin.Text(old, "id")
		if err := w.Put(ctx, path(admin.Text(old, "id")), mapper); err != nil {
			return err
		}
	}
	for _, old := range live {
		if err := w.Realm.Delete(ctx, path(admin.Text(old, "id")), nil); err != nil {
			return err
		}
	}
	return nil
}

// organizationWriter writes organizations with the provider that their people are sent to.
type organizationWriter struct{ *current.Realm }

// Later: the provider is linked and told to expect the domains after the organization is there.
func (w organizationWriter) Later(*found) []string { return []string{"identity_provider", "redirect"} }

// Find implements steps.Writer.
func (w organizationWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	all, err := w.Organizations(ctx)
	if err != nil {
		return nil, err
	}
	// The server's search knows names and domains, but no aliases.
	at := slices.IndexFunc(all, func(o object.Object) bool { return admin.Text(o, "alias") == step.Resource.Key })
	if at < 0 {
		return nil, nil
	}
	var linked []object.Object
	query := url.Values{"briefRepresentation": {"false"}}
	if err := w.Get(ctx, w.Admin("organizations", admin.Text(all[at], "id"), "identity-providers"), query,
		&linked); err != nil {
		return nil, err
	}
	return &found{Resource: realm.ReadOrganization(all[at], linked), Raw: all[at]}, nil
}

// Create implements steps.Writer.
func (w organizationWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	id, err := w.Post(ctx, w.Admin("organizations"), realm.WriteOrganization(nil, step.After, step.Tag))
	if err != nil {
		return contract.StepResult{}, err
	}
	return contract.StepResult{ServerID: id}, w.link(ctx, id, attributeOf(step.After, "identity_provider"), false)
}

func attributeOf(attributes identity.Attributes, name string) string {
	value, _ := attributes[name].(string)
	return value
}

// Update implements steps.Writer.
func (w organizationWriter) Update(ctx context.Context, step contract.StepRequest, live *found) error {
	id := live.ServerID
	body := realm.WriteOrganization(live.Raw, step.After, step.Tag)
	if err := w.Put(ctx, w.Admin("organizations", id), body); err != nil {
		return err
	}
	old := attributeOf(live.Attributes, "identity_provider")
	wanted, managed := step.After["identity_provider"].(string)
	if !managed {
		return nil
	}
	if err := w.link(ctx, id, wanted, wanted == old); err != nil {
		return err
	}
	if old == "" || old == wanted {
		return nil
	}
	return w.unlink(ctx, id, old)
}

// link ties a provider to an organization and sends people of all its domains to it.
func (w organizationWriter) link(ctx context.Context, id, alias string, linked bool) error {
	if alias == "" {
		return nil
	}
	if !linked {
		if _, err := w.Post(ctx, w.Admin("organizations", id, "identity-providers"), alias); err != nil {
			return err
		}
	}
	return w.changeProvider(ctx, alias, realm.LinkProvider)
}

func (w organizationWriter) unlink(ctx context.Context, id, alias string) error {
	if err := w.Realm.Delete(ctx, w.Admin("organizations", id, "identity-providers", alias), nil); err != nil {
		return err
	}
	return w.changeProvider(ctx, alias, realm.UnlinkProvider)
}

// changeProvider reads a provider whole, changes it and writes it back whole.
func (w organizationWriter) changeProvider(ctx context.Context, alias string, change func(object.Object)) error {
	provider, err := w.Provider(ctx, alias)
	if err != nil {
		return err
	}
	if provider == nil {
		return steps.Refuse("identity provider %s is not there", alias)
	}
	change(provider)
	return w.Put(ctx, w.Admin("identity-provider", "instances", alias), provider)
}
