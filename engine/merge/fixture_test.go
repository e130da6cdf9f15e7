package merge

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// The types of a small target: a client is known by its client_id whatever the case, and is likely the same by
// entity_id, then redirect URIs, then name. A membership is nothing but its key.
func fixtureSchemas() []identity.ResourceSchema {
	return []identity.ResourceSchema{
		{
			Type: "client", KeyFormat: "{client_id}", CaseFold: true, ItemKinds: []identity.Kind{identity.KindApplication},
			Evidence: []string{"entity_id", "redirect_uris", "name"},
			Attributes: []identity.AttributeSchema{
				{Name: "client_id", Identity: true}, {Name: "entity_id"}, {Name: "name"},
				{Name: "redirect_uris", Unordered: true}, {Name: "secret", Sensitive: true, Generated: true},
				{Name: "made_at", Computed: true},
			},
		},
		{
			Type: "membership", KeyFormat: "{group}", ItemKinds: []identity.Kind{identity.KindMembership},
			Attributes: []identity.AttributeSchema{{Name: "group", Identity: true}, {Name: "made_at", Computed: true}},
		},
	}
}

func clientOf(key string, attributes ...string) identity.Resource {
	r := identity.Resource{Type: "client", Key: key, Attributes: identity.Attributes{"client_id": key}}
	for _, pair := range attributes {
		name, text, _ := strings.Cut(pair, "=")
		if name == "redirect_uris" {
			var list []any
			for uri := range strings.SplitSeq(text, ",") {
				list = append(list, uri)
			}
			r.Attributes[name] = list
			continue
		}
		r.Attributes[name] = text
	}
	return r
}

// living is a resource as it is in the target.
func living(r identity.Resource, serverID, tag string) identity.Resource {
	r.ServerID, r.Tag = serverID, tag
	return r
}

func app(id string) identity.Address {
	return identity.Address{Source: "okta.corp", Kind: identity.KindApplication, ID: id}
}

func listed(candidates []Candidate) []string {
	var texts []string
	for _, c := range candidates {
		text := c.String()
		if c.Item != "" {
			text = c.Item + " makes " + text
		}
		texts = append(texts, fmt.Sprint(c.By, ": ", text))
	}
	return texts
}
