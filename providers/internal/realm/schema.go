package realm

import (
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
)

// The resource types of a realm.
const (
	TypeRealm          = "realm"
	TypeGroup          = "group"
	TypeProvider       = "identity_provider"
	TypeOrganization   = "organization"
	TypeClient         = "client"
	TypeClientRole     = "client_role"
	TypeGateFlows      = "gate_flows"
	TypeGate           = gating.Type
	TypeRoleAssignment = "role_assignment"
	TypeEnablement     = "client_enablement"
)

// Names that rehome uses in every realm.
const (
	GateFlowsKey = "rehome"         // key of the one gate_flows resource
	tagKey       = "rehome.item"    // attribute (client, group, provider config, organization) that holds the item address
	MarkerClient = "rehome-marker"  // disabled client that holds the marker
	MarkerKey    = "rehome.marker"  // attribute of the marker client, JSON
	MarkerCount  = "rehome.version" // attribute of the marker client: grows with every write
)

// Resources is the schema of every resource type, in the order in which they build on each other.
func Resources() []identity.ResourceSchema {
	all := make([]identity.ResourceSchema, 0, len(Types()))
	for _, t := range Types() {
		all = append(all, t.Schema)
	}
	return all
}
