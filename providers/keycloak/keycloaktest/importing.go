package keycloaktest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// ImportRealm creates a realm from a realm file through the Admin API and removes it when the test is over. It returns
// the realm's name.
func (s *Server) ImportRealm(t testing.TB, file []byte) string {
	t.Helper()
	var head struct {
		Realm string `json:"realm"`
	}
	if err := json.Unmarshal(file, &head); err != nil || head.Realm == "" {
		t.Fatalf("the realm file names no realm: %v", err)
	}
	if _, err := s.Admin(t.Context(), http.MethodPost, "/admin/realms", json.RawMessage(file)); err != nil {
		t.Fatalf("importing realm %s: %v", head.Realm, err)
	}
	t.Cleanup(func() { s.removeRealm(t, head.Realm) })
	return head.Realm
}

// KcImport runs the offline import of a realm file, in a store of its own, and fails the test when the server refuses
// it. It returns what the command wrote. The running server, if any, is not touched.
func KcImport(t testing.TB, file string) string {
	t.Helper()
	home, err := install(t.Context())
	if err != nil {
		refuse(t, os.Getenv(Environment), err)
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		t.Fatalf("finding %s: %v", file, err)
	}
	command := exec.CommandContext(t.Context(), filepath.Join(home, "bin", "kc.sh"), "import", "--optimized",
		"--file", absolute)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("importing %s: %v\n%s", file, err, tail(string(output)))
	}
	return string(output)
}

// StartWithImport boots a further server that imports realm files (name of the file to content) while it starts. It is
// stopped when the test is over.
func StartWithImport(t testing.TB, realmFiles map[string][]byte) *Server {
	t.Helper()
	mode := os.Getenv(Environment)
	if mode == "skip" {
		t.Skipf("%s=skip: no Keycloak is started", Environment)
	}
	server, err := start(context.Background(), realmFiles)
	if err != nil {
		refuse(t, mode, err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Errorf("stopping the server: %v", err)
		}
	})
	return server
}

// overlay makes a distribution that shares all files with the installed one but has an import folder of its own.
func overlay(home, folder string, realmFiles map[string][]byte) (string, error) {
	if err := copyTree(home, folder); err != nil {
		return "", fmt.Errorf("copying the distribution: %w", err)
	}
	imports := filepath.Join(folder, "data", "import")
	if err := os.MkdirAll(imports, 0o755); err != nil {
		return "", fmt.Errorf("making the import folder: %w", err)
	}
	for name, content := range realmFiles {
		if err := os.WriteFile(filepath.Join(imports, filepath.Base(name)), content, 0o600); err != nil {
			return "", fmt.Errorf("writing a realm file: %w", err)
		}
	}
	return folder, nil
}

// copyTree links every file of a folder into another one: the distribution is large and no server writes to its own
// files.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if entry.IsDir() {
			if relative == "data" {
				return filepath.SkipDir
			}
			return os.MkdirAll(target, 0o755)
		}
		if err := os.Link(path, target); err == nil {
			return nil
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	status, err := os.Stat(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, status.Mode().Perm())
}
