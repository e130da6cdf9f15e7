package keycloak

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// providerWriter writes identity providers with their mappers.
type providerWriter struct{ *client }

// RefusesTwice implements steps.Refuser: Keycloak 26.7.4 answers 409 to an alias that is in use.
func (providerWriter) RefusesTwice() bool { return true }

// Later: the mappers are created after the provider, one by one.
func (w providerWriter) Later(*found) []string { return []string{"mappers"} }

// Find implements steps.Writer.
func (w providerWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	raw, err := w.provider(ctx, step.Resource.Key)
	if err != nil || raw == nil {
		return nil, err
	}
	mappers, err := w.mappers(ctx, step.Resource.Key)
	if err != nil {
		return nil, err
	}
	return &found{Resource: realm.ReadProvider(raw, mappers), Raw: raw}, nil
}

// provider reads an identity provider, nil when it is not there. It asks the list: after a failed import the server's
// cache may hold providers that do not exist.
func (c *client) provider(ctx context.Context, alias string) (realm.Object, error) {
	var rows []realm.Object
	query := url.Values{"search": {strconv.Quote(alias)}, "max": {strconv.Itoa(pageSize)}}
	if err := c.get(ctx, c.admin("identity-provider", "instances"), query, &rows); err != nil {
		return nil, err
	}
	for _, row := range rows {
		if field(row, "alias") == alias {
			return row, nil
		}
	}
	return nil, nil
}

func (c *client) mappers(ctx context.Context, alias string) ([]realm.Object, error) {
	var rows []realm.Object
	err := c.get(ctx, c.admin("identity-provider", "instances", alias, "mappers"), nil, &rows)
	return rows, err
}

// Create implements steps.Writer.
func (w providerWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	if _, err := w.post(ctx, w.admin("identity-provider", "instances"),
		realm.WriteProvider(nil, step.After, step.Tag, step.Secrets)); err != nil {
		return contract.StepResult{}, err
	}
	if err := w.writeMappers(ctx, step); err != nil {
		return contract.StepResult{}, err
	}
	made, err := w.Find(ctx, step)
	if err != nil {
		return contract.StepResult{}, err
	}
	if made == nil {
		return contract.StepResult{}, steps.Conflict(nil, "it was deleted while it was made")
	}
	return contract.StepResult{ServerID: made.ServerID}, nil
}

// Update implements steps.Writer.
func (w providerWriter) Update(ctx context.Context, step contract.StepRequest, live *found) error {
	body := realm.WriteProvider(live.Raw, step.After, step.Tag, step.Secrets)
	if err := w.put(ctx, w.admin("identity-provider", "instances", step.Resource.Key), body); err != nil {
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
	live, err := w.mappers(ctx, alias)
	if err != nil {
		return err
	}
	path := func(more ...string) string {
		return w.admin(append([]string{"identity-provider", "instances", alias, "mappers"}, more...)...)
	}
	for _, mapper := range wanted {
		mapper["identityProviderAlias"] = alias // without it the server answers that the resource is a duplicate
		at := slices.IndexFunc(live, func(old realm.Object) bool { return field(old, "name") == field(mapper, "name") })
		if at < 0 {
			if _, err := w.post(ctx, path(), mapper); err != nil {
				return err
			}
			continue
		}
		old := live[at]
		live = slices.Delete(slices.Clone(live), at, at+1)
		if realm.MapperKey(old) == realm.MapperKey(mapper) {
			continue
		}
		mapper["id"] = field(old, "id")
		if err := w.put(ctx, path(field(old, "id")), mapper); err != nil {
			return err
		}
	}
	for _, old := range live {
		if err := w.client.remove(ctx, path(field(old, "id")), nil); err != nil {
			return err
		}
	}
	return nil
}

// organizationWriter writes organizations with the provider that their people are sent to.
type organizationWriter struct{ *client }

// Later: the provider is linked and told to expect the domains after the organization is there.
func (w organizationWriter) Later(*found) []string { return []string{"identity_provider", "redirect"} }

// Find implements steps.Writer.
func (w organizationWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	all, err := w.organizations(ctx)
	if err != nil {
		return nil, err
	}
	// The server's search knows names and domains, but no aliases.
	at := slices.IndexFunc(all, func(o realm.Object) bool { return field(o, "alias") == step.Resource.Key })
	if at < 0 {
		return nil, nil
	}
	var linked []realm.Object
	query := url.Values{"briefRepresentation": {"false"}}
	if err := w.get(ctx, w.admin("organizations", field(all[at], "id"), "identity-providers"), query,
		&linked); err != nil {
		return nil, err
	}
	return &found{Resource: realm.ReadOrganization(all[at], linked), Raw: all[at]}, nil
}

// Create implements steps.Writer.
func (w organizationWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	id, err := w.post(ctx, w.admin("organizations"), realm.WriteOrganization(nil, step.After, step.Tag))
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
	if err := w.put(ctx, w.admin("organizations", id), body); err != nil {
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
		if _, err := w.post(ctx, w.admin("organizations", id, "identity-providers"), alias); err != nil {
			return err
		}
	}
	return w.changeProvider(ctx, alias, realm.LinkProvider)
}

func (w organizationWriter) unlink(ctx context.Context, id, alias string) error {
	if err := w.client.remove(ctx, w.admin("organizations", id, "identity-providers", alias), nil); err != nil {
		return err
	}
	return w.changeProvider(ctx, alias, realm.UnlinkProvider)
}

// changeProvider reads a provider whole, changes it and writes it back whole.
func (w organizationWriter) changeProvider(ctx context.Context, alias string, change func(realm.Object)) error {
	provider, err := w.provider(ctx, alias)
	if err != nil {
		return err
	}
	if provider == nil {
		return steps.Refuse("identity provider %s is not there", alias)
	}
	change(provider)
	return w.put(ctx, w.admin("identity-provider", "instances", alias), provider)
}
