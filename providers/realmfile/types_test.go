package realmfile

import (
	"testing"

	"github.com/rehome-iam/rehome/providers/internal/realm"
)

func TestRows_EveryTypeThatIsWrittenHasOne(t *testing.T) {
	known := rows()
	for _, kind := range realm.Types() {
		r, has := known[kind.Schema.Type]
		delete(known, kind.Schema.Type)
		switch {
		case kind.ReadOnly && has:
			t.Errorf("%s is read only and has a row", kind.Schema.Type)
		case kind.ReadOnly:
		case r.write == nil:
			t.Errorf("%s is never written", kind.Schema.Type)
		case r.read == nil && r.find == nil:
			t.Errorf("%s is never found", kind.Schema.Type)
		}
	}
	for name := range known {
		t.Errorf("%s is no type of a realm", name)
	}
}
