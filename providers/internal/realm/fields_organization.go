package realm

import (
	"sort"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Keys of a provider's config by which people of an organization's domains are sent to it. ANY takes all domains of
// the organization; a single one would do for one domain only, and a list is refused with 400 (26.7.4).
const (
	configDomain   = "kc.org.domain"
	configRedirect = "kc.org.broker.redirect.mode.email-matches"
)

func organizationFields() []field {
	return []field{
		{name: "alias", at: "alias", key: true, replaces: true, limit: column, doc: "Alias of the organization."},
		{name: "name", at: "name", limit: column, doc: "Name."},
		{name: "domains", form: asSet, read: readDomains, write: writeDomains, limit: column,
			doc: "E-mail domains; *.example.com includes sub-domains."},
		{name: "identity_provider", doc: "Alias of the linked provider, to which people of the domains are sent."},
		{name: "redirect", form: asFlag, doc: "People of the domains are sent to the provider without asking."},
		{name: "other_providers", form: asSet, computed: true, doc: "Further providers linked to it."},
	}
}

func readDomains(o Object) any {
	var domains []string
	for _, d := range Objects(o["domains"]) {
		domains = append(domains, str(d, "name"))
	}
	return Sorted(domains)
}

// writeDomains keeps what is known of domains that are there. The flag verified is set and never checked by the server
// (26.7.4).
func writeDomains(o Object, value any) {
	there := map[string]Object{}
	for _, d := range Objects(o["domains"]) {
		there[str(d, "name")] = d
	}
	domains := []any{}
	for _, name := range Texts(value) {
		if old, known := there[name]; known {
			domains = append(domains, old)
			continue
		}
		domains = append(domains, Object{"name": name, "verified": true})
	}
	o["domains"] = domains
}

// WriteOrganization makes the representation of an organization; linking its provider is a separate step, see
// LinkProvider.
func WriteOrganization(base Object, a identity.Attributes, tag string) Object {
	o := orNew(base)
	if base == nil {
		o["enabled"] = true
	}
	writeFields(TypeOf(TypeOrganization).fields, o, a, nil)
	if tag != "" {
		sub(o, "attributes")[tagKey] = []any{tag}
	}
	return o
}

// LinkProvider sets on a provider representation that people of all domains of its organization are sent to it. On a
// live server this is written after the link, because Keycloak checks the domain against the linked organization.
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

// ReadOrganization makes the resource of an organization. linked are the representations of its linked providers. The
// first one counts:
// where two take people of one domain, the server chooses in an order that nobody sets.
func ReadOrganization(o Object, linked []Object) identity.Resource {
	a := readFields(TypeOf(TypeOrganization).fields, o)
	a["identity_provider"], a["redirect"] = "", false
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
		sort.Strings(others)
		a["other_providers"] = List(others)
	}
	tag := ""
	if texts := Texts(peek(o, "attributes")[tagKey]); len(texts) > 0 {
		tag = texts[0]
	}
	return identity.Resource{Type: TypeOrganization, Key: str(o, "alias"), ServerID: str(o, "id"), Tag: tag, Attributes: a}
}
