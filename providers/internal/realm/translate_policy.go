package realm

import (
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

func translateAuthPolicy(item identity.Item) (identity.Translation, error) {
	var p identity.AuthPolicy
	if err := item.Decode(&p); err != nil {
		return identity.Translation{}, err
	}
	if p.Status != identity.StatusActive {
		return invisible("not in force at the source"), nil
	}
	action := "Rebuild it whole by hand before cut-over, or state in a map block that it is not needed."
	if len(p.Summary) > 0 {
		action += " Its rules: " + strings.Join(p.Summary, "; ") + "."
	}
	finding := rebuild("rules", "a policy moves whole or not at all, and leaving out one rule changes what the next one catches", action)
	if p.Restricts || !p.Known {
		finding.Direction = identity.DirectionLooser
		finding.Audience, finding.Severity, finding.ImpactCode = identity.AudienceSecurity, identity.SeverityHigh, "policy_not_carried"
	}
	return only("", finding), nil
}

func translateSessionPolicy(item identity.Item) (identity.Translation, error) {
	var p identity.SessionPolicy
	if err := item.Decode(&p); err != nil {
		return identity.Translation{}, err
	}
	if p.Status != identity.StatusActive {
		return invisible("not in force at the source"), nil
	}
	action := "Set idle time and longest life of the realm's sessions to the smallest of all rules; 0 at the source means no limit, 0 in Keycloak its default."
	if len(p.Summary) > 0 {
		action += " Its rules: " + strings.Join(p.Summary, "; ") + "."
	}
	return only("", rebuild("rules", "sessions are limited for the realm as a whole", action)), nil
}

func translateRole(item identity.Item) (identity.Translation, error) {
	var r identity.Role
	if err := item.Decode(&r); err != nil {
		return identity.Translation{}, err
	}
	return only("", rebuild("permissions", "rights of administrators are never rounded",
		"Choose roles of realm-management, or fine-grained permissions, that give no more than "+r.Name+" did.")), nil
}

func translateRoleAssignment(item identity.Item) (identity.Translation, error) {
	var r identity.RoleAssignment
	if err := item.Decode(&r); err != nil {
		return identity.Translation{}, err
	}
	return only("", rebuild("role", "rights of administrators are never rounded", "Give the rebuilt role by hand.")), nil
}

func translateDomain(item identity.Item) (identity.Translation, error) {
	var d identity.Domain
	if err := item.Decode(&d); err != nil {
		return identity.Translation{}, err
	}
	switch {
	case d.Initial:
		return invisible("the vendor's own domain stays there"), nil
	case !d.Verified && d.Purpose != "login":
		return invisible("its ownership was never proved"), nil
	case d.Purpose == "login":
		return only("", rebuild("name", "the host name of the sign-in page belongs to the server, not to the realm",
			"Point the name at the new server, with a certificate, or announce the new address.")), nil
	case d.Federation == "federated":
		return invisible("carried by the identity provider and the routing rule that name it"), nil
	}
	return invisible("people of this domain sign in with a password, for which nothing is needed"), nil
}

func translateRoutingRule(item identity.Item) (identity.Translation, error) {
	var r identity.RoutingRule
	if err := item.Decode(&r); err != nil {
		return identity.Translation{}, err
	}
	provider, named := firstOfKind(item.References, identity.KindIdentityProvider)
	switch {
	case r.Status != identity.StatusActive:
		return invisible("inactive at the source"), nil
	case r.System && (r.ProviderType == "local" || !named):
		return invisible("people of no other rule get the password page, as before"), nil
	case r.ProviderType == "local":
		return localRule(r), nil
	case !r.Simple || r.Providers > 1 || len(r.Conditions) > 0:
		return only("", rebuild("conditions", "an organization looks at the e-mail domain only: "+strings.Join(r.Conditions, "; "),
			"Rebuild it with a flow of your own; leaving the condition out would route everybody.")), nil
	case !named:
		return only("", missing("provider", "the rule names no provider", "Read the rule with its provider, then discover again.")), nil
	case len(r.Domains) == 0:
		return only("", missing("domains", "the rule names no domain", "State the domains in a map block.")), nil
	}
	return organizationOf(r, provider), nil
}

func localRule(r identity.RoutingRule) identity.Translation {
	if len(r.Conditions) > 0 {
		return only("", rebuild("conditions", "a rule that keeps some people on the password page has no counterpart",
			"Leave their domain out of the organization."))
	}
	return invisible("the password page needs no rule")
}

func organizationOf(r identity.RoutingRule, provider identity.Reference) identity.Translation {
	t := identity.Translation{Contract: "organization"}
	domains := []string{}
	for _, d := range r.Domains {
		domain := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(d), "@"))
		if !isDomain(domain) {
			t.Findings = append(t.Findings, invalid("domains", "a domain of the rule is none", "Correct it at the source or in a map block."))
			return t
		}
		if strings.HasPrefix(domain, "*.") {
			t.Findings = append(t.Findings, impact("domains", "a domain with sub-domains takes in the domain itself too",
				identity.DirectionSame, identity.AudienceEndUsers, identity.SeverityLow, "apex_included"))
		}
		domains = append(domains, domain)
	}
	if len(r.Earlier) > 0 {
		t.Findings = append(t.Findings, identity.Finding{Type: identity.FindingRebuild, Field: "priority",
			Summary: "an earlier rule takes one of its domains, and a domain has one owner: " + strings.Join(r.Earlier, ", "),
			Action:  "Decide which provider a domain belongs to, and state it in a map block."})
		return t
	}
	// Alias and name follow the provider, so that all rules of one provider make one organization with all their domains.
	alias := organizationAlias(provider.ID)
	t.Resources = []identity.Resource{{Type: TypeOrganization, Key: alias, Attributes: identity.Attributes{
		"alias": alias, "name": alias, "domains": sortedList(domains), "redirect": true,
		"identity_provider": identity.Refer(identity.KindIdentityProvider, provider.ID, TypeProvider),
	}}}
	t.Findings = append(t.Findings, impact("domains", "people who have a password in the realm are not sent to the provider",
		identity.DirectionSame, identity.AudienceEndUsers, identity.SeverityLow, "password_wins"))
	return t
}

func firstOfKind(references []identity.Reference, kind identity.Kind) (identity.Reference, bool) {
	for _, r := range references {
		if r.Kind == kind {
			return r, true
		}
	}
	return identity.Reference{}, false
}
