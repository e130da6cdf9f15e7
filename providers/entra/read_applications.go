package entra

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// applications reads registrations and instances, joins them, and asks for assignments and federated credentials where
// they decide something.
func (r *run) applications(ctx context.Context) error {
	registrations, registrationsRead, err := r.registrations(ctx)
	if err != nil {
		return err
	}
	byAppID := map[string]*registration{}
	for _, one := range registrations {
		byAppID[strings.ToLower(one.At("appId").Text())] = one
	}
	instancesRead, err := r.instances(ctx, byAppID, registrationsRead)
	if err != nil {
		return err
	}
	for _, one := range registrations {
		one.instancesUnknown = one.instance == nil && (!instancesRead || r.tenant == "")
	}
	err = r.forEach(ctx, len(registrations), func(ctx context.Context,
		i int) error {
		return r.details(ctx, registrations[i])
	})
	if err != nil {
		return err
	}
	now := time.Now()
	for _, one := range registrations {
		item, err := convertApplication(*one, now)
		if err != nil {
			return err
		}
		if err := r.sink.Items(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

// registrations lists the applications; read is false when they are a gap.
func (r *run) registrations(ctx context.Context) (found []*registration, read bool, err error) {
	l := applicationsResource()
	request, err := r.applicationsRequest(ctx, l)
	if err != nil {
		return nil, false, fmt.Errorf("making the request for applications: %w", err)
	}
	err = r.read(ctx, list{resource: l, first: request}, func(elements []element) error {
		for _, e := range elements {
			found = append(found, &registration{element: e})
		}
		return nil
	})
	return found, err == nil, pass(err)
}

// instances streams the service principals and ties those of this tenant to their registrations.
func (r *run) instances(ctx context.Context, byAppID map[string]*registration, registrationsRead bool) (read bool,
	err error) {
	l := servicePrincipalsResource()
	request, err := r.servicePrincipalsRequest(ctx, l)
	if err != nil {
		return false, fmt.Errorf("making the request for service principals: %w", err)
	}
	err = r.readItems(ctx, list{resource: l, first: request}, func(e element) (identity.Item, error) {
		joined, appID, owner := "", e.At("appId").Text(), e.At("appOwnerOrganizationId").Text()
		if own := byAppID[strings.ToLower(appID)]; own != nil && r.tenant != "" && strings.EqualFold(owner, r.tenant) {
			if own.instance != nil {
				return identity.Item{}, e.invalid("application %s has two service principals", appID)
			}
			own.instance, joined = &e, own.id()
		}
		item, err := convertPrincipal(e, r.tenant, joined)
		if joined == "" && !registrationsRead {
			item.Gaps = append(item.Gaps, "joined_application")
		}
		return item, err
	})
	return err == nil, pass(err)
}

// details asks what the lists do not tell about one application.
func (r *run) details(ctx context.Context, one *registration) error {
	if needsFederatedCredentials(one.Node) {
		if err := r.federatedCredentials(ctx, one); err != nil {
			return err
		}
	}
	if one.instance == nil || !needsAssignments(one) {
		return nil
	}
	return r.assignments(ctx, one)
}

// needsFederatedCredentials is true for every registration that may sign in as itself: such a credential stands beside
// secrets and certificates as well as in their place. Single-page and native clients have none.
func needsFederatedCredentials(registration reading.Node) bool {
	public := hasRedirects(registration, "spa", "publicClient") && !hasRedirects(registration, "web")
	return !public || registration.At("passwordCredentials").IsSet() || len(verifyKeys(registration)) > 0
}

// needsAssignments leaves out instances nobody signs in to, so that requests stay near the number of pages.
func needsAssignments(one *registration) bool {
	required := one.instance.At("appRoleAssignmentRequired")
	return required.IsNull() || required.IsSet() || hasRedirects(one.Node, "web", "spa", "publicClient") ||
		one.instance.At("replyUrls").IsSet() || one.instance.At("preferredSingleSignOnMode").Is("saml")
}

func (r *run) federatedCredentials(ctx context.Context, one *registration) error {
	request, err := r.federatedCredentialsRequest(ctx, one.id())
	if err != nil {
		return fmt.Errorf("making the request for federated credentials: %w", err)
	}
	err = r.read(ctx, list{resource: federatedCredentialsResource(), first: request, of: one.id()},
		func(elements []element) error {
			one.federated = append(one.federated, elements...)
			return nil
		})
	switch {
	case errors.Is(err, errGap):
		one.gaps = append(one.gaps, gapFederatedCredentials)
		return nil
	case errors.Is(err, errGone):
		one.deleted = true
		return nil
	}
	return err
}

func (r *run) assignments(ctx context.Context, one *registration) error {
	l := assignmentsResource()
	request, err := r.assignmentsRequest(ctx, one.instance.id(), l)
	if err != nil {
		return fmt.Errorf("making the request for assignments: %w", err)
	}
	people, groups := map[string]bool{}, map[string]bool{}
	roles := one.At("appRoles").List()
	err = r.readItems(ctx, list{resource: l, first: request, of: one.id()}, func(e element) (identity.Item, error) {
		switch principal := e.At("principalId").Text(); e.At("principalType").Text() {
		case "User":
			people[principal] = true
		case "Group":
			groups[principal] = true
		}
		return convertAssignment(e, one.id(), roles)
	})
	one.users, one.groups = len(people), len(groups)
	switch {
	case errors.Is(err, errGap):
		one.gaps = append(one.gaps, "assignments")
		return nil
	case errors.Is(err, errGone):
		one.deleted = true
		return nil
	}
	return err
}
