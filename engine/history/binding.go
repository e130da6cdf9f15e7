package history

import "github.com/rehome-iam/rehome/engine/identity"

// Binding says which resource an item became.
type Binding struct {
	Item     identity.Address    `json:"item"`
	Resource identity.ResourceID `json:"resource"`
	ServerID string              `json:"server_id,omitempty"`
	Decision string              `json:"decision,omitempty"` // map_to_existing and reconcile bind to what is not ours
	Gone     bool                `json:"gone,omitempty"`     // the binding is removed
}
