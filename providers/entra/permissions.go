package entra

import (
	"context"
	"errors"

	abs "github.com/microsoft/kiota-abstractions-go"
	"golang.org/x/sync/errgroup"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/sdk"
)

var _ sdk.PermissionChecker = (*source)(nil)

// tried is a list that is asked for one element: what a token names in its roles is not all that it may, as larger
// permissions hold smaller ones.
type tried struct {
	resource resource
	use      string
	request  func(ctx context.Context, r resource) (*abs.RequestInformation, error)
}

func (c *client) lists() []tried {
	return []tried{
		{organizationResource(), "collect: which tenant this is", c.organizationRequest},
		{domainsResource(), "collect: domains", func(ctx context.Context, _ resource) (*abs.RequestInformation,
			error) {
			return c.domainsRequest(ctx)
		}},
		{applicationsResource(), "collect: applications and their service principals", c.applicationsRequest},
		{groupsResource(), "collect: groups", c.groupsRequest},
		{policiesResource(), "collect: conditional access policies",
			func(ctx context.Context, _ resource) (*abs.RequestInformation, error) { return c.policiesRequest(ctx) }},
		{usersResource(), "collect: users", c.usersRequest},
	}
}

// untried are permissions whose lists need something to be there first, or cost more than one element.
func untried() []observation.PermissionCheck {
	return []observation.PermissionCheck{
		{Name: membersResource().permission, For: "collect: the members of groups"},
		{Name: federationResource().permission, For: "collect: the federation of domains"},
		{Name: hiddenMembers, For: "collect: the members of groups that hide them"},
		{Name: "AuditLog.Read.All", For: "status -apps: who still signs in to the old side", Optional: true},
	}
}

// Permissions tries the lists of the tenant with one element each. What cannot be tried so is unknown: a collection
// names it as a gap where it is missing.
func (s *source) Permissions(ctx context.Context) ([]observation.PermissionCheck, error) {
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	all := c.lists()
	checks := make([]observation.PermissionCheck, len(all))
	group, ctx := errgroup.WithContext(ctx)
	for i, each := range all {
		group.Go(func() error {
			var err error
			checks[i], err = c.try(ctx, each)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, asProviderError(err)
	}
	for _, check := range untried() {
		check.State = observation.PermissionUnknown
		check.Action = "It cannot be tried without using it; look at the application's granted permissions in the admin " +
			"center."
		checks = append(checks, check)
	}
	return checks, nil
}

func (c *client) try(ctx context.Context, t tried) (observation.PermissionCheck, error) {
	r := t.resource
	check := observation.PermissionCheck{Name: r.permission, For: t.use, State: observation.PermissionGranted}
	if r.top > 0 {
		r.top, r.fields = 1, []string{"id"}
	}
	request, err := t.request(ctx, r)
	if err != nil {
		return check, err
	}
	_, err = c.send(ctx, r, request)
	var fault *contract.ProviderError
	if errors.As(err, &fault) && fault.Code == contract.ErrorForbidden {
		check.State = observation.PermissionMissing
		check.Action = "Grant the application permission " + r.permission + " of Microsoft Graph, with admin consent."
		return check, nil
	}
	return check, err
}
