package writing

import (
	"testing"

	"github.com/rehome-iam/rehome/providers/internal/realm"
)

func TestEveryTypeOfARealmThatIsWrittenHasAWriter(t *testing.T) {
	rows := Writers()
	for _, resourceType := range realm.Types() {
		row, exists := rows[resourceType.Schema.Type]
		if exists == resourceType.ReadOnly || (exists && row == nil) {
			t.Errorf("%s: a row is there: %v, only read: %v", resourceType.Schema.Type, exists, resourceType.ReadOnly)
		}
		delete(rows, resourceType.Schema.Type)
	}
	for name := range rows {
		t.Errorf("the row of %s belongs to no type of a realm", name)
	}
}
