package current

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// Document reads the realm in the form of a realm file. Where it lacks rights the error names all of them.
func (c *Realm) Document(ctx context.Context) (object.Object, error) {
	document, err := c.document(ctx)
	if err != nil {
		return nil, c.everyRight(ctx, err)
	}
	return document, nil
}

// mostExported is how many clients a realm may have to be read by one export. With 5,000 clients an export took a
// server 64 seconds and the lists 17; with few, the lists are some requests for each client instead of one in all.
const mostExported = 500

// exported reads all that an export holds, in the cheaper of the two ways.
func (c *Realm) exported(ctx context.Context) (object.Object, error) {
	var more []object.Object
	beyond := url.Values{"first": {strconv.Itoa(c.mostExported)}, "max": {"1"}}
	if err := c.Get(ctx, c.Admin("clients"), beyond, &more); err != nil {
		return nil, err
	}
	if len(more) > 0 {
		return c.lists(ctx)
	}
	document, err := c.Export(ctx, true)
	if admin.IsForbidden(err) {
		return c.lists(ctx)
	}
	return document, err
}

func (c *Realm) document(ctx context.Context) (object.Object, error) {
	document, err := c.exported(ctx)
	if err != nil {
		return nil, err
	}
	providers, err := c.providers(ctx)
	if err != nil {
		return nil, err
	}
	document["identityProviders"] = admin.List(providers)
	if enabled, _ := document["organizationsEnabled"].(bool); !enabled {
		delete(document, "organizations")
		return document, nil
	}
	organizations, err := c.Organizations(ctx)
	if err != nil {
		return nil, err
	}
	links := map[string][]any{}
	for _, provider := range providers {
		if owner := admin.Text(provider, "organizationId"); owner != "" {
			links[owner] = append(links[owner], object.Object{"alias": admin.Text(provider, "alias")})
		}
	}
	for _, organization := range organizations {
		organization["identityProviders"] = links[admin.Text(organization, "id")]
	}
	document["organizations"] = admin.List(organizations)
	return document, nil
}

// Export asks for the realm as one document: flows, scopes and settings, and on demand clients, groups and roles.
func (c *Realm) Export(ctx context.Context, everything bool) (object.Object, error) {
	flag := strconv.FormatBool(everything)
	request := admin.Call{
		Method: http.MethodPost, Path: c.Admin("partial-export"), Safe: true,
		Query: url.Values{"exportClients": {flag}, "exportGroupsAndRoles": {flag}},
	}
	var document object.Object
	_, err := c.Do(ctx, request, &document)
	if err == nil && document == nil {
		err = c.Invalid(request, "the export is null")
	}
	return document, err
}

// providers lists the identity providers with their settings and the id of their organization.
func (c *Realm) providers(ctx context.Context) ([]object.Object, error) {
	return c.Pages(ctx, c.Admin("identity-provider", "instances"), nil, "alias")
}

// Organizations lists the organizations with domains and attributes.
func (c *Realm) Organizations(ctx context.Context) ([]object.Object, error) {
	return c.Pages(ctx, c.Admin("organizations"), url.Values{"briefRepresentation": {"false"}}, "id")
}
