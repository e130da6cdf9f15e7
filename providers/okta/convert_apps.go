package okta

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// convertApplication makes the item of an app. Now is the day on which its credentials are judged.
func convertApplication(body reading.Node, found assignments, now time.Time) (identity.Item, error) {
	name := body.At("name").Text()
	a := kinds.Application{
		Name: body.At("label").Text(), Description: body.At("settings", "notes", "admin").Text(), Status: status(body),
		Protocol: "other", Mode: body.At("signOnMode").Text(), Catalog: name, Vendor: isVendorApp(name),
		Access: identity.AccessAssigned, AssignedUsers: found.users, AssignedGroups: found.groups,
		Provisioning: body.At("features").Texts(), PolicyID: lastSegment(body.At("_links", "accessPolicy", "href").Text()),
		NameIDSource: usernameTemplate(body.At("credentials", "userNameTemplate")),
	}
	if body.At("settings", "implicitAssignment").Flag() {
		a.Access = identity.AccessEveryone
	}
	gaps := fillByMode(&a, body, now)
	if a.Protocol == "saml" {
		a.IdPEntityID = firstText(found.idp.EntityID, statedIssuer(body))
		a.IdPSignOnURL, a.IdPCertificate = found.idp.SignOnURL, found.idp.Certificate
	}
	a.Credentials = append(a.Credentials, found.secrets...)
	if a.NameIDSource == usernameTemplate(body.At("credentials", "userNameTemplate")) {
		a.NamesByPerson = found.otherNames
	}
	settleApplication(body)
	a.Unknown = body.Unread("")
	item, err := identity.NewItem(identity.KindApplication, body.At("id").Text(), a.Name, a)
	item.Gaps, item.Deleted = append(found.gaps, gaps...), found.gone
	if a.PolicyID != "" {
		item.References = []identity.Reference{{Role: "policy", Kind: identity.KindAuthPolicy, ID: a.PolicyID}}
	}
	if !a.Vendor && a.ClientType == "confidential" && strings.HasPrefix(a.ClientAuthentication, "client_secret") {
		item.Secrets = []identity.SecretField{{Field: fieldClientSecret}}
	}
	return item, err
}

// fillByMode returns what the org does not tell.
func fillByMode(a *kinds.Application, body reading.Node, now time.Time) []string {
	switch a.Mode {
	case "OPENID_CONNECT":
		a.Protocol = "oidc"
		fillOIDC(a, body, now)
	case "SAML_2_0":
		a.Protocol = "saml"
		return fillSAML(a, body, now)
	case "BOOKMARK":
		a.HomeURL = body.At("settings", "app", "url").Text()
	case "":
		if why := undecidedMode(*a); why != "" {
			a.Ask(why, "protocol")
		}
	case "SECURE_PASSWORD_STORE", "AUTO_LOGIN", "BROWSER_PLUGIN", "BASIC_AUTH", "SAML_1_1", "WS_FEDERATION":
	default:
		a.Ask("the sign-on mode "+quoted(a.Mode)+" is not known to rehome; state protocol, and what it needs, in a map block",
			"protocol")
	}
	return nil
}

// isVendorApp knows Okta's own apps by their catalogue name. okta_org2org connects a customer's own orgs and is none;
// the name of a custom app ends in a number and begins with the org's name, which may be okta.
func isVendorApp(name string) bool {
	switch name {
	case "saasure", "flow", "partner_portal", "ldap_interface":
		return true
	case "okta_org2org":
		return false
	}
	return strings.HasPrefix(name, "okta_") && !regexp.MustCompile(`_[0-9]+$`).MatchString(name)
}

// undecidedMode explains an app without a sign-on mode, unless it is a directory or feeds people in: those sign nobody
// on.
func undecidedMode(a kinds.Application) string {
	switch {
	case a.Vendor, len(a.Provisioning) > 0, a.Catalog == "active_directory", a.Catalog == "custom_identity_source",
		strings.HasPrefix(a.Catalog, "ldap"), strings.HasPrefix(a.Catalog, "csv_directory"):
		return ""
	}
	return "the source states no sign-on mode, as for an app that was never finished or that only calls the org's own " +
		"API; state protocol, and what it needs, in a map block, or leave it out with a skip block"
}

// namesByPerson is the source of names that an administrator gave person by person: no template makes them.
const namesByPerson = "given person by person at the source"

// usernameTemplate is where the name of a person in the app comes from.
func usernameTemplate(template reading.Node) string {
	text, suffix := template.At("template").Text(), template.At("suffix").Text()
	switch kind := template.At("type").Text(); {
	case kind == "NONE":
		return namesByPerson
	case text != "" && suffix != "":
		return text + " + " + quoted(suffix)
	}
	return text
}

func fillOIDC(a *kinds.Application, body reading.Node, now time.Time) {
	settings, credentials := body.At("settings", "oauthClient"), body.At("credentials", "oauthClient")
	if settings.IsNull() {
		if !a.Vendor {
			a.Ask("the org does not tell the client id and the redirect URIs of this catalogue app; state client_id and "+
				"redirect_uris in a map block", "client_id", "redirect_uris")
		}
		return
	}
	a.ClientID = credentials.At("client_id").Text()
	a.ClientAuthentication = credentials.At("token_endpoint_auth_method").Text()
	switch a.ClientAuthentication {
	case "":
	case "none":
		a.ClientType = "public"
	default:
		a.ClientType = "confidential"
	}
	kind := settings.At("application_type").Text()
	// Okta demands PKCE of browser and native clients without a secret, whatever pkce_required says.
	a.PKCERequired = credentials.At("pkce_required").Flag() || (a.ClientType == "public" &&
		(kind == "browser" || kind == "native"))
	a.RedirectURIs = settings.At("redirect_uris").Texts()
	a.PostLogoutRedirectURIs = append([]string{}, settings.At("post_logout_redirect_uris").Texts()...)
	for _, grant := range settings.At("grant_types").Texts() {
		a.GrantTypes = append(a.GrantTypes, shortGrant(grant))
	}
	a.ConsentRequired = settings.At("consent_method").Text() == "REQUIRED"
	if settings.At("wildcard_redirect").Text() == "SUBDOMAIN" {
		for _, uri := range a.RedirectURIs {
			a.WildcardRedirect = a.WildcardRedirect || reading.WildcardHost(uri)
		}
	}
	fillKeys(a, settings.At("jwks"))
	fillAddresses(a, settings)
	a.TokenSeconds = tokenSeconds
	a.DPoP = settings.At("dpop_bound_access_tokens").Flag()
	a.RefreshRotation = strings.ToLower(settings.At("refresh_token", "rotation_type").Text())
	network := settings.At("network")
	a.NetworkLimit = network.IsSet() && network.At("connection").Text() != "ANYWHERE"
	if a.NetworkLimit {
		network.Settled() // the limit is told as a whole
	}
	settleOIDC(*a, settings)
}

// fillAddresses takes over where an app is, and where its people are told more.
func fillAddresses(a *kinds.Application, settings reading.Node) {
	a.JWKSURI = settings.At("jwks_uri").Text()
	start, home := settings.At("initiate_login_uri"), settings.At("client_uri")
	if a.HomeURL = start.Text(); a.HomeURL == "" {
		a.HomeURL = home.Text()
	}
	a.LogoURI = settings.At("logo_uri").Text()
	a.PolicyURI, a.TermsURI = settings.At("policy_uri").Text(), settings.At("tos_uri").Text()
	a.FrontchannelLogoutURL = settings.At("frontchannel_logout_uri").Text()
	a.FrontchannelSession = settings.At("frontchannel_logout_session_required").Flag()
	a.BackchannelLogoutURL = settings.At("backchannel_logout_uri").Text()
	if a.FrontchannelLogoutURL != "" || a.BackchannelLogoutURL != "" {
		settings.At("participate_slo").Settled() // an address to tell of a sign-out says as much
	}
}

// settleOIDC deals with what follows from fields that are carried.
func settleOIDC(a kinds.Application, settings reading.Node) {
	settings.At("issuer_mode").SettledIf("ORG_URL")                  // the address of the org, which changes anyway
	settings.At("idp_initiated_login", "mode").SettledIf("DISABLED") // the default
	code := slices.Contains(a.GrantTypes, "authorization_code")
	implicit := slices.Contains(a.GrantTypes, "implicit")
	for _, response := range settings.At("response_types").List() {
		// A grant says as much. One that has no grant is set and does nothing that is carried.
		if code {
			response.SettledIf("code")
		}
		if implicit {
			response.SettledIf("token")
			response.SettledIf("id_token")
		}
	}
}

// How long the org's tokens and assertions are good for; an app has no setting for it. Its own authorization servers may
// say otherwise.
const (
	tokenSeconds     = 60 * 60
	assertionSeconds = 5 * 60
)

func shortGrant(grant string) string {
	if grant == "urn:ietf:params:oauth:grant-type:device_code" {
		return "device_code"
	}
	return grant
}

// fillSAML returns what the org does not tell: a catalogue app holds only what its administrator changed, and what is
// not told is neither false nor a default.
func fillSAML(a *kinds.Application, body reading.Node, now time.Time) []string {
	s := body.At("settings", "signOn")
	fillEndpointsSAML(a, s, body.At("settings", "app"))
	a.RequestIssuer = s.At("spIssuer").Text()
	if a.RequestIssuer == a.EntityID {
		a.RequestIssuer = ""
	}
	// Custom apps carry the full set; catalogue apps only overrides, and keep their own addresses to themselves.
	a.ClaimsKnown = !s.At("ssoAcsUrl").IsNull() && !s.At("attributeStatements").IsNull()
	var gaps []string
	for _, setting := range []struct{ member, field string }{
		{"responseSigned", "sign_response"}, {"assertionSigned", "sign_assertion"}, {"subjectNameIdFormat", "name_id_format"},
	} {
		if s.At(setting.member).IsNull() {
			gaps = append(gaps, setting.field)
		}
	}
	a.NameIDFormat = shortNameIDFormat(s.At("subjectNameIdFormat").Text())
	// ${user.userName} means the name in the app, which its own template makes.
	template := s.At("subjectNameIdTemplate").Text()
	if template != "" && (template != "${user.userName}" || a.NameIDSource == "") {
		a.NameIDSource = template
	}
	if a.NameIDSource == "" {
		gaps = append(gaps, "name_id_source")
	}
	a.SignResponse, a.SignAssertion = s.At("responseSigned").Flag(), s.At("assertionSigned").Flag()
	a.SignatureAlgorithm, a.DigestAlgorithm = s.At("signatureAlgorithm").Text(), s.At("digestAlgorithm").Text()
	a.RequestSigned = s.At("samlSignedRequestEnabled").Flag()
	a.SigningCertificate = carryCertificate(a, kinds.CredentialRequest, s.At("spCertificate"), now)
	a.EncryptAssertion = s.At("assertionEncryption", "enabled").Flag()
	a.EncryptionCertificate = carryCertificate(a, kinds.CredentialEncryption, s.At("assertionEncryption"), now)
	if encryption := s.At("assertionEncryption"); a.EncryptAssertion {
		a.EncryptionAlgorithm = encryption.At("encryptionAlgorithm").Text()
		a.KeyTransport = encryption.At("keyTransportAlgorithm").Text()
	} else {
		encryption.Settled() // kept from a time when it was on
	}
	a.AssertionSeconds = assertionSeconds
	fillLogout(a, s)
	a.RelayState = s.At("defaultRelayState").Text()
	a.AuthnContext = s.At("authnContextClassRef").Text()
	a.HonorForceAuthn = s.At("honorForceAuthn").Flag()
	fillStatements(a, s)
	s.At("requestCompressed").Settled()         // requests are read in either form
	s.At("allowMultipleAcsEndpoints").Settled() // acsEndpoints says which
	return gaps
}

// fillEndpointsSAML takes the addresses of the app. okta_org2org, which leads to another org, keeps its own in
// settings.app.
func fillEndpointsSAML(a *kinds.Application, s, own reading.Node) {
	a.EntityID = firstText(s.At("audienceOverride").Text(), s.At("audience").Text())
	a.ACSURL = firstText(s.At("ssoAcsUrlOverride").Text(), s.At("ssoAcsUrl").Text())
	if a.Catalog == "okta_org2org" {
		a.EntityID, a.ACSURL = firstText(a.EntityID, own.At("audRestriction").Text()), firstText(a.ACSURL,
			own.At("acsUrl").Text())
	}
	if recipient := firstText(s.At("recipientOverride").Text(), s.At("recipient").Text()); recipient != a.ACSURL {
		a.Recipient = recipient
	}
	if destination := firstText(s.At("destinationOverride").Text(), s.At("destination").Text()); destination != a.ACSURL {
		a.Destination = destination
	}
	switch {
	case a.EntityID == "" && a.ACSURL == "":
		a.Ask("the org does not tell the audience and the assertion consumer URL of this catalogue app; state entity_id and "+
			"acs_url in a map block", "entity_id", "acs_url")
	case a.EntityID == "":
		a.Ask("the org does not tell the audience of this catalogue app; state entity_id in a map block", "entity_id")
	case a.ACSURL == "":
		a.Ask("the org does not tell the assertion consumer URL of this catalogue app; state acs_url in a map block",
			"acs_url")
	}
	if a.ACSURL != "" {
		a.RedirectURIs = []string{a.ACSURL}
	}
	for _, endpoint := range s.At("acsEndpoints").List() {
		if address := endpoint.At("url").Text(); address != "" && !slices.Contains(a.RedirectURIs, address) {
			a.RedirectURIs = append(a.RedirectURIs, address)
		}
	}
}

// fillLogout takes the address of single logout. Its issuer is the app's own name, or is told as unknown.
func fillLogout(a *kinds.Application, s reading.Node) {
	slo := s.At("slo")
	if !slo.At("enabled").Flag() {
		slo.Settled() // kept from a time when it was on
		return
	}
	a.LogoutURL = slo.At("logoutUrl").Text()
	slo.At("issuer").SettledIf(a.EntityID)
	slo.At("issuer").SettledIf(a.RequestIssuer)
}

// statedIssuer is the issuer of the org's assertions where the app states one without a placeholder.
func statedIssuer(body reading.Node) string {
	if stated := body.At("settings", "signOn", "idpIssuer").Text(); !strings.Contains(stated, "${") {
		return stated
	}
	return ""
}

func fillStatements(a *kinds.Application, s reading.Node) {
	for _, statement := range s.At("attributeStatements").List() {
		a.AttributeStatements = append(a.AttributeStatements, convertStatement(statement))
	}
	for _, statement := range s.At("configuredAttributeStatements").List() {
		if statement.At("filterType").IsSet() || statement.At("values").IsSet() {
			a.AttributeStatements = append(a.AttributeStatements, convertStatement(statement))
		} else {
			statement.Settled() // offered by the catalogue and not used
		}
	}
	for _, hook := range s.At("inlineHooks").List() {
		a.Hooks = append(a.Hooks, hook.At("id").Text())
		hook.At("_links").Settled()
	}
}

func convertStatement(s reading.Node) kinds.AttributeStatement {
	out := kinds.AttributeStatement{
		Name: s.At("name").Text(), Type: s.At("type").Text(), Values: s.At("values").Texts(),
		FilterType: s.At("filterType").Text(), FilterValue: s.At("filterValue").Text(),
	}
	switch space := s.At("namespace").Text(); lastAfter(space, ":") {
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

// settleApplication marks what is the org's own bookkeeping, and defaults that set nothing. Everything else that is set
// and was not read is told as unknown.
func settleApplication(body reading.Node) {
	for _, name := range []string{"id", "orn", "created", "lastUpdated", "_links", "_embedded"} {
		body.At(name).Settled()
	}
	credentials, settings := body.At("credentials"), body.At("settings")
	credentials.At("signing").Settled() // the org's own key towards the app: the realm signs with another
	credentials.At("oauthClient", "autoKeyRotation").Settled()
	credentials.At("oauthClient", "client_secret").Settled() // moves as a secret
	credentials.At("userNameTemplate", "pushStatus").SettledIf("NOT_CONFIGURED")
	settings.At("emOptInStatus").SettledIf("NONE")
	settings.At("notifications", "vpn", "network", "connection").SettledIf("DISABLED")
	if logout := body.At("universalLogout"); logout.At("status").Is("DISABLED") || logout.At("status").Is("UNSUPPORTED") {
		logout.Settled()
	}
	for _, name := range []string{"identityStack", "protocol", "supportType"} {
		body.At("universalLogout", name).Settled() // how it works, where the status says that it does
	}
	links := body.At("visibility", "appLinks")
	for _, name := range links.Names() {
		links.At(name).Settled() // tiles of the dashboard, shown unless hidden
	}
}
