package keycloak

import (
	"testing"

	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func TestKeycloak_TheServerOfTheTestsLacksNothing(t *testing.T) {
	_, made := liveTarget(t)
	viewer := reader(t, made, "plans-only", viewRoles...)
	for _, r := range readAll(t, viewer) {
		if r.Type == realm.TypeRealm && len(object.Texts(r.Attributes["server_lacks"])) > 0 {
			t.Errorf("the server lacks %v", r.Attributes["server_lacks"])
		}
		if _, reported := r.Attributes["server_lacks"]; r.Type == realm.TypeRealm && !reported {
			t.Error("what the server has is not told")
		}
	}
}
