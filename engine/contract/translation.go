package contract

import (
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Translation is what a target makes of one item: pure, from the item alone.
//
// Resources come in the order in which they belong together; the engine orders steps by their references.
// Needs lists items without which nothing of this translation may be done, beyond those referred to in attributes.
type Translation struct {
	// what the target will hold, in a few words: "OIDC client", "organization"
	Contract  string              `json:"contract,omitempty"`
	Resources []identity.Resource `json:"resources,omitempty"`
	Findings  []fidelity.Finding  `json:"findings,omitempty"`
	Needs     []identity.ItemID   `json:"needs,omitempty"`
}
