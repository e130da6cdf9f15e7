package applying_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/rehome-iam/rehome/engine/applying/renametest"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
)

func TestApply_AChangedNameIsARenameInARealmFile(t *testing.T) {
	renametest.Walk(t, func(t *testing.T, items ...identity.Item) renametest.Realm {
		place := projecttest.New(t, "acme", items...)
		return renametest.Realm{Place: place, Rename: func(t *testing.T, resource identity.ResourceID, name string) {
			renameInFile(t, place.Realm, resource, name)
		}}
	})
}

// renameInFile writes a realm file anew as a server exports it after somebody has renamed something there.
func renameInFile(t *testing.T, path string, resource identity.ResourceID, name string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var realm map[string]any
	if err := json.Unmarshal(content, &realm); err != nil {
		t.Fatal(err)
	}
	entries := func(holder map[string]any, section string) []map[string]any {
		var all []map[string]any
		list, _ := holder[section].([]any)
		for _, each := range list {
			all = append(all, each.(map[string]any))
		}
		return all
	}
	move := func(holder any, from, to string) {
		if table, ok := holder.(map[string]any); ok && table[from] != nil {
			table[to] = table[from]
			delete(table, from)
		}
	}
	switch resource.Type {
	case "client":
		for _, client := range entries(realm, "clients") {
			if client["clientId"] == resource.Key {
				client["clientId"] = name
			}
		}
		move(realm["roles"].(map[string]any)["client"], resource.Key, name)
		for _, group := range entries(realm, "groups") {
			move(group["clientRoles"], resource.Key, name)
		}
	case "group":
		for _, group := range entries(realm, "groups") {
			if "/"+group["name"].(string) == resource.Key {
				group["name"], group["path"] = name, "/"+name
			}
		}
	}
	if content, err = json.MarshalIndent(realm, "", "  "); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
