package realm

import (
	"encoding/json"
	"sort"
	"strconv"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Keys of a provider's config by which people of an organization's domains are sent to it.
const (
	configDomain   = "kc.org.domain"
	configRedirect = "kc.org.broker.redirect.mode.email-matches"
)

// providerTexts says where the texts of a provider are in its config.
var providerTexts = []struct{ attribute, config string }{
	{"entity_id", "idpEntityId"}, {"sso_url", "singleSignOnServiceUrl"}, {"slo_url", "singleLogoutServiceUrl"}, {"audience", "entityId"},
	{"name_id_format", "nameIDPolicyFormat"}, {"issuer", "issuer"}, {"authorization_url", "authorizationUrl"}, {"token_url", "tokenUrl"},
	{"userinfo_url", "userInfoUrl"}, {"jwks_url", "jwksUrl"}, {"client_id", "clientId"}, {"client_authentication", "clientAuthMethod"},
	{"scopes", "defaultScope"}, {"sync_mode", "syncMode"},
}

// providerFlags says where the flags of a provider are in its config.
var providerFlags = []struct{ attribute, config string }{
	{"want_assertions_signed", "wantAssertionsSigned"}, {"want_authn_requests_signed", "wantAuthnRequestsSigned"},
	{"validate_signature", "validateSignature"}, {"pkce", "pkceEnabled"},
}

// WriteProvider makes the full representation of an identity provider, without its mappers (see WriteMappers). base is the live
// representation, nil for a new one: it is changed in place, and what rehome does not know stays, so the result can be sent
// whole, as Keycloak demands. secrets holds values of sensitive attributes; one that is missing is left as it is in base.
func WriteProvider(base Object, a identity.Attributes, tag string, secrets map[string]string) Object {
	o := orNew(base)
	copyText(o, "alias", a, "alias")
	copyText(o, "displayName", a, "display_name")
	copyText(o, "providerId", a, "protocol")
	copyFlag(o, "hideOnLogin", a, "hide_on_login")
	copyFlag(o, "trustEmail", a, "trust_email")
	copyFlag(o, "enabled", a, "enabled")
	if _, said := o["enabled"]; !said {
		o["enabled"] = false // left out, Keycloak would switch it on
	}
	copyText(o, "firstBrokerLoginFlowAlias", a, "first_broker_flow")
	copyText(o, "postBrokerLoginFlowAlias", a, "post_broker_flow")
	writeProviderConfig(sub(o, "config"), a, secrets)
	if tag != "" {
		sub(o, "config")[TagKey] = tag
	}
	return o
}

func writeProviderConfig(config Object, a identity.Attributes, secrets map[string]string) {
	for _, f := range providerTexts {
		copyText(config, f.config, a, f.attribute)
	}
	for _, f := range providerFlags {
		if value, managed := a[f.attribute].(bool); managed {
			config[f.config] = strconv.FormatBool(value)
		}
	}
	if binding, managed := a["sso_binding"].(string); managed {
		config["postBindingAuthnRequest"] = strconv.FormatBool(binding == "post")
		config["postBindingResponse"] = "true"
	}
	if certificates, managed := a["signing_certificates"]; managed {
		config["signingCertificate"] = strings.Join(Texts(certificates), ",")
	}
	if skew, managed := wholeNumber(a["clock_skew"]); managed {
		config["allowedClockSkew"] = strconv.FormatInt(skew, 10)
	}
	if str(a, "protocol") == ProtocolSAML {
		config["principalType"] = "SUBJECT"
	}
	if str(a, "jwks_url") != "" {
		config["useJwksUrl"] = "true"
	}
	if truth(a, "pkce") {
		config["pkceMethod"] = "S256"
	}
	if secret, known := secrets["client_secret"]; known {
		config["clientSecret"] = secret
	}
}

// ReadProvider makes the resource of a provider and its mappers. Secrets are left out.
func ReadProvider(o Object, mappers []Object) identity.Resource {
	config := peek(o, "config")
	alias := str(o, "alias")
	a := identity.Attributes{
		"alias": alias, "display_name": str(o, "displayName"), "protocol": str(o, "providerId"), "enabled": truth(o, "enabled"),
		"hide_on_login": truth(o, "hideOnLogin"), "trust_email": truth(o, "trustEmail"),
		"first_broker_flow": str(o, "firstBrokerLoginFlowAlias"), "post_broker_flow": str(o, "postBrokerLoginFlowAlias"),
	}
	for _, f := range providerTexts {
		a[f.attribute] = str(config, f.config)
	}
	for _, f := range providerFlags {
		a[f.attribute] = truth(config, f.config)
	}
	a["sso_binding"] = "redirect"
	if truth(config, "postBindingAuthnRequest") {
		a["sso_binding"] = "post"
	}
	var certificates []string
	for _, c := range strings.Split(str(config, "signingCertificate"), ",") {
		if c = strings.TrimSpace(c); c != "" {
			certificates = append(certificates, c)
		}
	}
	a["signing_certificates"] = List(certificates)
	a["clock_skew"] = float64(0)
	if skew, err := strconv.ParseFloat(str(config, "allowedClockSkew"), 64); err == nil {
		a["clock_skew"] = skew
	}
	a["mappers"] = readMappers(mappers, "identityProviderMapper")
	return identity.Resource{Type: TypeProvider, Key: alias, ServerID: str(o, "internalId"), Tag: str(config, TagKey), Attributes: a}
}

// WriteMappers makes the representations of a provider's mappers; false when they are not managed.
func WriteMappers(a identity.Attributes) ([]Object, bool) {
	wanted, managed := a["mappers"]
	if !managed {
		return nil, false
	}
	var out []Object
	for _, m := range Objects(wanted) {
		out = append(out, Object{
			"name": str(m, "name"), "identityProviderAlias": str(a, "alias"), "identityProviderMapper": str(m, "type"),
			"config": copyConfig(peek(m, "config")),
		})
	}
	return out, true
}

// MapperKey tells mappers of one provider or client apart when they are compared: two with one key are alike in every managed part.
func MapperKey(mapper Object) string {
	kind := str(mapper, "identityProviderMapper") + str(mapper, "protocolMapper")
	encoded, err := json.Marshal([]any{str(mapper, "name"), kind, copyConfig(peek(mapper, "config"))})
	if err != nil {
		return str(mapper, "name")
	}
	return string(encoded)
}

// readMappers makes the attribute of mappers, sorted by name, without ids and without what Keycloak adds when it reads.
func readMappers(mappers []Object, typeField string) []any {
	sorted := append([]Object(nil), mappers...)
	sort.SliceStable(sorted, func(i, j int) bool { return str(sorted[i], "name") < str(sorted[j], "name") })
	out := []any{}
	for _, m := range sorted {
		out = append(out, Object{"name": str(m, "name"), "type": str(m, typeField), "config": copyConfig(peek(m, "config"))})
	}
	return out
}

// copyConfig copies the config of a mapper; introspection.token.claim is left out, because Keycloak shows it though it is not stored.
func copyConfig(config Object) Object {
	out := Object{}
	for name, value := range config {
		if name == "introspection.token.claim" {
			continue
		}
		out[name] = value
	}
	return out
}

// wholeNumber reads a JSON number that has no fraction.
func wholeNumber(value any) (int64, bool) {
	switch v := value.(type) {
	case float64:
		return int64(v), true
	case int:
		return int64(v), true
	case json.Number:
		n, err := v.Int64()
		return n, err == nil
	}
	return 0, false
}

// WriteOrganization makes the representation of an organization; linking its provider is a separate step, see LinkProvider.
func WriteOrganization(base Object, a identity.Attributes, tag string) Object {
	o := orNew(base)
	copyText(o, "alias", a, "alias")
	copyText(o, "name", a, "name")
	if base == nil {
		o["enabled"] = true
	}
	if wanted, managed := a["domains"]; managed {
		verified := map[string]Object{}
		for _, d := range Objects(o["domains"]) {
			verified[str(d, "name")] = d
		}
		domains := []any{}
		for _, name := range Texts(wanted) {
			if old, there := verified[name]; there {
				domains = append(domains, old)
				continue
			}
			domains = append(domains, Object{"name": name, "verified": true})
		}
		o["domains"] = domains
	}
	if tag != "" {
		sub(o, "attributes")[TagKey] = []any{tag}
	}
	return o
}

// LinkProvider sets on a provider representation that people of all domains of its organization are sent to it. On a live
// server this is written after the link, because Keycloak checks the domain against the linked organization.
func LinkProvider(provider Object) {
	config := sub(provider, "config")
	config[configDomain] = "ANY"
	config[configRedirect] = "true"
}

// UnlinkProvider undoes LinkProvider.
func UnlinkProvider(provider Object) {
	config := sub(provider, "config")
	delete(config, configDomain)
	delete(config, configRedirect)
}

// ReadOrganization makes the resource of an organization. linked are the representations of its linked providers.
func ReadOrganization(o Object, linked []Object) identity.Resource {
	var domains []string
	for _, d := range Objects(o["domains"]) {
		domains = append(domains, str(d, "name"))
	}
	sort.Strings(domains)
	a := identity.Attributes{"alias": str(o, "alias"), "name": str(o, "name"), "domains": List(domains), "identity_provider": "", "redirect": false}
	if len(linked) > 0 {
		config := peek(linked[0], "config")
		a["identity_provider"] = str(linked[0], "alias")
		a["redirect"] = str(config, configDomain) == "ANY" && truth(config, configRedirect)
	}
	if len(linked) > 1 {
		var others []string
		for _, p := range linked[1:] {
			others = append(others, str(p, "alias"))
		}
		a["other_providers"] = List(others)
	}
	tag := ""
	if texts := Texts(peek(o, "attributes")[TagKey]); len(texts) > 0 {
		tag = texts[0]
	}
	return identity.Resource{Type: TypeOrganization, Key: str(o, "alias"), ServerID: str(o, "id"), Tag: tag, Attributes: a}
}
