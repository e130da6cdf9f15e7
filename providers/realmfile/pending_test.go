package realmfile

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
)

// all reads the resources of a realm file by their names.
func all(t *testing.T, target *Target) map[string]identity.Resource {
	t.Helper()
	found := map[string]identity.Resource{}
	for _, r := range read(t, target) {
		found[r.ID().String()] = r
	}
	return found
}

func TestApply_ATargetOfAFileKeepsTheContract(t *testing.T) {
	sdktest.Apply(t, func(t *testing.T) sdktest.Place {
		path := filepath.Join(t.TempDir(), "realm.json")
		return sdktest.Place{
			Target: configured(t, path),
			Reopen: func(t *testing.T) sdk.Target { return configured(t, path) },
			Cut:    func(after int) func() { return cutWrites(t, path, after) },
		}
	}, samples()...)
}

// cutWrites loses half of the last line beside the file, as a kill in the midst of the write does. A step is one write,
// so there is one place to cut.
func cutWrites(t *testing.T, path string, _ int) func() {
	return func() {
		content, err := os.ReadFile(besides(path))
		if err != nil {
			t.Fatal(err)
		}
		last := bytes.LastIndexByte(content[:len(content)-1], '\n') + 1
		if err := os.Truncate(besides(path), int64(last+(len(content)-last)/2)); err != nil {
			t.Fatal(err)
		}
	}
}

// samples is one resource of each type, in the order in which they build on each other.
func samples() []sdktest.Sample {
	aliases := []any{}
	for _, flow := range gating.BaseFlows() {
		aliases = append(aliases, flow.Alias)
	}
	resource := func(kind, key string) identity.ResourceID { return identity.ResourceID{Type: kind, Key: key} }
	with := func(a identity.Attributes, name string, value any) identity.Attributes {
		changed := maps.Clone(a)
		changed[name] = value
		return changed
	}
	group := identity.Attributes{"path": "/eng~1ops", "name": "eng/ops", "description": "Engineers"}
	provider := identity.Attributes{"alias": "corp", "display_name": "Corp", "protocol": "saml", "enabled": true,
		"entity_id": "urn:up",
		"sso_url":   "https://up.example.test/sso", "post_broker_flow": gating.TopFlow(gating.PlaceBroker)}
	client := identity.Attributes{"client_id": "wiki", "protocol": gating.ProtocolOIDC, "name": "Wiki", "public": false,
		"standard_flow": true,
		"redirect_uris": []any{"https://wiki.example.test/a", "https://wiki.example.test/b"}}
	role := identity.Attributes{"client": "wiki", "role": "access", "description": "May use Wiki"}
	gate := identity.Attributes{"client": "wiki", "protocol": gating.ProtocolOIDC, "intact": true}
	organization := identity.Attributes{"alias": "acme", "name": "Acme", "domains": []any{"acme.test"},
		"identity_provider": "corp"}
	return []sdktest.Sample{
		{Resource: resource(realm.TypeGateFlows, realm.GateFlowsKey),
			Made: identity.Attributes{"name": realm.GateFlowsKey, "flows": aliases}},
		{Resource: resource(realm.TypeGroup, "/eng~1ops"), Made: group, Changed: with(group, "description", "All engineers"),
			Renamed: &identity.Resource{Type: realm.TypeGroup, Key: "/dev",
				Attributes: identity.Attributes{"path": "/dev", "name": "dev", "description": "Engineers"}}},
		{Resource: resource(realm.TypeProvider, "corp"), Made: provider,
			Changed: with(provider, "display_name", "Corporation")},
		{Resource: resource(realm.TypeOrganization, "acme"), Made: organization,
			Changed: with(organization, "name", "Acme Corp")},
		{Resource: resource(realm.TypeClient, "wiki"), Made: client,
			Changed: with(client, "redirect_uris", []any{"https://wiki.example.test/b"}), Generates: "secret"},
		{Resource: resource(realm.TypeClientRole, "wiki/access"), Made: role,
			Changed: with(role, "description", "Uses Wiki")},
		{Resource: resource(realm.TypeGate, "wiki"), Made: gate},
		{Resource: resource(realm.TypeRoleAssignment, "/eng~1ops -> wiki/access"),
			Made: identity.Attributes{"group": "/eng~1ops", "client": "wiki", "role": "access"}},
		{Resource: resource(realm.TypeEnablement, "wiki"), Made: identity.Attributes{"client": "wiki", "enabled": true}},
	}
}

// TestPending_AKillAnywhereEndsTheSame cuts what a run wrote after each byte of interest, and goes on with a new
// process.
func TestPending_AKillAnywhereEndsTheSame(t *testing.T) {
	run := func(t *testing.T, path string, from int) {
		t.Helper()
		target := configured(t, path)
		for _, s := range samples()[from:] {
			apply(t, target, contract.StepRequest{Action: contract.ActionCreate, Resource: s.Resource, After: s.Made.Clone(),
				Tag: "t", Begun: true})
		}
	}
	calm := filepath.Join(t.TempDir(), "realm.json")
	run(t, calm, 0)
	want := all(t, configured(t, calm))
	content, err := os.ReadFile(besides(calm))
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at <= len(content); at += max(1, len(content)/60) {
		path := filepath.Join(t.TempDir(), "realm.json")
		if err := os.WriteFile(besides(path), content[:at], 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, path, 0)
		if diff := cmp.Diff(want, all(t, configured(t, path))); diff != "" {
			t.Fatalf("killed after %d of %d bytes:\n%s", at, len(content), diff)
		}
	}
}

func TestPending_StepsThatTheFileHoldsAreNotDoneAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "realm.json")
	target := configured(t, path)
	for _, s := range samples() {
		apply(t, target, contract.StepRequest{Action: contract.ActionCreate, Resource: s.Resource,
			After: s.Made.Clone(), Tag: "t"})
	}
	content, err := os.ReadFile(besides(path))
	if err != nil {
		t.Fatal(err)
	}
	whole(t, target)
	if _, err := os.Stat(besides(path)); !os.IsNotExist(err) {
		t.Errorf("after the file was written whole the steps beside it are there still: %v", err)
	}
	want := all(t, target)
	client := want["client:wiki"]
	gone := contract.StepRequest{Action: contract.ActionUpdate, Resource: client.ID(),
		Before: identity.Attributes{"name": "Wiki"}, After: identity.Attributes{"name": "Other"}, Tag: "t"}
	apply(t, target, gone)
	whole(t, target)
	// A kill after the file was put in its place and before the steps were removed: what they say is old by now.
	spent, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content = append(content, fmt.Sprintf("{\"saved\":%q}\n", digest(spent))...)
	if err := os.WriteFile(besides(path), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := all(t, configured(t, path))["client:wiki"]; got.Attributes["name"] != "Other" {
		t.Errorf("the steps were done again: the client is called %v", got.Attributes["name"])
	}
}

func TestPending_WhatSomebodyWritesInBetweenStands(t *testing.T) {
	path := write(t, `{"realm":"acme","enabled":true,"groups":[{"name":"a","description":"old"}]}`)
	target := configured(t, path)
	change := contract.StepRequest{Action: contract.ActionUpdate,
		Resource: identity.ResourceID{Type: realm.TypeGroup, Key: "/a"},
		Before:   identity.Attributes{"description": "old"}, After: identity.Attributes{"description": "planned"}, Tag: "t"}
	apply(t, target, change)
	apply(t, target, contract.StepRequest{Action: contract.ActionCreate,
		Resource: identity.ResourceID{Type: realm.TypeGroup, Key: "/b"},
		After:    identity.Attributes{"path": "/b", "name": "b"}, Tag: "t"})
	time.Sleep(10 * time.Millisecond) // the file system's clock
	if err := os.WriteFile(path,
		[]byte(`{"realm":"acme","enabled":true,"groups":[{"name":"a","description":"by hand"}],"displayName":"Acme"}`),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []*Target{target, configured(t, path)} {
		found := all(t, target)
		if found["group:/a"].Attributes["description"] != "by hand" || found["group:/b"].Tag != "t" {
			t.Errorf("%v, %v", found["group:/a"], found["group:/b"])
		}
	}
	whole(t, target)
	content, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(content), `"displayName": "Acme"`) ||
		!strings.Contains(string(content), `"by hand"`) {
		t.Errorf("%s, %v", content, err)
	}
}

func TestPending_ManyAtATimeShareTheDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "realm.json")
	target := configured(t, path)
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			key := fmt.Sprintf("/g%d", i)
			step := contract.StepRequest{Action: contract.ActionCreate,
				Resource: identity.ResourceID{Type: realm.TypeGroup, Key: key},
				After:    identity.Attributes{"path": key, "name": key[1:]}, Tag: "t"}
			if _, err := target.Apply(t.Context(), step); err != nil {
				t.Error(err)
			}
			if i%50 == 0 {
				_, _, _ = target.ReadMarker(t.Context())
			}
		})
	}
	group.Wait()
	if found := all(t, configured(t, path)); len(found) != 201 {
		t.Errorf("%d resources, wanted 200 groups and the realm", len(found))
	}
}

// BenchmarkApply shows that one more step costs the same whatever is there. Small is 200 groups, 50 clients with their
// role, gate and opening, 300 assignments, 20 providers and as many organizations; large is ten times that.
func BenchmarkApply(b *testing.B) {
	for name, steps := range map[string][]contract.StepRequest{
		"1000 groups": groupSteps(1000), "10000 groups": groupSteps(10000), "small": mixedSteps(1), "large": mixedSteps(10),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				target := New("test")
				if problems := target.Configure(b.Context(),
					map[string]any{"path": filepath.Join(b.TempDir(), "realm.json"), "realm": "acme"}); problems.HasErrors() {
					b.Fatal(problems)
				}
				for _, step := range steps {
					if _, err := target.Apply(b.Context(), step); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := target.WriteMarker(b.Context(), contract.Marker{Migration: "m"}, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func making(kind, key string, after identity.Attributes) contract.StepRequest {
	return contract.StepRequest{Action: contract.ActionCreate, Resource: identity.ResourceID{Type: kind, Key: key},
		After: after, Tag: "t"}
}

func groupSteps(n int) []contract.StepRequest {
	var steps []contract.StepRequest
	for i := range n {
		name := fmt.Sprintf("g%d", i)
		steps = append(steps, making(realm.TypeGroup, "/"+name, identity.Attributes{"path": "/" + name, "name": name}))
	}
	return steps
}

func mixedSteps(times int) []contract.StepRequest {
	first := samples()
	steps := append(groupSteps(200*times), making(first[0].Resource.Type, first[0].Resource.Key, first[0].Made))
	for i := range 50 * times {
		app := fmt.Sprintf("app%d", i)
		steps = append(steps,
			making(realm.TypeClient, app, identity.Attributes{"client_id": app, "protocol": gating.ProtocolOIDC, "name": app,
				"public": false, "standard_flow": true}),
			making(realm.TypeClientRole, app+"/access", identity.Attributes{"client": app, "role": "access"}),
			making(realm.TypeGate, app, identity.Attributes{"client": app, "protocol": gating.ProtocolOIDC, "intact": true}))
		for j := range 6 {
			group := fmt.Sprintf("/g%d", (i+j*31)%(200*times))
			steps = append(steps, making(realm.TypeRoleAssignment, group+" -> "+app+"/access",
				identity.Attributes{"group": group, "client": app, "role": "access"}))
		}
		steps = append(steps, making(realm.TypeEnablement, app, identity.Attributes{"client": app, "enabled": true}))
	}
	for i := range 20 * times {
		alias := fmt.Sprintf("idp%d", i)
		steps = append(steps,
			making(realm.TypeProvider, alias, identity.Attributes{"alias": alias, "protocol": "saml", "enabled": true,
				"entity_id": "urn:" + alias, "sso_url": "https://up.example.test"}),
			making(realm.TypeOrganization, alias, identity.Attributes{"alias": alias, "name": alias,
				"domains": []any{alias + ".test"}, "identity_provider": alias}))
	}
	return steps
}
