package realm

import (
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Object is a Keycloak representation, or a part of one, as JSON.
type Object = map[string]any

// str reads a string out of an object.
func str(o Object, name string) string { s, _ := o[name].(string); return s }

// truth reads a bool, or the text of one, out of an object.
func truth(o Object, name string) bool {
	switch v := o[name].(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "true")
	}
	return false
}

// sub returns the object under a name, made when it is missing.
func sub(o Object, name string) Object {
	switch child := o[name].(type) {
	case map[string]any:
		return child
	case identity.Attributes:
		return child
	}
	child := Object{}
	o[name] = child
	return child
}

// peek returns the object under a name, nil when it is missing.
func peek(o Object, name string) Object {
	child, _ := o[name].(map[string]any)
	return child
}

// Texts reads a list of strings out of a JSON value.
func Texts(value any) []string {
	switch v := value.(type) {
	case []string:
		return v
	case []any:
		out := make([]string, 0, len(v))
		for _, each := range v {
			if s, ok := each.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// List makes a JSON list of strings; never nil.
func List(texts []string) []any {
	out := make([]any, 0, len(texts))
	for _, s := range texts {
		out = append(out, s)
	}
	return out
}

// Objects reads a list of objects out of a JSON value.
func Objects(value any) []Object {
	switch v := value.(type) {
	case []Object:
		return v
	case []any:
		out := make([]Object, 0, len(v))
		for _, each := range v {
			if o, ok := each.(map[string]any); ok {
				out = append(out, o)
			}
		}
		return out
	}
	return nil
}

// WriteGroup makes the representation of a group. Parents and sub-groups are not part of it.
func WriteGroup(base Object, a identity.Attributes, tag string) Object {
	o := orNew(base)
	copyText(o, "name", a, "name")
	copyText(o, "description", a, "description")
	if wanted, ok := a["attributes"].(map[string]any); ok {
		kept := Object{}
		for name, values := range wanted {
			kept[name] = List(Texts(values))
		}
		old := peek(o, "attributes")
		if values, ok := old[TagKey]; ok {
			kept[TagKey] = values
		}
		o["attributes"] = kept
	}
	if tag != "" {
		sub(o, "attributes")[TagKey] = []any{tag}
	}
	return o
}

// ReadGroup makes the resource of a group at a path (escaped segments).
func ReadGroup(o Object, path string) identity.Resource {
	attributes := map[string]any{}
	tag := ""
	for name, values := range peek(o, "attributes") {
		texts := Texts(values)
		if name == TagKey {
			if len(texts) > 0 {
				tag = texts[0]
			}
			continue
		}
		attributes[name] = List(texts)
	}
	return identity.Resource{Type: TypeGroup, Key: path, ServerID: str(o, "id"), Tag: tag, Attributes: identity.Attributes{
		"path": path, "name": str(o, "name"), "description": str(o, "description"), "attributes": attributes,
	}}
}

// GroupPath splits the key of a group into the names from the top, unescaped.
func GroupPath(path string) []string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		segments[i] = identity.UnescapePath(s)
	}
	return segments
}

// WriteClientRole makes the representation of a client role.
func WriteClientRole(base Object, a identity.Attributes) Object {
	o := orNew(base)
	copyText(o, "name", a, "role")
	copyText(o, "description", a, "description")
	o["clientRole"] = true
	return o
}

// ReadClientRole makes the resource of a role of a client.
func ReadClientRole(clientID string, o Object) identity.Resource {
	name := str(o, "name")
	return identity.Resource{Type: TypeClientRole, Key: clientID + "/" + name, ServerID: str(o, "id"), Attributes: identity.Attributes{
		"client": clientID, "role": name, "description": str(o, "description"),
	}}
}

// ReadRoleAssignment makes the resource of a client role that a group holds.
func ReadRoleAssignment(groupPath, clientID, role string) identity.Resource {
	return identity.Resource{Type: TypeRoleAssignment, Key: groupPath + " -> " + clientID + "/" + role, Attributes: identity.Attributes{
		"group": groupPath, "client": clientID, "role": role,
	}}
}

// ReadEnablement makes the resource that says whether a client is open.
func ReadEnablement(client Object) identity.Resource {
	id := str(client, "clientId")
	return identity.Resource{Type: TypeEnablement, Key: id, ServerID: str(client, "id"), Attributes: identity.Attributes{
		"client": id, "enabled": truth(client, "enabled"),
	}}
}

// ReadRealmSwitches makes the resource of the realm itself.
func ReadRealmSwitches(o Object) identity.Resource {
	name := str(o, "realm")
	return identity.Resource{Type: TypeRealm, Key: name, ServerID: str(o, "id"), Attributes: identity.Attributes{
		"realm": name, "organizations_enabled": truth(o, "organizationsEnabled"),
		"reset_password_allowed": truth(o, "resetPasswordAllowed"), "registration_allowed": truth(o, "registrationAllowed"),
		"browser_flow": str(o, "browserFlow"), "direct_grant_flow": str(o, "directGrantFlow"),
	}}
}

// ReadGateFlows makes the resource of the top-level flows of which aliases are there; false when none is.
func ReadGateFlows(aliases []string) (identity.Resource, bool) {
	there := map[string]bool{}
	for _, alias := range aliases {
		there[alias] = true
	}
	var found []string
	for _, flow := range BaseFlows() {
		if there[flow.Alias] {
			found = append(found, flow.Alias)
		}
	}
	return gateFlowsResource(found), len(found) > 0
}

func gateFlowsResource(aliases []string) identity.Resource {
	return identity.Resource{Type: TypeGateFlows, Key: GateFlowsKey, Attributes: identity.Attributes{
		"name": GateFlowsKey, "flows": List(aliases),
	}}
}

func orNew(base Object) Object {
	if base == nil {
		return Object{}
	}
	return base
}

// copyText puts a managed text into a representation; an attribute that is not managed leaves it alone.
func copyText(o Object, field string, a identity.Attributes, name string) {
	if value, managed := a[name]; managed {
		text, _ := value.(string)
		o[field] = text
	}
}

// copyFlag puts a managed flag into a representation.
func copyFlag(o Object, field string, a identity.Attributes, name string) {
	if value, managed := a[name].(bool); managed {
		o[field] = value
	}
}
