package realm

import (
	"encoding/json"
	"sort"
	"strconv"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func providerFields() []field {
	return []field{
		{name: "alias", at: "alias", key: true, replaces: true, limit: column,
			doc: "Alias; part of the redirect address that the upstream knows."},
		{name: "display_name", at: "displayName", limit: column, doc: "Name on the sign-in button."},
		{name: "protocol", at: "providerId", doc: "saml, oidc, or a social provider such as google."},
		{name: "enabled", form: asFlag, at: "enabled", doc: "People may sign in with it."},
		{name: "hide_on_login", form: asFlag, at: "hideOnLogin", doc: "No button on the sign-in page."},
		// It decides about the e-mail of an account that is made, and stops no link to one that is there (26.7.4).
		{name: "trust_email", form: asFlag, at: "trustEmail", doc: "Its e-mail addresses count as proved."},
		// Left out, the issuer of a response is not checked (26.7.4), so a translation never leaves it out.
		{name: "entity_id", at: "config/idpEntityId", doc: "SAML entity id of the upstream."},
		{name: "sso_url", at: "config/singleSignOnServiceUrl", doc: "Where SAML requests go."},
		{name: "sso_binding", read: readBinding, write: writeBinding, doc: "post or redirect."},
		{name: "slo_url", at: "config/singleLogoutServiceUrl", doc: "Single logout address."},
		{name: "audience", at: "config/entityId", doc: "Our entity id as the upstream knows it."},
		// With PEM armour a certificate is stored as it is and checks nothing: base64 DER it must be (26.7.4).
		{name: "signing_certificates", form: asJoined, at: "config/signingCertificate",
			doc: "Certificates of the upstream, base64 DER."},
		{name: "want_assertions_signed", form: asFlagText, at: "config/wantAssertionsSigned",
			doc: "Assertions must be signed."},
		{name: "want_authn_requests_signed", form: asFlagText, at: "config/wantAuthnRequestsSigned",
			doc: "Our requests are signed."},
		{name: "validate_signature", form: asFlagText, at: "config/validateSignature",
			doc: "Signatures of the upstream are checked."},
		{name: "name_id_format", at: "config/nameIDPolicyFormat", doc: "NameID format asked for."},
		{name: "issuer", at: "config/issuer", doc: "OIDC issuer."},
		{name: "authorization_url", at: "config/authorizationUrl", doc: "OIDC authorization endpoint."},
		{name: "token_url", at: "config/tokenUrl", doc: "OIDC token endpoint."},
		{name: "userinfo_url", at: "config/userInfoUrl", doc: "OIDC userinfo endpoint."},
		{name: "jwks_url", at: "config/jwksUrl", doc: "OIDC key set address."},
		{name: "client_id", at: "config/clientId", doc: "Our client id at the upstream."},
		{name: "client_secret", at: "config/clientSecret", secret: true, doc: "Our secret at the upstream."},
		{name: "client_authentication", at: "config/clientAuthMethod",
			doc: "client_secret_basic, client_secret_post or private_key_jwt."},
		{name: "scopes", at: "config/defaultScope", doc: "Scopes asked for, with blanks between."},
		{name: "pkce", form: asFlagText, at: "config/pkceEnabled", doc: "Proof key S256 is used."},
		{name: "sync_mode", at: "config/syncMode", doc: "FORCE or IMPORT."},
		{name: "clock_skew", form: asNumberText, at: "config/allowedClockSkew",
			doc: "Tolerated clock difference in seconds."},
		{name: "first_broker_flow", at: "firstBrokerLoginFlowAlias", doc: "Alias of the flow of a first sign-in."},
		{name: "post_broker_flow", at: "postBrokerLoginFlowAlias", doc: "Alias of the flow that runs after every sign-in " +
			"with it."},
		{name: "mappers", form: asMaps, doc: "Attribute mappers: maps of name, type and config."},
	}
}

func readBinding(o object.Object) any {
	if object.Truth(object.Peek(o, "config"), "postBindingAuthnRequest") {
		return "post"
	}
	return "redirect"
}

// writeBinding says how requests go; answers are always posted, which every upstream can do.
func writeBinding(o object.Object, value any) {
	config := object.Sub(o, "config")
	config["postBindingAuthnRequest"] = strconv.FormatBool(value == "post")
	config["postBindingResponse"] = "true"
}

// WriteProvider makes the full representation of an identity provider, without its mappers (see WriteMappers). base
// is the live representation, nil for a new one: it is changed in place, and what rehome does not know stays, so the
// result can be sent whole, as Keycloak demands. secrets holds values of sensitive attributes; one that is missing is
// left as it is in base.
func WriteProvider(base object.Object, a identity.Attributes, tag string, secrets map[string]string) object.Object {
	o := object.OrNew(base)
	writeFields(TypeOf(TypeProvider).fields, o, a, secrets)
	if _, said := o["enabled"]; !said {
		o["enabled"] = false // left out, Keycloak 26.7.4 switches it on
	}
	impliedConfig(object.Sub(o, "config"), a)
	if tag != "" {
		object.Sub(o, "config")[tagKey] = tag
	}
	return o
}

// impliedConfig sets what follows from other settings and has no attribute of its own.
func impliedConfig(config object.Object, a identity.Attributes) {
	if object.Text(a, "protocol") == gating.ProtocolSAML {
		config["principalType"] = "SUBJECT"
	}
	if object.Text(a, "jwks_url") != "" {
		config["useJwksUrl"] = "true"
	}
	if object.Truth(a, "pkce") {
		config["pkceMethod"] = "S256"
	}
}

// ReadProvider makes the resource of a provider and its mappers. Secrets are left out.
func ReadProvider(o object.Object, mappers []object.Object) identity.Resource {
	a := readFields(TypeOf(TypeProvider).fields, o)
	a["mappers"] = readMappers(mappers, "identityProviderMapper")
	return identity.Resource{Type: TypeProvider, Key: object.Text(o, "alias"), ServerID: object.Text(o, "internalId"),
		Tag: object.Text(object.Peek(o, "config"), tagKey), Attributes: a}
}

// WriteMappers makes the representations of a provider's mappers; false when they are not managed.
func WriteMappers(a identity.Attributes) ([]object.Object, bool) {
	wanted, managed := a["mappers"]
	if !managed {
		return nil, false
	}
	var out []object.Object
	for _, m := range object.Objects(wanted) {
		out = append(out, object.Object{
			"name": object.Text(m, "name"), "identityProviderAlias": object.Text(a, "alias"),
			"identityProviderMapper": object.Text(m, "type"),
			"config":                 copyConfig(object.Peek(m, "config")),
		})
	}
	return out, true
}

// MapperKey tells mappers of one provider or client apart when they are compared: two with one key are alike in every
// managed part.
func MapperKey(mapper object.Object) string {
	kind := object.Text(mapper, "identityProviderMapper") + object.Text(mapper, "protocolMapper")
	encoded, err := json.Marshal([]any{object.Text(mapper, "name"), kind, copyConfig(object.Peek(mapper, "config"))})
	if err != nil {
		return object.Text(mapper, "name")
	}
	return string(encoded)
}

// readMappers makes the attribute of mappers, sorted by name, without ids and without what Keycloak adds when it reads.
func readMappers(mappers []object.Object, typeField string) []any {
	sorted := append([]object.Object(nil), mappers...)
	sort.SliceStable(sorted, func(i, j int) bool {
		return object.Text(sorted[i], "name") < object.Text(sorted[j], "name")
	})
	out := []any{}
	for _, m := range sorted {
		out = append(out, object.Object{"name": object.Text(m, "name"), "type": object.Text(m, typeField),
			"config": copyConfig(object.Peek(m, "config"))})
	}
	return out
}

// copyConfig copies the config of a mapper; introspection.token.claim is left out, because Keycloak shows it though it
// is not stored.
func copyConfig(config object.Object) object.Object {
	out := object.Object{}
	for name, value := range config {
		if name == "introspection.token.claim" {
			continue
		}
		out[name] = value
	}
	return out
}
