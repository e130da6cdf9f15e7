package realmfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rehome-iam/rehome/engine/observation"
)

func TestPermissions_SayWhetherTheFolderTakesAFile(t *testing.T) {
	folder := t.TempDir()
	cases := map[string]observation.PermissionState{folder: observation.PermissionGranted,
		filepath.Join(folder, "not-there"): observation.PermissionMissing}
	for in, want := range cases {
		target := New("test")
		target.path = filepath.Join(in, "realm.json")
		checks, err := target.Permissions(t.Context())
		if err != nil || len(checks) != 2 || checks[0].State != observation.PermissionGranted || checks[1].State != want {
			t.Errorf("%s: %+v, %v", in, checks, err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("the check left %v", left)
	}
}
