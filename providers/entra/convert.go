package entra

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// Roles of references between items.
const (
	roleApplication = "application"
	rolePrincipal   = "principal"
	roleProvider    = "provider"
	roleGroup       = "group"
	roleMember      = "member"
)

// original is where an item comes from.
type original struct {
	raw  json.RawMessage // redacted
	page int
}

// itemOf finishes an item. Raw is compacted, so that the same object gives the same bytes however a server indents.
func itemOf(kind identity.Kind, id, name string, attributes any, from original) (identity.Item, error) {
	item, err := identity.NewItem(kind, id, name, attributes)
	if err != nil {
		return identity.Item{}, err
	}
	item.Page = from.page
	if len(from.raw) > 0 {
		var compact bytes.Buffer
		if err := json.Compact(&compact, from.raw); err != nil {
			return identity.Item{}, fmt.Errorf("keeping the body of %s %s: %w", kind, id, err)
		}
		item.Raw = compact.Bytes()
	}
	return item, nil
}

// decode reads one element. A wrong type of one field fails it: guessing would turn unknown into none.
func decode[T any](raw json.RawMessage) (T, error) {
	var body T
	err := json.Unmarshal(raw, &body)
	return body, err
}

// statusOf is active only when the source says so.
func statusOf(enabled *bool) string {
	if enabled != nil && *enabled {
		return identity.StatusActive
	}
	return identity.StatusInactive
}

// sorted copies, sorts and drops doubles: the order of lists changes between two answers for the same object.
func sorted(lists ...[]string) []string {
	var all []string
	for _, list := range lists {
		for _, text := range list {
			if text != "" {
				all = append(all, text)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// vendorTenant tells whether a tenant is one of Microsoft's own, which own the applications that come with every
// tenant.
func vendorTenant(id string) bool {
	switch strings.ToLower(id) {
	case "f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47":
		return true
	}
	return false
}

func convertDomain(raw json.RawMessage, page int) (identity.Item, error) {
	body, err := decode[domainBody](raw)
	if err != nil {
		return identity.Item{}, err
	}
	unread, err := unreadOf[domainBody](raw, "")
	if err != nil {
		return identity.Item{}, err
	}
	return itemOf(identity.KindDomain, body.ID, body.ID, kinds.Domain{
		Name: body.ID, Verified: body.IsVerified, Initial: body.IsInitial, Default: body.IsDefault, Purpose: "email",
		Federation: strings.ToLower(body.AuthenticationType), Unknown: unread,
	}, original{raw, page})
}

// federated is the configuration of one upstream with the domains that lead to it.
type federated struct {
	body    federationBody
	from    original
	domains []string
}

// federationAudience is Entra's own entity id at every upstream of a federated domain.
const federationAudience = "urn:federation:MicrosoftOnline"

func convertFederation(f federated) (identity.Item, error) {
	body := f.body
	out := kinds.IdentityProvider{
		Name: body.DisplayName, Status: identity.StatusActive, Type: body.Protocol, EntityID: body.IssuerURI,
		SSOURL: body.PassiveSignInURI, SSOBinding: "redirect", SLOURL: body.SignOutURI, Audience: federationAudience,
		SigningCertificates: certificates(body.SigningCertificate, body.NextSigningCertificate), SignRequests: body.SignedRequests,
		Domains: sorted(f.domains), FederatedMFA: body.MFABehavior,
	}
	switch strings.ToLower(body.Protocol) {
	case "saml":
		out.Protocol = "saml"
	case "wsfed":
		out.Protocol = "wsfed"
	default:
		out.Protocol = "other"
		out.Unknown = append(out.Unknown, "preferredAuthenticationProtocol")
	}
	if out.Name == "" {
		out.Name = body.IssuerURI
	}
	unread, err := unreadOf[federationBody](f.from.raw, "")
	if err != nil {
		return identity.Item{}, err
	}
	out.Unknown = append(out.Unknown, unread...)
	return itemOf(identity.KindIdentityProvider, body.ID, out.Name, out, f.from)
}

// certificates drops doubles and keeps the order: the one in use first.
func certificates(list ...string) []string {
	var out []string
	for _, certificate := range list {
		clean := strings.Join(strings.Fields(certificate), "")
		if clean != "" && !slices.Contains(out, clean) {
			out = append(out, clean)
		}
	}
	return out
}

// convertRouting makes the rule that Entra applies without having an object for it: people of a federated domain go
// upstream.
func convertRouting(domain, provider string, from original) (identity.Item, error) {
	item, err := itemOf(identity.KindRoutingRule, "domain:"+domain, domain, kinds.RoutingRule{
		Name: domain, Status: identity.StatusActive, Domains: []string{domain}, Simple: true, Providers: 1,
	}, from)
	if err != nil {
		return identity.Item{}, err
	}
	if provider == "" {
		item.Gaps = []string{"provider"}
		return item, nil
	}
	item.References = []identity.Reference{{Role: roleProvider, Kind: identity.KindIdentityProvider, ID: provider}}
	return item, nil
}
