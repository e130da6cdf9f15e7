package keycloak

import (
	"context"
	"errors"
	"net/url"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// Reading by lists. An export is one request, and the server gives it to whoever may manage the realm only (Keycloak
// 26.7: 403 for view roles). Whoever may just view gets the same realm by lists: one request for each page of clients
// and of groups, and one for each client's roles, each group with sub-groups, each flow, each flow setting and each
// provider's mappers. So an export is tried first. Clients and providers come with their secrets in clear: they are
// dropped here, before anything else sees them.

// lists reads what an export holds, in the same form.
func (c *client) lists(ctx context.Context) (realm.Object, error) {
	var document realm.Object
	if err := c.get(ctx, c.admin(), nil, &document); err != nil {
		return nil, err
	}
	var clients, groups, mappers []realm.Object
	var roles realm.Object
	var flows flowList
	var group errgroup.Group
	group.Go(func() (err error) {
		if clients, err = c.pages(ctx, c.admin("clients"), nil, "id"); err == nil {
			roles, err = c.clientRoles(ctx, clients)
		}
		return err
	})
	group.Go(func() (err error) { groups, err = c.groupTree(ctx, c.admin("groups")); return err })
	group.Go(func() (err error) { flows, err = c.allFlows(ctx); return err })
	group.Go(func() (err error) { mappers, err = c.providerMappers(ctx); return err })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := c.addPolicies(ctx, document); err != nil {
		return nil, err
	}
	for _, each := range clients {
		dropSecrets(each)
	}
	document["clients"], document["groups"] = asList(clients), asList(groups)
	document["roles"] = realm.Object{"client": roles}
	document["authenticationFlows"], document["authenticatorConfig"] = asList(flows.flows), asList(flows.configs)
	document["identityProviderMappers"] = asList(mappers)
	return document, nil
}

// dropSecrets takes out of a client what nobody but its owner may know.
func dropSecrets(client realm.Object) {
	delete(client, "secret")
	delete(client, "registrationAccessToken")
	attributes := object(client, "attributes")
	for _, name := range []string{"client.secret.rotated", "saml.signing.private.key", "saml.encryption.private.key"} {
		delete(attributes, name)
	}
}

// clientRoles reads the roles of each client, keyed by its client id.
func (c *client) clientRoles(ctx context.Context, clients []realm.Object) (realm.Object, error) {
	found := make([][]realm.Object, len(clients))
	err := c.forEach(len(clients), func(i int) error {
		return c.get(ctx, c.admin("clients", field(clients[i], "id"), "roles"),
			url.Values{"briefRepresentation": {"false"}}, &found[i])
	})
	roles := realm.Object{}
	for i, each := range clients {
		roles[field(each, "clientId")] = asList(found[i])
	}
	return roles, err
}

// groupTree reads the groups of a list with everything below them.
func (c *client) groupTree(ctx context.Context, path string) ([]realm.Object, error) {
	groups, err := c.pages(ctx, path, url.Values{"briefRepresentation": {"false"}}, "id")
	if err != nil {
		return nil, err
	}
	err = c.forEach(len(groups), func(i int) error {
		if count, said := groups[i]["subGroupCount"]; said && isZero(count) {
			return nil
		}
		below, err := c.groupTree(ctx, c.admin("groups", field(groups[i], "id"), "children"))
		groups[i]["subGroups"] = asList(below)
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
	flows   []realm.Object
	configs []realm.Object
}

func (c *client) allFlows(ctx context.Context) (flowList, error) {
	top, err := c.topFlows(ctx)
	if err != nil {
		return flowList{}, err
	}
	aliases := make([]string, 0, len(top))
	for alias := range top {
		aliases = append(aliases, alias)
	}
	trees, configs := make([]flowTree, len(aliases)), make([][]realm.Object, len(aliases))
	err = c.forEach(len(aliases), func(i int) error {
		var err error
		if trees[i], err = c.tree(ctx, aliases[i], top[aliases[i]]); err != nil {
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

func (c *client) providerMappers(ctx context.Context) ([]realm.Object, error) {
	providers, err := c.providers(ctx)
	if err != nil {
		return nil, err
	}
	found := make([][]realm.Object, len(providers))
	err = c.forEach(len(providers), func(i int) error {
		return c.get(ctx, c.admin("identity-provider", "instances", field(providers[i], "alias"), "mappers"), nil, &found[i])
	})
	var all []realm.Object
	for _, each := range found {
		all = append(all, each...)
	}
	return all, err
}

// forEach does something for each number below n, as many at a time as the client may ask. It returns the first error
// there is and begins nothing after it.
func (c *client) forEach(n int, do func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(cap(c.slots))
	var failed atomic.Bool
	for i := 0; i < n && !failed.Load(); i++ {
		group.Go(func() error {
			err := do(i)
			if err != nil {
				failed.Store(true)
			}
			return err
		})
	}
	return group.Wait()
}

// isForbidden tells whether the credential lacks a right.
func isForbidden(err error) bool {
	var fault *contract.ProviderError
	return errors.As(err, &fault) && fault.Code == contract.ErrorForbidden
}
