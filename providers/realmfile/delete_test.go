package realmfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

const deleteRealm = `{"realm":"acme","enabled":true,
"groups":[{"name":"eng","path":"/eng","attributes":{"rehome.item":["t"]},"subGroups":[{"name":"sub","path":"/eng/sub","attributes":{"rehome.item":["t"]}}]}],
"identityProviders":[{"alias":"corp","providerId":"saml","enabled":true,"config":{"rehome.item":"t"}}],
"organizations":[{"alias":"acme","name":"Acme","domains":[{"name":"acme.test"}],"attributes":{"rehome.item":["t"]},"identityProviders":[{"alias":"corp"}],
"members":[{"username":"ann","membershipType":"MANAGED"}]}],
"users":[{"username":"ann","groups":["/eng/sub"],"federatedIdentities":[{"identityProvider":"corp","userId":"1"}]}],
"clients":[{"clientId":"app","protocol":"openid-connect","enabled":true,"attributes":{"rehome.item":"t"}}]}`

func fileTarget(t *testing.T) (*Target, map[string]identity.Resource) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "realm.json")
	if err := os.WriteFile(path, []byte(deleteRealm), 0o600); err != nil {
		t.Fatal(err)
	}
	target := New("test")
	if problems := target.Configure(t.Context(), map[string]any{"path": path, "realm": "acme"}); problems.HasErrors() {
		t.Fatal(problems)
	}
	live := map[string]identity.Resource{}
	if _, err := target.Read(t.Context(),
		func(r identity.Resource) error { live[r.ID().String()] = r; return nil }); err != nil {
		t.Fatal(err)
	}
	return target, live
}

func TestDelete_ReachesNoFurtherThanItsOwnResource(t *testing.T) {
	target, live := fileTarget(t)
	cases := map[string]string{
		"group:/eng":             "sub-groups",
		"identity_provider:corp": "linked to the organization acme",
		"organization:acme":      "managed members",
	}
	for id, why := range cases {
		r := live[id]
		step := contract.StepRequest{Action: contract.ActionDelete, Resource: r.ID(), Before: r.Attributes, Tag: "t"}
		_, err := target.Apply(t.Context(), step)
		var fault *contract.ProviderError
		if !errors.As(err, &fault) || fault.Code != contract.ErrorConflict || !strings.Contains(fault.Message, why) {
			t.Errorf("%s: %v", id, err)
		}
		step.Tag = "other"
		if _, err := target.Apply(t.Context(), step); !errors.As(err, &fault) ||
			!strings.Contains(fault.Message, "mark of this migration") {
			t.Errorf("%s: %v", id, err)
		}
	}
	sub := live["group:/eng/sub"]
	step := contract.StepRequest{Action: contract.ActionDelete, Resource: sub.ID(), Before: sub.Attributes, Tag: "t"}
	for _, already := range []bool{false, true} {
		if result, err := target.Apply(t.Context(), step); err != nil || result.Already != already {
			t.Errorf("%+v, %v", result, err)
		}
	}
	closing := contract.StepRequest{Action: contract.ActionDelete,
		Resource: identity.ResourceID{Type: realm.TypeEnablement, Key: "app"},
		Before:   identity.Attributes{"client": "app", "enabled": true}}
	for _, already := range []bool{false, true} {
		if result, err := target.Apply(t.Context(), closing); err != nil || result.Already != already {
			t.Errorf("%+v, %v", result, err)
		}
	}
}

func TestUsage_CountsThePeopleOfTheFile(t *testing.T) {
	target, live := fileTarget(t)
	var ask []observation.UsageQuestion
	for _, id := range []string{"group:/eng", "group:/eng/sub", "identity_provider:corp", "organization:acme",
		"client:app"} {
		ask = append(ask, observation.UsageQuestion{Resource: live[id], Opened: true})
	}
	usages, err := target.Usage(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true, true, true, false} {
		if usages[i].Used != want || usages[i].Resource != ask[i].Resource.ID() {
			t.Errorf("%+v", usages[i])
		}
	}
}
