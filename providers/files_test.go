// Package providers_test holds what is the same in all providers of this repository.
package providers_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Every provider has the same files, so that whoever knows one finds his place in the next.
func TestProviders_HaveTheSameFiles(t *testing.T) {
	source := []string{"doc.go", "provider.go", "client.go", "read.go", "convert.go", "capabilities.go"}
	written := append(slices.Clone(source), "write.go")
	// A running server has a package for each subject.
	server := []string{"doc.go", "provider.go", "target.go", "convert.go", "internal/admin", "internal/current",
		"internal/writing", "internal/observing"}
	// What else lies below providers is no technology.
	others := []string{"client", "internal", "protocol", "sdk", "version"}
	wanted := map[string][]string{"okta": source, "entra": source, "keycloak": server, "realmfile": written}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if !entry.IsDir() || slices.Contains(others, name) {
			continue
		}
		files, known := wanted[name]
		if !known {
			t.Errorf("the provider %s is not in the table of this test", name)
		}
		delete(wanted, name)
		for _, file := range files {
			if _, err := os.Stat(filepath.Join(name, file)); err != nil {
				t.Errorf("the provider %s has no %s", name, file)
			}
		}
	}
	for name := range wanted {
		t.Errorf("the provider %s is gone: take it out of the table", name)
	}
}
