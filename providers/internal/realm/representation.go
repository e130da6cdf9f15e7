package realm

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

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

func readGroupAttributes(o object.Object) any {
	attributes := map[string]any{}
	for name, values := range object.Peek(o, "attributes") {
		if name != tagKey {
			attributes[name] = object.List(object.Texts(values))
		}
	}
	return attributes
}

// writeGroupAttributes replaces all but the tag: a PUT of a group replaces its attributes as a whole when it has any.
func writeGroupAttributes(o object.Object, value any) {
	wanted, ok := value.(map[string]any)
	if !ok {
		return
	}
	kept := object.Object{}
	for name, values := range wanted {
		kept[name] = object.List(object.Texts(values))
	}
	if tag, tagged := object.Peek(o, "attributes")[tagKey]; tagged {
		kept[tagKey] = tag
	}
	o["attributes"] = kept
}

// WriteGroup makes the representation of a group. Parents and sub-groups are not part of it.
func WriteGroup(base object.Object, a identity.Attributes, tag string) object.Object {
	o := object.OrNew(base)
	writeFields(TypeOf(TypeGroup).fields, o, a, nil)
	if tag != "" {
		object.Sub(o, "attributes")[tagKey] = []any{tag}
	}
	return o
}

// ReadGroup makes the resource of a group at a path (escaped segments).
func ReadGroup(o object.Object, path string) identity.Resource {
	a := readFields(TypeOf(TypeGroup).fields, o)
	a["path"] = path
	tag := ""
	if texts := object.Texts(object.Peek(o, "attributes")[tagKey]); len(texts) > 0 {
		tag = texts[0]
	}
	return identity.Resource{Type: TypeGroup, Key: path, ServerID: object.Text(o, "id"), Tag: tag, Attributes: a}
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
func WriteClientRole(base object.Object, a identity.Attributes) object.Object {
	o := object.OrNew(base)
	writeFields(TypeOf(TypeClientRole).fields, o, a, nil)
	o["clientRole"] = true
	return o
}

// ReadClientRole makes the resource of a role of a client.
func ReadClientRole(clientID string, o object.Object) identity.Resource {
	a := readFields(TypeOf(TypeClientRole).fields, o)
	a["client"] = clientID
	return identity.Resource{Type: TypeClientRole, Key: clientID + "/" + object.Text(o, "name"),
		ServerID:   object.Text(o, "id"),
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
		{name: contract.OpensWithFlow, doc: "Flow in which people prove who they are: that of the client, or of the realm. " +
			"The plan sets it where policies were built again by hand; no step writes it."},
		{name: contract.OpensBeyondPassword, form: asFlag, doc: "Every way through the flow asks for a step beyond a " +
			"password. As sign_in_flow."},
		{name: contract.OpensUnasked, form: asSet, doc: "Providers whose people no flow of the realm asks for such a step. " +
			"As sign_in_flow."},
	}
}

// readGated tells by the marker scope whether a client has a gate.
func readGated(client object.Object) any {
	return slices.Contains(object.Texts(client["defaultClientScopes"]),
		gating.MarkerScope(object.Text(client, "clientId")))
}

// ReadEnablement makes the resource that says whether a client is open.
func ReadEnablement(client object.Object) identity.Resource {
	return identity.Resource{Type: TypeEnablement, Key: object.Text(client, "clientId"),
		ServerID:   object.Text(client, "id"),
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
			read: func(o object.Object) any { return resetForcesSignIn(o) },
			doc:  "Whoever sets a new password by e-mail signs in with it; else the reset ends in a session."},
		{name: "registration_allowed", form: asFlag, at: "registrationAllowed", computed: true,
			doc: "People may register themselves."},
		{name: "browser_flow", at: "browserFlow", computed: true, doc: "Flow that the realm signs people in with."},
		{name: "direct_grant_flow", at: "directGrantFlow", computed: true, doc: "Flow of the password grant."},
		{name: "asking_flows", form: asSet, computed: true,
			read: func(o object.Object) any { return object.List(ReadSignIns(o).Asking()) },
			doc:  "Flows that ask everybody for a step beyond a password."},
		{name: "server_lacks", form: asSet, computed: true, // of a server only, so it stands apart
			doc: "What plans may need and the server was started without; not known of a file."},
		{name: "flow_policies", form: asSet, computed: true,
			read: func(o object.Object) any { return object.Sorted(flowPolicies(o)) },
			doc:  "Client policies that put a flow of their own in the place of a client's."},
	}
}

// ReadRealmSwitches makes the resource of the realm itself. Beside the settings of the realm it looks at the sections
// authenticationFlows, authenticatorConfig, clientProfiles and clientPolicies.
func ReadRealmSwitches(o object.Object) identity.Resource {
	return identity.Resource{Type: TypeRealm, Key: object.Text(o, "realm"), ServerID: object.Text(o, "id"),
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
	present := map[string]bool{}
	for _, alias := range aliases {
		present[alias] = true
	}
	var found []string
	for _, flow := range gating.BaseFlows() {
		if present[flow.Alias] {
			found = append(found, flow.Alias)
		}
	}
	return gateFlowsResource(found), len(found) > 0
}

// GateFlows is the resource of all flows of rehome.
func GateFlows() identity.Resource {
	var aliases []string
	for _, flow := range gating.BaseFlows() {
		aliases = append(aliases, flow.Alias)
	}
	return gateFlowsResource(aliases)
}

func gateFlowsResource(aliases []string) identity.Resource {
	return identity.Resource{Type: TypeGateFlows, Key: GateFlowsKey, Attributes: identity.Attributes{
		"name": GateFlowsKey, "flows": object.List(aliases),
	}}
}
