package keycloak

import (
	"sort"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
)

// longText is a text of so many characters that a column may hold, two bytes each: a limit is in characters.
func longText(n int) string { return strings.Repeat("é", n) }

// longValue is a value of an attribute of n characters that the server takes where it has room; false for what takes no
// text of one's own choice.
func longValue(resourceType, name string, n int) (any, bool) {
	address := "https://a.example.test/"
	switch resourceType + "/" + name {
	case "group/path", "client/protocol", "client/client_authenticator", "client/default_client_scopes",
		"client/protocol_mappers", "client/attributes", "identity_provider/protocol", "identity_provider/sso_binding",
		"identity_provider/sync_mode", "identity_provider/client_authentication", "identity_provider/first_broker_flow",
		"identity_provider/post_broker_flow", "identity_provider/mappers", "organization/identity_provider",
		"client_role/client", "client/client_id", "identity_provider/alias", "organization/alias",
		"organization/domains": // whose form has limits of its own, which a translation looks at
		return nil, false
	case "client/redirect_uris":
		return []any{address + strings.Repeat("x", n-len(address))}, true
	case "client/web_origins":
		return []any{"https://" + strings.Repeat("x", n-len("https://.test")) + ".test"}, true
	case "client/base_url", "identity_provider/sso_url", "identity_provider/slo_url", "identity_provider/authorization_url",
		"identity_provider/token_url", "identity_provider/userinfo_url", "identity_provider/jwks_url",
		"identity_provider/issuer":
		return address + strings.Repeat("x", n-len(address)), true
	case "group/attributes":
		return map[string]any{"cost": []any{longText(n)}}, true
	case "identity_provider/signing_certificates":
		return []any{strings.Repeat("A", n)}, true
	}
	return longText(n), true
}

// roomOf is the most characters of an attribute that the rows allow, 0 where they know no limit.
func roomOf(resourceType, name string) int {
	return sort.Search(10_000, func(n int) bool { return !realm.Fits(resourceType, name, longText(n+1)) }) % 10_000
}

// TestKeycloak_TheServerKeepsWhatTheRowsAllowAndNoMore writes each field that holds a text as long as the rows allow,
// and one character longer where they know a limit.
func TestKeycloak_TheServerKeepsWhatTheRowsAllowAndNoMore(t *testing.T) {
	target, _ := liveTarget(t)
	keys := map[string]identity.Attributes{
		realm.TypeGroup:        {"path": "/g", "name": "g"},
		realm.TypeProvider:     {"alias": "p", "protocol": "saml", "enabled": true},
		realm.TypeOrganization: {"alias": "o", "name": "o", "domains": []any{"o.example.test"}},
		realm.TypeClient:       {"client_id": "c", "protocol": gating.ProtocolOIDC, "public": false},
		realm.TypeClientRole:   {"client": "c", "role": "r"},
	}
	ids := map[string]string{realm.TypeGroup: "/g", realm.TypeProvider: "p", realm.TypeOrganization: "o",
		realm.TypeClient: "c", realm.TypeClientRole: "c/r"}
	for _, kind := range realm.Types() {
		key, known := keys[kind.Schema.Type]
		if !known {
			continue
		}
		mustApply(t, target, create(kind.Schema.Type, ids[kind.Schema.Type], key))
		for _, attribute := range kind.Schema.Attributes {
			if attribute.Computed || attribute.Sensitive || attribute.Type == "bool" || attribute.Type == "number" {
				continue
			}
			testRoom(t, target, identity.ResourceID{Type: kind.Schema.Type, Key: ids[kind.Schema.Type]}, key, attribute.Name)
		}
	}
}

func testRoom(t *testing.T, target *Target, id identity.ResourceID, key identity.Attributes, name string) {
	room := roomOf(id.Type, name)
	write := func(n int) error {
		value, takes := longValue(id.Type, name, n)
		if !takes || name == "name" && id.Type == realm.TypeGroup || name == "role" {
			return nil
		}
		after := key.Clone()
		after[name] = value
		_, err := target.Apply(t.Context(), contract.StepRequest{Action: contract.ActionUpdate, Resource: id, Tag: tag,
			Before: identity.Attributes{}, After: after})
		return err
	}
	if room == 0 {
		if err := write(5000); err != nil {
			t.Errorf("%s/%s has no limit, and 5000 characters: %v", id.Type, name, err)
		}
		return
	}
	if err := write(room); err != nil {
		t.Errorf("%s/%s of %d characters: %v", id.Type, name, room, err)
	}
	if _, takes := longValue(id.Type, name, room); takes && name != "role" && !(name == "name" && id.Type == realm.TypeGroup) {
		if err := write(room + 1); err == nil {
			t.Errorf("%s/%s takes more than %d characters", id.Type, name, room)
		}
	}
}

// TestKeycloak_KeysAreAsLongAsTheRowsAllow makes resources whose names are as long as they may be, with what hangs on
// them.
func TestKeycloak_KeysAreAsLongAsTheRowsAllow(t *testing.T) {
	target, _ := liveTarget(t)
	mustApply(t, target, create(realm.TypeGateFlows, realm.GateFlowsKey,
		identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}))
	text := func(kind, name string, more int) string { return longText(roomOf(kind, name) + more) }
	for _, more := range []int{0, 1} {
		takes := more == 0
		group, client := text(realm.TypeGroup, "name", more), text(realm.TypeClient, "client_id", more)
		role, alias := text(realm.TypeClientRole, "role", more), text(realm.TypeProvider, "alias", more)
		organization := strings.Repeat("o", roomOf(realm.TypeOrganization, "alias")+more)
		owner := client
		if !takes {
			owner = text(realm.TypeClient, "client_id", 0)
		}
		steps := []contract.StepRequest{
			create(realm.TypeGroup, "/"+group, identity.Attributes{"path": "/" + group, "name": group}),
			create(realm.TypeClient, client, identity.Attributes{"client_id": client, "protocol": gating.ProtocolOIDC,
				"public": false}),
			create(realm.TypeClientRole, owner+"/"+role, identity.Attributes{"client": owner, "role": role}),
			create(realm.TypeProvider, alias, identity.Attributes{"alias": alias, "protocol": "saml", "enabled": true}),
			create(realm.TypeOrganization, organization, identity.Attributes{"alias": organization, "name": organization,
				"domains": []any{}}),
		}
		if takes {
			steps = append(steps,
				create(realm.TypeClientRole, owner+"/access", identity.Attributes{"client": owner, "role": "access"}),
				create(realm.TypeGate, client, identity.Attributes{"client": client, "protocol": gating.ProtocolOIDC,
					"intact": true}))
		}
		for _, step := range steps {
			if _, err := target.Apply(t.Context(), step); (err == nil) != takes {
				t.Errorf("%s with %d more than allowed: %v", step.Resource.Type, more, err)
			}
		}
	}
}
