package realm

import (
	"slices"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func clientFields() []field {
	return []field{
		{name: "client_id", at: "clientId", key: true, limit: column, doc: "OIDC client id or SAML entity id."},
		{name: "protocol", at: "protocol", none: gating.ProtocolOIDC, doc: "openid-connect or saml."},
		{name: "name", at: "name", limit: column, doc: "Display name."},
		{name: "description", at: "description", limit: column, long: shortened, doc: "Text for administrators."},
		{name: "base_url", at: "baseUrl", limit: column, long: leftOut, doc: "Start page."},
		{name: "redirect_uris", form: asSet, at: "redirectUris", limit: column,
			doc: "Allowed redirect URIs or assertion consumer URLs."},
		{name: "web_origins", form: asSet, at: "webOrigins", limit: column, doc: "Origins that may call from a browser."},
		{name: "public", form: asFlag, at: "publicClient", doc: "The client has no secret."},
		{name: "client_authenticator", at: "clientAuthenticatorType", none: "client-secret",
			doc: "client-secret, client-secret-jwt or client-jwt."},
		{name: "standard_flow", form: asFlag, at: "standardFlowEnabled", doc: "Authorization code."},
		{name: "implicit_flow", form: asFlag, at: "implicitFlowEnabled", doc: "Implicit grant."},
		{name: "direct_access_grants", form: asFlag, at: "directAccessGrantsEnabled",
			doc: "Password grant; never switched on, because it leaves every flow out."},
		{name: "service_accounts", form: asFlag, at: "serviceAccountsEnabled", doc: "The client may sign in as itself."},
		{name: "consent_required", form: asFlag, at: "consentRequired", doc: "People are asked for consent."},
		{name: "front_channel_logout", form: asFlag, at: "frontchannelLogout", doc: "Signed out through the browser."},
		// A realm file that does not say it gets a client whose tokens hold every role of the person (26.7.4).
		{name: "full_scope_allowed", form: asFlag, at: "fullScopeAllowed", none: true,
			doc: "Tokens hold all roles of the person."},
		// Its permissions hand out tokens that no flow was asked for (26.7.4).
		{name: "authorization_services", form: asFlag, at: "authorizationServicesEnabled",
			doc: "The server decides about the client's resources, and hands out tokens for them past every flow."},
		{name: "attributes", form: asTable, read: readClientAttributes, write: writeClientAttributes,
			doc: "Attributes that rehome knows, those at their default left out."},
		{name: "protocol_mappers", form: asMaps, read: readProtocolMappers, write: writeProtocolMappers,
			doc: "What tokens and assertions say: maps of name, type and config."},
		// Below the mappers, which are written as a whole.
		{name: "own_audience", form: asFlag, read: readOwnAudience, write: writeOwnAudience,
			doc: "Access tokens name the client itself as audience, so that it may introspect them."},
		{name: "default_client_scopes", form: asSet, read: readDefaultScopes, write: writeDefaultScopes,
			doc: "Default client scopes, set only where they must differ from those of the realm."},
		// Which flows are those of gates is known where the whole realm is read.
		{name: "own_flow", form: asFlag, computed: true, read: func(o object.Object) any { return OwnFlow(o) },
			doc: "It signs people in with a flow that is neither the realm's nor that of a gate."},
		{name: "secret", at: "secret", secret: true, generated: true, doc: "Secret of a confidential client."},
	}
}

// clientAttributes are the entries of the attribute attributes: one row each, under the server's own name. none is
// the value that counts as not set. All of them are texts, and none has a limit: CLIENT_ATTRIBUTES.VALUE is a CLOB
// since Keycloak 20.
func clientAttributes(protocol string) []field {
	if protocol == gating.ProtocolSAML {
		return samlAttributes()
	}
	return oidcClientAttributes()
}

func oidcClientAttributes() []field {
	return clientRows([]field{
		{name: "pkce.code.challenge.method", doc: "S256: a code is given out against a proof key only."},
		// Left out, the server allows the redirect URIs as well; "-" allows none, "+" says what is the default (26.7.4).
		{name: "post.logout.redirect.uris", none: "+", doc: "Where a person may land after signing out, with ## between; " +
			"- for nowhere."},
		{name: "access.token.lifespan", doc: "Seconds that access and ID tokens are good for; the realm's where it is left out."},
		// Left out, every client gets refresh tokens, also one that had none at the source.
		{name: "use.refresh.tokens", none: "true", doc: "Refresh tokens are given out."},
		{name: "use.jwks.url", none: "false", doc: "The client's keys are at jwks.url."},
		{name: "jwks.url", doc: "Where the client's keys are. The server takes any address, also one that nobody " +
			"answers at."},
		{name: "use.jwks.string", none: "false", doc: "The client's keys are in jwks.string."},
		// A key without use "sig" fails with "Unable to load public key" (26.7.4), see signingKeys.
		{name: "jwks.string", doc: "The client's keys."},
		{name: "oauth2.device.authorization.grant.enabled", none: "false", doc: "Device grant."},
		{name: "standard.token.exchange.enabled", none: "false", doc: "Token exchange."},
		{name: "oidc.ciba.grant.enabled", none: "false", doc: "Backchannel sign-in. It runs through no flow of the " +
			"client, so also past its gate."},
		// On at the server by default, and off for every client (26.7.4).
		{name: "oauth2.jwt.authorization.grant.enabled", none: "false", doc: "Tokens for an assertion of a provider; it " +
			"runs through no flow of the client, so also past its gate."},
		{name: "dpop.bound.access.tokens", none: "false", doc: "Tokens are bound to a key of the client."},
		{name: "frontchannel.logout.url", doc: "Address that the browser calls at sign-out."},
		// Left out, the server takes true for it.
		{name: "frontchannel.logout.session.required", doc: "The call at sign-out names issuer and session."},
		// Called only where the client has no sign-out through the browser.
		{name: "backchannel.logout.url", doc: "Address that the server calls at sign-out."},
		{name: "logoUri", doc: "Address of the logo."},
		{name: "policyUri", doc: "Address of the privacy policy."},
		{name: "tosUri", doc: "Address of the terms of service."},
	})
}

func samlAttributes() []field {
	return clientRows([]field{
		{name: "saml_assertion_consumer_url_post", doc: "Where assertions go, whatever index a request names."},
		{name: "saml_name_id_format", doc: "username, email, transient or persistent; any other text is taken and means " +
			"username."},
		// Without it the format that a request asks for wins over the client's (26.7.4).
		{name: "saml_force_name_id_format", none: "false", doc: "The format does not follow the request."},
		{name: "saml.server.signature", doc: "The response is signed."},
		{name: "saml.assertion.signature", doc: "The assertion is signed."},
		// True is the server's default for a new client: without a certificate nobody could sign in, so it is always said.
		{name: "saml.client.signature", doc: "Requests must be signed."},
		{name: "saml.signing.certificate", doc: "Certificate of the application's signatures, base64 DER."},
		{name: "saml.signature.algorithm", none: "RSA_SHA256", doc: "Algorithm of our signatures; the digest follows it."},
		// Switched on without a certificate, every sign-in answers 400 (26.7.4).
		{name: "saml.encrypt", none: "false", doc: "Assertions are encrypted."},
		{name: "saml.encryption.certificate", doc: "Certificate that assertions are encrypted for, base64 DER."},
		// What the server takes by itself, RSA-OAEP with SHA-256, is read by few libraries; see docs/decisions.
		{name: "saml.encryption.algorithm", doc: "Address of the algorithm that assertions are encrypted with."},
		{name: "saml.encryption.keyAlgorithm", doc: "Address of the algorithm that their key is encrypted with."},
		{name: "saml.encryption.digestMethod", doc: "Address of the digest of RSA-OAEP."},
		{name: "saml.encryption.maskGenerationFunction", doc: "Address of the mask of RSA-OAEP of XML Encryption 1.1."},
		{name: "saml.assertion.lifespan", doc: "Seconds that an assertion may be used; the realm's where it is left out."},
		{name: "saml.force.post.binding", doc: "Answers are posted."},
		// The server has one flow of its own for it, whatever flow the client is bound to (26.7.4).
		{name: "saml.allow.ecp.flow", none: "false", doc: "Sign-in by an enhanced client, which runs past the gate."},
		{name: "saml_idp_initiated_sso_url_name", doc: "Last part of the address at which a sign-in begins at the provider."},
		{name: "saml_idp_initiated_sso_relay_state", doc: "Relay state of such a sign-in."},
		{name: "saml_single_logout_service_url_post", doc: "Where logout requests go."},
	})
}

// clientRows says where attributes of a client stand: the names hold dots and no slash.
func clientRows(rows []field) []field {
	for i := range rows {
		rows[i].at = "attributes/" + rows[i].name
	}
	return rows
}

// readClientAttributes leaves those at their default out, so that a server that writes them down and one that does not
// are alike.
func readClientAttributes(o object.Object) any {
	known := map[string]any{}
	for _, row := range clientAttributes(gating.ProtocolOf(o)) {
		if value := row.value(o); value != "" && value != row.none {
			known[row.name] = value
		}
	}
	return known
}

// writeClientAttributes sets the known attributes to what is wanted or to their default. Keycloak merges the
// attributes of a PUT, and an empty text is what removes one; a new client has nothing to remove.
func writeClientAttributes(o object.Object, value any) {
	wanted, ok := value.(map[string]any)
	if !ok {
		return
	}
	for _, row := range clientAttributes(object.Text(o, "protocol")) {
		text, set := wanted[row.name].(string)
		if !set {
			text, _ = row.none.(string)
		}
		if _, present := object.Peek(o, "attributes")[row.name]; text != "" || present {
			row.put(o, text)
		}
	}
}

// ownAudience is the name of the mapper that names the client itself as audience. It is no entry of protocol_mappers,
// so that it follows a client that gets another id.
const ownAudience = "own audience"

func isOwnAudience(mapper object.Object) bool {
	_, names := object.Peek(mapper, "config")["included.client.audience"]
	return names && object.Text(mapper, "name") == ownAudience &&
		object.Text(mapper, "protocolMapper") == "oidc-audience-mapper"
}

func otherMappers(o object.Object) []object.Object {
	return slices.DeleteFunc(slices.Clone(object.Objects(o["protocolMappers"])), isOwnAudience)
}

func readOwnAudience(o object.Object) any {
	return slices.ContainsFunc(object.Objects(o["protocolMappers"]), func(mapper object.Object) bool {
		config := object.Peek(mapper, "config")
		return isOwnAudience(mapper) && object.Text(config, "included.client.audience") == object.Text(o, "clientId") &&
			object.Truth(config, "access.token.claim")
	})
}

func writeOwnAudience(o object.Object, value any) {
	mappers := otherMappers(o)
	if value == true {
		mappers = append(mappers, object.Object{
			"name": ownAudience, "protocol": gating.ProtocolOIDC, "protocolMapper": "oidc-audience-mapper",
			"config": object.Object{
				"included.client.audience": object.Text(o, "clientId"), "access.token.claim": "true", "id.token.claim": "false",
				"introspection.token.claim": "true",
			},
		})
	}
	all := make([]any, len(mappers))
	for i, mapper := range mappers {
		all[i] = mapper
	}
	o["protocolMappers"] = all
}

func readProtocolMappers(o object.Object) any {
	return readMappers(otherMappers(o), "protocolMapper")
}

func writeProtocolMappers(o object.Object, value any) {
	out := []any{}
	for _, m := range object.Objects(o["protocolMappers"]) {
		if isOwnAudience(m) {
			out = append(out, m)
		}
	}
	for _, m := range object.Objects(value) {
		out = append(out, object.Object{
			"name": object.Text(m, "name"), "protocol": object.Text(o, "protocol"), "protocolMapper": object.Text(m, "type"),
			"config": copyConfig(object.Peek(m, "config")),
		})
	}
	o["protocolMappers"] = out
}

// readDefaultScopes leaves the scopes of gates out, which belong to the gate.
func readDefaultScopes(o object.Object) any {
	scopes := slices.DeleteFunc(slices.Clone(object.Texts(o["defaultClientScopes"])), gating.IsGateScope)
	if _, said := o["defaultClientScopes"]; !said { // a file that does not say gets those of the realm
		scopes = ClientDefaultScopes(gating.ProtocolOf(o))
	}
	return object.Sorted(scopes)
}

func writeDefaultScopes(o object.Object, value any) {
	scopes := slices.Clone(object.Texts(value))
	for _, old := range object.Texts(o["defaultClientScopes"]) {
		if gating.IsGateScope(old) {
			scopes = append(scopes, old)
		}
	}
	o["defaultClientScopes"] = object.List(scopes)
}

// WriteClient makes the representation of a client. base is the live representation, nil for a new one, which is then
// disabled: between the creation and the gate it would be open to everybody. An attribute of the attributes map that
// must go away is written as an empty text, which is what Keycloak wants; DropEmptyAttributes is for a file.
func WriteClient(base object.Object, a identity.Attributes, tag string, secrets map[string]string) object.Object {
	o := object.OrNew(base)
	if base == nil {
		o["enabled"] = false
	}
	writeFields(TypeOf(TypeClient).fields, o, a, secrets)
	if tag != "" {
		object.Sub(o, "attributes")[tagKey] = tag
	}
	return o
}

// OwnFlow tells whether a client signs people in with flows that are neither those of the realm nor of a gate, whose
// ids are given.
func OwnFlow(client object.Object, gates ...string) bool {
	for _, flow := range object.Peek(client, "authenticationFlowBindingOverrides") {
		if id, _ := flow.(string); id != "" && !slices.Contains(gates, id) {
			return true
		}
	}
	return false
}

// DropEmptyAttributes takes attributes without a value out of a client representation.
func DropEmptyAttributes(o object.Object) {
	attributes := object.Peek(o, "attributes")
	for name, value := range attributes {
		if value == "" {
			delete(attributes, name)
		}
	}
}

// ReadClient makes the resource of a client. The secret, the gate and whether it is enabled are not part of it.
func ReadClient(o object.Object) identity.Resource {
	return identity.Resource{Type: TypeClient, Key: object.Text(o, "clientId"), ServerID: object.Text(o, "id"),
		Tag: object.Text(object.Peek(o, "attributes"), tagKey), Attributes: readFields(TypeOf(TypeClient).fields, o)}
}

// IsReservedClient tells whether Keycloak makes a client of this id in every realm.
func IsReservedClient(clientID string) bool {
	switch clientID {
	case "account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console",
		"admin-permissions", MarkerClient, gating.RefusalName:
		return true
	}
	return false
}
