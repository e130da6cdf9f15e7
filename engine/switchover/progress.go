package switchover

import (
	"github.com/rehome-iam/rehome/engine/identity"
)

// AttributeEnabled is how a target says that a resource opens an application: a step of the application whose After
// sets it to true.
const AttributeEnabled = "enabled"

// Mark is when something was done, and by what.
type Mark struct {
	At   string `json:"at"`
	From string `json:"from"`
}

// Progress is what plans and runs say about one application.
type Progress struct {
	Item      identity.Address
	Name      string
	Resource  identity.ResourceID // that the application connects to
	Prepared  *Mark               // every step of it but the one that opens it is done
	Partly    string              // what is not done of it, when a run tried
	Enabled   *Mark
	NewSecret bool     // a run made a secret that the owner must be given
	OldSecret bool     // the secret moved with the application
	Tell      []string // what plans have its owner told
}

// Address of the application's item.
func (p Progress) Address() string {
	return p.Item.String()
}

// PrimaryTypes are the types of resource that applications become.
func PrimaryTypes(schemas []identity.ResourceSchema) map[string]bool {
	return typesOf(schemas, func(s identity.ResourceSchema) bool {
		for _, kind := range s.ItemKinds {
			if kind == identity.KindApplication {
				return true
			}
		}
		return false
	})
}

// OpeningTypes are the types of resource that open what another resource describes, as the target says.
func OpeningTypes(schemas []identity.ResourceSchema) map[string]bool {
	return typesOf(schemas, func(s identity.ResourceSchema) bool { return s.Opens })
}

func typesOf(schemas []identity.ResourceSchema, is func(identity.ResourceSchema) bool) map[string]bool {
	types := map[string]bool{}
	for _, s := range schemas {
		if is(s) {
			types[s.Type] = true
		}
	}
	return types
}

// LiveOf looks for an application's resource among the live ones. An application that has no resource that opens it is
// open when it is there.
func LiveOf(resource identity.ResourceID, live []identity.Resource, opening map[string]bool, at string) Live {
	found := Live{At: at}
	opens, said := false, false
	for _, r := range live {
		if r.ID() == resource {
			found.Exists = true
		}
		if opening[r.Type] && r.Key == resource.Key {
			said = true
			enabled, _ := r.Attributes[AttributeEnabled].(bool)
			opens = opens || enabled
		}
	}
	found.Open = found.Exists && (opens || (!said && len(opening) == 0))
	return found
}
