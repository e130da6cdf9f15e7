package keycloaktest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var pool Pool

func TestMain(m *testing.M) {
	code := m.Run()
	if err := pool.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestServer_GivesARealmThatAnswers(t *testing.T) {
	realm := pool.Server(t).NewRealm(t, "view-realm")
	got, ok := realm.AdminRealm(t, "GET", "", nil).(map[string]any)
	if !ok || got["realm"] != realm.Name {
		t.Errorf("the realm reads as %v", got["realm"])
	}
}

func TestImportRealm_TakesARealmFile(t *testing.T) {
	server := pool.Server(t)
	if name := server.ImportRealm(t, []byte(`{"realm":"imported","enabled":true}`)); name != "imported" {
		t.Errorf("the imported realm is called %q", name)
	}
}

func TestKcImport_TakesARealmFile(t *testing.T) {
	pool.Server(t) // skips where no server can be had
	file := filepath.Join(t.TempDir(), "realm.json")
	if err := os.WriteFile(file, []byte(`{"realm":"offline","enabled":true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if output := KcImport(t, file); !strings.Contains(output, "offline") {
		t.Errorf("the command does not name the realm:\n%s", output)
	}
}

func TestStartWithImport_BringsTheRealmUp(t *testing.T) {
	pool.Server(t)
	server := StartWithImport(t, map[string][]byte{"started-realm.json": []byte(`{"realm":"started","enabled":true}`)})
	if _, err := server.Admin(t.Context(), "GET", "/admin/realms/started", nil); err != nil {
		t.Errorf("the realm is not there: %v", err)
	}
}
