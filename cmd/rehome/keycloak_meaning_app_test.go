package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

type application = kinds.Application

// onlyOf compares a field of one protocol, and nothing for the others.
func onlyOf(protocol string, m meaning[application]) meaning[application] {
	compare := m.compare
	m.compare = func(a application, o object, r *liveRealm) (any, any) {
		if a.Protocol != protocol {
			return nil, nil
		}
		return compare(a, o, r)
	}
	return m
}

func applicationMeanings() []meaning[application] {
	all := []meaning[application]{
		says("name", func(a application) string { return a.Name }, "name"),
		means("protocol", func(a application, o object, _ *liveRealm) (any, any) {
			return map[string]string{"oidc": "openid-connect", "saml": "saml"}[a.Protocol], o["protocol"]
		}),
		means("description", func(a application, o object, r *liveRealm) (any, any) {
			if r.described && a.Protocol == "oidc" { // the map block of the example
				return "from Okta: " + a.Name, textAt(o, "description")
			}
			return a.Description, textAt(o, "description")
		}),
		means("status", func(a application, o object, _ *liveRealm) (any, any) {
			waits := a.Access != identity.AccessEveryone && a.AssignedUsers > 0 // for its people, which a note says
			return a.Status == identity.StatusActive && !waits, o["enabled"]
		}),
		means("home_url", func(a application, o object, _ *liveRealm) (any, any) { return a.HomeURL, textAt(o, "baseUrl") }),
		{field: "access", despite: true, compare: func(a application, o object, _ *liveRealm) (any, any) {
			machine := a.Access == identity.AccessEveryone && a.Protocol == "oidc" && !signsIn(o)
			return !machine, textAt(o, "authenticationFlowBindingOverrides", "browser") != ""
		}},
		lists("redirect_uris", wantedRedirects, func(o object, _ *liveRealm) []string { return textsAt(o, "redirectUris") }),
	}
	for _, m := range oidcMeanings() {
		all = append(all, onlyOf("oidc", m))
	}
	for _, m := range samlMeanings() {
		all = append(all, onlyOf("saml", m))
	}
	all = append(all, nothing[application]("a word of the incumbent", "mode", "catalog", "audience")...)
	all = append(all, nothing[application]("the incumbent's own side, which the owner takes out and which sheets show",
		"idp_entity_id", "idp_sso_url", "idp_certificate")...)
	all = append(all, nothing[application]("the assignments are items of their own", "assigned_groups")...)
	all = append(all, nothing[application]("what a map block answers or corrects", "questions", "names_by_person")...)
	all = append(all, nothing[application]("the dates of keys and secrets; the keys themselves are compared",
		"credentials")...)
	return append(all, nothing[application]("says how much is known", "claims_known")...)
}

func wantedRedirects(a application) []string {
	uris := slices.Clone(a.RedirectURIs)
	if a.ACSURL != "" && !slices.Contains(uris, a.ACSURL) {
		uris = append(uris, a.ACSURL)
	}
	return uris
}

func oidcMeanings() []meaning[application] {
	public := func(a application) bool {
		return a.ClientAuthentication == "none" || a.ClientAuthentication == "" && a.ClientType == "public"
	}
	return []meaning[application]{
		says("client_id", func(a application) string { return a.ClientID }, "clientId"),
		isOn("client_type", public, "publicClient"),
		{field: "client_authentication", despite: true, compare: func(a application, o object, _ *liveRealm) (any, any) {
			proof := map[string]string{"private_key_jwt": "client-jwt",
				"client_secret_jwt": "client-secret-jwt"}[a.ClientAuthentication]
			if proof == "" {
				proof = "client-secret"
			}
			return proof, o["clientAuthenticatorType"]
		}},
		lists("post_logout_redirect_uris", func(a application) []string {
			if a.PostLogoutRedirectURIs == nil {
				return []string{"+"}
			}
			return a.PostLogoutRedirectURIs
		}, func(o object, _ *liveRealm) []string {
			switch uris := textAt(o, "attributes", "post.logout.redirect.uris"); uris {
			case "":
				return []string{"+"}
			case "-":
				return nil
			default:
				return strings.Split(uris, "##")
			}
		}),
		{field: "grant_types", despite: true, compare: func(a application, o object, r *liveRealm) (any, any) {
			return sortedTexts(wantedGrants(a)), sortedTexts(liveGrants(o, r))
		}},
		means("pkce_required", func(a application, o object, _ *liveRealm) (any, any) {
			return a.PKCERequired, textAt(o, "attributes", "pkce.code.challenge.method") == "S256"
		}),
		means("token_seconds", func(a application, o object, _ *liveRealm) (any, any) {
			return fmt.Sprint(a.TokenSeconds), orElse(textAt(o, "attributes", "access.token.lifespan"), "0")
		}),
		isOn("consent_required", func(a application) bool { return a.ConsentRequired }, "consentRequired"),
		isOn("dpop", func(a application) bool { return a.DPoP }, "attributes", "dpop.bound.access.tokens"),
		says("jwks_uri", func(a application) string { return a.JWKSURI }, "attributes", "jwks.url"),
		lists("jwks", func(a application) []string { return keyIDs(a.JWKS) }, func(o object, _ *liveRealm) []string {
			// The first key stands there without its name, too, for assertions that name none.
			return slices.DeleteFunc(keyIDs(textAt(o, "attributes", "jwks.string")), func(key string) bool {
				return strings.HasPrefix(key, "<nil>")
			})
		}),
		lists("web_origins", wantedOrigins, func(o object, _ *liveRealm) []string { return textsAt(o, "webOrigins") }),
		means("refresh_rotation", func(a application, _ object, r *liveRealm) (any, any) {
			return a.RefreshRotation == "rotate", r.rotates
		}),
		says("frontchannel_logout_url", func(a application) string { return a.FrontchannelLogoutURL }, "attributes",
			"frontchannel.logout.url"),
		lists("audiences", func(a application) []string {
			return slices.DeleteFunc(slices.Clone(a.Audiences), func(each string) bool { return each == a.ClientID })
		}, func(o object, _ *liveRealm) []string {
			var found []string
			for _, m := range objectsAt(o, "protocolMappers") {
				if own := textAt(m, "config", "included.client.audience"); own != "" {
					continue // its own, which every client of ours states
				}
				if textAt(m, "protocolMapper") == "oidc-audience-mapper" {
					found = append(found, textAt(m, "config", "included.custom.audience"))
				}
			}
			return found
		}),
	}
}

// wantedGrants are the grants that a realm may carry: never that of the password, whose absence is noted.
func wantedGrants(a application) []string {
	if len(a.GrantTypes) == 0 && len(a.RedirectURIs) > 0 {
		return []string{"authorization_code", "refresh_token"}
	}
	var grants []string
	for _, grant := range a.GrantTypes {
		switch strings.TrimPrefix(grant, "urn:ietf:params:oauth:grant-type:") {
		case "authorization_code", "implicit", "client_credentials", "refresh_token":
			grants = append(grants, grant)
		case "device_code":
			grants = append(grants, "device_code")
		}
	}
	return grants
}

func liveGrants(o object, _ *liveRealm) []string {
	var grants []string
	for grant, on := range map[string]bool{
		"authorization_code": o["standardFlowEnabled"] == true, "implicit": o["implicitFlowEnabled"] == true,
		"client_credentials": o["serviceAccountsEnabled"] == true, "password": o["directAccessGrantsEnabled"] == true,
		"refresh_token": textAt(o, "attributes", "use.refresh.tokens") != "false",
		"device_code":   textAt(o, "attributes", "oauth2.device.authorization.grant.enabled") == "true",
	} {
		if on {
			grants = append(grants, grant)
		}
	}
	return grants
}

func samlMeanings() []meaning[application] {
	attribute := func(name string) []string { return []string{"attributes", name} }
	return []meaning[application]{
		says("entity_id", func(a application) string { return a.EntityID }, "clientId"),
		means("acs_url", func(a application, o object, _ *liveRealm) (any, any) {
			want := a.ACSURL
			if want == "" && len(a.RedirectURIs) == 1 {
				want = a.RedirectURIs[0]
			}
			return want, textAt(o, attribute("saml_assertion_consumer_url_post")...)
		}),
		means("recipient", func(a application, o object, _ *liveRealm) (any, any) {
			return orElse(a.Recipient, a.ACSURL), orElse(textAt(o, attribute("saml_assertion_consumer_url_post")...), a.ACSURL)
		}),
		means("destination", func(a application, o object, _ *liveRealm) (any, any) {
			return orElse(a.Destination, a.ACSURL), orElse(textAt(o, attribute("saml_assertion_consumer_url_post")...), a.ACSURL)
		}),
		means("name_id_format", func(a application, o object, _ *liveRealm) (any, any) {
			format := a.NameIDFormat[strings.LastIndex(a.NameIDFormat, ":")+1:]
			name := map[string]string{"emailAddress": "email", "unspecified": "username", "": "username"}[format]
			return orElse(name, format), textAt(o, attribute("saml_name_id_format")...)
		}),
		isOn("sign_response", func(a application) bool { return a.SignResponse }, attribute("saml.server.signature")...),
		isOn("sign_assertion", func(a application) bool { return a.SignAssertion }, attribute("saml.assertion.signature")...),
		means("signature_algorithm", func(a application, o object, _ *liveRealm) (any, any) {
			return orElse(a.SignatureAlgorithm, "RSA_SHA256"), orElse(textAt(o, attribute("saml.signature.algorithm")...),
				"RSA_SHA256")
		}),
		means("digest_algorithm", func(a application, o object, _ *liveRealm) (any, any) {
			return orElse(a.DigestAlgorithm, "SHA256"),
				strings.TrimPrefix(orElse(textAt(o, attribute("saml.signature.algorithm")...), "RSA_SHA256"), "RSA_")
		}),
		isOn("request_signed", func(a application) bool { return a.RequestSigned }, attribute("saml.client.signature")...),
		means("signing_certificate", func(a application, o object, _ *liveRealm) (any, any) {
			if !a.RequestSigned {
				return nil, nil // nothing is checked with it
			}
			return a.SigningCertificate, textAt(o, attribute("saml.signing.certificate")...)
		}),
		isOn("encrypt_assertion", func(a application) bool { return a.EncryptAssertion }, attribute("saml.encrypt")...),
		means("encryption_certificate", func(a application, o object, _ *liveRealm) (any, any) {
			if !a.EncryptAssertion {
				return nil, nil
			}
			return a.EncryptionCertificate, textAt(o, attribute("saml.encryption.certificate")...)
		}),
		means("assertion_seconds", func(a application, o object, _ *liveRealm) (any, any) {
			return fmt.Sprint(a.AssertionSeconds), orElse(textAt(o, attribute("saml.assertion.lifespan")...), "0")
		}),
		means("encryption_algorithm", func(a application, o object, _ *liveRealm) (any, any) {
			_, algorithm, _ := strings.Cut(textAt(o, attribute("saml.encryption.algorithm")...), "#")
			return a.EncryptionAlgorithm, strings.ToUpper(strings.ReplaceAll(algorithm, "-", "_"))
		}),
		means("key_transport", func(a application, o object, _ *liveRealm) (any, any) {
			if a.KeyTransport == "RSA_15" {
				return "rsa-1_5", textAt(o, attribute("saml.encryption.keyAlgorithm")...)[len("http://www.w3.org/2001/04/xmlenc#"):]
			}
			return orElse(a.KeyTransport, "RSA_OAEP"), "RSA_OAEP"
		}),
		says("logout_url", func(a application) string { return a.LogoutURL },
			attribute("saml_single_logout_service_url_post")...),
		says("relay_state", func(a application) string { return a.RelayState },
			attribute("saml_idp_initiated_sso_relay_state")...),
		means("honor_force_authn", func(a application, _ object, _ *liveRealm) (any, any) { return a.HonorForceAuthn, true }),
		means("name_id_source", func(a application, o object, _ *liveRealm) (any, any) {
			if strings.HasSuffix(a.NameIDFormat, "transient") {
				return nil, nil // a name of one sign-in has no source
			}
			return a.NameIDSource, "a note says that it comes in small letters"
		}),
		means("authn_context", func(a application, _ object, _ *liveRealm) (any, any) {
			return orElse(a.AuthnContext[strings.LastIndex(a.AuthnContext, ":")+1:], "unspecified"), "unspecified"
		}),
		lists("attribute_statements", func(a application) []string {
			var names []string
			for _, s := range a.AttributeStatements {
				names = append(names, s.Name)
			}
			return names
		}, func(o object, _ *liveRealm) []string {
			var names []string
			for _, m := range objectsAt(o, "protocolMappers") {
				if name := textAt(m, "config", "attribute.name"); name != "" {
					names = append(names, name)
				}
			}
			return names
		}),
	}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// signsIn tells whether people sign in to a client in any way.
func signsIn(o object) bool {
	return o["standardFlowEnabled"] == true || o["implicitFlowEnabled"] == true || o["directAccessGrantsEnabled"] == true ||
		textAt(o, "attributes", "oauth2.device.authorization.grant.enabled") == "true"
}
