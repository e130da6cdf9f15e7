package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// Collect reads the tenant: organization and domains first, because the rest is read in their light, then applications,
// groups, policies and people side by side. The first failure stops all.
func (s *source) Collect(ctx context.Context, sink sdk.Sink) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	r := &run{client: c, sink: sink, federation: map[string]bool{}}
	if err := r.tenantAndDomains(ctx); err != nil {
		return asProviderError(err)
	}
	if err := together(ctx, r.applications, r.groups, r.policies, r.securityDefaults, r.people); err != nil {
		return asProviderError(err)
	}
	return nil
}

// run is one collection.
type run struct {
	*client
	sink       sdk.Sink
	tenant     string          // id of this tenant, empty when it is not known
	federation map[string]bool // federated domains in lower case; complete before people are read
}

// together runs the parts and returns the first failure; the others are told to stop.
func together(ctx context.Context, parts ...func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range parts {
		group.Go(func() error { return part(ctx) })
	}
	return group.Wait()
}

// errGap says that a list was forbidden and that the gap is with the sink already.
var errGap = errors.New("recorded as a gap")

// errGone says that what a list belongs to is not there any more.
var errGone = errors.New("not there any more")

// read hands the elements of a list to take, page by page. A forbidden list becomes a gap and errGap, a missing one
// errGone.
func (r *run) read(ctx context.Context, l list, take func(elements []element) error) error {
	err := r.each(ctx, l, func(p page) error {
		sequence, err := r.sink.Page(ctx, p.evidence())
		if err != nil {
			return err
		}
		elements := make([]element, len(p.elements))
		for i, raw := range p.elements {
			if elements[i], err = parseElement(raw, sequence, p.path); err != nil {
				return err
			}
		}
		return take(elements)
	})
	var failed *contract.ProviderError
	if !errors.As(err, &failed) {
		return err
	}
	switch failed.Code {
	case contract.ErrorForbidden:
		cause := identity.GapForbidden
		if failed.Permission == "" {
			cause = identity.GapNotOffered
		}
		if err := r.gap(ctx, l, cause, http.StatusForbidden, failed.Message); err != nil {
			return err
		}
		return errGap
	case contract.ErrorNotFound:
		return r.missing(ctx, l, err)
	}
	return err
}

// missing tells a list that is gone with what it belongs to from one that is not found although that is there: what is
// in it is not known then. Only the object itself says that it is gone.
func (r *run) missing(ctx context.Context, l list, missing error) error {
	gone := fmt.Errorf("%w: %w", errGone, missing)
	if l.kind == identity.KindIdentityProvider {
		return gone // a domain without a configuration of its own
	}
	address, err := l.first.GetUri()
	if err != nil || l.of == "" {
		return gone
	}
	owner := address.JoinPath("..")
	owner.RawQuery = "$select=id"
	_, err = r.send(ctx, l.resource, followRequest(owner))
	var failed *contract.ProviderError
	switch {
	case err == nil:
	case !errors.As(err, &failed):
		return err
	case failed.Code == contract.ErrorNotFound:
		return gone
	}
	reason := reading.Clean(missing.Error()) + ", although what it belongs to is there"
	if err := r.gap(ctx, l, identity.GapFailed, http.StatusNotFound, reason); err != nil {
		return err
	}
	return errGap
}

func (r *run) gap(ctx context.Context, l list, cause identity.GapCause, status int, reason string) error {
	address, err := l.first.GetUri()
	if err != nil {
		return fmt.Errorf("making the request for %s: %w", l.name, err)
	}
	gap := identity.Gap{Kind: l.kind, Path: address.EscapedPath(), Status: status, Reason: reason, Cause: cause, Of: l.of}
	if cause == identity.GapForbidden {
		gap.Permission = l.permission
		gap.Reason = strings.TrimSuffix(reason, "; grant "+l.permission) // said by who shows it
	}
	return r.sink.Gap(ctx, gap)
}

// pass turns a recorded gap into nothing.
func pass(err error) error {
	if errors.Is(err, errGap) {
		return nil
	}
	return err
}

// tenantAndDomains learns whose registrations are own ones and where people sign in.
func (r *run) tenantAndDomains(ctx context.Context) error {
	if err := r.identifyTenant(ctx); err != nil {
		return err
	}
	request, err := r.domainsRequest(ctx)
	if err != nil {
		return fmt.Errorf("making the request for domains: %w", err)
	}
	var domains []element
	err = r.readItems(ctx, list{resource: domainsResource(), first: request}, func(e element) (identity.Item, error) {
		if strings.EqualFold(e.At("authenticationType").Text(), "federated") {
			domains = append(domains, e)
			r.federation[strings.ToLower(e.id())] = true
		}
		return convertDomain(e)
	})
	if err != nil {
		return pass(err)
	}
	return r.upstreams(ctx, domains)
}

func (r *run) identifyTenant(ctx context.Context) error {
	found, first, err := r.organization(ctx)
	var failed *contract.ProviderError
	if errors.As(err, &failed) && failed.Code == contract.ErrorForbidden {
		if isGUID(r.settings.tenantID) {
			r.tenant = r.settings.tenantID // the token is for this tenant, so nothing is missing
			return nil
		}
		l := organizationResource()
		return r.sink.Gap(ctx, identity.Gap{Kind: l.kind, Path: "/v1.0/organization", Status: http.StatusForbidden,
			Reason: strings.TrimSuffix(failed.Message,
				"; grant "+l.permission), Permission: l.permission, Cause: identity.GapForbidden})
	}
	if err != nil {
		return err
	}
	if _, err := r.sink.Page(ctx, first.evidence()); err != nil {
		return err
	}
	r.tenant = found.ID
	return nil
}

// upstreams reads the federation of each federated domain and sends providers and routing rules.
func (r *run) upstreams(ctx context.Context, domains []element) error {
	providers := map[string]*federated{} // by configuration id
	var order []string
	of := map[string]string{} // domain to configuration id
	for _, one := range domains {
		domain := one.id()
		configuration, err := r.upstream(ctx, domain)
		if errors.Is(err, errGone) {
			continue // a sub-domain has the configuration of the domain above it
		}
		if err := pass(err); err != nil {
			return err
		}
		if configuration == nil {
			continue
		}
		id := configuration.id()
		of[domain] = id
		if providers[id] == nil {
			providers[id] = configuration
			order = append(order, id)
		}
		providers[id].domains = append(providers[id].domains, domain)
	}
	for _, one := range domains {
		domain := one.id()
		if id := inherited(of, domain); of[domain] == "" && id != "" {
			of[domain] = id
			providers[id].domains = append(providers[id].domains, domain)
		}
	}
	for _, id := range order {
		item, err := convertFederation(*providers[id])
		if err != nil {
			return err
		}
		if err := r.sink.Items(ctx, item); err != nil {
			return err
		}
	}
	for _, one := range domains {
		item, err := convertRouting(one, of[one.id()])
		if err != nil {
			return err
		}
		if err := r.sink.Items(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

// inherited finds the configuration of the nearest domain above.
func inherited(of map[string]string, domain string) string {
	for {
		_, above, found := strings.Cut(domain, ".")
		if !found {
			return ""
		}
		if id := of[above]; id != "" {
			return id
		}
		domain = above
	}
}

func (r *run) upstream(ctx context.Context, domain string) (*federated, error) {
	request, err := r.federationRequest(ctx, domain)
	if err != nil {
		return nil, fmt.Errorf("making the request for the federation of %s: %w", domain, err)
	}
	l := list{resource: federationResource(), first: request, of: domain}
	var found *federated
	err = r.read(ctx, l, func(elements []element) error {
		for _, e := range elements {
			if found != nil {
				return e.invalid("domain %s has two federation configurations", domain)
			}
			found = &federated{element: e}
		}
		return nil
	})
	if err == nil && found == nil {
		return nil, r.gap(ctx, l, identity.GapFailed, http.StatusOK,
			"the domain "+domain+" is federated and has no federation configuration")
	}
	return found, err
}

// policies reads conditional access from its exact bytes, one request a second, which is what the service allows.
func (r *run) policies(ctx context.Context) error {
	request, err := r.policiesRequest(ctx)
	if err != nil {
		return fmt.Errorf("making the request for conditional access policies: %w", err)
	}
	l := list{resource: policiesResource(), first: request, pause: time.Second}
	if !r.settings.conditionalAccess {
		return r.gap(ctx, l, identity.GapFailed, 0, "read_conditional_access is false, so no policy was read")
	}
	return pass(r.readItems(ctx, l, convertPolicy))
}

// securityDefaults reads what asks for a second factor in a tenant that has no policies.
func (r *run) securityDefaults(ctx context.Context) error {
	address, err := url.Parse(r.base + "/policies/identitySecurityDefaultsEnforcementPolicy")
	if err != nil {
		return fmt.Errorf("making the request for the security defaults: %w", err)
	}
	l := list{resource: securityDefaultsResource(), first: followRequest(address)}
	body, err := r.send(ctx, l.resource, l.first)
	var failed *contract.ProviderError
	switch {
	case err == nil:
	case !errors.As(err, &failed):
		return err
	case failed.Code == contract.ErrorForbidden:
		return r.gap(ctx, l, identity.GapForbidden, http.StatusForbidden, failed.Message)
	case failed.Code == contract.ErrorNotFound:
		return r.gap(ctx, l, identity.GapNotOffered, http.StatusNotFound, failed.Message)
	default:
		return err
	}
	page, err := onePage(address, body)
	if err != nil {
		return err
	}
	sequence, err := r.sink.Page(ctx, page.evidence())
	if err != nil {
		return err
	}
	e, err := parseElement(page.body, sequence, page.path)
	if err != nil {
		return err
	}
	item, err := convertDefaults(e)
	if err != nil {
		return err
	}
	return r.sink.Items(ctx, item)
}

// people streams users; a page is all that is held.
func (r *run) people(ctx context.Context) error {
	l := usersResource()
	request, err := r.usersRequest(ctx, l)
	if err != nil {
		return fmt.Errorf("making the request for users: %w", err)
	}
	return pass(r.readItems(ctx, list{resource: l, first: request}, func(e element) (identity.Item, error) {
		return convertUser(e, r.federation)
	}))
}

// readItems sends the elements of a list as items, page by page.
func (r *run) readItems(ctx context.Context, l list, convert func(element) (identity.Item, error)) error {
	return r.read(ctx, l, func(elements []element) error {
		items := make([]identity.Item, 0, len(elements))
		for _, e := range elements {
			item, err := convert(e)
			if err != nil {
				return err
			}
			items = append(items, item)
		}
		if len(items) == 0 {
			return nil
		}
		return r.sink.Items(ctx, items...)
	})
}
