package records

import (
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

func TestEveryTypeOfARealmThatIsWrittenHasItsUsage(t *testing.T) {
	rows := usages()
	for _, resourceType := range realm.Types() {
		if _, exists := rows[resourceType.Schema.Type]; exists == resourceType.ReadOnly {
			t.Errorf("%s: a row is there: %v, only read: %v", resourceType.Schema.Type, exists, resourceType.ReadOnly)
		}
		delete(rows, resourceType.Schema.Type)
	}
	for name := range rows {
		t.Errorf("the row of %s belongs to no type of a realm", name)
	}
}

func TestUsage_OfAPartIsToldByItsClientAndOfAStrangerNotAtAll(t *testing.T) {
	r := &usageReader{}
	for _, part := range []string{realm.TypeGate, realm.TypeRoleAssignment, realm.TypeEnablement} {
		usage, err := r.usage(t.Context(), observation.UsageQuestion{Resource: identity.Resource{Type: part, Key: "k"}})
		if err != nil || usage.Used || usage.Unknown != "" {
			t.Errorf("%s: %+v, %v", part, usage, err)
		}
	}
	usage, err := r.usage(t.Context(), observation.UsageQuestion{Resource: identity.Resource{Type: "tomorrow"}})
	if err != nil || usage.Unknown == "" {
		t.Errorf("%+v, %v", usage, err)
	}
}
