package realm

import (
	"sort"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
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

func readDomains(o object.Object) any {
	var domains []string
	for _, d := range object.Objects(o["domains"]) {
		domains = append(domains, object.Text(d, "name"))
	}
	return object.Sorted(domains)
}

// writeDomains keeps what is known of domains that are there. The flag verified is set and never checked by the server
// (26.7.4).
func writeDomains(o object.Object, value any) {
	present := map[string]object.Object{}
	for _, d := range object.Objects(o["domains"]) {
		present[object.Text(d, "name")] = d
	}
	domains := []any{}
	for _, name := range object.Texts(value) {
		if old, known := present[name]; known {
			domains = append(domains, old)
			continue
		}
		domains = append(domains, object.Object{"name": name, "verified": true})
	}
	o["domains"] = domains
}

// WriteOrganization makes the representation of an organization; linking its provider is a separate step, see
// LinkProvider.
func WriteOrganization(base object.Object, a identity.Attributes, tag string) object.Object {
	o := object.OrNew(base)
	if base == nil {
		o["enabled"] = true
	}
	writeFields(TypeOf(TypeOrganization).fields, o, a, nil)
	if tag != "" {
		object.Sub(o, "attributes")[tagKey] = []any{tag}
	}
	return o
}

// LinkProvider sets on a provider representation that people of all domains of its organization are sent to it. On a
// live server this is written after the link, because Keycloak checks the domain against the linked organization.
func LinkProvider(provider object.Object) {
	config := object.Sub(provider, "config")
	config[configDomain] = "ANY"
	config[configRedirect] = "true"
}

// UnlinkProvider undoes LinkProvider.
func UnlinkProvider(provider object.Object) {
	config := object.Sub(provider, "config")
	delete(config, configDomain)
	delete(config, configRedirect)
}

// ReadOrganization makes the resource of an organization. linked are the representations of its linked providers. The
// first one counts:
// where two take people of one domain, the server chooses in an order that nobody sets.
func ReadOrganization(o object.Object, linked []object.Object) identity.Resource {
	a := readFields(TypeOf(TypeOrganization).fields, o)
	a["identity_provider"], a["redirect"] = "", false
	if len(linked) > 0 {
		config := object.Peek(linked[0], "config")
		a["identity_provider"] = object.Text(linked[0], "alias")
		a["redirect"] = object.Text(config, configDomain) == "ANY" && object.Truth(config, configRedirect)
	}
	if len(linked) > 1 {
		var others []string
		for _, p := range linked[1:] {
			others = append(others, object.Text(p, "alias"))
		}
		sort.Strings(others)
		a["other_providers"] = object.List(others)
	}
	tag := ""
	if texts := object.Texts(object.Peek(o, "attributes")[tagKey]); len(texts) > 0 {
		tag = texts[0]
	}
	return identity.Resource{Type: TypeOrganization, Key: object.Text(o, "alias"), ServerID: object.Text(o, "id"),
		Tag: tag, Attributes: a}
}
