package realmfile

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

func configured(t *testing.T, path string) *Target {
	t.Helper()
	target := New("0.1.0")
	if list := target.Configure(t.Context(), map[string]any{"path": path, "realm": "acme"}); list.HasErrors() {
		t.Fatal(list)
	}
	return target
}

func item(t *testing.T, kind identity.Kind, id string, attributes any, references ...identity.Reference) identity.Item {
	t.Helper()
	made, err := identity.NewItem(kind, id, id, attributes)
	if err != nil {
		t.Fatal(err)
	}
	made.Source, made.References = "okta.corp", references
	return made
}

func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// tenant is a small organisation: two groups, two applications, a provider and its routing rule.
func tenant(t *testing.T) []identity.Item {
	return []identity.Item{
		item(t, identity.KindGroup, "g1", kinds.Group{Name: "Engineering", Description: "Builds it",
			Attributes: map[string][]string{"cost": {"42"}}}),
		item(t, identity.KindIdentityProvider, "p1",
			kinds.IdentityProvider{Name: "Partner", Status: "active", Protocol: "saml", EntityID: "urn:partner",
				SSOURL: "https://partner.example/sso", SigningCertificates: []string{certificate(t)}, MatchType: "EMAIL",
				AccountLink: "auto", Provisioning: "auto",
				MappingsKnown: true, Mappings: []kinds.AttributeMapping{{From: "mail", To: "email"}}}),
		item(t, identity.KindRoutingRule, "r1", kinds.RoutingRule{Name: "partner", Status: "active", Simple: true,
			Providers: 1, Domains: []string{"partner.example"}},
			identity.Reference{Role: "identity_provider", Kind: identity.KindIdentityProvider, ID: "p1"}),
		item(t, identity.KindApplication, "a1", kinds.Application{Name: "Wiki", Status: "active", Protocol: "oidc",
			Access: "assigned", AssignedGroups: 1,
			ClientID: "wiki", ClientAuthentication: "client_secret_basic", RedirectURIs: []string{"https://wiki.example/cb"},
			GrantTypes: []string{"authorization_code"}}),
		item(t, identity.KindApplication, "a2", kinds.Application{Name: "Payroll", Status: "active", Protocol: "saml",
			Access: "assigned", AssignedGroups: 1,
			EntityID: "https://payroll.example/saml", ACSURL: "https://payroll.example/acs", NameIDFormat: "emailAddress",
			SignAssertion: true}),
		item(t, identity.KindAppAssignment, "x1", kinds.AppAssignment{Application: "a1", Principal: "g1",
			PrincipalKind: "group", Direct: true, Status: "active"}),
		item(t, identity.KindAppAssignment, "x2", kinds.AppAssignment{Application: "a2", Principal: "g1",
			PrincipalKind: "group", Direct: true, Status: "active"}),
	}
}

// ordered does what the engine does: it resolves references and puts resources in an order in which each finds what it
// needs.
func ordered(t *testing.T, target *Target, items []identity.Item) []identity.Resource {
	t.Helper()
	keys := map[string]string{}
	byType := map[string][]identity.Resource{}
	seen := map[identity.ResourceID]bool{}
	var all []identity.Resource
	for _, i := range items {
		for _, r := range target.Translate(i).Resources {
			keys[string(i.Kind)+"/"+i.ID+"#"+r.Type] = r.Key
			r.Tag = i.Address().String()
			all = append(all, r)
		}
	}
	for _, r := range all {
		for name, value := range r.Attributes {
			if reference, ok := identity.AsItemReference(value); ok {
				r.Attributes[name] = keys[reference.Item.String()+"#"+reference.Type]
			}
		}
		schema := schemaOf(t, target, r.Type)
		key, err := schema.Key(r.Attributes)
		if err != nil {
			t.Fatal(err)
		}
		if r.Key = key; !seen[r.ID()] {
			byType[r.Type] = append(byType[r.Type], r)
		}
		seen[r.ID()] = true
	}
	var ordered []identity.Resource
	for _, schema := range target.Schema().Resources {
		ordered = append(ordered, byType[schema.Type]...)
	}
	return ordered
}

func schemaOf(t *testing.T, target *Target, name string) identity.ResourceSchema {
	t.Helper()
	for _, schema := range target.Schema().Resources {
		if schema.Type == name {
			return schema
		}
	}
	t.Fatalf("no schema of %s", name)
	return identity.ResourceSchema{}
}

func create(r identity.Resource) contract.StepRequest {
	return contract.StepRequest{StepID: r.ID().String(), Action: contract.ActionCreate, Resource: r.ID(),
		After: r.Attributes.Clone(), Tag: r.Tag}
}

// whole has the realm file written, as the marker at the end of a run does.
func whole(t *testing.T, target *Target) {
	t.Helper()
	marker, revision, err := target.ReadMarker(t.Context())
	if err == nil {
		_, err = target.WriteMarker(t.Context(), marker, revision)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func apply(t *testing.T, target *Target, step contract.StepRequest) contract.StepResult {
	t.Helper()
	result, err := target.Apply(t.Context(), step)
	if err != nil {
		t.Fatalf("%s %s: %v", step.Action, step.Resource, err)
	}
	return result
}

func TestTargetKeepsTheContract(t *testing.T) {
	path := filepath.Join(t.TempDir(), "realm.json")
	sdktest.Target(t, New("0.1.0"), map[string]any{"path": path, "realm": "acme"}, tenant(t)...)
	sdktest.Marker(t, configured(t, path))
}

func TestANewFileHoldsEverythingPlannedAndASecondApplyFindsItDone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "realm.json")
	target := configured(t, path)
	wanted := ordered(t, target, tenant(t))
	if _, err := target.WriteMarker(t.Context(), contract.Marker{Migration: "acme"}, ""); err != nil {
		t.Fatal(err)
	}
	generated := 0
	for _, r := range wanted {
		if result := apply(t, target, create(r)); result.Already {
			t.Errorf("%s was there before it was made", r.ID())
		} else if result.Generated["secret"] != "" {
			generated++
		}
	}
	if generated != 1 {
		t.Errorf("%d secrets were given out, one client needs one", generated)
	}
	live := map[identity.ResourceID]identity.Resource{}
	for _, r := range read(t, target) {
		live[r.ID()] = r
	}
	for _, r := range wanted {
		if names := steps.Differences(realm.TypeOf(r.Type).Schema, r.Attributes, live[r.ID()].Attributes); len(names) > 0 {
			t.Errorf("%s differs in %v after it was made: %v", r.ID(), names, live[r.ID()].Attributes)
		}
		if result := apply(t, target, create(r)); !result.Already {
			t.Errorf("%s was made again", r.ID())
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
}

func read(t *testing.T, target *Target) []identity.Resource {
	t.Helper()
	var all []identity.Resource
	if _, err := target.Read(t.Context(), func(r identity.Resource) error {
		all = append(all,
			r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "realm.json")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMergingKeepsWhatRehomeDoesNotKnow(t *testing.T) {
	path := write(t, `{"realm":"acme","accessTokenLifespan":12345678901234567890,"x":{"y":[1.50,null]},
		"clients":[{"clientId":"old","enabled":true,"custom":{"a":1},"attributes":{"theirs":"kept"}}]}`)
	target := configured(t, path)
	for _, r := range ordered(t, target, tenant(t)) {
		apply(t, target, create(r))
	}
	whole(t, target)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{`"accessTokenLifespan": 12345678901234567890`, `1.50`, `"theirs": "kept"`, `"custom"`} {
		if !strings.Contains(string(content), kept) {
			t.Errorf("%s is gone", kept)
		}
	}
}

func TestAnEditSinceThePlanIsAConflict(t *testing.T) {
	path := write(t, `{"realm":"acme","groups":[{"name":"Engineering","description":"Theirs","attributes":{"owner":["ada"]}}]}`)
	target := configured(t, path)
	group := ordered(t, target, tenant(t))[0]
	var refused *contract.ProviderError
	if _, err := target.Apply(t.Context(), create(group)); !errors.As(err, &refused) ||
		refused.Code != contract.ErrorConflict {
		t.Fatalf("a create over a foreign group answered %v", err)
	}
	update := create(group)
	update.Action, update.Before = contract.ActionUpdate, identity.Attributes{"description": "As planned"}
	if _, err := target.Apply(t.Context(), update); !errors.As(err, &refused) || refused.Code != contract.ErrorConflict ||
		refused.Live["description"] != "Theirs" {
		t.Fatalf("an update over an edit answered %v", err)
	}
	update.Before = identity.Attributes{"description": "Theirs"}
	if result := apply(t, target, update); result.Already {
		t.Error("the update was not written")
	}
	if result := apply(t, target, update); !result.Already {
		t.Error("the update was written twice")
	}
}

func TestEverythingMadeCanBeTakenAwayAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "realm.json")
	target := configured(t, path)
	wanted := ordered(t, target, tenant(t))
	for _, r := range wanted {
		apply(t, target, create(r))
	}
	for i := len(wanted) - 1; i >= 0; i-- {
		r := wanted[i]
		step := contract.StepRequest{StepID: r.ID().String(), Action: contract.ActionDelete, Resource: r.ID(),
			Before: r.Attributes.Clone(), Tag: create(r).Tag}
		apply(t, target, step)
		if result := apply(t, target, step); !result.Already {
			t.Errorf("%s was deleted twice", r.ID())
		}
	}
	for _, r := range read(t, target) {
		client, _ := r.Attributes["client"].(string)
		if r.Type != realm.TypeRealm && !realm.IsReservedClient(r.Key) && !realm.IsReservedClient(client) {
			t.Errorf("%s is left", r.ID())
		}
	}
}

func TestAClientIsOpenedOnlyBehindAnIntactGate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "realm.json")
	target := configured(t, path)
	var opening identity.Resource
	for _, r := range ordered(t, target, tenant(t)) {
		if r.Type == realm.TypeEnablement {
			opening = r
			break
		}
		apply(t, target, create(r))
	}
	whole(t, target)
	content, _ := os.ReadFile(path)
	broken := strings.ReplaceAll(string(content), `"negate": "false"`, `"negate": "true"`)
	if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	var refused *contract.ProviderError
	if _, err := target.Apply(context.Background(), create(opening)); !errors.As(err, &refused) ||
		refused.Code != contract.ErrorConflict {
		t.Fatalf("opening a client with a broken gate answered %v", err)
	}
	for name, change := range map[string][2]string{
		"self-registration":  {`"registrationAllowed": false`, `"registrationAllowed": true`},
		"forgotten-password": {`"resetPasswordAllowed": false`, `"resetPasswordAllowed": true`},
		"the provider": {`"postBrokerLoginFlowAlias": "rehome gate after broker"`,
			`"postBrokerLoginFlowAlias": ""`},
		"backchannel":            {`"oidc.ciba.grant.enabled": "false"`, `"oidc.ciba.grant.enabled": "true"`},
		"authorization services": {`"authorizationServicesEnabled": false`, `"authorizationServicesEnabled": true`},
	} {
		open := strings.ReplaceAll(string(content), change[0], change[1])
		if open == string(content) {
			t.Fatalf("%s: nothing in the file is %s", name, change[0])
		}
		if err := os.WriteFile(path, []byte(open), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := target.Apply(context.Background(), create(opening)); !errors.As(err, &refused) ||
			!strings.Contains(refused.Message, name) {
			t.Errorf("%s: opening the client answered %v", name, err)
		}
	}
}

func TestAClientThatIsBoundToAFlowOfWhichNothingIsKnownGetsNoGate(t *testing.T) {
	path := write(t, `{"realm":"acme","clients":[{"clientId":"wiki","protocol":"openid-connect","enabled":false,
		"authenticationFlowBindingOverrides":{"browser":"with-a-code"}}]}`)
	target := configured(t, path)
	for _, r := range ordered(t, target, tenant(t)) {
		switch {
		case r.Type == realm.TypeGateFlows:
			apply(t, target, create(r))
		case r.Type == realm.TypeGate && r.Key == "wiki":
			if _, err := target.Apply(t.Context(), create(r)); err == nil || !strings.Contains(err.Error(), "not in the file") {
				t.Errorf("making the gate answered %v", err)
			}
		}
	}
	whole(t, target)
	if content, _ := os.ReadFile(path); !strings.Contains(string(content), "with-a-code") {
		t.Error("its flow is gone")
	}
}

func TestFilesThatHoldNoRealmAreRefused(t *testing.T) {
	for name, content := range map[string]string{
		"a list of realms": `[{"realm":"acme"}]`, "no name": `{}`, "another realm": `{"realm":"other"}`,
		"cut off":    `{"realm":"acme"`,
		"two values": `{"realm":"acme"}{}`, "clients that are no list": `{"realm":"acme","clients":{}}`,
		"a client twice":      `{"realm":"acme","clients":[{"clientId":"a"},{"clientId":"a"}]}`,
		"a client without id": `{"realm":"acme","clients":[{}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			var refused *contract.ProviderError
			if _, err := configured(t, write(t, content)).Identify(t.Context()); !errors.As(err, &refused) ||
				refused.Code != contract.ErrorInvalid {
				t.Errorf("answered %v", err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"realm":"acme","groups":[{"name":"a","subGroups":[{"name":"b","clientRoles":{"c":["d"]}}]}],"roles":{"client":{"c":[{"name":"d"}]}}}`))
	f.Add([]byte(`{"realm":"acme","clients":[{"clientId":"c"}],"authenticationFlows":[{"alias":"x","authenticationExecutions":[{"flowAlias":"x"}]}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		doc, err := decode(content)
		if err != nil {
			return
		}
		for _, r := range realm.ReadDocument(doc) {
			r.Attributes.Clone()
		}
		if _, err := json.Marshal(doc); err != nil {
			t.Fatal(err)
		}
	})
}

// A plan for one file must not be carried out on another that holds a realm of the same name.
func TestIdentity_HoldsThePath(t *testing.T) {
	seen := map[string]string{}
	for _, path := range []string{"a.json", "b.json", "below/a.json", "../a.json", "/abs/a.json"} {
		got := identityOf(path, "acme")
		if other, twice := seen[got]; twice {
			t.Errorf("%s and %s are both %s", path, other, got)
		}
		seen[got] = path
	}
	for _, same := range []string{"./a.json", "below/../a.json"} {
		if seen[identityOf(same, "acme")] != "a.json" {
			t.Errorf("%s is %s", same, identityOf(same, "acme"))
		}
	}
	if identityOf("a.json", "acme") == identityOf("a.json", "other") {
		t.Error("two realms are one target")
	}
}
