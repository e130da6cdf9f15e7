package fault_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rehome-iam/rehome/state/fault"
)

func TestMakeFolder_MakesWhatIsMissingAndRefusesAFile(t *testing.T) {
	top := t.TempDir()
	deep := filepath.Join(top, "a", "b", "c")
	for range 2 {
		if err := fault.MakeFolder(deep); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(filepath.Join(top, "a")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info, err)
	}
	file := filepath.Join(top, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if err := fault.MakeFolder(path); err == nil {
			t.Errorf("%s was made", path)
		}
	}
	t.Chdir(top)
	if err := fault.MakeFolder("relative/deep"); err != nil {
		t.Error(err)
	}
}
