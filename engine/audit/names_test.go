package audit_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNames_StandInOneList finds a name that is written down elsewhere: a misspelt one would never be found in a chain.
func TestNames_StandInOneList(t *testing.T) {
	literal := regexp.MustCompile(`"migration\.[a-z_]+\.[a-z_]+"`)
	read := 0
	for _, top := range []string{"../../engine", "../../state", "../../cmd"} {
		err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			if strings.HasSuffix(filepath.ToSlash(path), "engine/audit/names.go") {
				return nil
			}
			content, err := os.ReadFile(path)
			read++
			if found := literal.Find(content); found != nil {
				t.Errorf("%s writes %s down itself", path, found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read < 100 {
		t.Errorf("only %d files were read", read)
	}
}
