package realmfile

import (
	"slices"

	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func (c *change) provider() error {
	alias := c.step.Resource.Key
	if c.deletes() {
		c.remove("identityProviders", alias)
		c.dropMappers(alias)
		for _, o := range object.Objects(c.root["organizations"]) {
			remove(o, "identityProviders", "alias", alias)
		}
		return nil
	}
	for _, field := range []string{"post_broker_flow", "first_broker_flow"} {
		flow := c.text(field)
		if flow != "" && c.find("authenticationFlows", flow) == nil && flow != "first broker login" {
			return invalid("the provider %s needs the flow %q, which is not in the file", alias, flow)
		}
	}
	base := c.find("identityProviders", alias)
	made := realm.WriteProvider(base, c.step.After, c.step.Tag, c.secrets("client_secret"))
	if base == nil {
		c.add("identityProviders", made)
	}
	if mappers, managed := realm.WriteMappers(c.step.After); managed {
		c.dropMappers(alias)
		for _, m := range mappers {
			c.add("identityProviderMappers", m)
		}
	}
	return nil
}

func (c *change) dropMappers(alias string) {
	list, _ := c.root["identityProviderMappers"].([]any)
	if list == nil {
		return
	}
	c.root["identityProviderMappers"] = slices.DeleteFunc(list, func(entry any) bool {
		mapper, _ := entry.(map[string]any)
		return mapper["identityProviderAlias"] == alias
	})
}

func (c *change) organization() error {
	alias := c.step.Resource.Key
	base := c.find("organizations", alias)
	if c.deletes() {
		if base != nil {
			c.unlink(base)
		}
		c.remove("organizations", alias)
		return nil
	}
	made := realm.WriteOrganization(base, c.step.After, c.step.Tag)
	if base == nil {
		c.add("organizations", made)
	}
	wanted := c.text("identity_provider")
	if wanted == "" {
		return nil
	}
	provider := c.find("identityProviders", wanted)
	if provider == nil {
		return invalid("the organization %s needs the provider %s, which is not in the file", alias, wanted)
	}
	for _, other := range object.Objects(c.root["organizations"]) {
		if other["alias"] != alias && find(other, "identityProviders", "alias", wanted) != nil {
			return invalid("the provider %s is linked to the organization %v already", wanted, other["alias"])
		}
	}
	linked := object.Objects(made["identityProviders"])
	if len(linked) == 0 || linked[0]["alias"] != wanted {
		c.unlink(made)
		made["identityProviders"] = []any{object.Object{"alias": wanted}}
	}
	if redirect, managed := c.step.After["redirect"].(bool); managed && redirect {
		realm.LinkProvider(provider)
	}
	return nil
}

// unlink takes all providers from an organization, with the settings that made them receive its people.
func (c *change) unlink(organization object.Object) {
	for _, link := range object.Objects(organization["identityProviders"]) {
		alias, _ := link["alias"].(string)
		if provider := c.find("identityProviders", alias); provider != nil {
			realm.UnlinkProvider(provider)
		}
	}
	delete(organization, "identityProviders")
}
