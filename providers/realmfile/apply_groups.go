package realmfile

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// group makes, changes or deletes a group below its parent.
func (c *change) group() error {
	names := realm.GroupPath(c.step.Resource.Key)
	name := names[len(names)-1]
	holder, section := c.doc, "groups"
	if len(names) > 1 {
		parent := groupAt(c.doc, names[:len(names)-1])
		if parent == nil {
			return invalid("the parent of the group %s is not in the file", c.step.Resource.Key)
		}
		holder, section = parent, "subGroups"
	}
	base := find(holder, section, "name", name)
	switch {
	case c.deletes():
		remove(holder, section, "name", name)
	case base != nil:
		realm.WriteGroup(base, c.step.After, c.step.Tag)
	default:
		made := realm.WriteGroup(nil, c.step.After, c.step.Tag)
		made["path"] = "/" + strings.Join(names, "/")
		add(holder, section, made)
	}
	return nil
}

func groupAt(doc realm.Object, names []string) realm.Object {
	holder, section := doc, "groups"
	for _, name := range names {
		holder = find(holder, section, "name", name)
		if holder == nil {
			return nil
		}
		section = "subGroups"
	}
	return holder
}

func (c *change) roleAssignment() error {
	group := groupAt(c.doc, realm.GroupPath(c.text("group")))
	client, role := c.text("client"), c.text("role")
	if group == nil {
		return invalid("the group %s is not in the file", c.text("group"))
	}
	if _, there := current(c.doc, identity.ResourceID{Type: realm.TypeClientRole, Key: client + "/" + role}); !there && !c.deletes() {
		return invalid("the role %s of the client %s is not in the file", role, client)
	}
	roles := object(group, "clientRoles")
	held := slices.DeleteFunc(realm.Texts(roles[client]), func(r string) bool { return r == role })
	if !c.deletes() {
		held = append(held, role)
	}
	if len(held) == 0 {
		delete(roles, client)
		return nil
	}
	roles[client] = realm.List(held)
	return nil
}
