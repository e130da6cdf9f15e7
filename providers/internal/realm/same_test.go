package realm

import (
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// Differences compares as the targets do, by the name of the type.
func Differences(resourceType string, wanted, live identity.Attributes) []string {
	return steps.Differences(TypeOf(resourceType).Schema, wanted, live)
}
