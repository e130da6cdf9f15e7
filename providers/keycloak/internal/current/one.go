package current

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// Application reads a client by its client id, nil when it is not there.
func (c *Realm) Application(ctx context.Context, clientID string) (object.Object, error) {
	var rows []object.Object
	if err := c.Get(ctx, c.Admin("clients"), url.Values{"clientId": {clientID}}, &rows); err != nil {
		return nil, err
	}
	return named(rows, "clientId", clientID), nil
}

// ApplicationByID reads a client by the id that the server gave it, nil when it is not there.
func (c *Realm) ApplicationByID(ctx context.Context, id string) (object.Object, error) {
	var raw object.Object
	err := c.Get(ctx, c.Admin("clients", id), nil, &raw)
	if admin.IsAbsent(err) {
		return nil, nil
	}
	return raw, err
}

// Missing lists what is in the first list and not in the second.
func Missing(in, from []string) []string {
	var out []string
	for _, name := range in {
		if !slices.Contains(from, name) {
			out = append(out, name)
		}
	}
	return out
}

// ScopeIDs lists the client scopes of the realm by name.
func (c *Realm) ScopeIDs(ctx context.Context) (map[string]string, error) {
	var rows []object.Object
	if err := c.Get(ctx, c.Admin("client-scopes"), nil, &rows); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, row := range rows {
		ids[admin.Text(row, "name")] = admin.Text(row, "id")
	}
	return ids, nil
}

// ClientRole reads a role, nil when it or its client is not there, and the server's id of the client.
func (c *Realm) ClientRole(ctx context.Context, clientID, role string) (object.Object, string, error) {
	owner, err := c.Application(ctx, clientID)
	if err != nil || owner == nil {
		return nil, "", err
	}
	if role == "." || role == ".." { // in an address they would be gone before the server reads it
		raw, err := c.roleOfList(ctx, admin.Text(owner, "id"), role)
		return raw, admin.Text(owner, "id"), err
	}
	var raw object.Object
	err = c.Get(ctx, c.Admin("clients", admin.Text(owner, "id"), "roles", role), nil, &raw)
	if admin.IsAbsent(err) {
		return nil, admin.Text(owner, "id"), nil
	}
	return raw, admin.Text(owner, "id"), err
}

// roleOfList looks for a role among all of its client.
func (c *Realm) roleOfList(ctx context.Context, owner, role string) (object.Object, error) {
	rows, err := c.Pages(ctx, c.Admin("clients", owner, "roles"), url.Values{"briefRepresentation": {"false"}}, "id")
	return named(rows, "name", role), err
}

// named is the object of a list that has this name exactly, nil when none has.
func named(rows []object.Object, key, name string) object.Object {
	for _, row := range rows {
		if admin.Text(row, key) == name {
			return row
		}
	}
	return nil
}

// Group walks down to the group with these names from the top; nil when one of them is not there. The search of the
// server finds by name; the path that the server gives is ambiguous when a name holds a slash. The search takes blanks
// off both ends of what it looks for (26.7.4), so a name that has some is looked for among all.
func (c *Realm) Group(ctx context.Context, names []string) (object.Object, error) {
	var current object.Object
	for depth, name := range names {
		path := c.Admin("groups")
		query := url.Values{
			"search": {name}, "exact": {"true"}, "briefRepresentation": {"false"}, "subGroupsCount": {"false"},
		}
		if depth > 0 {
			path = c.Admin("groups", admin.Text(current, "id"), "children")
		} else {
			query.Set("populateHierarchy", "false")
		}
		if strings.TrimSpace(name) != name {
			query.Del("search")
			query.Del("exact")
		}
		rows, err := c.Pages(ctx, path, query, "id")
		if err != nil {
			return nil, err
		}
		current = nil
		for _, row := range rows {
			if admin.Text(row, "name") == name && (depth > 0 || admin.Text(row, "parentId") == "") {
				current = row
			}
		}
		if current == nil {
			return nil, nil
		}
	}
	return current, nil
}

// GroupByID reads a group by the id that the server gave it, nil when it is not there.
func (c *Realm) GroupByID(ctx context.Context, id string) (object.Object, error) {
	var raw object.Object
	err := c.Get(ctx, c.Admin("groups", id), nil, &raw)
	if admin.IsAbsent(err) {
		return nil, nil
	}
	return raw, err
}

// Provider reads an identity provider, nil when it is not there. It asks the list: after a failed import the server's
// cache may hold providers that do not exist. A quote in the alias would end the exact search.
func (c *Realm) Provider(ctx context.Context, alias string) (object.Object, error) {
	if strings.ContainsAny(alias, `"\`) {
		rows, err := c.providers(ctx)
		return named(rows, "alias", alias), err
	}
	var rows []object.Object
	query := url.Values{"search": {strconv.Quote(alias)}, "max": {strconv.Itoa(admin.PageSize)}}
	if err := c.Get(ctx, c.Admin("identity-provider", "instances"), query, &rows); err != nil {
		return nil, err
	}
	return named(rows, "alias", alias), nil
}

// Mappers lists the mappers of a provider.
func (c *Realm) Mappers(ctx context.Context, alias string) ([]object.Object, error) {
	var rows []object.Object
	err := c.Get(ctx, c.Admin("identity-provider", "instances", alias, "mappers"), nil, &rows)
	return rows, err
}

// ManagedMember tells whether an organization has members whose accounts the server would delete with it.
func (c *Realm) ManagedMember(ctx context.Context, organization string) (bool, error) {
	var members []object.Object
	query := url.Values{"max": {"1"}, "membershipType": {"MANAGED"}}
	err := c.Get(ctx, c.Admin("organizations", organization, "members"), query, &members)
	return len(members) > 0, err
}
