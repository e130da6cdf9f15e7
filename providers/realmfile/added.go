package realmfile

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// addedKey is the attribute of the marker client that remembers what gates made us add to the file beyond resources.
const addedKey = "rehome.added"

// addition names what was added: a file that names client scopes must name all of them, and the built-in clients and
// roles with them. Where a file had them from the start nothing is remembered, and nothing is taken away.
type addition struct {
	Sections    []string `json:"sections,omitempty"`
	Clients     []string `json:"clients,omitempty"`
	RealmRoles  []string `json:"realm_roles,omitempty"`
	ClientRoles []string `json:"client_roles,omitempty"`
}

// remember notes an addition in the marker. Without a marker nobody applies a plan, and there is nothing to go back to.
func (c *change) remember(what addition) error {
	marker := c.find("clients", realm.MarkerClient)
	if marker == nil {
		return nil
	}
	encoded, err := json.Marshal(what)
	if err != nil {
		return invalid("encoding what was added: %v", err)
	}
	object.Sub(marker, "attributes")[addedKey] = string(encoded)
	return nil
}

// forgetGates takes away what only gates needed: scopes of chunks, and the sections that were added for them as far as
// nobody has changed them since.
func (c *change) forgetGates() error {
	used := map[string]bool{}
	for _, client := range object.Objects(c.root["clients"]) {
		for _, scope := range object.Texts(client["defaultClientScopes"]) {
			used[scope] = true
		}
	}
	for _, scope := range object.Objects(c.root["clientScopes"]) {
		if name, _ := scope["name"].(string); gating.IsGateScope(name) && !used[name] {
			c.remove("clientScopes", name)
		}
	}
	marker := c.find("clients", realm.MarkerClient)
	attributes, _ := marker["attributes"].(map[string]any)
	stored, _ := attributes[addedKey].(string)
	if stored == "" {
		return nil
	}
	var what addition
	if err := json.Unmarshal([]byte(stored), &what); err != nil {
		return invalid("the client %s does not say in a way that can be read what was added", realm.MarkerClient)
	}
	delete(attributes, addedKey)
	return c.takeAway(what)
}

func (c *change) takeAway(what addition) error {
	defaults, err := realm.DefaultScopes()
	if err != nil {
		return err
	}
	sections, err := realm.Builtin(c.name())
	if err != nil {
		return err
	}
	sections["clientScopes"] = defaults
	sections["defaultDefaultClientScopes"] = object.List(realm.RealmDefaultScopes())
	sections["defaultOptionalClientScopes"] = object.List(realm.RealmOptionalScopes())
	if slices.Contains(what.Sections, "clientScopes") && !sameJSON(c.root["clientScopes"], sections["clientScopes"]) {
		return nil // somebody has made scopes of the file his own; all that belongs to them stays
	}
	for _, name := range what.Sections {
		if sameJSON(c.root[name], sections[name]) {
			c.drop(name)
		}
	}
	for _, id := range what.Clients {
		if live := c.find("clients", id); live != nil && sameJSON(live, find(sections, "clients", "clientId", id)) {
			c.remove("clients", id)
		}
	}
	roles, given := object.Sub(c.root, "roles"), object.Sub(sections, "roles")
	for _, name := range what.RealmRoles {
		if sameJSON(find(roles, "realm", "name", name), find(given, "realm", "name", name)) {
			remove(roles, "realm", "name", name)
		}
	}
	for _, client := range what.ClientRoles {
		if sameJSON(object.Sub(roles, "client")[client], object.Sub(given, "client")[client]) {
			delete(object.Sub(roles, "client"), client)
		}
	}
	c.dropEmpty(roles)
	return nil
}

// dropEmpty drops the section of roles when nothing is left in it.
func (c *change) dropEmpty(roles object.Object) {
	for _, part := range []string{"realm", "client"} {
		list, _ := roles[part].([]any)
		table, _ := roles[part].(map[string]any)
		if len(list) == 0 && len(table) == 0 {
			delete(roles, part)
		}
	}
	if len(roles) == 0 {
		delete(c.root, "roles")
	}
}

func sameJSON(a, b any) bool {
	one, err := json.Marshal(a)
	if err != nil {
		return false
	}
	other, err := json.Marshal(b)
	return err == nil && bytes.Equal(one, other)
}
