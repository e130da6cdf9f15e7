package entra

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
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
		byAppID[strings.ToLower(one.body.AppID)] = one
	}
	instancesRead, err := r.instances(ctx, byAppID, registrationsRead)
	if err != nil {
		return err
	}
	for _, one := range registrations {
		one.principalsUnknown = one.principal == nil && (!instancesRead || r.tenant == "")
	}
	err = r.forEach(ctx, len(registrations), func(ctx context.Context, i int) error { return r.details(ctx, registrations[i]) })
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
	err = r.read(ctx, list{resource: l, first: request}, func(p page, sequence int) error {
		for _, element := range p.elements {
			body, err := decode[applicationBody](element)
			if err != nil {
				return invalidElement(p, err)
			}
			found = append(found, &registration{body: body, from: original{element, sequence}})
		}
		return nil
	})
	return found, err == nil, pass(err)
}

// instances streams the service principals and ties those of this tenant to their registrations.
func (r *run) instances(ctx context.Context, byAppID map[string]*registration, registrationsRead bool) (read bool, err error) {
	l := servicePrincipalsResource()
	request, err := r.servicePrincipalsRequest(ctx, l)
	if err != nil {
		return false, fmt.Errorf("making the request for service principals: %w", err)
	}
	err = r.read(ctx, list{resource: l, first: request}, func(p page, sequence int) error {
		items := make([]identity.Item, 0, len(p.elements))
		for _, element := range p.elements {
			body, err := decode[servicePrincipalBody](element)
			if err != nil {
				return invalidElement(p, err)
			}
			instance := principal{body: body, from: original{element, sequence}}
			joined := ""
			if own := byAppID[strings.ToLower(body.AppID)]; own != nil && r.tenant != "" && strings.EqualFold(body.OwnerTenant, r.tenant) {
				if own.principal != nil {
					return invalidElement(p, fmt.Errorf("application %s has two service principals", body.AppID))
				}
				own.principal, joined = &instance, own.body.ID
			}
			item, err := convertPrincipal(instance, r.tenant, joined)
			if err != nil {
				return err
			}
			if joined == "" && !registrationsRead {
				item.Gaps = append(item.Gaps, "joined_application")
			}
			items = append(items, item)
		}
		if len(items) == 0 {
			return nil
		}
		return r.sink.Items(ctx, items...)
	})
	return err == nil, pass(err)
}

// details asks what the lists do not tell about one application.
func (r *run) details(ctx context.Context, one *registration) error {
	if needsFederatedCredentials(one.body) {
		if err := r.federatedCredentials(ctx, one); err != nil {
			return err
		}
	}
	if one.principal == nil || !needsAssignments(one) {
		return nil
	}
	return r.assignments(ctx, one)
}

// needsFederatedCredentials is true for every registration that may sign in as itself: such a credential stands beside
// secrets and certificates as well as in their place. Single-page and native clients have none.
func needsFederatedCredentials(body applicationBody) bool {
	public := len(body.SPA.RedirectURIs)+len(body.PublicClient.RedirectURIs) > 0 && len(body.Web.RedirectURIs) == 0
	return !public || len(body.PasswordCredentials)+len(verifyKeys(body.KeyCredentials)) > 0
}

// needsAssignments leaves out instances nobody signs in to, so that requests stay near the number of pages.
func needsAssignments(one *registration) bool {
	instance := one.principal.body
	required := instance.AssignmentRequired == nil || *instance.AssignmentRequired
	redirects := len(one.body.Web.RedirectURIs) + len(one.body.SPA.RedirectURIs) + len(one.body.PublicClient.RedirectURIs) +
		len(instance.ReplyURLs)
	return required || redirects > 0 || instance.Mode == "saml"
}

func (r *run) federatedCredentials(ctx context.Context, one *registration) error {
	request, err := r.federatedCredentialsRequest(ctx, one.body.ID)
	if err != nil {
		return fmt.Errorf("making the request for federated credentials: %w", err)
	}
	err = r.read(ctx, list{resource: federatedCredentialsResource(), first: request}, func(p page, _ int) error {
		for _, element := range p.elements {
			credential, err := decode[federatedCredential](element)
			if err != nil {
				return invalidElement(p, err)
			}
			one.federated = append(one.federated, credential)
		}
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
	request, err := r.assignmentsRequest(ctx, one.principal.body.ID, l)
	if err != nil {
		return fmt.Errorf("making the request for assignments: %w", err)
	}
	people, groups := map[string]bool{}, map[string]bool{}
	err = r.read(ctx, list{resource: l, first: request}, func(p page, sequence int) error {
		items := make([]identity.Item, 0, len(p.elements))
		for _, element := range p.elements {
			body, err := decode[assignmentBody](element)
			if err != nil {
				return invalidElement(p, err)
			}
			item, err := convertAssignment(body, one.body.ID, one.body.AppRoles, original{element, sequence})
			if err != nil {
				return err
			}
			switch body.PrincipalType {
			case "User":
				people[body.PrincipalID] = true
			case "Group":
				groups[body.PrincipalID] = true
			}
			items = append(items, item)
		}
		if len(items) == 0 {
			return nil
		}
		return r.sink.Items(ctx, items...)
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
