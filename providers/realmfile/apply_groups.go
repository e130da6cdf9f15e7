package realmfile

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// oldGroup is the group that a step gives another path, as it is called before.
func oldGroup(step identity.StepRequest) (identity.ResourceID, bool) {
	path, _ := step.Before["path"].(string)
	old := identity.ResourceID{Type: step.Resource.Type, Key: path}
	return old, step.Resource.Type == realm.TypeGroup && step.Action == identity.ActionUpdate && path != "" && old != step.Resource
}

// renamed gives a group its new path, with everything below it; nil when it is not there. Below the same parent it keeps its place.
func (c *change) renamed(old, names []string, holder realm.Object, section string) realm.Object {
	last := len(old) - 1
	if slices.Equal(old[:last], names[:len(names)-1]) {
		group := find(holder, section, "name", old[last])
		if group != nil {
			rename(group, names)
		}
		return group
	}
	from, part := c.doc, "groups"
	if last > 0 {
		from, part = groupAt(c.doc, old[:last]), "subGroups"
	}
	if from == nil {
		return nil
	}
	group := find(from, part, "name", old[last])
	if group != nil {
		remove(from, part, "name", old[last])
		rename(group, names)
		add(holder, section, group)
	}
	return group
}

// group makes, changes, renames or deletes a group below its parent.
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
	if old, renames := oldGroup(c.step); renames && base == nil {
		base = c.renamed(realm.GroupPath(old.Key), names, holder, section)
	}
	switch {
	case c.deletes():
		remove(holder, section, "name", name)
	case base != nil:
		realm.WriteGroup(base, c.step.After, c.step.Tag)
		if path, _ := c.step.After["path"].(string); path != "" && path != c.step.Resource.Key {
			rename(base, realm.GroupPath(path)) // going back to an old name
		}
	default:
		made := realm.WriteGroup(nil, c.step.After, c.step.Tag)
		made["path"] = "/" + strings.Join(names, "/")
		add(holder, section, made)
	}
	return nil
}

// rename gives a group and all below it the paths that follow from its new one.
func rename(group realm.Object, names []string) {
	group["name"], group["path"] = names[len(names)-1], "/"+strings.Join(names, "/")
	for _, below := range realm.Objects(group["subGroups"]) {
		name, _ := below["name"].(string)
		rename(below, append(slices.Clone(names), name))
	}
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
