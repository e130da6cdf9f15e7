package realmfile

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// document is a realm in memory, with what is needed to find a part of it without going through all of it.
type document struct {
	root   object.Object
	named  map[string]map[string]object.Object // by section and key, as far as a section was asked for
	groups map[string]object.Object            // by path, nil when it must be made
}

func newDocument(root object.Object) *document {
	return &document{root: root, named: map[string]map[string]object.Object{}}
}

func (d *document) name() string { return text(d.root, "realm") }

// keyField is the field by which the entries of a section are told apart, empty for a section that is not kept by key.
func keyField(section string) string {
	switch section {
	case "clients":
		return "clientId"
	case "clientScopes":
		return "name"
	case "identityProviders", "organizations", "authenticationFlows", "authenticatorConfig":
		return "alias"
	}
	return ""
}

func (d *document) section(name string) map[string]object.Object {
	if known, ok := d.named[name]; ok {
		return known
	}
	entries := map[string]object.Object{}
	for _, entry := range object.Objects(d.root[name]) {
		if key := text(entry, keyField(name)); entries[key] == nil {
			entries[key] = entry
		}
	}
	d.named[name] = entries
	return entries
}

// find returns an entry of a section, nil when there is none. Changes to it change the document.
func (d *document) find(section, key string) object.Object { return d.section(section)[key] }

// add appends an entry to a section and returns it as the document holds it.
func (d *document) add(section string, entry object.Object) object.Object {
	normalise(entry)
	add(d.root, section, entry)
	if field := keyField(section); field != "" {
		d.section(section)[text(entry, field)] = entry
	}
	return entry
}

// remove takes an entry out of a section.
func (d *document) remove(section, key string) {
	if d.find(section, key) == nil {
		return
	}
	remove(d.root, section, keyField(section), key)
	delete(d.named[section], key)
}

// drop takes a whole section away.
func (d *document) drop(section string) {
	delete(d.root, section)
	delete(d.named, section)
}

// group finds a group by the names from the top, nil when it is not there.
func (d *document) group(names []string) object.Object {
	if d.groups == nil {
		d.groups = map[string]object.Object{}
		d.indexGroups(object.Objects(d.root["groups"]), nil)
	}
	return d.groups[groupKey(names)]
}

func (d *document) indexGroups(groups []object.Object, above []string) {
	for _, g := range groups {
		names := append(slices.Clone(above), text(g, "name"))
		if key := groupKey(names); d.groups[key] == nil {
			d.groups[key] = g
		}
		d.indexGroups(object.Objects(g["subGroups"]), names)
	}
}

func groupKey(names []string) string {
	var key strings.Builder
	for _, name := range names {
		key.WriteString("/" + identity.EscapePath(name))
	}
	return key.String()
}

// holder is where the group of these names hangs, and in which section; nil when its parent is not there.
func (d *document) holder(names []string) (object.Object, string) {
	if len(names) == 1 {
		return d.root, "groups"
	}
	return d.group(names[:len(names)-1]), "subGroups"
}

// hang puts a group below its parent.
func (d *document) hang(names []string, group object.Object) {
	d.group(names) // the groups are known from here on
	normalise(group)
	holder, section := d.holder(names)
	add(holder, section, group)
	d.moved(group, names)
}

// unhang takes a group from its parent.
func (d *document) unhang(names []string) {
	group := d.group(names)
	holder, section := d.holder(names)
	if group == nil || holder == nil {
		return
	}
	remove(holder, section, "name", names[len(names)-1])
	delete(d.groups, groupKey(names))
	if len(object.Objects(group["subGroups"])) > 0 {
		d.groups = nil
	}
}

// moved makes a group known by its names. Those below one that was moved are looked for anew.
func (d *document) moved(group object.Object, names []string) {
	if len(object.Objects(group["subGroups"])) > 0 {
		d.groups = nil
		return
	}
	if d.groups != nil {
		d.groups[groupKey(names)] = group
	}
}

// normalise gives an object the form in which it will be read from the file: what is compared in memory is what is on
// the disk. The groups below a group stay as they are, because they are known by their paths.
func normalise(o object.Object) {
	below, parent := o["subGroups"]
	delete(o, "subGroups")
	if parent {
		defer func() { o["subGroups"] = below }()
	}
	encoded, err := json.Marshal(o)
	if err != nil {
		return // found again, with its reason, when the file is written
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var plain object.Object
	if decoder.Decode(&plain) != nil {
		return
	}
	clear(o)
	for name, value := range plain {
		o[name] = value
	}
}

func text(o object.Object, name string) string {
	value, _ := o[name].(string)
	return value
}
