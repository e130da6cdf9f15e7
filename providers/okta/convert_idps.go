package okta

import (
	"regexp"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

func convertIdentityProvider(body reading.Node, keys map[string][]string, mappings profileMappings,
	names wireNames) (identity.Item, error) {
	protocol, policy := body.At("protocol"), body.At("policy")
	p := kinds.IdentityProvider{
		Name: body.At("name").Text(), Status: status(body), Type: body.At("type").Text(),
		NameIDFormat: protocol.At("settings", "nameFormat").Text(), Scopes: protocol.At("scopes").Texts(),
		MatchType: policy.At("subject", "matchType").Text(), UsernameTemplate: policy.At("subject", "userNameTemplate",
			"template").Text(),
		SubjectFilter: policy.At("subject", "filter").Text(), ProfileMaster: policy.At("provisioning",
			"profileMaster").Flag(),
		Provisioning: onOff(policy.At("provisioning", "action").Text()), AccountLink: onOff(policy.At("accountLink",
			"action").Text()),
		GroupAction: strings.ToLower(policy.At("provisioning", "groups",
			"action").Text()), ClockSkewSeconds: secondsUp(policy.At("maxClockSkew").Number()),
		MappingsKnown: mappings.known, Mappings: mappings.mappings,
	}
	p.Protocol = providerProtocol(p.Type)
	if filter := policy.At("accountLink", "filter"); filter.IsSet() {
		if p.AccountLink == "auto" {
			p.AccountLink = "filtered"
		}
		p.LinkFiltered = true
		filter.Settled() // whose accounts are linked is told as a whole: a target links none by itself
	}
	p.TrustClaims = policy.At("trustClaims").Flag() || policy.At("mapAMRClaims").Flag()
	if p.MatchType == "CUSTOM_ATTRIBUTE" {
		policy.At("subject", "matchAttribute").Settled() // told with it
	}
	gaps := append(fillEndpoints(&p, protocol, keys), onTheWire(&p, names)...)
	if !mappings.known {
		gaps = append(gaps, "mappings")
	}
	assignments := policy.At("provisioning", "groups", "assignments").Texts()
	settleProvider(body)
	p.Unknown = body.Unread("")
	item, err := identity.NewItem(identity.KindIdentityProvider, body.At("id").Text(), p.Name, p)
	item.Gaps = gaps
	for _, group := range assignments {
		item.References = append(item.References, identity.Reference{Role: "group", Kind: identity.KindGroup, ID: group})
	}
	if protocol.At("credentials", "client", "client_secret").Text() != "" {
		item.Secrets = []identity.SecretField{{Field: fieldClientSecret}}
	}
	return item, err
}

// fillEndpoints returns what could not be told.
func fillEndpoints(p *kinds.IdentityProvider, protocol reading.Node, keys map[string][]string) []string {
	endpoints, credentials := protocol.At("endpoints"), protocol.At("credentials")
	trust, client := credentials.At("trust"), credentials.At("client")
	p.SSOURL, p.SLOURL = endpoints.At("sso", "url").Text(), endpoints.At("slo", "url").Text()
	p.SSOBinding = map[string]string{"HTTP-POST": "post", "HTTP-REDIRECT": "redirect"}[endpoints.At("sso",
		"binding").Text()]
	p.EntityID, p.Audience = trust.At("issuer").Text(), trust.At("audience").Text()
	p.SignatureScope = strings.ToLower(protocol.At("algorithms", "response", "signature", "scope").Text())
	request := protocol.At("algorithms", "request", "signature")
	if p.SignRequests = request.At("scope").Text() == "REQUEST"; p.SignRequests {
		p.RequestAlgorithm = request.At("algorithm").Text()
	} else {
		request.At("algorithm").Settled() // of requests that are not signed
	}
	p.ResponseAlgorithm = protocol.At("algorithms", "response", "signature", "algorithm").Text()
	if p.Revocation = trust.At("revocation").Text(); p.Revocation != "" {
		trust.At("revocationCacheLifetime").Settled() // of the answers to it
	}
	p.Issuer = protocol.At("issuer", "url").Text()
	p.AuthorizationURL, p.TokenURL = endpoints.At("authorization", "url").Text(), endpoints.At("token", "url").Text()
	p.UserInfoURL, p.JWKSURL = endpoints.At("userInfo", "url").Text(), endpoints.At("jwks", "url").Text()
	p.ClientID = client.At("client_id").Text()
	p.ClientAuthentication = client.At("token_endpoint_auth_method").Text()
	p.PKCERequired = client.At("pkce_required").Flag()
	var gaps []string
	for _, kid := range append([]string{trust.At("kid").Text()}, trust.At("additionalKids").Texts()...) {
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

// settleProvider marks what is the org's own bookkeeping, and defaults that set nothing.
func settleProvider(body reading.Node) {
	for _, name := range []string{"id", "created", "lastUpdated", "_links", "_embedded", "orn"} {
		body.At(name).Settled()
	}
	body.At("issuerMode").SettledIf("ORG_URL")
	protocol := body.At("protocol")
	sso := protocol.At("endpoints", "sso")
	sso.At("destination").SettledIf(sso.At("url").Text())
	for _, name := range []string{"authorization", "token", "userInfo", "jwks"} {
		protocol.At("endpoints", name, "binding").Settled() // OpenID Connect knows one for each
	}
	for _, name := range []string{"deprovisioned", "suspended"} {
		body.At("policy", "provisioning", "conditions", name, "action").SettledIf("NONE")
	}
	protocol.At("endpoints", "acs").Settled() // the org's own, and a new one at the target
	protocol.At("credentials", "signing").Settled()
	protocol.At("credentials", "client", "client_secret").Settled() // moves as a secret
}

// providerProtocol goes by the type alone: a type of tomorrow may do more than its protocol says.
func providerProtocol(kind string) string {
	switch kind {
	case "SAML2":
		return "saml"
	case "OIDC", "OKTA_INTEGRATION", "OktaIntegration":
		return "oidc"
	case "GOOGLE", "MICROSOFT", "FACEBOOK", "GITHUB", "GITLAB", "LINKEDIN", "PAYPAL", "PAYPAL_SANDBOX", "APPLE", "AMAZON",
		"DISCORD",
		"SALESFORCE", "SPOTIFY", "YAHOO", "YAHOOJP", "XERO", "LOGINGOV", "LOGINGOV_SANDBOX", "ORCID", "QUICKBOOKS", "ADOBE",
		"BITBUCKET", "VK", "TWITTER":
		return "social"
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

// convertMapping reads the properties of one profile mapping. An expression that is one upstream attribute becomes its
// bare name; any other is kept as it is.
func convertMapping(body reading.Node) []kinds.AttributeMapping {
	plain := regexp.MustCompile(`^(?:appuser|source|idpuser)\.([A-Za-z_][A-Za-z0-9_]*)$`)
	fields := map[string]string{"login": "username", "email": "email", "firstName": "first_name", "lastName": "last_name"}
	var out []kinds.AttributeMapping
	properties := body.At("properties")
	for _, name := range properties.Names() {
		from := strings.TrimSpace(properties.At(name, "expression").Text())
		if match := plain.FindStringSubmatch(from); match != nil {
			from = match[1]
		}
		if from != "" {
			out = append(out, kinds.AttributeMapping{From: from, To: firstText(fields[name], name)})
		}
	}
	return out
}
