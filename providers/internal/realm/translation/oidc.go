package translation

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// oidcClient makes the attributes of an OIDC client. How it authenticates decides whether it is public, not what it is
// called.
func oidcClient(item identity.Item, app kinds.Application) (identity.Attributes, []fidelity.Finding) {
	findings := append(checkClientID("client_id", app.ClientID), optionalAddresses(&app)...)
	var brokers []fidelity.Finding
	app.RedirectURIs, brokers = withoutBrokers(app.RedirectURIs)
	findings = append(findings, brokers...)
	if app.WildcardRedirect {
		findings = append(findings, rebuild("wildcard_redirect", "a wildcard in the host never matches at sign-in",
			"List the real hosts in a map block."))
	}
	findings = append(findings, checkRedirects("redirect_uris", app.RedirectURIs)...)
	findings = append(findings, checkRedirects("post_logout_redirect_uris", app.PostLogoutRedirectURIs)...)
	a := identity.Attributes{
		"client_id": app.ClientID, "protocol": gating.ProtocolOIDC, "direct_access_grants": false,
		"consent_required": app.ConsentRequired,
		"redirect_uris":    object.Sorted(app.RedirectURIs), "web_origins": object.Sorted(webOrigins(app)),
		"front_channel_logout": app.FrontchannelLogoutURL != "",
	}
	findings = append(findings, homePage(app, a)...)
	extra := map[string]any{}
	a["attributes"] = extra
	if onlyAccepts(app) {
		findings = append(findings, accepts(a)...)
	} else {
		findings = append(findings, authentication(item, app, a, extra)...)
		findings = append(findings, grants(app, a, extra)...)
	}
	findings = append(findings, oidcAttributes(app, extra)...)
	findings = append(findings, asksFor(app, a, extra)...)
	mappers := []any{}
	for i, audience := range app.Audiences {
		if audience == "" || audience == app.ClientID {
			continue
		}
		mappers = append(mappers, mapper(fmt.Sprintf("audience %d", i+1), "oidc-audience-mapper", map[string]any{
			"included.custom.audience": audience, "access.token.claim": "true", "id.token.claim": "false",
		}))
	}
	a["protocol_mappers"] = mappers
	return a, findings
}

// homePage sets the start page. It is an ornament: one that cannot be kept is left out with a note, and blocks nothing.
func homePage(app kinds.Application, a identity.Attributes) []fidelity.Finding {
	switch {
	case app.HomeURL == "":
		return nil
	case !realm.Fits(realm.TypeClient, "base_url", app.HomeURL):
		return []fidelity.Finding{lost("home_url", "the start page is left out: it is longer than the server keeps")}
	}
	a["base_url"] = app.HomeURL
	return nil
}

// webOrigins are the stated ones or, as a server fills them in by itself where none are given, those of the redirect
// URIs: an application's own pages may always call.
func webOrigins(app kinds.Application) []string {
	if len(app.WebOrigins) > 0 {
		return app.WebOrigins
	}
	seen := map[string]bool{}
	origins := []string{}
	for _, uri := range app.RedirectURIs {
		u, err := url.Parse(uri)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
			continue
		}
		if origin := u.Scheme + "://" + u.Host; !seen[origin] {
			seen[origin] = true
			origins = append(origins, origin)
		}
	}
	return origins
}

func mapper(name, kind string, config map[string]any) map[string]any {
	// Left out, the server writes down that the userinfo answer says what the ID token says (26.7.4), and the next plan
	// would take that for a change.
	if said, of := config["id.token.claim"]; of && config["userinfo.token.claim"] == nil {
		config["userinfo.token.claim"] = said
	}
	return map[string]any{"name": realm.FittingName(name), "type": kind, "config": config}
}

func authentication(item identity.Item, app kinds.Application, a identity.Attributes,
	extra map[string]any) []fidelity.Finding {
	method := app.ClientAuthentication
	if method == "" {
		switch app.ClientType {
		case "public":
			method = "none"
		case "confidential":
			method = "client_secret_basic"
		}
	}
	a["public"] = method == "none"
	a["client_authenticator"] = "client-secret"
	switch method {
	case "none":
		a["secret"] = noSecret
		return nil
	case "client_secret_basic", "client_secret_post":
		return secretOf(item, app.Secret, a)
	case "client_secret_jwt":
		a["client_authenticator"] = "client-secret-jwt"
		return secretOf(item, app.Secret, a)
	case "private_key_jwt":
		a["client_authenticator"], a["secret"] = "client-jwt", noSecret
		findings := []fidelity.Finding{impact("client_authentication",
			"its assertions must name the new token endpoint as audience",
			fidelity.DirectionSame, fidelity.AudienceAppOwners, fidelity.SeverityLow, "assertion_audience")}
		return append(findings, publicKeys(app, extra)...)
	}
	return []fidelity.Finding{rebuild("client_authentication", "it is not known whether the client keeps a secret",
		"State client_authentication in a map block; a wrong guess would be looser and nobody would notice.")}
}

// noSecret says that none is made: an absent secret would be generated.
const noSecret = ""

// The choices of Application.Secret.
const (
	secretCarried = ""
	secretNew     = "new"
)

// secretOf lets the secret move in memory when the source hands it out and nobody wants another; else the target makes
// one and gives it out once.
func secretOf(item identity.Item, choice string, a identity.Attributes) []fidelity.Finding {
	why := "the secret cannot be read"
	switch choice {
	case secretCarried:
		for _, s := range item.Secrets {
			if s.Field == "client_secret" {
				a["secret"] = identity.Secret(item.Source, item.Kind, item.ID, s.Field)
				return nil
			}
		}
	case secretNew:
		why = "the configuration says so"
	default:
		return []fidelity.Finding{rebuild("secret", "what becomes of the client secret is not known",
			"In the map block set secret to \"new\", or leave it out so that the incumbent's is carried.")}
	}
	return []fidelity.Finding{impact("client_secret", why+": a new one is made and given out once",
		fidelity.DirectionSame, fidelity.AudienceAppOwners, fidelity.SeverityMedium, "secret_changes")}
}

func publicKeys(app kinds.Application, extra map[string]any) []fidelity.Finding {
	switch {
	case app.JWKSURI != "":
		extra["use.jwks.url"], extra["jwks.url"] = "true", app.JWKSURI
		return checkURL("jwks_uri", app.JWKSURI)
	case app.JWKS != "":
		keys, ok := signingKeys(app.JWKS)
		if !ok {
			return []fidelity.Finding{invalid("jwks", "no key in it can be used",
				"Ask the application's owner for its public key, and state jwks in a map block.")}
		}
		extra["use.jwks.string"], extra["jwks.string"] = "true", keys
		return namedKeys(keys)
	}
	if slices.ContainsFunc(app.Credentials, func(c kinds.Credential) bool { return c.Kind == "federated" }) {
		return []fidelity.Finding{rebuild("client_authentication", "it signs in with tokens of another issuer only, which a "+
			"realm does not take from a client", "Give it a secret or a key: state client_authentication = "+
			"\"client_secret_post\", or jwks, in a map block, and tell its owner.")}
	}
	return []fidelity.Finding{missing("jwks", "the public key of the client is not known",
		"Ask the application's owner for it, and state jwks or jwks_uri in a map block.")}
}

// grants switches on what the source allows, and nothing that would leave the flows out.
func grants(app kinds.Application, a identity.Attributes, extra map[string]any) []fidelity.Finding {
	has := map[string]bool{}
	var findings []fidelity.Finding
	for _, grant := range app.GrantTypes {
		switch grant {
		case "authorization_code", "implicit", "client_credentials", "refresh_token", "password":
			has[grant] = true
		case "device_code", "urn:ietf:params:oauth:grant-type:device_code":
			has["device_code"] = true
		default:
			findings = append(findings, lost("grant_types", "not carried: "+grant))
		}
	}
	if len(app.GrantTypes) == 0 && len(app.RedirectURIs) > 0 {
		has["authorization_code"], has["refresh_token"] = true, true
	}
	if has["password"] {
		findings = append(findings, impact("grant_types", "the password grant stays off: no second factor and no policy "+
			"would hold there", fidelity.DirectionTighter,
			fidelity.AudienceAppOwners, fidelity.SeverityMedium, "password_grant_off"))
	}
	interactive := has["authorization_code"] || has["implicit"]
	if !interactive && !has["client_credentials"] && !has["device_code"] {
		return append(findings, rebuild("grant_types", "none of its grants can be carried",
			"Change the application to the authorization code grant, then state grant_types in a map block."))
	}
	if interactive && len(app.RedirectURIs) == 0 {
		findings = append(findings, missing("redirect_uris", "none is known", "State them in a map block."))
	}
	if has["client_credentials"] && a["public"] == true {
		findings = append(findings, invalid("grant_types", "a public client cannot sign in as itself",
			"State client_authentication in a map block."))
	}
	a["standard_flow"], a["implicit_flow"], a["service_accounts"] = has["authorization_code"], has["implicit"],
		has["client_credentials"]
	if has["implicit"] && len(app.ImplicitTokens) == 1 {
		f := impact("implicit_tokens", "the implicit grant hands out every kind of token; at the source it hands out "+
			app.ImplicitTokens[0]+" only", fidelity.DirectionLooser, fidelity.AudienceSecurity, fidelity.SeverityMedium,
			"implicit_opens_tokens")
		f.Compensated = "a token is good for this client alone and holds only what is granted at it"
		findings = append(findings, f)
	}
	if has["device_code"] {
		extra["oauth2.device.authorization.grant.enabled"] = "true"
	}
	if !has["refresh_token"] {
		extra["use.refresh.tokens"] = "false"
	} else {
		findings = append(findings, fidelity.Finding{Type: fidelity.Approximation, Field: "grant_types",
			Summary:   "a refresh token ends with the sign-on session unless offline_access is asked for",
			Direction: fidelity.DirectionSame})
	}
	return findings
}

func oidcAttributes(app kinds.Application, extra map[string]any) []fidelity.Finding {
	findings := proofKey(app, extra)
	if app.PostLogoutRedirectURIs != nil {
		extra["post.logout.redirect.uris"] = "-" // absent would mean that the redirect URIs are allowed
		if len(app.PostLogoutRedirectURIs) > 0 {
			uris := slices.Clone(app.PostLogoutRedirectURIs)
			slices.Sort(uris)
			extra["post.logout.redirect.uris"] = strings.Join(uris, "##")
		}
	}
	if app.DPoP {
		extra["dpop.bound.access.tokens"] = "true"
	}
	findings = append(findings, signOut(app, extra)...)
	pages(app, extra)
	if app.ConsentRequired {
		findings = append(findings, impact("consent_required", "consents given so far are asked for again",
			fidelity.DirectionTighter, fidelity.AudienceEndUsers, fidelity.SeverityLow, "consent_again"))
	}
	if app.RefreshRotation == "rotate" {
		f := fidelity.Finding{Type: fidelity.Approximation, Field: "refresh_rotation",
			Direction:   fidelity.DirectionLooser,
			Summary:     "refresh tokens rotate for a whole realm or not at all",
			Compensated: "the refresh token ends with the sign-on session",
			Audience:    fidelity.AudienceSecurity, Severity: fidelity.SeverityLow, ImpactCode: "rotation_realm_wide"}
		findings = append(findings, f)
	}
	return findings
}

// signOut takes over where the application is told of a sign-out. The server knows one way a client: through the
// browser, or directly.
func signOut(app kinds.Application, extra map[string]any) []fidelity.Finding {
	if app.FrontchannelLogoutURL != "" {
		extra["frontchannel.logout.url"] = app.FrontchannelLogoutURL
		extra["frontchannel.logout.session.required"] = strconv.FormatBool(app.FrontchannelSession)
	}
	switch {
	case app.BackchannelLogoutURL == "":
		return nil
	case app.FrontchannelLogoutURL != "":
		return []fidelity.Finding{lost("backchannel_logout_url", "the application is told of a sign-out through the "+
			"browser only")}
	}
	extra["backchannel.logout.url"] = app.BackchannelLogoutURL
	return nil
}

// pages are for people to look at.
func pages(app kinds.Application, extra map[string]any) {
	for attribute, address := range map[string]string{"logoUri": app.LogoURI, "policyUri": app.PolicyURI,
		"tosUri": app.TermsURI} {
		if address != "" {
			extra[attribute] = address
		}
	}
}
