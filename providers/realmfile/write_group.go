package realmfile

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// writeGroup makes, changes, renames or deletes a group below its parent.
func (c *change) writeGroup() error {
	names := realm.GroupPath(c.step.Resource.Key)
	if holder, _ := c.holder(names); holder == nil {
		return invalid("the parent of the group %s is not in the file", c.step.Resource.Key)
	}
	if c.deletes() {
		c.unhang(names)
		return nil
	}
	base := c.group(names)
	if old, renames := c.formerName(); renames && base == nil {
		base = c.rename(realm.GroupPath(old.Key), names)
	}
	if base == nil {
		made := realm.WriteGroup(nil, c.step.After, c.step.Tag)
		made["path"] = "/" + strings.Join(names, "/")
		c.hang(names, made)
		return nil
	}
	realm.WriteGroup(base, c.step.After, c.step.Tag)
	if path, _ := c.step.After["path"].(string); path != "" && path != c.step.Resource.Key {
		c.rename(names, realm.GroupPath(path)) // going back to an old name
	}
	normalise(base)
	return nil
}

// rename gives a group its new path, with everything below it; nil when it is not there. Below the same parent it keeps
// its place.
func (c *change) rename(old, names []string) object.Object {
	group := c.group(old)
	if group == nil {
		return nil
	}
	if slices.Equal(old[:len(old)-1], names[:len(names)-1]) {
		delete(c.groups, groupKey(old))
		rename(group, names)
		c.moved(group, names)
		return group
	}
	c.unhang(old)
	rename(group, names)
	c.hang(names, group)
	return group
}

// rename gives a group and all below it the paths that follow from its new one.
func rename(group object.Object, names []string) {
	group["name"], group["path"] = names[len(names)-1], "/"+strings.Join(names, "/")
	for _, below := range object.Objects(group["subGroups"]) {
		name, _ := below["name"].(string)
		rename(below, append(slices.Clone(names), name))
	}
}

func (c *change) roleAssignment() error {
	group := c.group(realm.GroupPath(c.text("group")))
	client, role := c.text("client"), c.text("role")
	if group == nil {
		return invalid("the group %s is not in the file", c.text("group"))
	}
	if c.role(client, role) == nil && !c.deletes() {
		return invalid("the role %s of the client %s is not in the file", role, client)
	}
	roles := object.Sub(group, "clientRoles")
	held := slices.DeleteFunc(object.Texts(roles[client]), func(r string) bool { return r == role })
	if !c.deletes() {
		held = append(held, role)
	}
	if len(held) == 0 {
		delete(roles, client)
		return nil
	}
	roles[client] = object.List(held)
	return nil
}
