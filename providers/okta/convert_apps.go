package okta

import (
	"regexp"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

func convertApplication(body node, found assignments) (identity.Item, error) {
	name := body.at("name").text()
	a := identity.Application{
		Name: body.at("label").text(), Description: body.at("settings", "notes", "admin").text(), Status: status(body),
		Protocol: "other", Mode: body.at("signOnMode").text(), Catalog: name, Vendor: isVendorApp(name),
		Access: identity.AccessAssigned, AssignedUsers: found.users, AssignedGroups: found.groups,
		Provisioning: body.at("features").texts(), PolicyID: lastSegment(body.at("_links", "accessPolicy", "href").text()),
		NameIDSource: usernameTemplate(body),
	}
	if body.at("settings", "implicitAssignment").flag() {
		a.Access = identity.AccessEveryone
	}
	switch a.Mode {
	case "OPENID_CONNECT":
		a.Protocol = "oidc"
		fillOIDC(&a, body)
	case "SAML_2_0":
		a.Protocol = "saml"
		fillSAML(&a, body.at("settings", "signOn"))
		a.IdPEntityID, a.IdPSignOnURL, a.IdPCertificate = found.idp.EntityID, found.idp.SignOnURL, found.idp.Certificate
	case "BOOKMARK":
		a.HomeURL = body.at("settings", "app", "url").text()
	case "":
		a.Undecided = undecidedMode(a)
	case "SECURE_PASSWORD_STORE", "AUTO_LOGIN", "BROWSER_PLUGIN", "BASIC_AUTH", "SAML_1_1", "WS_FEDERATION":
	default:
		a.Undecided = "the sign-on mode " + quoted(a.Mode) + " is not known to rehome; state protocol, and what it needs, in a map block"
	}
	item, err := identity.NewItem(identity.KindApplication, body.at("id").text(), a.Name, a)
	item.Gaps, item.Deleted = found.gaps, found.gone
	if a.PolicyID != "" {
		item.References = []identity.Reference{{Role: "policy", Kind: identity.KindAuthPolicy, ID: a.PolicyID}}
	}
	if !a.Vendor && a.ClientType == "confidential" && strings.HasPrefix(a.ClientAuthentication, "client_secret") {
		item.Secrets = []identity.SecretField{{Field: fieldClientSecret}}
	}
	return item, err
}

// isVendorApp knows Okta's own apps by their catalogue name. okta_org2org connects a customer's own orgs and is none; the name of
// a custom app ends in a number and begins with the org's name, which may be okta.
func isVendorApp(name string) bool {
	switch name {
	case "saasure", "flow", "partner_portal", "ldap_interface":
		return true
	case "okta_org2org":
		return false
	}
	return strings.HasPrefix(name, "okta_") && !regexp.MustCompile(`_[0-9]+$`).MatchString(name)
}

// undecidedMode explains an app without a sign-on mode, unless it is a directory or feeds people in: those sign nobody on.
func undecidedMode(a identity.Application) string {
	switch {
	case a.Vendor, len(a.Provisioning) > 0, a.Catalog == "active_directory", a.Catalog == "custom_identity_source",
		strings.HasPrefix(a.Catalog, "ldap"), strings.HasPrefix(a.Catalog, "csv_directory"):
		return ""
	}
	return "the source states no sign-on mode, as for an app that was never finished; state protocol, and what it needs, in a map block"
}

// usernameTemplate is where the name of a person in the app comes from.
func usernameTemplate(body node) string {
	template := body.at("credentials", "userNameTemplate")
	text := template.at("template").text()
	if suffix := template.at("suffix").text(); text != "" && suffix != "" {
		return text + " + " + quoted(suffix)
	}
	return text
}

func fillOIDC(a *identity.Application, body node) {
	settings, credentials := body.at("settings", "oauthClient"), body.at("credentials", "oauthClient")
	if settings.isNull() {
		if !a.Vendor {
			a.Undecided = "the org does not tell the client id and the redirect URIs of this catalogue app; state client_id and redirect_uris in a map block"
		}
		return
	}
	a.ClientID = credentials.at("client_id").text()
	a.ClientAuthentication = credentials.at("token_endpoint_auth_method").text()
	switch a.ClientAuthentication {
	case "":
	case "none":
		a.ClientType = "public"
	default:
		a.ClientType = "confidential"
	}
	kind := settings.at("application_type").text()
	// Okta demands PKCE of browser and native clients without a secret, whatever pkce_required says.
	a.PKCERequired = credentials.at("pkce_required").flag() || (a.ClientType == "public" && (kind == "browser" || kind == "native"))
	a.RedirectURIs = settings.at("redirect_uris").texts()
	a.PostLogoutRedirectURIs = append([]string{}, settings.at("post_logout_redirect_uris").texts()...)
	for _, grant := range settings.at("grant_types").texts() {
		a.GrantTypes = append(a.GrantTypes, shortGrant(grant))
	}
	a.ConsentRequired = settings.at("consent_method").text() == "REQUIRED"
	if settings.at("wildcard_redirect").text() == "SUBDOMAIN" {
		for _, uri := range a.RedirectURIs {
			a.WildcardRedirect = a.WildcardRedirect || hasWildcardHost(uri)
		}
	}
	if keys := settings.at("jwks"); keys.isSet() {
		a.JWKS = keys.plain()
	}
	a.JWKSURI = settings.at("jwks_uri").text()
	a.HomeURL = firstText(settings.at("initiate_login_uri").text(), settings.at("client_uri").text())
	a.DPoP = settings.at("dpop_bound_access_tokens").flag()
	a.RefreshRotation = strings.ToLower(settings.at("refresh_token", "rotation_type").text())
	a.FrontchannelLogoutURL = settings.at("frontchannel_logout_uri").text()
	network := settings.at("network")
	a.NetworkLimit = network.isSet() && network.at("connection").text() != "ANYWHERE"
	a.Unknown = settings.unknown("settings.oauthClient.", "application_type", "client_uri", "consent_method", "dpop_bound_access_tokens",
		"frontchannel_logout_session_required", "frontchannel_logout_uri", "grant_types", "idp_initiated_login", "initiate_login_uri",
		"issuer_mode", "jwks", "jwks_uri", "logo_uri", "network", "participate_slo", "policy_uri", "post_logout_redirect_uris",
		"redirect_uris", "refresh_token", "response_types", "tos_uri", "wildcard_redirect")
	a.Unknown = append(a.Unknown, credentials.unknown("credentials.oauthClient.", "autoKeyRotation", "client_id", "pkce_required",
		"token_endpoint_auth_method", "client_secret")...)
}

func shortGrant(grant string) string {
	if grant == "urn:ietf:params:oauth:grant-type:device_code" {
		return "device_code"
	}
	return grant
}

func fillSAML(a *identity.Application, s node) {
	a.EntityID = firstText(s.at("audienceOverride").text(), s.at("audience").text())
	a.ACSURL = firstText(s.at("ssoAcsUrlOverride").text(), s.at("ssoAcsUrl").text())
	if recipient := firstText(s.at("recipientOverride").text(), s.at("recipient").text()); recipient != a.ACSURL {
		a.Recipient = recipient
	}
	if destination := firstText(s.at("destinationOverride").text(), s.at("destination").text()); destination != a.ACSURL {
		a.Destination = destination
	}
	// Custom apps carry the full set; catalogue apps only overrides, and keep their own addresses to themselves.
	a.ClaimsKnown = !s.at("ssoAcsUrl").isNull() && !s.at("attributeStatements").isNull()
	if a.EntityID == "" || a.ACSURL == "" {
		a.Undecided = "the org does not tell the audience and the assertion consumer URL of this catalogue app; state entity_id and acs_url in a map block"
	}
	if a.ACSURL != "" {
		a.RedirectURIs = []string{a.ACSURL}
	}
	for _, endpoint := range s.at("acsEndpoints").list() {
		if address := endpoint.at("url").text(); address != "" && !contains(a.RedirectURIs, address) {
			a.RedirectURIs = append(a.RedirectURIs, address)
		}
	}
	a.NameIDFormat = shortNameIDFormat(s.at("subjectNameIdFormat").text())
	// ${user.userName} means the name in the app, which its own template makes.
	if template := s.at("subjectNameIdTemplate").text(); template != "" && (template != "${user.userName}" || a.NameIDSource == "") {
		a.NameIDSource = template
	}
	a.SignResponse, a.SignAssertion = s.at("responseSigned").flag(), s.at("assertionSigned").flag()
	a.SignatureAlgorithm, a.DigestAlgorithm = s.at("signatureAlgorithm").text(), s.at("digestAlgorithm").text()
	a.RequestSigned = s.at("samlSignedRequestEnabled").flag()
	a.SigningCertificate = firstCertificate(s.at("spCertificate"))
	a.EncryptAssertion = s.at("assertionEncryption", "enabled").flag()
	a.EncryptionCertificate = firstCertificate(s.at("assertionEncryption"))
	if s.at("slo", "enabled").flag() {
		a.LogoutURL = s.at("slo", "logoutUrl").text()
	}
	a.RelayState = s.at("defaultRelayState").text()
	a.AuthnContext = s.at("authnContextClassRef").text()
	a.HonorForceAuthn = s.at("honorForceAuthn").flag()
	fillStatements(a, s)
	a.Unknown = s.unknown("settings.signOn.", "acsEndpoints", "allowMultipleAcsEndpoints", "assertionEncryption", "assertionSigned",
		"attributeStatements", "audience", "audienceOverride", "authnContextClassRef", "configuredAttributeStatements", "defaultRelayState",
		"destination", "destinationOverride", "digestAlgorithm", "honorForceAuthn", "idpIssuer", "inlineHooks", "recipient",
		"recipientOverride", "requestCompressed", "responseSigned", "samlSignedRequestEnabled", "signatureAlgorithm", "slo", "spCertificate",
		"spIssuer", "ssoAcsUrl", "ssoAcsUrlOverride", "subjectNameIdFormat", "subjectNameIdTemplate")
	// A request issuer of its own is another entity id than the audience.
	if issuer := s.at("spIssuer").text(); issuer != "" && issuer != a.EntityID {
		a.Unknown = append(a.Unknown, "settings.signOn.spIssuer")
	}
}

func fillStatements(a *identity.Application, s node) {
	for _, statement := range s.at("attributeStatements").list() {
		a.AttributeStatements = append(a.AttributeStatements, convertStatement(statement))
	}
	for _, statement := range s.at("configuredAttributeStatements").list() {
		if statement.at("filterType").isSet() || statement.at("values").isSet() {
			a.AttributeStatements = append(a.AttributeStatements, convertStatement(statement))
		}
	}
	for _, hook := range s.at("inlineHooks").list() {
		a.Hooks = append(a.Hooks, hook.at("id").text())
	}
}

func convertStatement(s node) identity.AttributeStatement {
	out := identity.AttributeStatement{
		Name: s.at("name").text(), Type: s.at("type").text(), Values: s.at("values").texts(),
		FilterType: s.at("filterType").text(), FilterValue: s.at("filterValue").text(),
	}
	switch space := s.at("namespace").text(); lastAfter(space, ":") {
	case "basic":
		out.NameFormat = "Basic"
	case "uri":
		out.NameFormat = "URI Reference"
	case "unspecified", "":
		out.NameFormat = "Unspecified"
	default:
		out.NameFormat = space
	}
	return out
}

func shortNameIDFormat(urn string) string {
	switch short := lastAfter(urn, ":"); short {
	case "emailAddress", "unspecified", "persistent", "transient":
		return short
	}
	return urn
}

func lastAfter(text, separator string) string { return text[strings.LastIndex(text, separator)+1:] }

func firstCertificate(holder node) string {
	for _, certificate := range holder.at("x5c").texts() {
		return bareBase64(certificate)
	}
	return ""
}
