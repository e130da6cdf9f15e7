package okta

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/sdk"
)

var _ sdk.PermissionChecker = (*Source)(nil)

// probe is a right and the cheapest request that shows whether the token has it: a list of one element. An API token
// has no scopes of its own to look at; it may what its administrator may.
type probe struct {
	permission string // one of the scope constants
	use        string
	location   string
	optional   bool
}

func probes() []probe {
	return []probe{
		{scopeApps, "collect: applications and who they are assigned to", "/api/v1/apps?limit=1", false},
		{scopeIDPs, "collect: identity providers", "/api/v1/idps?limit=1", false},
		{scopeMappings, "collect: what identity providers tell about people", "/api/v1/mappings?limit=1", false},
		{scopeSchemas, "collect: under which names identity providers send it", "/api/v1/meta/schemas/user/default", false},
		{scopePolicies, "collect: sign-on, password and routing policies", "/api/v1/policies?type=OKTA_SIGN_ON&limit=1",
			false},
		{scopeGroups, "collect: groups and their members", "/api/v1/groups?limit=1", false},
		{scopeDomains, "collect: domains", "/api/v1/domains", false},
		{scopeUsers, "collect: users", "/api/v1/users?limit=1", false},
		{scopeLogs, "status -apps: who still signs in to the old side", "/api/v1/logs?limit=1", true},
	}
}

// Permissions tries each collection with a list of one element. Whether a client secret may be read is not tried: that
// would take it out of the org.
func (s *Source) Permissions(ctx context.Context) ([]observation.PermissionCheck, error) {
	if s.client == nil {
		return nil, notConfigured()
	}
	all := probes()
	checks := make([]observation.PermissionCheck, len(all))
	group, ctx := errgroup.WithContext(ctx)
	for i, p := range all {
		group.Go(func() error {
			var err error
			checks[i], err = s.client.try(ctx, p)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, asProviderError(err)
	}
	return append(checks, observation.PermissionCheck{
		Name: "okta.apps.manage", For: "apply: fetch the secret of an application, where a plan needs " +
			"it", State: observation.PermissionUnknown,
		Action: "Where apply says so, use a token of an Application Administrator for it; a token that only reads is " +
			"enough for everything else.",
	}), nil
}

func (c *client) try(ctx context.Context, p probe) (observation.PermissionCheck, error) {
	const doing = "checking the permissions"
	name, _, _ := strings.Cut(p.permission, " ")
	check := observation.PermissionCheck{Name: name, For: p.use, State: observation.PermissionGranted,
		Optional: p.optional}
	_, err := c.get(ctx, doing, p.location)
	var r *refusal
	switch {
	case err == nil:
	case !errors.As(err, &r):
		return check, err
	case isForbidden(r):
		check.State, check.Action = observation.PermissionMissing, "Give the token's administrator the role Read-only "+
			"Administrator, or another one that holds "+name+"."
	case r.status == http.StatusNotFound || r.status == http.StatusBadRequest || r.status == http.StatusMethodNotAllowed:
		check.State, check.Action = observation.PermissionUnknown, "The org does not know this list; where it is not "+
			"licensed there is nothing to read."
	default:
		return check, c.problem(doing, p.permission, err)
	}
	return check, nil
}
