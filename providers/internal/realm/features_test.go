package realm

import (
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// all is a server that has everything.
func all() map[string]bool {
	has := map[string]bool{}
	for _, name := range missingFeatures(nil) {
		has[name] = true
	}
	return has
}

func TestMissingFeatures_AreThoseOfGatesOrganizationsAndClients(t *testing.T) {
	if missing := missingFeatures(all()); len(missing) > 0 {
		t.Errorf("a server that has all lacks %v", missing)
	}
	needed := missingFeatures(nil)
	for _, name := range []string{"authenticator conditional-client-scope", "authenticator conditional-user-role",
		"authenticator organization", "device grant", "client authenticator client-jwt"} {
		if !slices.Contains(needed, name) {
			t.Errorf("%s is not asked for in %v", name, needed)
		}
	}
	for _, name := range []string{"authenticator auth-spnego", "authenticator webauthn-authenticator"} {
		if slices.Contains(needed, name) {
			t.Errorf("%s is asked for, which a realm may do without", name)
		}
	}
	if !slices.IsSorted(needed) || len(slices.Compact(slices.Clone(needed))) != len(needed) {
		t.Errorf("%v", needed)
	}
}

func TestServerLacks_IsWhatIsInNoListOfTheServer(t *testing.T) {
	document := object.Object{"realm": "acme"}
	ids := map[string][]string{}
	for _, name := range missingFeatures(nil) {
		for list, kind := range map[string]string{authenticators: "authenticator ",
			clientAuthenticators: "client authenticator "} {
			if id, is := strings.CutPrefix(name, kind); is && id != "organization" {
				ids[list] = append(ids[list], id)
			}
		}
	}
	ServerLacks(document, ids, true)
	if got := object.Texts(document[lacks]); !slices.Equal(got, []string{organizationFeature}) {
		t.Errorf("it lacks %v", got)
	}
	ServerLacks(document, ids, false)
	if got := object.Texts(document[lacks]); !slices.Equal(got, []string{organizationFeature, deviceGrant}) {
		t.Errorf("it lacks %v", got)
	}
	if !slices.Equal(ServerLists(), []string{authenticators, clientAuthenticators}) {
		t.Errorf("%v", ServerLists())
	}
}

func TestCheck_BlocksWhatTheServerWasStartedWithout(t *testing.T) {
	client := func(attributes identity.Attributes) identity.Resource {
		return identity.Resource{Type: TypeClient, Key: "wiki", Attributes: attributes}
	}
	device := client(identity.Attributes{"client_id": "wiki",
		"attributes": map[string]any{"oauth2.device.authorization.grant.enabled": "true"}})
	signing := client(identity.Attributes{"client_id": "wiki", "client_authenticator": "client-jwt"})
	organization := identity.Resource{Type: TypeOrganization, Key: "o", Attributes: identity.Attributes{"alias": "o"}}
	for name, c := range map[string]struct {
		lacks   string
		desired identity.Resource
		blocked bool
	}{
		"organizations":              {"authenticator organization", organization, true},
		"gates":                      {"authenticator conditional-client-scope", GateFlows(), true},
		"the device grant":           {deviceGrant, device, true},
		"keys of a client":           {"client authenticator client-jwt", signing, true},
		"another client":             {deviceGrant, signing, false},
		"what no resource asks for":  {"authenticator organization", device, false},
		"a group needs none of them": {"authenticator organization", identity.Resource{Type: TypeGroup, Key: "/g"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			document := object.Object{"realm": "acme", "organizationsEnabled": true, lacks: []any{c.lacks}}
			found := Check([]identity.Resource{c.desired}, ReadServer(document))
			blocked := false
			for _, f := range found {
				blocked = blocked || f.Finding.Field == "server_lacks" && strings.Contains(f.Finding.Summary, c.lacks)
			}
			if blocked != c.blocked {
				t.Errorf("found %+v", found)
			}
		})
	}
}

func TestReadDocument_AFileLacksNothingThatIsKnown(t *testing.T) {
	for _, r := range ReadDocument(object.Object{"realm": "acme", "clients": []any{}}) {
		if _, reported := r.Attributes["server_lacks"]; reported {
			t.Errorf("%+v", r)
		}
	}
	if len(gateFeatures()) < 5 || slices.Contains(gateFeatures(), "authenticator "+gating.TopFlow(gating.PlaceBrowser)) {
		t.Errorf("%v", gateFeatures())
	}
}
