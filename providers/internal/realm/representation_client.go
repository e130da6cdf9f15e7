package realm

import (
	"slices"
	"sort"

	"github.com/rehome-iam/rehome/engine/identity"
)

// clientAttributes are the attributes of a client that rehome manages, by protocol, with the value that counts as not set.
func clientAttributes(protocol string) map[string]string {
	if protocol == ProtocolSAML {
		return map[string]string{
			"saml_assertion_consumer_url_post": "", "saml_name_id_format": "", "saml_force_name_id_format": "false",
			"saml.server.signature": "", "saml.assertion.signature": "", "saml.client.signature": "", "saml.signing.certificate": "",
			"saml.signature.algorithm": "RSA_SHA256", "saml.encrypt": "false", "saml.encryption.certificate": "", "saml.force.post.binding": "",
			"saml_idp_initiated_sso_url_name": "", "saml_idp_initiated_sso_relay_state": "", "saml_single_logout_service_url_post": "",
		}
	}
	return map[string]string{
		"pkce.code.challenge.method": "", "post.logout.redirect.uris": "+", "use.refresh.tokens": "true", "use.jwks.url": "false",
		"jwks.url": "", "use.jwks.string": "false", "jwks.string": "", "oauth2.device.authorization.grant.enabled": "false",
		"standard.token.exchange.enabled": "false", "oidc.ciba.grant.enabled": "false", "dpop.bound.access.tokens": "false",
		"frontchannel.logout.url": "",
	}
}

// clientFlags says where the flags of a client are.
var clientFlags = []struct{ attribute, field string }{
	{"public", "publicClient"}, {"standard_flow", "standardFlowEnabled"}, {"implicit_flow", "implicitFlowEnabled"},
	{"direct_access_grants", "directAccessGrantsEnabled"}, {"service_accounts", "serviceAccountsEnabled"},
	{"consent_required", "consentRequired"}, {"front_channel_logout", "frontchannelLogout"}, {"full_scope_allowed", "fullScopeAllowed"},
}

// clientTexts says where the texts of a client are.
var clientTexts = []struct{ attribute, field string }{
	{"client_id", "clientId"}, {"protocol", "protocol"}, {"name", "name"}, {"description", "description"}, {"base_url", "baseUrl"},
	{"client_authenticator", "clientAuthenticatorType"},
}

// WriteClient makes the representation of a client. base is the live representation, nil for a new one, which is then disabled:
// between the creation and the gate it would be open to everybody. An attribute of the attributes map that must go away is
// written as an empty text, which is what Keycloak wants; DropEmptyAttributes is for a file.
func WriteClient(base Object, a identity.Attributes, tag string, secrets map[string]string) Object {
	o := orNew(base)
	if base == nil {
		o["enabled"] = false
	}
	for _, f := range clientTexts {
		copyText(o, f.field, a, f.attribute)
	}
	for _, f := range clientFlags {
		copyFlag(o, f.field, a, f.attribute)
	}
	if wanted, managed := a["redirect_uris"]; managed {
		o["redirectUris"] = List(Texts(wanted))
	}
	if wanted, managed := a["web_origins"]; managed {
		o["webOrigins"] = List(Texts(wanted))
	}
	writeClientAttributes(o, a, base == nil)
	if wanted, managed := a["protocol_mappers"]; managed {
		o["protocolMappers"] = writeProtocolMappers(str(o, "protocol"), Objects(wanted))
	}
	if wanted, managed := a["default_client_scopes"]; managed {
		scopes := Texts(wanted)
		for _, old := range Texts(o["defaultClientScopes"]) {
			if IsGateScope(old) {
				scopes = append(slices.Clone(scopes), old)
			}
		}
		o["defaultClientScopes"] = List(scopes)
	}
	if secret, known := secrets["secret"]; known {
		o["secret"] = secret
	}
	if tag != "" {
		sub(o, "attributes")[TagKey] = tag
	}
	return o
}

func writeClientAttributes(o Object, a identity.Attributes, isNew bool) {
	wanted, managed := a["attributes"].(map[string]any)
	if !managed {
		return
	}
	into := sub(o, "attributes")
	for name, none := range clientAttributes(str(o, "protocol")) {
		value, set := wanted[name].(string)
		if !set {
			value = none
		}
		if _, there := into[name]; value == "" && (isNew || !there) {
			continue
		}
		into[name] = value
	}
}

func writeProtocolMappers(protocol string, wanted []Object) []any {
	out := []any{}
	for _, m := range wanted {
		out = append(out, Object{
			"name": str(m, "name"), "protocol": protocol, "protocolMapper": str(m, "type"), "config": copyConfig(peek(m, "config")),
		})
	}
	return out
}

// DropEmptyAttributes takes attributes without a value out of a client representation.
func DropEmptyAttributes(o Object) {
	attributes := peek(o, "attributes")
	for name, value := range attributes {
		if value == "" {
			delete(attributes, name)
		}
	}
}

// ReadClient makes the resource of a client. The secret, the gate and whether it is enabled are not part of it.
func ReadClient(o Object) identity.Resource {
	a := identity.Attributes{}
	for _, f := range clientTexts {
		a[f.attribute] = str(o, f.field)
	}
	if a["protocol"] == "" {
		a["protocol"] = ProtocolOIDC
	}
	if a["client_authenticator"] == "" {
		a["client_authenticator"] = "client-secret"
	}
	for _, f := range clientFlags {
		a[f.attribute] = truth(o, f.field)
	}
	if _, said := o["fullScopeAllowed"]; !said {
		a["full_scope_allowed"] = true
	}
	a["redirect_uris"] = sortedList(Texts(o["redirectUris"]))
	a["web_origins"] = sortedList(Texts(o["webOrigins"]))
	raw := peek(o, "attributes")
	known := map[string]any{}
	for name, none := range clientAttributes(str(a, "protocol")) {
		if value := str(raw, name); value != "" && value != none {
			known[name] = value
		}
	}
	a["attributes"] = known
	a["protocol_mappers"] = readMappers(Objects(o["protocolMappers"]), "protocolMapper")
	var scopes []string
	for _, scope := range Texts(o["defaultClientScopes"]) {
		if !IsGateScope(scope) {
			scopes = append(scopes, scope)
		}
	}
	if _, said := o["defaultClientScopes"]; !said { // a file that does not say gets those of the realm
		scopes = ClientDefaultScopes(str(a, "protocol"))
	}
	a["default_client_scopes"] = sortedList(scopes)
	id := str(o, "clientId")
	return identity.Resource{Type: TypeClient, Key: id, ServerID: str(o, "id"), Tag: str(raw, TagKey), Attributes: a}
}

func sortedList(texts []string) []any {
	texts = slices.Clone(texts)
	sort.Strings(texts)
	return List(texts)
}

// IsReservedClient tells whether Keycloak makes a client of this id in every realm.
func IsReservedClient(clientID string) bool {
	switch clientID {
	case "account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console", "admin-permissions", MarkerClient:
		return true
	}
	return false
}
