package entra

import (
	"context"
	"net/url"
	"strings"

	abs "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/applications"
	"github.com/microsoftgraph/msgraph-sdk-go/domains"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/identity"
	"github.com/microsoftgraph/msgraph-sdk-go/organization"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// The functions below make the first request of each list from the SDK's builders, so that paths and query options are
// theirs.

func (c *client) parameters() map[string]string { return map[string]string{"baseurl": c.base} }

func (r resource) pageSize() *int32 {
	if r.top == 0 {
		return nil
	}
	top := r.top
	return &top
}

func (c *client) organizationRequest(ctx context.Context, r resource) (*abs.RequestInformation, error) {
	query := &organization.OrganizationRequestBuilderGetQueryParameters{Select: r.fields}
	return organization.NewOrganizationRequestBuilderInternal(c.parameters(), c.adapter).ToGetRequestInformation(ctx,
		&organization.OrganizationRequestBuilderGetRequestConfiguration{QueryParameters: query})
}

func (c *client) domainsRequest(ctx context.Context) (*abs.RequestInformation, error) {
	return domains.NewDomainsRequestBuilderInternal(c.parameters(), c.adapter).ToGetRequestInformation(ctx, nil)
}

func (c *client) federationRequest(ctx context.Context, domain string) (*abs.RequestInformation, error) {
	return domains.NewDomainsRequestBuilderInternal(c.parameters(),
		c.adapter).ByDomainId(domain).FederationConfiguration().
		ToGetRequestInformation(ctx, nil)
}

func (c *client) applicationsRequest(ctx context.Context, r resource) (*abs.RequestInformation, error) {
	query := &applications.ApplicationsRequestBuilderGetQueryParameters{Top: r.pageSize(), Select: r.fields}
	return applications.NewApplicationsRequestBuilderInternal(c.parameters(), c.adapter).ToGetRequestInformation(ctx,
		&applications.ApplicationsRequestBuilderGetRequestConfiguration{QueryParameters: query})
}

func (c *client) federatedCredentialsRequest(ctx context.Context, application string) (*abs.RequestInformation, error) {
	return applications.NewApplicationsRequestBuilderInternal(c.parameters(), c.adapter).ByApplicationId(application).
		FederatedIdentityCredentials().ToGetRequestInformation(ctx, nil)
}

func (c *client) servicePrincipalsRequest(ctx context.Context, r resource) (*abs.RequestInformation, error) {
	query := &serviceprincipals.ServicePrincipalsRequestBuilderGetQueryParameters{Top: r.pageSize(), Select: r.fields}
	return serviceprincipals.NewServicePrincipalsRequestBuilderInternal(c.parameters(),
		c.adapter).ToGetRequestInformation(ctx,
		&serviceprincipals.ServicePrincipalsRequestBuilderGetRequestConfiguration{QueryParameters: query})
}

func (c *client) assignmentsRequest(ctx context.Context, principal string, r resource) (*abs.RequestInformation,
	error) {
	query := &serviceprincipals.ItemAppRoleAssignedToRequestBuilderGetQueryParameters{Top: r.pageSize()}
	return serviceprincipals.NewServicePrincipalsRequestBuilderInternal(c.parameters(),
		c.adapter).ByServicePrincipalId(principal).
		AppRoleAssignedTo().ToGetRequestInformation(ctx,
		&serviceprincipals.ItemAppRoleAssignedToRequestBuilderGetRequestConfiguration{QueryParameters: query})
}

func (c *client) groupsRequest(ctx context.Context, r resource) (*abs.RequestInformation, error) {
	query := &groups.GroupsRequestBuilderGetQueryParameters{Top: r.pageSize(), Select: r.fields}
	return groups.NewGroupsRequestBuilderInternal(c.parameters(), c.adapter).ToGetRequestInformation(ctx,
		&groups.GroupsRequestBuilderGetRequestConfiguration{QueryParameters: query})
}

func (c *client) membersRequest(ctx context.Context, group string, r resource) (*abs.RequestInformation, error) {
	query := &groups.ItemMembersRequestBuilderGetQueryParameters{Top: r.pageSize(), Select: r.fields}
	return groups.NewGroupsRequestBuilderInternal(c.parameters(),
		c.adapter).ByGroupId(group).Members().ToGetRequestInformation(ctx,
		&groups.ItemMembersRequestBuilderGetRequestConfiguration{QueryParameters: query})
}

func (c *client) policiesRequest(ctx context.Context) (*abs.RequestInformation, error) {
	return identity.NewIdentityRequestBuilderInternal(c.parameters(), c.adapter).ConditionalAccess().Policies().
		ToGetRequestInformation(ctx, nil)
}

func (c *client) usersRequest(ctx context.Context, r resource) (*abs.RequestInformation, error) {
	query := &users.UsersRequestBuilderGetQueryParameters{Top: r.pageSize(), Select: r.fields}
	return users.NewUsersRequestBuilderInternal(c.parameters(), c.adapter).ToGetRequestInformation(ctx,
		&users.UsersRequestBuilderGetRequestConfiguration{QueryParameters: query})
}

// followRequest asks for the next page exactly as the server wrote it: links are opaque.
func followRequest(link *url.URL) *abs.RequestInformation {
	request := abs.NewRequestInformation()
	request.Method = abs.GET
	request.SetUri(*link)
	request.Headers.TryAdd("Accept", "application/json")
	return request
}

// locate splits a request's address into path and query as people know them: the templates write $ as %24.
func locate(address *url.URL) (path, query string) {
	return address.EscapedPath(), strings.ReplaceAll(address.RawQuery, "%24", "$")
}
