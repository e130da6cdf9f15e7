package realmfile

import (
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// row is what a realm file does with one resource type. What is known of a type for every way to write a realm is in
// realm.Types. A column that is nil has nothing to say of the type.
type row struct {
	read  func(d *document, key string) (identity.Resource, bool)
	write func(c *change) error
	// find reads the resource of a step, where its key alone does not name it.
	find func(c *change) (identity.Resource, bool)
	// takesAlong says what a delete would take with it that is not its own; empty for nothing.
	takesAlong func(c *change, key string) string
	// usage says who of the file depends on the resource.
	usage func(doc object.Object, key string) []string
	// later names the attributes in which a resource that is there may differ from a step that goes on.
	later func(live identity.Resource) []string
	// generated are the secrets that an earlier part of the run made.
	generated func(c *change) map[string]string
}

// rows lists every resource type that a realm file writes.
func rows() map[string]row {
	return map[string]row{
		realm.TypeGroup: {read: (*document).readGroup, write: (*change).writeGroup,
			takesAlong: (*change).groupTakesAlong, usage: groupUsage},
		realm.TypeGateFlows: {read: (*document).readGateFlows, write: (*change).gateFlows,
			takesAlong: (*change).flowUser, later: laterFlows},
		realm.TypeProvider: {read: (*document).providerOf, write: (*change).provider,
			takesAlong: (*change).providerTakesAlong, usage: providerUsage},
		realm.TypeOrganization: {read: (*document).organizationOf, write: (*change).organization,
			takesAlong: (*change).organizationTakesAlong, usage: organizationUsage},
		realm.TypeClient: {read: (*document).readClient, write: (*change).client, generated: (*change).generatedSecret},
		realm.TypeClientRole: {write: (*change).clientRole, find: (*change).findRole,
			usage: roleUsage},
		realm.TypeGate:           {read: (*document).readGate, write: (*change).gate, takesAlong: (*change).gateTakesAlong},
		realm.TypeRoleAssignment: {write: (*change).roleAssignment, find: (*change).findAssignment},
		realm.TypeEnablement: {read: (*document).readEnablement, write: (*change).enablement,
			find: (*change).findEnablement, later: laterEnablement},
	}
}
