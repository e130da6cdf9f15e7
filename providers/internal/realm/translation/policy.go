package translation

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func translateAuthPolicy(item identity.Item) (contract.Translation, error) {
	var p kinds.AuthPolicy
	if err := item.Decode(&p); err != nil {
		return contract.Translation{}, err
	}
	if p.Status != identity.StatusActive {
		return invisible("not in force at the source"), nil
	}
	if p.OwnOnly {
		return invisible("it protects nothing but the incumbent's own products, which stay there, or nobody"), nil
	}
	if p.Type == "group_rule" {
		return groupRule(p), nil
	}
	stricter := p.Restricts || !p.Known
	action := "Rebuild it whole by hand before cut-over, or say with a skip block that it is not needed."
	if stricter {
		action = "Rebuild it whole by hand before cut-over, and name its flow in a rebuilt block: what it protects stays " +
			"closed until the target reads that flow back."
	}
	if len(p.Summary) > 0 {
		action += " Its rules: " + strings.Join(p.Summary, "; ") + "."
	}
	finding := rebuild("rules", "a policy moves whole or not at all, and leaving out one rule changes what the next "+
		"one catches", action)
	if stricter {
		finding.Direction = fidelity.DirectionLooser
		finding.Audience, finding.Severity, finding.ImpactCode = fidelity.AudienceSecurity, fidelity.SeverityHigh,
			"policy_not_carried"
	}
	return only("", append([]fidelity.Finding{finding}, factorFindings(p)...)...), nil
}

// groupRule is a rule that puts people into groups: its groups stay, nobody joins or leaves them by it.
func groupRule(p kinds.AuthPolicy) contract.Translation {
	action := "Maintain the members of its groups by hand, or feed them from another place."
	if len(p.Summary) > 0 {
		action += " The rule: " + strings.Join(p.Summary, "; ") + "."
	}
	f := rebuild("rules", "a realm has no rules that put people into groups: joiners get nothing by it, and leavers "+
		"keep what they have", action)
	f.Direction = fidelity.DirectionLooser
	return only("", withImpact(f, fidelity.AudienceAdministrators, fidelity.SeverityHigh, "group_rule_lost"))
}

// factorFindings tell people to enrol anew where the policy says that they have second factors at the source.
func factorFindings(p kinds.AuthPolicy) []fidelity.Finding {
	_, controls, _ := strings.Cut(strings.Join(p.Summary, "; "), " then ")
	asks := (p.Type == "conditional_access" || p.Type == "security_defaults") && (strings.Contains(controls, "mfa") || strings.Contains(controls,
		"authentication strength"))
	if p.Type != "MFA_ENROLL" && !asks {
		return nil
	}
	f := fidelity.Finding{Type: fidelity.Lost, Field: "factors", Direction: fidelity.DirectionSame,
		Summary: "second factors cannot be read from the source: people enrol new ones"}
	return []fidelity.Finding{
		withImpact(f, fidelity.AudienceEndUsers, fidelity.SeverityHigh, "factors_enrolled_anew"),
		withImpact(f, fidelity.AudienceHelpDesk, fidelity.SeverityMedium, "factors_enrolled_anew"),
	}
}

func translateSessionPolicy(item identity.Item) (contract.Translation, error) {
	var p kinds.SessionPolicy
	if err := item.Decode(&p); err != nil {
		return contract.Translation{}, err
	}
	if p.Status != identity.StatusActive {
		return invisible("not in force at the source"), nil
	}
	action := "Set idle time and longest life of the realm's sessions to the smallest of all rules; 0 at the source " +
		"means no limit, 0 in Keycloak its default."
	if len(p.Summary) > 0 {
		action += " Its rules: " + strings.Join(p.Summary, "; ") + "."
	}
	f := rebuild("rules", "sessions are limited for the realm as a whole; at the source "+sessionLength(p), action)
	return only("", withImpact(f, fidelity.AudienceEndUsers, fidelity.SeverityMedium, "session_length_changes")), nil
}

func sessionLength(p kinds.SessionPolicy) string {
	idle, life := "no idle limit is stated", "there is no longest life"
	if p.IdleMinutes > 0 {
		idle = fmt.Sprintf("a session ends after %d idle minutes", p.IdleMinutes)
	}
	if p.LifetimeMinutes > 0 {
		life = fmt.Sprintf("it lives %d minutes at most", p.LifetimeMinutes)
	}
	return idle + " and " + life
}

func translateRole(item identity.Item) (contract.Translation, error) {
	var r kinds.Role
	if err := item.Decode(&r); err != nil {
		return contract.Translation{}, err
	}
	return only("", rebuild("permissions", "rights of administrators are never rounded",
		"Choose roles of realm-management, or fine-grained permissions, that give no more than "+r.Name+" did.")), nil
}

func translateRoleAssignment(item identity.Item) (contract.Translation, error) {
	var r kinds.RoleAssignment
	if err := item.Decode(&r); err != nil {
		return contract.Translation{}, err
	}
	return only("", rebuild("role", "rights of administrators are never rounded", "Give the rebuilt role by hand.")), nil
}

func translateDomain(item identity.Item) (contract.Translation, error) {
	var d kinds.Domain
	if err := item.Decode(&d); err != nil {
		return contract.Translation{}, err
	}
	switch {
	case d.Initial:
		return invisible("the vendor's own domain stays there"), nil
	case !d.Verified && d.Purpose != "login":
		return invisible("its ownership was never proved"), nil
	case d.Purpose == "login":
		f := rebuild("name", "the host name of the sign-in page belongs to the server, not to the realm",
			"Point the name at the new server, with a certificate, or announce the new address.")
		return only("", withImpact(f, fidelity.AudienceEndUsers, fidelity.SeverityMedium, "sign_in_address_changes")), nil
	case d.Federation == "federated":
		return invisible("carried by the identity provider and the routing rule that name it"), nil
	}
	return invisible("people of this domain sign in with a password, for which nothing is needed"), nil
}

func translateRoutingRule(item identity.Item) (contract.Translation, error) {
	var r kinds.RoutingRule
	if err := item.Decode(&r); err != nil {
		return contract.Translation{}, err
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
		return only("", notByDomain(r)), nil
	case !named:
		return only("", missing("provider", "the rule names no provider",
			"Read the provider at the source, then collect again.")), nil
	case len(r.Domains) == 0:
		return only("", missing("domains", "the rule names no domain", "State the domains in a map block.")), nil
	}
	return organizationOf(r, provider), nil
}

// notByDomain says what of a rule an organization cannot do: it sends the people of a domain to one provider.
func notByDomain(r kinds.RoutingRule) fidelity.Finding {
	action := "Rebuild it with a flow of your own; leaving the condition out would route everybody."
	switch {
	case r.Providers > 1:
		return rebuild("providers", fmt.Sprintf("people choose among %d providers, and an organization sends all people of a "+
			"domain to one", r.Providers), "Show these providers on the sign-in page, or decide which domains go to which of them.")
	case len(r.Conditions) > 0:
		return rebuild("conditions", "an organization looks at the e-mail domain only, and the rule at more: "+
			strings.Join(r.Conditions, "; "), action)
	case len(r.Domains) == 0:
		return rebuild("conditions", "the rule has no condition and sends everybody to its provider, and an organization "+
			"sends the people of its domains only", "Make the provider the default one of the sign-in page.")
	}
	return rebuild("conditions", "an organization looks at whole e-mail domains only, and the rule at other parts of names",
		action)
}

func localRule(r kinds.RoutingRule) contract.Translation {
	if len(r.Conditions) > 0 {
		return only("", rebuild("conditions", "a rule that keeps some people on the password page has no counterpart",
			"Leave their domain out of the organization."))
	}
	return invisible("the password page needs no rule")
}

func organizationOf(r kinds.RoutingRule, provider identity.Reference) contract.Translation {
	t := contract.Translation{Contract: "organization"}
	domains := []string{}
	for _, d := range r.Domains {
		domain := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(d), "@"))
		if !isDomain(domain) {
			t.Findings = append(t.Findings, invalid("domains", clip(d)+" is no e-mail domain",
				"Correct it at the source or in a map block."))
			return t
		}
		if strings.HasPrefix(domain, "*.") {
			t.Findings = append(t.Findings, impact("domains", "a domain with sub-domains takes in the domain itself too",
				fidelity.DirectionSame, fidelity.AudienceEndUsers, fidelity.SeverityLow, "apex_included"))
		}
		domains = append(domains, domain)
	}
	if len(r.Earlier) > 0 {
		t.Findings = append(t.Findings, fidelity.Finding{Type: fidelity.Rebuild, Field: "priority",
			Summary: "an earlier rule may take people of its domains first, and a domain has one owner: " +
				strings.Join(r.Earlier, ", "),
			Action: "Decide which provider a domain belongs to, and state the domains that are left to this rule in a map " +
				"block."})
		return t
	}
	// Alias and name follow the provider, so that all rules of one provider make one organization with all their domains.
	alias := organizationAlias(provider.ID)
	t.Resources = []identity.Resource{{Type: realm.TypeOrganization, Key: alias, Attributes: identity.Attributes{
		"alias": alias, "name": alias, "domains": object.Sorted(domains), "redirect": true,
		"identity_provider": identity.Refer(identity.KindIdentityProvider, provider.ID, realm.TypeProvider),
	}}}
	t.Findings = append(t.Findings, impact("domains", "people who have a password in the realm are not sent to the "+
		"provider", fidelity.DirectionSame, fidelity.AudienceEndUsers, fidelity.SeverityLow, "password_wins"))
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
