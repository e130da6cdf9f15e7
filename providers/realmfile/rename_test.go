package realmfile

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// named is the resource of a target, failing the test where it is not there.
func named(t *testing.T, target *Target, id string) identity.Resource {
	t.Helper()
	for _, r := range read(t, target) {
		if r.ID().String() == id {
			return r
		}
	}
	t.Fatalf("%s is not there", id)
	return identity.Resource{}
}

// called is the step that gives a client, or its gate, another id.
func called(r identity.Resource, id string) contract.StepRequest {
	after := r.Attributes.Clone()
	for _, name := range []string{"client_id", "client"} {
		if _, has := after[name]; has {
			after[name] = id
		}
	}
	return contract.StepRequest{Action: contract.ActionUpdate, ServerID: r.ServerID, Tag: r.Tag, Before: r.Attributes,
		Resource: identity.ResourceID{Type: r.Type, Key: id}, After: after}
}

func made(t *testing.T) (*Target, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "realm.json")
	target := configured(t, path)
	for _, r := range ordered(t, target, tenant(t)) {
		apply(t, target, create(r))
	}
	return target, path
}

// documentOf is the realm file as it lies on the disk.
func documentOf(t *testing.T, target *Target, path string) object.Object {
	t.Helper()
	whole(t, target)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc object.Object
	if err := json.Unmarshal(content, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestAClientThatGetsAnotherIDLeavesNothingOfTheOldOneBehind(t *testing.T) {
	target, path := made(t)
	doc := documentOf(t, target, path)
	doc["users"] = []any{object.Object{"username": "service-account-wiki", "serviceAccountClientId": "wiki",
		"clientRoles": object.Object{"wiki": []any{"access"}}}}
	object.Sub(doc, "clientScopeMappings")["wiki"] = []any{object.Object{"client": "wiki", "roles": []any{"access"}}}
	roles := object.Objects(object.Sub(doc, "roles")["realm"])
	object.Sub(roles[0], "composites")["client"] = object.Object{"wiki": []any{"access"}}
	content, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	client, gate := named(t, target, "client:wiki"), named(t, target, "gate:wiki")
	apply(t, target, called(client, "handbook"))
	if half := named(t, target, "gate:handbook"); half.Attributes["intact"] != false {
		t.Error("the gate of the id before counts as one of the id of now")
	}
	rename := called(gate, "handbook")
	if result := apply(t, target, rename); result.Already {
		t.Error("the gate was made before it was asked for")
	}
	if result := apply(t, target, rename); !result.Already {
		t.Error("the gate was made twice")
	}
	if now := named(t, target, "gate:handbook"); now.Attributes["intact"] != true {
		t.Errorf("the gate is %v", now.Attributes)
	}
	content, err = json.Marshal(documentOf(t, target, path))
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{`"wiki"`, `"wiki.access"`, gating.GateKey("wiki"), `"wiki/`} {
		if bytes.Contains(content, []byte(gone)) {
			t.Errorf("the file says %s still", gone)
		}
	}
	if client.ServerID == "" || named(t, target, "client:handbook").ServerID != client.ServerID {
		t.Error("the client is another one now")
	}
}

func TestANewClientOfAnIDThatAnotherOneHadIsADifferentOne(t *testing.T) {
	target, _ := made(t)
	client := named(t, target, "client:wiki")
	apply(t, target, called(client, "handbook"))
	second := create(client)
	second.Tag = "okta.corp/application/a9"
	apply(t, target, second)
	if a, b := named(t, target, "client:wiki").ServerID, named(t, target, "client:handbook").ServerID; a == b || a == "" {
		t.Errorf("both have the id %q", a)
	}
}

// Somebody who gives a client the mark of another one lets that one's members in: the gate is not whole, and is mended
// without touching the other.
func TestTheMarkOfAnotherGateIsTakenOffAndThatGateStays(t *testing.T) {
	target, path := made(t)
	doc := documentOf(t, target, path)
	other := "https://payroll.example/saml"
	wiki := find(doc, "clients", "clientId", "wiki")
	wiki["defaultClientScopes"] = append(wiki["defaultClientScopes"].([]any), gating.MarkerScope(other))
	content, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	gate := named(t, target, "gate:wiki")
	if gate.Attributes["intact"] != false {
		t.Fatal("a gate that lets the members of another one in counts as whole")
	}
	mend := called(gate, "wiki")
	mend.After["intact"] = true
	apply(t, target, mend)
	for _, id := range []string{"gate:wiki", "gate:" + other} {
		if got := named(t, target, id); got.Attributes["intact"] != true {
			t.Errorf("%s is %v", id, got.Attributes)
		}
	}
	wiki = find(documentOf(t, target, path), "clients", "clientId", "wiki")
	if slices.Contains(object.Texts(wiki["defaultClientScopes"]), gating.MarkerScope(other)) {
		t.Error("the mark of the other gate is still there")
	}
}
