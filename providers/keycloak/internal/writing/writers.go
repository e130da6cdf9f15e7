package writing

import (
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// found is a live resource with the body it was read from.
type found = steps.Live[object.Object]

// Writers are how the running server is written, one row a resource type. What is known of a type for every way to
// write a realm is in realm.Types.
func Writers() map[string]func(c *current.Realm) steps.Writer[object.Object] {
	type writer = steps.Writer[object.Object]
	return map[string]func(c *current.Realm) steps.Writer[object.Object]{
		realm.TypeGroup:          func(c *current.Realm) writer { return groupWriter{c} },
		realm.TypeProvider:       func(c *current.Realm) writer { return providerWriter{c} },
		realm.TypeOrganization:   func(c *current.Realm) writer { return organizationWriter{c} },
		realm.TypeClient:         func(c *current.Realm) writer { return clientWriter{c} },
		realm.TypeClientRole:     func(c *current.Realm) writer { return roleWriter{c} },
		realm.TypeGateFlows:      func(c *current.Realm) writer { return flowsWriter{c} },
		realm.TypeRoleAssignment: func(c *current.Realm) writer { return assignmentWriter{c} },
		realm.TypeGate:           func(c *current.Realm) writer { return gateWriter{c} },
		realm.TypeEnablement:     func(c *current.Realm) writer { return enablementWriter{c} },
	}
}
