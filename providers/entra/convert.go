package entra

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/entra/internal/leftover"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// Roles of references between items.
const (
	roleApplication = "application"
	rolePrincipal   = "principal"
	roleProvider    = "provider"
	roleGroup       = "group"
	roleMember      = "member"
)

// compacted gives the same bytes for the same object however a server indents.
func compacted(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var compact bytes.Buffer
	err := json.Compact(&compact, raw)
	return compact.Bytes(), err
}

// statusOf is active only when the source says so.
func statusOf(enabled reading.Node) string {
	if enabled.Flag() {
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

func convertDomain(e element) (identity.Item, error) {
	name := e.id()
	out := kinds.Domain{
		Name: name, Verified: e.At("isVerified").Flag(), Initial: e.At("isInitial").Flag(), Default: e.At("isDefault").Flag(),
		Purpose: "email", Federation: strings.ToLower(e.At("authenticationType").Text()),
	}
	out.Unknown = leftover.Paths(e.Node, "")
	return e.item(identity.KindDomain, name, out)
}

// federated is the configuration of one upstream with the domains that lead to it.
type federated struct {
	element
	domains []string
}

// federationAudience is Entra's own entity id at every upstream of a federated domain.
const federationAudience = "urn:federation:MicrosoftOnline"

func convertFederation(f federated) (identity.Item, error) {
	out := kinds.IdentityProvider{
		Name: f.At("displayName").Text(), Status: identity.StatusActive, Type: f.At("preferredAuthenticationProtocol").Text(),
		EntityID: f.At("issuerUri").Text(), SSOURL: f.At("passiveSignInUri").Text(), SSOBinding: "redirect",
		SLOURL: f.At("signOutUri").Text(), Audience: federationAudience,
		SigningCertificates: certificates(f.At("signingCertificate").Text(), f.At("nextSigningCertificate").Text()),
		SignRequests:        f.At("isSignedAuthenticationRequestRequired").Flag(),
		Domains:             sorted(f.domains), FederatedMFA: f.At("federatedIdpMfaBehavior").Text(),
	}
	switch strings.ToLower(out.Type) {
	case "saml":
		out.Protocol = "saml"
	case "wsfed":
		out.Protocol = "wsfed"
	default:
		out.Protocol = "other"
		out.Unknown = append(out.Unknown, "preferredAuthenticationProtocol")
	}
	if out.Name == "" {
		out.Name = out.EntityID
	}
	// One federation service has several configurations of one name, and each an issuer of its own.
	_, out.Alias, _ = strings.Cut(out.EntityID, "://")
	f.id()
	out.Unknown = append(out.Unknown, leftover.Paths(f.Node, "")...)
	return f.item(identity.KindIdentityProvider, out.Name, out)
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
func convertRouting(domain element, provider string) (identity.Item, error) {
	name, status := domain.id(), identity.StatusActive
	if verified := domain.At("isVerified"); !verified.IsNull() && !verified.Flag() {
		status = identity.StatusInactive // nobody is sent anywhere before its ownership is proved
	}
	item, err := domain.itemAs(identity.KindRoutingRule, "domain:"+name, name, kinds.RoutingRule{
		Name: name, Status: status, Domains: []string{name}, Simple: true, Providers: 1,
	})
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
