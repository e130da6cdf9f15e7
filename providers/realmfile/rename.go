package realmfile

import (
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// A server changes every place of a realm that names what gets another name. In a file that is ours to do.

// renameClient gives a client another id wherever the file names it; nil when it is not there. What a gate says of it is
// left to the step of the gate.
func (c *change) renameClient(old, id string) object.Object {
	client := c.find("clients", old)
	if client == nil {
		return nil
	}
	c.recall("clients", old, id)
	roles := object.Peek(c.root, "roles")
	moveKey(object.Peek(roles, "client"), old, id)
	for _, role := range rolesIn(roles) {
		moveKey(object.Peek(object.Peek(role, "composites"), "client"), old, id)
	}
	c.group([]string{""}) // all groups are known by their paths from here on
	for _, group := range c.groups {
		moveKey(object.Peek(group, "clientRoles"), old, id)
	}
	for _, user := range object.Objects(c.root["users"]) {
		moveKey(object.Peek(user, "clientRoles"), old, id)
		if text(user, "serviceAccountClientId") == old {
			user["serviceAccountClientId"] = id
		}
	}
	mappings := object.Peek(c.root, "clientScopeMappings")
	moveKey(mappings, old, id)
	for _, owner := range mappings {
		renameIn(object.Objects(owner), "client", old, id)
	}
	renameIn(object.Objects(c.root["scopeMappings"]), "client", old, id)
	return client
}

// rolesIn are all roles of the realm and of its clients.
func rolesIn(roles object.Object) []object.Object {
	all := object.Objects(roles["realm"])
	for _, list := range object.Peek(roles, "client") {
		all = append(all, object.Objects(list)...)
	}
	return all
}

// recall makes an entry of a section known by another key.
func (d *document) recall(section, old, key string) {
	entry := d.find(section, old)
	entry[keyField(section)] = key
	delete(d.named[section], old)
	d.named[section][key] = entry
}

func renameIn(entries []object.Object, field, old, name string) {
	for _, entry := range entries {
		if text(entry, field) == old {
			entry[field] = name
		}
	}
}

// moveKey gives what a table holds under a key another key.
func moveKey(table object.Object, old, key string) {
	if held, present := table[old]; present {
		delete(table, old)
		table[key] = held
	}
}
