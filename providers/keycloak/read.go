package keycloak

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

const pageSize = 500

// Read hands out all live resources of the realm.
//
// One export holds nearly everything, so that the cost does not grow by a request for each object; organizations and
// their links are not part of it. Secrets in the export are masked by the server, and none is part of a resource. A
// credential that may only view gets the same by lists, see read_lists.go.
func (t *Target) Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	if err := t.configured(); err != nil {
		return contract.ReadSummary{}, err
	}
	ctx, requests := withCounter(ctx)
	document, err := t.client.document(ctx)
	if err != nil {
		return contract.ReadSummary{}, outward("reading the realm", err)
	}
	resources := realm.ReadDocument(document)
	for _, resource := range resources {
		if err := each(resource); err != nil {
			return contract.ReadSummary{}, err
		}
	}
	return contract.ReadSummary{Resources: len(resources), Requests: int(requests.Load())}, nil
}

// document reads the realm in the form of a realm file.
func (c *client) document(ctx context.Context) (realm.Object, error) {
	document, err := c.export(ctx, true)
	if isForbidden(err) {
		document, err = c.lists(ctx)
	}
	if err != nil {
		return nil, err
	}
	providers, err := c.providers(ctx)
	if err != nil {
		return nil, err
	}
	document["identityProviders"] = asList(providers)
	if enabled, _ := document["organizationsEnabled"].(bool); !enabled {
		delete(document, "organizations")
		return document, nil
	}
	organizations, err := c.organizations(ctx)
	if err != nil {
		return nil, err
	}
	links := map[string][]any{}
	for _, provider := range providers {
		if owner := field(provider, "organizationId"); owner != "" {
			links[owner] = append(links[owner], realm.Object{"alias": field(provider, "alias")})
		}
	}
	for _, organization := range organizations {
		organization["identityProviders"] = links[field(organization, "id")]
	}
	document["organizations"] = asList(organizations)
	return document, nil
}

// export asks for the realm as one document: flows, scopes and settings, and on demand clients, groups and roles.
func (c *client) export(ctx context.Context, everything bool) (realm.Object, error) {
	flag := strconv.FormatBool(everything)
	request := call{
		method: http.MethodPost, path: c.admin("partial-export"), safe: true,
		query: url.Values{"exportClients": {flag}, "exportGroupsAndRoles": {flag}},
	}
	var document realm.Object
	_, err := c.do(ctx, request, &document)
	if err == nil && document == nil {
		err = c.invalid(request, "the export is null")
	}
	return document, err
}

// providers lists the identity providers with their settings and the id of their organization.
func (c *client) providers(ctx context.Context) ([]realm.Object, error) {
	return c.pages(ctx, c.admin("identity-provider", "instances"), nil, "alias")
}

// organizations lists the organizations with domains and attributes.
func (c *client) organizations(ctx context.Context) ([]realm.Object, error) {
	return c.pages(ctx, c.admin("organizations"), url.Values{"briefRepresentation": {"false"}}, "id")
}

// pages reads a list that is given out by offset. An object that comes twice means that the list moved while it was
// read: it is kept once.
func (c *client) pages(ctx context.Context, path string, query url.Values, key string) ([]realm.Object, error) {
	var all []realm.Object
	seen := map[string]bool{}
	for first := 0; ; first += pageSize {
		asked := url.Values{"first": {strconv.Itoa(first)}, "max": {strconv.Itoa(pageSize)}}
		for name, values := range query {
			asked[name] = values
		}
		var page []realm.Object
		if err := c.get(ctx, path, asked, &page); err != nil {
			return nil, err
		}
		fresh := 0
		for _, row := range page {
			name := field(row, key)
			if name == "" {
				return nil, c.invalid(call{method: http.MethodGet, path: path}, fmt.Sprintf("an object of the list has no %s", key))
			}
			if !seen[name] {
				seen[name] = true
				fresh++
				all = append(all, row)
			}
		}
		if len(page) < pageSize {
			return all, nil
		}
		if fresh == 0 {
			return nil, c.invalid(call{method: http.MethodGet, path: path}, "the list repeats itself")
		}
	}
}

// field reads a text out of an object.
func field(object realm.Object, name string) string {
	value, _ := object[name].(string)
	return value
}

// object reads an object out of an object, nil when there is none.
func object(outer realm.Object, name string) realm.Object {
	value, _ := outer[name].(map[string]any)
	return value
}

func asList(objects []realm.Object) []any {
	list := make([]any, 0, len(objects))
	for _, each := range objects {
		list = append(list, each)
	}
	return list
}
