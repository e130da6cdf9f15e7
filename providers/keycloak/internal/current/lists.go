package current

import (
	"context"
	"net/url"

	"golang.org/x/sync/errgroup"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// Reading by lists. An export is one request, and the server gives it to whoever may manage the realm only (Keycloak
// 26.7: 403 for view roles). Whoever may just view gets the same realm by lists: one request for each page of clients
// and of groups, and one for each client's roles, each group with sub-groups, each flow, each flow setting and each
// provider's mappers. So an export is tried first, unless the realm has many clients. Clients and providers come with their secrets in clear: they are
// dropped here, before anything else sees them.

// lists reads what an export holds, in the same form.
func (c *Realm) lists(ctx context.Context) (object.Object, error) {
	var document object.Object
	if err := c.Get(ctx, c.Admin(), nil, &document); err != nil {
		return nil, err
	}
	var clients, groups, mappers []object.Object
	var roles object.Object
	var flows flowList
	var group errgroup.Group
	group.Go(func() (err error) {
		if clients, err = c.Pages(ctx, c.Admin("clients"), nil, "id"); err == nil {
			roles, err = c.clientRoles(ctx, clients)
		}
		return err
	})
	group.Go(func() (err error) { groups, err = c.groupTree(ctx, c.Admin("groups")); return err })
	group.Go(func() (err error) { flows, err = c.allFlows(ctx); return err })
	group.Go(func() (err error) { mappers, err = c.providerMappers(ctx); return err })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := c.addPolicies(ctx, document); err != nil {
		return nil, err
	}
	for _, each := range clients {
		DropSecrets(each)
	}
	document["clients"], document["groups"] = admin.List(clients), admin.List(groups)
	document["roles"] = object.Object{"client": roles}
	document["authenticationFlows"], document["authenticatorConfig"] = admin.List(flows.flows), admin.List(flows.configs)
	document["identityProviderMappers"] = admin.List(mappers)
	return document, nil
}

// DropSecrets takes out of a client what nobody but its owner may know.
func DropSecrets(client object.Object) {
	delete(client, "secret")
	delete(client, "registrationAccessToken")
	attributes := admin.Part(client, "attributes")
	for _, name := range []string{"client.secret.rotated", "saml.signing.private.key", "saml.encryption.private.key"} {
		delete(attributes, name)
	}
}

// clientRoles reads the roles of each client, keyed by its client id.
func (c *Realm) clientRoles(ctx context.Context, clients []object.Object) (object.Object, error) {
	found := make([][]object.Object, len(clients))
	err := c.ForEach(len(clients), func(i int) error {
		return c.Get(ctx, c.Admin("clients", admin.Text(clients[i], "id"), "roles"),
			url.Values{"briefRepresentation": {"false"}}, &found[i])
	})
	roles := object.Object{}
	for i, each := range clients {
		roles[admin.Text(each, "clientId")] = admin.List(found[i])
	}
	return roles, err
}

// groupTree reads the groups of a list with everything below them.
func (c *Realm) groupTree(ctx context.Context, path string) ([]object.Object, error) {
	groups, err := c.Pages(ctx, path, url.Values{"briefRepresentation": {"false"}}, "id")
	if err != nil {
		return nil, err
	}
	err = c.ForEach(len(groups), func(i int) error {
		if count, said := groups[i]["subGroupCount"]; said && isZero(count) {
			return nil
		}
		below, err := c.groupTree(ctx, c.Admin("groups", admin.Text(groups[i], "id"), "children"))
		groups[i]["subGroups"] = admin.List(below)
		return err
	})
	return groups, err
}

func isZero(value any) bool {
	number, ok := value.(interface{ Int64() (int64, error) })
	if !ok {
		return false
	}
	count, err := number.Int64()
	return err == nil && count == 0
}

// flowList is all flows of a realm in the form of a realm file.
type flowList struct {
	flows   []object.Object
	configs []object.Object
}

func (c *Realm) allFlows(ctx context.Context) (flowList, error) {
	top, err := c.TopFlows(ctx)
	if err != nil {
		return flowList{}, err
	}
	aliases := make([]string, 0, len(top))
	for alias := range top {
		aliases = append(aliases, alias)
	}
	trees, configs := make([]Tree, len(aliases)), make([][]object.Object, len(aliases))
	err = c.ForEach(len(aliases), func(i int) error {
		var err error
		if trees[i], err = c.Tree(ctx, aliases[i], top[aliases[i]]); err != nil {
			return err
		}
		ids := make([]string, 0, len(trees[i].configs))
		for _, id := range trees[i].configs {
			ids = append(ids, id)
		}
		configs[i], err = c.configValues(ctx, ids)
		return err
	})
	var all flowList
	for i := range trees {
		all.flows, all.configs = append(all.flows, trees[i].flows...), append(all.configs, configs[i]...)
	}
	return all, err
}

func (c *Realm) providerMappers(ctx context.Context) ([]object.Object, error) {
	providers, err := c.providers(ctx)
	if err != nil {
		return nil, err
	}
	found := make([][]object.Object, len(providers))
	err = c.ForEach(len(providers), func(i int) error {
		path := c.Admin("identity-provider", "instances", admin.Text(providers[i], "alias"), "mappers")
		return c.Get(ctx, path, nil, &found[i])
	})
	var all []object.Object
	for _, each := range found {
		all = append(all, each...)
	}
	return all, err
}
