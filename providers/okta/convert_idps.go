package okta

import (
	"regexp"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

func convertIdentityProvider(body node, keys map[string][]string, mappings profileMappings) (identity.Item, error) {
	protocol, policy := body.at("protocol"), body.at("policy")
	p := identity.IdentityProvider{
		Name: body.at("name").text(), Status: status(body), Type: body.at("type").text(),
		NameIDFormat: protocol.at("settings", "nameFormat").text(), Scopes: protocol.at("scopes").texts(),
		MatchType: policy.at("subject", "matchType").text(), UsernameTemplate: policy.at("subject", "userNameTemplate", "template").text(),
		SubjectFilter: policy.at("subject", "filter").text(), ProfileMaster: policy.at("provisioning", "profileMaster").flag(),
		Provisioning: onOff(policy.at("provisioning", "action").text()), AccountLink: onOff(policy.at("accountLink", "action").text()),
		GroupAction: strings.ToLower(policy.at("provisioning", "groups", "action").text()), ClockSkewSeconds: secondsUp(policy.at("maxClockSkew").number()),
		MappingsKnown: mappings.known, Mappings: mappings.mappings,
	}
	p.Protocol = providerProtocol(p.Type, protocol.at("type").text())
	if p.AccountLink == "auto" && policy.at("accountLink", "filter").isSet() {
		p.AccountLink = "filtered"
	}
	gaps := fillEndpoints(&p, protocol, keys)
	if !mappings.known {
		gaps = append(gaps, "mappings")
	}
	p.Unknown = unknownOfProvider(protocol, policy)
	item, err := identity.NewItem(identity.KindIdentityProvider, body.at("id").text(), p.Name, p)
	item.Gaps = gaps
	for _, group := range policy.at("provisioning", "groups", "assignments").texts() {
		item.References = append(item.References, identity.Reference{Role: "group", Kind: identity.KindGroup, ID: group})
	}
	if protocol.at("credentials", "client", "client_secret").text() != "" {
		item.Secrets = []identity.SecretField{{Field: fieldClientSecret}}
	}
	return item, err
}

// fillEndpoints returns what could not be told.
func fillEndpoints(p *identity.IdentityProvider, protocol node, keys map[string][]string) []string {
	endpoints, credentials := protocol.at("endpoints"), protocol.at("credentials")
	trust, client := credentials.at("trust"), credentials.at("client")
	p.SSOURL, p.SLOURL = endpoints.at("sso", "url").text(), endpoints.at("slo", "url").text()
	p.SSOBinding = map[string]string{"HTTP-POST": "post", "HTTP-REDIRECT": "redirect"}[endpoints.at("sso", "binding").text()]
	p.EntityID, p.Audience = trust.at("issuer").text(), trust.at("audience").text()
	p.SignatureScope = strings.ToLower(protocol.at("algorithms", "response", "signature", "scope").text())
	p.SignRequests = protocol.at("algorithms", "request", "signature", "scope").text() == "REQUEST"
	p.Issuer = protocol.at("issuer", "url").text()
	p.AuthorizationURL, p.TokenURL = endpoints.at("authorization", "url").text(), endpoints.at("token", "url").text()
	p.UserInfoURL, p.JWKSURL = endpoints.at("userInfo", "url").text(), endpoints.at("jwks", "url").text()
	p.ClientID = client.at("client_id").text()
	p.ClientAuthentication = client.at("token_endpoint_auth_method").text()
	p.PKCERequired = client.at("pkce_required").flag()
	var gaps []string
	for _, kid := range append([]string{trust.at("kid").text()}, trust.at("additionalKids").texts()...) {
		if kid == "" {
			continue
		}
		chain := keys[kid]
		if len(chain) == 0 {
			gaps = []string{"signing_certificates"}
			continue
		}
		// The first certificate is the signer's own; the rest are its issuers.
		p.SigningCertificates = append(p.SigningCertificates, chain[0])
	}
	return gaps
}

func unknownOfProvider(protocol, policy node) []string {
	found := protocol.unknown("protocol.", "algorithms", "credentials", "endpoints", "issuer", "scopes", "settings", "type")
	found = append(found, protocol.at("credentials").unknown("protocol.credentials.", "client", "trust", "signing")...)
	found = append(found, protocol.at("credentials", "client").unknown("protocol.credentials.client.", "client_id", "client_secret",
		"pkce_required", "token_endpoint_auth_method")...)
	found = append(found, protocol.at("endpoints").unknown("protocol.endpoints.", "acs", "authorization", "jwks", "slo", "sso", "token", "userInfo")...)
	found = append(found, protocol.at("settings").unknown("protocol.settings.", "nameFormat")...)
	return append(found, policy.unknown("policy.", "accountLink", "maxClockSkew", "provisioning", "subject", "transformedUsernameMatchingEnabled")...)
}

// providerProtocol goes by the type; for a type that is not known it goes by the protocol stated.
func providerProtocol(kind, protocol string) string {
	switch kind {
	case "SAML2":
		return "saml"
	case "OIDC", "OKTA_INTEGRATION", "OktaIntegration":
		return "oidc"
	case "GOOGLE", "MICROSOFT", "FACEBOOK", "GITHUB", "GITLAB", "LINKEDIN", "PAYPAL", "PAYPAL_SANDBOX", "APPLE", "AMAZON", "DISCORD",
		"SALESFORCE", "SPOTIFY", "YAHOO", "YAHOOJP", "XERO", "LOGINGOV", "LOGINGOV_SANDBOX", "ORCID", "QUICKBOOKS", "ADOBE",
		"BITBUCKET", "VK", "TWITTER":
		return "social"
	}
	if kind == "X509" || kind == "AgentlessDSSO" || kind == "IWA" || strings.HasPrefix(kind, "IDV_") {
		return "other"
	}
	switch protocol {
	case "SAML2":
		return "saml"
	case "OIDC":
		return "oidc"
	}
	return "other"
}

func onOff(action string) string {
	switch action {
	case "AUTO":
		return "auto"
	case "DISABLED":
		return "disabled"
	}
	return strings.ToLower(action)
}

// secondsUp turns milliseconds into seconds and rounds up.
func secondsUp(milliseconds int) int {
	if milliseconds <= 0 {
		return 0
	}
	return (milliseconds-1)/1000 + 1
}

// convertMapping reads the properties of one profile mapping. An expression that is one upstream attribute becomes its bare name;
// any other is kept as it is.
func convertMapping(body node) []identity.AttributeMapping {
	plain := regexp.MustCompile(`^(?:appuser|source|idpuser)\.([A-Za-z_][A-Za-z0-9_]*)$`)
	fields := map[string]string{"login": "username", "email": "email", "firstName": "first_name", "lastName": "last_name"}
	var out []identity.AttributeMapping
	properties := body.at("properties")
	for _, name := range properties.names() {
		from := strings.TrimSpace(properties.at(name, "expression").text())
		if match := plain.FindStringSubmatch(from); match != nil {
			from = match[1]
		}
		if from != "" {
			out = append(out, identity.AttributeMapping{From: from, To: firstText(fields[name], name)})
		}
	}
	return out
}
