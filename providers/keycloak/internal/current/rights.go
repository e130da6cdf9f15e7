package current

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// ReadRight is a role of realm-management that reading needs, what it is for, and the cheapest request that shows
// whether it is there.
type ReadRight struct {
	Role, Use string
	path      []string
	query     url.Values
}

// ReadRights are all that reading a realm needs.
func ReadRights() []ReadRight {
	one := url.Values{"first": {"0"}, "max": {"1"}}
	return []ReadRight{
		{"view-realm", "flows and the realm's settings", []string{"authentication", "flows"}, nil},
		{"view-clients", "applications and their roles", []string{"clients"}, one},
		{"query-groups and view-users", "groups and who holds a role", []string{"groups"}, one},
		{"view-identity-providers", "identity providers and their mappers", []string{"identity-provider", "instances"}, one},
		{"view-organizations", "organizations and their domains", []string{"organizations"}, one},
	}
}

// May tries whether a right is there. A realm without organizations has nothing to read: asked is false then.
func (c *Realm) May(ctx context.Context, right ReadRight) (granted, asked bool, err error) {
	var ignored any
	err = c.Get(ctx, c.Admin(right.path...), right.query, &ignored)
	switch {
	case admin.IsForbidden(err):
		return false, true, nil
	case right.path[0] == "organizations" && admin.IsAbsent(err):
		return false, false, nil
	}
	return err == nil, true, err
}

// everyRight puts all rights that reading lacks into an error that names the first one: whoever grants them need not
// come back for each.
func (c *Realm) everyRight(ctx context.Context, refused error) error {
	var fault *contract.ProviderError
	if !errors.As(refused, &fault) || fault.Code != contract.ErrorForbidden {
		return refused
	}
	var roles []string
	for _, right := range ReadRights() {
		granted, asked, err := c.May(ctx, right)
		if err != nil {
			return refused // what was refused is still the answer
		}
		if asked && !granted {
			roles = append(roles, right.Role)
		}
	}
	if len(roles) < 2 {
		return refused
	}
	all := *fault
	all.Permission = strings.Join(roles, ", ")
	all.Message = "the service account lacks rights to read the realm; give it the realm-management roles " + all.Permission
	return &all
}
