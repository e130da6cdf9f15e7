package observing

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

// What a permission is for. A host that plans and applies with separate credentials asks each for its own.
const (
	forPlan  = "plan"
	forApply = "apply"
)

const realmManagement = "realm-management"

// optionalRights are those without which everything but one thing works.
func optionalRights() []optionalRight {
	return []optionalRight{
		{"view-events", "status -apps, rollback: who signed in", []string{"events"}},
		{"view-events", "verify -events: what the realm recorded of a run", []string{"admin-events"}},
		{"impersonation", "verify: sign in as the people of a verify block", nil},
	}
}

// optionalRight is tried with a list of one element; without a path only the token tells.
type optionalRight struct {
	role string
	use  string
	path []string
}

// writeRole is a role that applying needs, what it is for, and the resource types whose steps need it. None means that
// every apply does.
type writeRole struct {
	role, use string
	types     []string
}

// writeRoles was tried on Keycloak 26.7.4, type by type, with exactly these and with one less.
func writeRoles() []writeRole {
	return []writeRole{
		{"manage-realm", "flows and gates", []string{realm.TypeGateFlows, realm.TypeGate}},
		// The marker is a client, so whoever applies anything writes one.
		{"manage-clients", "the marker; applications, their roles and gates", nil},
		{"manage-users", "groups and who holds a role", []string{realm.TypeGroup, realm.TypeRoleAssignment}},
		{"manage-identity-providers", "identity providers, their mappers, and what sends people to them",
			[]string{realm.TypeProvider, realm.TypeOrganization, realm.TypeGateFlows}},
		{"manage-organizations", "organizations and their domains", []string{realm.TypeOrganization}},
	}
}

// Permissions finds out what the service account may do, without writing. Reading is tried; the roles for writing are
// those that its token names, as trying them would write.
func (o Observer) Permissions(ctx context.Context) ([]observation.PermissionCheck, error) {
	if err := o.configured(); err != nil {
		return nil, err
	}
	var checks []observation.PermissionCheck
	for _, right := range current.ReadRights() {
		granted, asked, err := o.Live.May(ctx, right)
		if err != nil {
			return nil, admin.Outward("checking the permissions", err)
		}
		if !asked {
			continue
		}
		check := observation.PermissionCheck{Name: right.Role, For: forPlan + ": " + right.Use,
			State: observation.PermissionGranted}
		if !granted {
			check.State, check.Action = observation.PermissionMissing, grant(right.Role)
		}
		checks = append(checks, check)
	}
	held, named, err := heldRoles(ctx, o.Live)
	if err != nil {
		return nil, admin.Outward("checking the permissions", err)
	}
	for _, need := range writeRoles() {
		check := observation.PermissionCheck{Name: need.role, For: forApply + ": " + need.use,
			State: observation.PermissionGranted, Types: need.types}
		switch {
		case !named:
			check.State, check.Action = observation.PermissionUnknown,
				"The token names no roles; look at the service account's roles in the admin console."
		case !slices.Contains(held, need.role) && !slices.Contains(held, "realm-admin"):
			check.State, check.Action = observation.PermissionMissing, grant(need.role)
		}
		checks = append(checks, check)
	}
	return optionalChecks(ctx, o.Live, checks, held, named)
}

func heldRoles(ctx context.Context, c *current.Realm) ([]string, bool, error) {
	token, err := c.Bearer(ctx)
	if err != nil {
		return nil, false, err
	}
	held, named := tokenRoles(token)
	return held, named, nil
}

// optionalChecks adds those rights that may be missing.
func optionalChecks(ctx context.Context, c *current.Realm, checks []observation.PermissionCheck, held []string,
	named bool) ([]observation.PermissionCheck, error) {
	for _, right := range optionalRights() {
		check := observation.PermissionCheck{Name: right.role, For: right.use,
			State: observation.PermissionGranted, Optional: true}
		switch {
		case right.path != nil:
			var ignored any
			err := c.Get(ctx, c.Admin(right.path...), url.Values{"max": {"1"}}, &ignored)
			if err != nil && !admin.IsForbidden(err) {
				return nil, admin.Outward("checking the permissions", err)
			}
			if err != nil {
				check.State, check.Action = observation.PermissionMissing, grant(right.role)
			}
		case !named:
			check.State, check.Action = observation.PermissionUnknown,
				"The token names no roles; look at the service account's roles in the admin console."
		case !slices.Contains(held, right.role) && !slices.Contains(held, "realm-admin"):
			check.State, check.Action = observation.PermissionMissing, grant(right.role)
		}
		checks = append(checks, check)
	}
	return checks, nil
}

func grant(role string) string {
	return "Give the client's service account the " + realmManagement + " role " + role + "."
}

// tokenRoles reads the roles of realm-management out of our own token, which the server gave us: nobody relies on it
// but the advice made of it. False means that the token does not say, as a lightweight one.
func tokenRoles(token string) ([]string, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, false
	}
	var claims struct {
		Access map[string]struct {
			Roles []string `json:"roles"`
		} `json:"resource_access"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Access == nil {
		return nil, false
	}
	return claims.Access[realmManagement].Roles, true
}
