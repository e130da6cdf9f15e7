package translation

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func translateProvider(item identity.Item, now time.Time) (contract.Translation, error) {
	var p kinds.IdentityProvider
	if err := item.Decode(&p); err != nil {
		return contract.Translation{}, err
	}
	if p.Status != identity.StatusActive {
		return invisible("inactive at the source: nobody signs in with it"), nil
	}
	if p.Name == "" {
		p.Name = item.Name
	}
	a := identity.Attributes{
		"alias": providerAlias(p), "display_name": p.Name, "enabled": true, "hide_on_login": true, "trust_email": false,
		"post_broker_flow": gating.TopFlow(gating.PlaceBroker),
	}
	t := contract.Translation{Contract: "identity provider"}
	if t.Findings = realm.TooLong(realm.TypeProvider, "display_name", "name", p.Name); len(t.Findings) > 0 {
		return t, nil
	}
	switch p.Protocol {
	case "saml":
		t.Findings = samlProvider(p, a, now)
	case "oidc":
		t.Findings = oidcProvider(item, p, a)
	case "social":
		t.Findings = socialProvider(item, p, a)
	case "wsfed":
		t.Findings = []fidelity.Finding{rebuild("protocol", "Keycloak does not speak WS-Federation",
			"Make a SAML 2.0 trust at the upstream; it usually speaks both, with another entity id.")}
	default:
		t.Findings = []fidelity.Finding{rebuild("protocol", "no provider of this type in stock Keycloak: "+p.Type,
			"Connect it by SAML 2.0 or OIDC if it speaks one of them, by hand, or say with a skip block that it is not needed.")}
	}
	other := stops(t.Findings)
	t.Findings = append(t.Findings, trustFindings(p)...)
	if other {
		return t, nil
	}
	t.Findings = append(t.Findings, accountFindings(p, a)...)
	t.Findings = append(t.Findings, providerMappers(p, item.Gaps, a)...)
	t.Findings = append(t.Findings, impact("redirect_uri", "the partner must register the new redirect address",
		fidelity.DirectionSame, fidelity.AudienceAdministrators, fidelity.SeverityMedium, "partner_changes"))
	if stops(t.Findings) {
		return t, nil
	}
	if p.ClockSkewSeconds > 0 {
		a["clock_skew"] = float64(p.ClockSkewSeconds)
	}
	a["sync_mode"] = "IMPORT"
	if p.ProfileMaster {
		a["sync_mode"] = "FORCE"
	}
	t.Resources = []identity.Resource{realm.GateFlows(), {Type: realm.TypeProvider, Key: str(a, "alias"), Attributes: a,
		DependsOn: []identity.Dependency{identity.OnResource(realm.TypeGateFlows, realm.GateFlowsKey)}}}
	return federatedDomains(item, p, t), nil
}

// providerAlias is part of the address that the other side registers, so that it must not hang on what else there is.
func providerAlias(p kinds.IdentityProvider) string {
	if p.Alias == "" {
		return Slug(p.Name)
	}
	alias := Slug(p.Alias)
	if len(alias) >= longestSlug-1 { // cut, so that the rest may be what tells two apart
		digest := sha256.Sum256([]byte(p.Alias))
		alias += "-" + hex.EncodeToString(digest[:])
	}
	return alias
}

// federatedDomains adds the organization when the source ties domains to the provider itself.
func federatedDomains(item identity.Item, p kinds.IdentityProvider, t contract.Translation) contract.Translation {
	if len(p.Domains) == 0 {
		return t
	}
	organization := organizationOf(kinds.RoutingRule{Domains: p.Domains},
		identity.Reference{Kind: identity.KindIdentityProvider, ID: item.ID})
	t.Resources = append(t.Resources, organization.Resources...)
	t.Findings = append(t.Findings, organization.Findings...)
	if stops(organization.Findings) {
		t.Resources = nil // without its domains nobody would be sent to it
	}
	return t
}

func samlProvider(p kinds.IdentityProvider, a identity.Attributes, now time.Time) []fidelity.Finding {
	a["protocol"] = gating.ProtocolSAML
	var findings []fidelity.Finding
	if p.EntityID == "" {
		findings = append(findings, missing("entity_id", "without it the issuer of a response would not be checked",
			"Take it from the partner's metadata, and state it in a map block."))
	}
	if p.SSOURL == "" {
		findings = append(findings, missing("sso_url", "where sign-in requests go is not known",
			"Take it from the partner's metadata, and state it in a map block."))
	}
	if len(p.SigningCertificates) == 0 {
		findings = append(findings, missing("signing_certificates", "without a certificate a response could not be checked",
			"Take it from the partner's metadata, and state it in a map block."))
	}
	good, problems := checkCertificates("signing_certificates", p.SigningCertificates, now)
	findings = append(append(findings, problems...), checkURL("sso_url", p.SSOURL)...)
	findings = append(findings, optionalUpstream("slo_url", &p.SLOURL)...)
	a["entity_id"], a["sso_url"], a["sso_binding"] = p.EntityID, p.SSOURL, "post"
	if p.SSOBinding == "redirect" {
		a["sso_binding"] = "redirect"
	}
	a["signing_certificates"], a["validate_signature"] = object.Sorted(good), true
	a["want_assertions_signed"], a["want_authn_requests_signed"] = p.SignatureScope == "assertion", p.SignRequests
	setText(a, "slo_url", p.SLOURL)
	setText(a, "audience", p.Audience)
	setText(a, "name_id_format", p.NameIDFormat)
	if p.SignatureScope == "response" {
		findings = append(findings, fidelity.Finding{Type: fidelity.Approximation, Field: "signature_scope",
			Direction:   fidelity.DirectionLooser,
			Summary:     "a signed assertion is enough, the response around it need not be signed",
			Compensated: "one of the two must be signed by the partner's key"})
	}
	return findings
}

func oidcProvider(item identity.Item, p kinds.IdentityProvider, a identity.Attributes) []fidelity.Finding {
	a["protocol"] = "oidc"
	var findings []fidelity.Finding
	for _, f := range []struct{ field, value, why string }{
		{"issuer", p.Issuer, "without it the issuer of a token would not be checked"},
		{"jwks_url", p.JWKSURL, "without it the signature of a token could not be checked"},
		{"authorization_url", p.AuthorizationURL, "where sign-in requests go is not known"},
		{"token_url", p.TokenURL, "where codes are redeemed is not known"},
	} {
		if f.value == "" {
			findings = append(findings, missing(f.field, f.why,
				"Take it from the partner's discovery document, and state it in a map block."))
		}
		if f.field != "issuer" {
			findings = append(findings, checkURL(f.field, f.value)...)
		}
		setText(a, f.field, f.value)
	}
	findings = append(findings, optionalUpstream("userinfo_url", &p.UserInfoURL)...)
	setText(a, "userinfo_url", p.UserInfoURL)
	a["validate_signature"], a["pkce"] = true, p.PKCERequired
	return append(findings, providerClient(item, p, a)...)
}

// providerClient is how we sign in to an upstream as a client of it.
func providerClient(item identity.Item, p kinds.IdentityProvider, a identity.Attributes) []fidelity.Finding {
	if p.ClientID == "" {
		return []fidelity.Finding{missing("client_id", "our client id at the upstream is not known",
			"State it in a map block.")}
	}
	a["client_id"] = p.ClientID
	if len(p.Scopes) > 0 {
		a["scopes"] = strings.Join(p.Scopes, " ")
	}
	method := p.ClientAuthentication
	if method == "" {
		method = "client_secret_post"
	}
	a["client_authentication"] = method
	if method == "private_key_jwt" {
		return []fidelity.Finding{impact("client_authentication", "the partner must register the realm's keys",
			fidelity.DirectionSame, fidelity.AudienceAdministrators, fidelity.SeverityMedium, "partner_changes")}
	}
	for _, s := range item.Secrets {
		if s.Field == "client_secret" {
			a["client_secret"] = identity.Secret(item.Source, item.Kind, item.ID, s.Field)
			return nil
		}
	}
	a["enabled"] = false
	return []fidelity.Finding{impact("client_secret", "the secret cannot be read: the provider stays disabled until "+
		"its owner sets it", fidelity.DirectionTighter,
		fidelity.AudienceAdministrators, fidelity.SeverityMedium, "provider_secret_needed")}
}

func socialProvider(item identity.Item, p kinds.IdentityProvider, a identity.Attributes) []fidelity.Finding {
	types := map[string]string{"GOOGLE": "google", "MICROSOFT": "microsoft", "FACEBOOK": "facebook", "GITHUB": "github",
		"GITLAB": "gitlab", "LINKEDIN": "linkedin-openid-connect", "PAYPAL": "paypal"}
	kind, known := types[strings.ToUpper(p.Type)]
	if !known {
		return []fidelity.Finding{rebuild("type", "stock Keycloak has no provider for "+p.Type,
			"Connect it by OIDC if it publishes a discovery document.")}
	}
	a["protocol"], a["hide_on_login"] = kind, false
	findings := providerClient(item, p, a)
	delete(a, "client_authentication")
	return append(findings, impact("subject", "a person is known again only by the same id or address at the provider",
		fidelity.DirectionTighter, fidelity.AudienceEndUsers, fidelity.SeverityLow, "social_link"))
}

// accountFindings chooses the flow of a first sign-in: one that links no account and makes none where the source made
// none.
func accountFindings(p kinds.IdentityProvider, a identity.Attributes) []fidelity.Finding {
	switch {
	case p.MatchType == "CUSTOM_ATTRIBUTE":
		return []fidelity.Finding{rebuild("match_type", "the field by which accounts are found has no counterpart",
			"Write the links of people when they are moved, and state match_type = \"USERNAME\" in a map block.")}
	case p.SubjectFilter != "":
		f := rebuild("subject_filter", "a pattern that subjects must fit has no counterpart",
			"Limit who may come at the upstream, then state subject_filter = \"\" in a map block.")
		f.Direction = fidelity.DirectionLooser
		return []fidelity.Finding{f}
	case p.Provisioning == "disabled":
		a["first_broker_flow"] = gating.FirstBrokerLinked
	default:
		a["first_broker_flow"] = gating.FirstBrokerCreate
	}
	findings := []fidelity.Finding{
		impact("account_link", "no account is linked by its address or user name, which could be taken over: whoever has "+
			"one comes in once its link is written", fidelity.DirectionTighter, fidelity.AudienceEndUsers,
			fidelity.SeverityMedium, "link_written_first"),
		{Type: fidelity.Approximation, Field: "trust_email", Direction: fidelity.DirectionTighter,
			Summary: "addresses of new people count as unproved: the source does not say that the provider proves them"},
	}
	if p.GroupAction == "assign" || p.GroupAction == "append" || p.GroupAction == "sync" {
		findings = append(findings, fidelity.Finding{Type: fidelity.Lost, Field: "group_action",
			Summary:   "groups are no longer given at sign-in",
			Direction: fidelity.DirectionTighter, Audience: fidelity.AudienceAdministrators, Severity: fidelity.SeverityMedium,
			ImpactCode: "provider_groups_lost"})
	}
	if strings.HasPrefix(p.FederatedMFA, "reject") || strings.HasPrefix(p.FederatedMFA, "enforce") {
		f := rebuild("federated_mfa", "the second factor for people of this upstream must be asked for in its "+
			"post-broker flow", "Have the upstream demand it, or ask for it in the realm, then state federated_mfa = \"\" in "+
			"a map block.")
		f.Direction = fidelity.DirectionLooser
		findings = append(findings, f)
	} else if p.FederatedMFA != "" {
		f := impact("federated_mfa", "whether the upstream asked for a second factor is not looked at",
			fidelity.DirectionLooser, fidelity.AudienceSecurity, fidelity.SeverityMedium, "federated_mfa_not_checked")
		f.Compensated = "applications whose policies ask for one: they stay closed until the flow after the provider asks too"
		findings = append(findings, f)
	}
	return findings
}

// trustFindings say what the source looks at and a realm does not, or the other way round.
func trustFindings(p kinds.IdentityProvider) []fidelity.Finding {
	var findings []fidelity.Finding
	if p.Revocation != "" {
		f := rebuild("revocation", "the source asks whether the partner's certificate was revoked ("+clip(p.Revocation)+
			"), a realm does not", "Take a revoked certificate out of the realm yourself, and state revocation = \"\" in a map "+
			"block once somebody watches for it.")
		f.Direction = fidelity.DirectionLooser
		findings = append(findings, f)
	}
	if strings.EqualFold(p.ResponseAlgorithm, "SHA-1") {
		findings = append(findings, impact("response_algorithm", "the source takes signatures made with SHA-1, which a server "+
			"of today may refuse: the partner must sign with SHA-256", fidelity.DirectionTighter,
			fidelity.AudienceAdministrators, fidelity.SeverityMedium, "partner_changes"))
	}
	switch weak := p.RequestAlgorithm != "" && p.RequestAlgorithm != "SHA-256"; {
	case weak && p.Protocol == "oidc":
		findings = append(findings, impact("request_algorithm", "requests are no longer signed ("+clip(p.RequestAlgorithm)+
			"): the partner must take them without", fidelity.DirectionSame, fidelity.AudienceAdministrators,
			fidelity.SeverityMedium, "partner_changes"))
	case weak:
		findings = append(findings, impact("request_algorithm", "requests are signed with SHA-256 and no longer with "+
			clip(p.RequestAlgorithm), fidelity.DirectionTighter, fidelity.AudienceAdministrators, fidelity.SeverityLow,
			"partner_changes"))
	}
	if p.TrustClaims {
		findings = append(findings, fidelity.Finding{Type: fidelity.Lost, Field: "trust_claims",
			Direction: fidelity.DirectionTighter, Summary: "what the partner says of how people signed in no longer counts: who " +
				"signed in there with a second factor may be asked for one again"})
	}
	if p.LinkFiltered {
		findings = append(findings, fidelity.Finding{Type: fidelity.Lost, Field: "link_filtered",
			Direction: fidelity.DirectionTighter, Summary: "whose accounts may be linked is no longer limited, as none is linked " +
				"by itself"})
	}
	return findings
}

// providerMappers fills the profile; without e-mail and names people stop at a form.
func providerMappers(p kinds.IdentityProvider, gaps []string, a identity.Attributes) []fidelity.Finding {
	if p.Protocol == "social" {
		return socialProfile(p)
	}
	attributeType, usernameType, from := "oidc-user-attribute-idp-mapper", "oidc-username-idp-mapper", "claim"
	if p.Protocol == "saml" {
		attributeType, usernameType, from = "saml-user-attribute-idp-mapper", "saml-username-idp-mapper", "attribute.name"
	}
	mappers := []any{}
	var findings []fidelity.Finding
	if unknown := namesOnTheWire(p, gaps); len(unknown) > 0 {
		return unknown
	}
	if !p.MappingsKnown {
		findings = append(findings, impact("mappings", "the profile mappings were not read: people may be asked for name "+
			"and address", fidelity.DirectionSame, fidelity.AudienceEndUsers, fidelity.SeverityMedium, "profile_form"))
	}
	for _, m := range p.Mappings {
		field := strings.TrimPrefix(m.From, "appuser.")
		if strings.ContainsAny(field, "+(){}?\" ") || field == "" {
			findings = append(findings, rebuild("mappings."+m.To, "it is filled with "+clip(field)+", and a realm copies what "+
				"the partner sends as it is", "Fill it in another way, and state mappings without it in a map block."))
			continue
		}
		if m.To == "username" {
			continue // the user name template below decides
		}
		to := personAttribute(m.To)
		mappers = append(mappers, mapper(fmt.Sprintf("%s from %s", to, field), attributeType, map[string]any{
			"syncMode": "INHERIT", from: onePart(p, field), "user.attribute": to,
		}))
	}
	template, finding := usernameTemplate(p)
	if finding != nil {
		findings = append(findings, *finding)
	}
	if template != "" {
		mappers = append(mappers, mapper("username", usernameType, map[string]any{"syncMode": "INHERIT", "template": template,
			"target": "LOCAL"}))
	}
	a["mappers"] = mappers
	return findings
}

// namesOnTheWire asks for the names that the other side sends where only the source's own are known: with another one
// nobody gets in, or somebody as another.
func namesOnTheWire(p kinds.IdentityProvider, gaps []string) []fidelity.Finding {
	var findings []fidelity.Finding
	for field, asked := range map[string]bool{"mappings": p.MappingsKnown, "username_template": true} {
		if asked && slices.Contains(gaps, field) {
			findings = append(findings, missing(field, "under which names the partner sends this could not be read, and the "+
				"source's own names may be others", "Look at the provider's profile at the source, or ask the partner, and state "+
				field+" with the names that the partner sends in a map block."))
		}
	}
	slices.SortFunc(findings, func(a, b fidelity.Finding) int { return strings.Compare(a.Field, b.Field) })
	return findings
}

// socialProfile notes what Keycloak's own providers do not do: they fill name and address by themselves, and choose
// the user name.
func socialProfile(p kinds.IdentityProvider) []fidelity.Finding {
	var findings []fidelity.Finding
	kind := strings.ToUpper(p.Type)
	address := (kind == "GOOGLE" || kind == "MICROSOFT") && strings.HasSuffix(strings.Trim(p.UsernameTemplate, "${} "),
		"email")
	if p.UsernameTemplate != "" && !address {
		findings = append(findings, fidelity.Finding{Type: fidelity.Approximation, Field: "username_template",
			Direction: fidelity.DirectionSame, Summary: "new people get the user name that the provider gives them"})
	}
	for _, m := range p.Mappings {
		switch personAttribute(m.To) {
		case "username", "email", "firstName", "lastName":
		default:
			findings = append(findings, lost("mappings."+m.To, "the provider fills name and address only"))
		}
	}
	return findings
}

func usernameTemplate(p kinds.IdentityProvider) (string, *fidelity.Finding) {
	source := strings.Trim(strings.TrimSpace(p.UsernameTemplate), "${}")
	source = strings.TrimPrefix(source, "idpuser.")
	if source == "" {
		return "", nil
	}
	if strings.ContainsAny(source, "+(){}?\" ") {
		f := rebuild("username_template", "the user name is "+clip(source)+", and a realm copies what the partner sends as it is",
			"Agree with the partner on a value that is sent as it is, and state username_template in a map block, such as "+
				"idpuser.email.")
		return "", &f
	}
	if strings.EqualFold(source, "subjectNameId") {
		return "${NAMEID}", nil
	}
	if p.Protocol == "saml" {
		return "${ATTRIBUTE." + source + "}", nil
	}
	return "${CLAIM." + onePart(p, source) + "}", nil
}

// onePart keeps a claim that is named by an address in one part: a dot leads into a claim otherwise.
func onePart(p kinds.IdentityProvider, name string) string {
	if p.Protocol == "saml" || !strings.Contains(name, "://") {
		return name
	}
	return strings.ReplaceAll(name, ".", `\.`)
}

func setText(a identity.Attributes, name, value string) {
	if value != "" {
		a[name] = value
	}
}

// organizationAlias names the one organization of a provider, whatever the number of its rules.
func organizationAlias(providerID string) string {
	digest := sha256.Sum256([]byte(providerID))
	slug := Slug(providerID)
	if len(slug) > 24 {
		slug = strings.Trim(slug[:24], "-")
	}
	return "for-" + slug + "-" + hex.EncodeToString(digest[:])
}
