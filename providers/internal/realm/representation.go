package realm

import (
	"slices"
	"sort"
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

func groupFields() []field {
	return []field{
		{name: "path", key: true, doc: "Path of the group; ~ and / inside a name are written ~0 and ~1."},
		// A slash in a name makes paths ambiguous: /a/b finds the child b of a and never a group of that name (26.7.4).
		{name: "name", at: "name", limit: column, doc: "Name of the group."},
		{name: "description", at: "description", limit: column, long: shortened, doc: "Text for administrators."},
		{name: "attributes", form: asTable, read: readGroupAttributes, write: writeGroupAttributes, limit: column,
			long: leftOut, doc: "Custom attributes, each a list of texts."},
	}
}

func readGroupAttributes(o Object) any {
	attributes := map[string]any{}
	for name, values := range peek(o, "attributes") {
		if name != tagKey {
			attributes[name] = List(Texts(values))
		}
	}
	return attributes
}

// writeGroupAttributes replaces all but the tag: a PUT of a group replaces its attributes as a whole when it has any.
func writeGroupAttributes(o Object, value any) {
	wanted, ok := value.(map[string]any)
	if !ok {
		return
	}
	kept := Object{}
	for name, values := range wanted {
		kept[name] = List(Texts(values))
	}
	if tag, tagged := peek(o, "attributes")[tagKey]; tagged {
		kept[tagKey] = tag
	}
	o["attributes"] = kept
}

// WriteGroup makes the representation of a group. Parents and sub-groups are not part of it.
func WriteGroup(base Object, a identity.Attributes, tag string) Object {
	o := orNew(base)
	writeFields(TypeOf(TypeGroup).fields, o, a, nil)
	if tag != "" {
		sub(o, "attributes")[tagKey] = []any{tag}
	}
	return o
}

// ReadGroup makes the resource of a group at a path (escaped segments).
func ReadGroup(o Object, path string) identity.Resource {
	a := readFields(TypeOf(TypeGroup).fields, o)
	a["path"] = path
	tag := ""
	if texts := Texts(peek(o, "attributes")[tagKey]); len(texts) > 0 {
		tag = texts[0]
	}
	return identity.Resource{Type: TypeGroup, Key: path, ServerID: str(o, "id"), Tag: tag, Attributes: a}
}

// GroupPath splits the key of a group into the names from the top, unescaped.
func GroupPath(path string) []string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		segments[i] = identity.UnescapePath(s)
	}
	return segments
}

func clientRoleFields() []field {
	return []field{
		{name: "client", key: true, limit: column, doc: "Client id."},
		{name: "role", at: "name", key: true, limit: column, doc: "Name of the role."},
		{name: "description", at: "description", limit: column, long: shortened, doc: "Text for administrators."},
	}
}

// WriteClientRole makes the representation of a client role.
func WriteClientRole(base Object, a identity.Attributes) Object {
	o := orNew(base)
	writeFields(TypeOf(TypeClientRole).fields, o, a, nil)
	o["clientRole"] = true
	return o
}

// ReadClientRole makes the resource of a role of a client.
func ReadClientRole(clientID string, o Object) identity.Resource {
	a := readFields(TypeOf(TypeClientRole).fields, o)
	a["client"] = clientID
	return identity.Resource{Type: TypeClientRole, Key: clientID + "/" + str(o, "name"), ServerID: str(o, "id"),
		Attributes: a}
}

func roleAssignmentFields() []field {
	return []field{
		{name: "group", key: true, doc: "Path of the group."},
		{name: "client", key: true, doc: "Client id."},
		{name: "role", key: true, doc: "Name of the role."},
	}
}

// ReadRoleAssignment makes the resource of a client role that a group holds.
func ReadRoleAssignment(groupPath, clientID, role string) identity.Resource {
	return identity.Resource{Type: TypeRoleAssignment, Key: groupPath + " -> " + clientID + "/" + role,
		Attributes: identity.Attributes{
			"group": groupPath, "client": clientID, "role": role,
		}}
}

func enablementFields() []field {
	return []field{
		{name: "client", at: "clientId", key: true, doc: "Client id."},
		{name: "enabled", form: asFlag, at: "enabled", doc: "People may sign in to it."},
		{name: "gated", form: asFlag, read: readGated,
			doc: "It is opened behind its gate only. Set by the gate, not by this step."},
	}
}

// readGated tells by the marker scope whether a client has a gate.
func readGated(client Object) any {
	return slices.Contains(Texts(client["defaultClientScopes"]), MarkerScope(str(client, "clientId")))
}

// ReadEnablement makes the resource that says whether a client is open.
func ReadEnablement(client Object) identity.Resource {
	return identity.Resource{Type: TypeEnablement, Key: str(client, "clientId"), ServerID: str(client, "id"),
		Attributes: readFields(TypeOf(TypeEnablement).fields, client)}
}

func realmFields() []field {
	return []field{
		{name: "realm", at: "realm", key: true, doc: "Name of the realm."},
		{name: "organizations_enabled", form: asFlag, at: "organizationsEnabled", computed: true,
			doc: "Organizations are switched on."},
		{name: "reset_password_allowed", form: asFlag, at: "resetPasswordAllowed", computed: true,
			doc: "People may ask for a new password at sign-in."},
		{name: "reset_forces_sign_in", form: asFlag, computed: true,
			read: func(o Object) any { return resetForcesSignIn(o) },
			doc:  "Whoever sets a new password by e-mail signs in with it; else the reset ends in a session."},
		{name: "registration_allowed", form: asFlag, at: "registrationAllowed", computed: true,
			doc: "People may register themselves."},
		{name: "browser_flow", at: "browserFlow", computed: true, doc: "Flow that the realm signs people in with."},
		{name: "direct_grant_flow", at: "directGrantFlow", computed: true, doc: "Flow of the password grant."},
		{name: "flow_policies", form: asSet, computed: true,
			read: func(o Object) any { return Sorted(flowPolicies(o)) },
			doc:  "Client policies that put a flow of their own in the place of a client's."},
	}
}

// ReadRealmSwitches makes the resource of the realm itself. Beside the settings of the realm it looks at the sections
// authenticationFlows, authenticatorConfig, clientProfiles and clientPolicies.
func ReadRealmSwitches(o Object) identity.Resource {
	return identity.Resource{Type: TypeRealm, Key: str(o, "realm"), ServerID: str(o, "id"),
		Attributes: readFields(TypeOf(TypeRealm).fields, o)}
}

func gateFlowsFields() []field {
	return []field{
		{name: "name", key: true, doc: "Always rehome."},
		{name: "flows", form: asSet, doc: "Aliases of the flows that are there."},
	}
}

func gateFields() []field {
	return []field{
		{name: "client", key: true, doc: "Client id."},
		{name: "protocol", doc: "Protocol of the client; the marker scopes must have the same."},
		{name: "intact", form: asFlag,
			doc: "Every part is in place: marker scopes, the sub-flow in all three flows, and the client's flow overrides."},
	}
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

// GateFlows is the resource of all flows of rehome.
func GateFlows() identity.Resource {
	var aliases []string
	for _, flow := range BaseFlows() {
		aliases = append(aliases, flow.Alias)
	}
	return gateFlowsResource(aliases)
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

// Sorted makes a JSON list of a set, so that equal sets are equal lists.
func Sorted(texts []string) []any {
	texts = slices.Clone(texts)
	sort.Strings(texts)
	return List(texts)
}
