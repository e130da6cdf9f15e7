package realm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
)

// TestADocumentReadsAsItsResources reads a realm as an export of 26.7.4 writes it, down to what the server adds when
// it reads.
func TestADocumentReadsAsItsResources(t *testing.T) {
	content, err := os.ReadFile("testdata/realm.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc object.Object
	if err := json.Unmarshal(content, &doc); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, r := range ReadDocument(doc) {
		encoded, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(encoded, '\n'))
	}
	sdktest.Golden(t, filepath.Join("testdata", "realm.golden"), text.String())
}

func TestALinkedProviderReceivesThePeopleOfAllDomains(t *testing.T) {
	first := WriteProvider(nil, identity.Attributes{"alias": "first", "protocol": gating.ProtocolSAML}, "", nil)
	second := WriteProvider(nil, identity.Attributes{"alias": "second", "protocol": "oidc"}, "", nil)
	organization := WriteOrganization(nil, identity.Attributes{"alias": "o", "name": "O"}, "tag")
	LinkProvider(first)
	read := ReadOrganization(organization, []object.Object{first, second})
	if read.Attributes["identity_provider"] != "first" || read.Attributes["redirect"] != true || read.Tag != "tag" {
		t.Errorf("%+v", read)
	}
	if others := object.Texts(read.Attributes["other_providers"]); !slices.Equal(others, []string{"second"}) {
		t.Errorf("the other providers are %v", others)
	}
	UnlinkProvider(first)
	if read := ReadOrganization(organization, []object.Object{first}); read.Attributes["redirect"] != false {
		t.Error("people are still sent to a provider that was unlinked")
	}
}

func TestMappersAreAlikeWithoutWhatTheServerAdds(t *testing.T) {
	ours := object.Object{"name": "m", "protocolMapper": "p", "config": object.Object{"claim": "x"}}
	read := object.Object{"id": "1", "name": "m", "protocolMapper": "p", "config": object.Object{"claim": "x",
		"introspection.token.claim": "true"}}
	if MapperKey(ours) != MapperKey(read) {
		t.Error("the same mapper counts as another one")
	}
	if MapperKey(ours) == MapperKey(object.Object{"name": "m", "protocolMapper": "p",
		"config": object.Object{"claim": "y"}}) {
		t.Error("another mapper counts as the same")
	}
	if _, managed := WriteMappers(identity.Attributes{}); managed {
		t.Error("mappers that nobody names would be deleted")
	}
}

func TestABuiltInRealmHoldsWhatTheServerMakes(t *testing.T) {
	scopes, err := DefaultScopes()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range scopes {
		names = append(names, object.Text(s, "name"))
	}
	for _, wanted := range slices.Concat(RealmDefaultScopes(), RealmOptionalScopes(),
		ClientDefaultScopes(gating.ProtocolOIDC),
		ClientDefaultScopes(gating.ProtocolSAML)) {
		if wanted != "offline_access" && !slices.Contains(names, wanted) { // an import adds that one by itself
			t.Errorf("the scope %s is a default and is not made", wanted)
		}
	}
	sections, err := Builtin(`ac"me`)
	if err != nil {
		t.Fatal(err)
	}
	if found := object.Peek(sections, "defaultRole"); object.Text(found, "name") != `default-roles-ac"me` {
		t.Errorf("the default role is %v", found)
	}
	for _, c := range object.Objects(sections["clients"]) {
		if !IsReservedClient(object.Text(c, "clientId")) {
			t.Errorf("%v is no client that the server makes", c["clientId"])
		}
	}
}

func TestTheGatesScopesAreToldFromOthers(t *testing.T) {
	for _, protocol := range []string{gating.ProtocolOIDC, gating.ProtocolSAML} {
		for _, name := range gating.GateScopes(protocol, "My App / 1") {
			if scope := gating.ScopeObject(name, protocol); !gating.IsGateScope(name) || scope["name"] != name ||
				scope["protocol"] != protocol || strings.ContainsAny(name, " /") {
				t.Errorf("%v", scope)
			}
		}
	}
	if gating.IsGateScope("email") || gating.GateKey("ab") == gating.GateKey("a b") {
		t.Error("scopes and keys are mixed up")
	}
}

func TestAGateIsNamedByTheWholeDigestOfItsClient(t *testing.T) {
	for _, id := range []string{"https://sp.acme.example/saml", "", "Ü", strings.Repeat("long name ", 40)} {
		key, digest := gating.GateKey(id), sha256.Sum256([]byte(id))
		if !strings.HasSuffix(key, hex.EncodeToString(digest[:])) {
			t.Errorf("%q: less than the whole digest stands in %s", id, key)
		}
		if longest := len(gating.GateAlias(gating.PlaceBroker, id) + " member client"); longest > 255 ||
			len(gating.MarkerScope(id)) > 255 {
			t.Errorf("%q: a name of %d characters fits no column", id, longest)
		}
	}
}

func TestThePathOfAGroupKeepsItsNames(t *testing.T) {
	if got := GroupPath("/a~1b/c~0d"); !slices.Equal(got, []string{"a/b", "c~d"}) {
		t.Errorf("%q", got)
	}
	want := identity.Resource{Type: TypeRoleAssignment, Key: "/a -> c/access",
		Attributes: identity.Attributes{"group": "/a", "client": "c", "role": "access"}}
	if got := ReadRoleAssignment("/a", "c", "access"); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestNumbersAreWholeWhateverBroughtThem(t *testing.T) {
	for _, value := range []any{30, float64(30), json.Number("30")} {
		if n, ok := object.WholeNumber(value); !ok || n != 30 {
			t.Errorf("%T: %d, %v", value, n, ok)
		}
	}
	for _, value := range []any{"30", nil, json.Number("x")} {
		if _, ok := object.WholeNumber(value); ok {
			t.Errorf("%v counts as a number", value)
		}
	}
}
