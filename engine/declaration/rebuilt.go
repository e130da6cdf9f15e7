package declaration

import (
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Rebuilt is one rebuilt block: in which flow of the target somebody built again by hand what policies of the incumbent
// ask for. It is a word of a person and opens nothing alone: the target reads the flow back.
type Rebuilt struct {
	Kind      identity.Kind
	Name      string
	Where     func(identity.Item) (bool, error) // which policies; nil for all of the kind
	Flow      string                            // as the target names it
	Reference string                            // of the change, for whoever asks
	Upstream  []string                          // providers that ask for the further step themselves, as the target names them
	Range     diag.Range
}
