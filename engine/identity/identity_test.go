package identity_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
)

func TestParseAddress_ReadsWhatStringWrote(t *testing.T) {
	for _, a := range []identity.Address{
		{Source: "okta.corp", Kind: identity.KindApplication, ID: "0oa1"},
		{Source: "entra.hq", Kind: identity.KindMembership, ID: "group/user"},
		{Source: "csv.x", Kind: identity.KindUser, ID: "a:b#c/"},
	} {
		if got, err := identity.ParseAddress(a.String()); err != nil || got != a {
			t.Errorf("%s reads as %+v, %v", a, got, err)
		}
	}
	for _, text := range []string{"", "/", "a/b", "a/b/", "a//c", "/b/c", "okta.corp"} {
		if got, err := identity.ParseAddress(text); err == nil || !strings.Contains(err.Error(), "source/kind/id") {
			t.Errorf("%q reads as %+v, %v", text, got, err)
		}
	}
}

func TestParseResourceID_ReadsWhatStringWrote(t *testing.T) {
	for _, r := range []identity.ResourceID{{Type: "group", Key: "/eng"}, {Type: "client", Key: "https://wiki:8443/"},
		{Type: "client_role", Key: ":"}} {
		if got, err := identity.ParseResourceID(r.String()); err != nil || got != r {
			t.Errorf("%s reads as %+v, %v", r, got, err)
		}
	}
	for _, text := range []string{"", ":", "group", "group:", ":key"} {
		if got, err := identity.ParseResourceID(text); err == nil {
			t.Errorf("%q reads as %+v", text, got)
		}
	}
}

// FuzzEscapePath: a name comes back, is one segment, and two names are never one segment.
func FuzzEscapePath(f *testing.F) {
	for _, seed := range [][2]string{{"a/b", "a~1b"}, {"~", "~0"}, {"~01", "~/"}, {"", "/"}, {"~0", "~~"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		escaped := identity.EscapePath(a)
		if strings.Contains(escaped, "/") || identity.UnescapePath(escaped) != a {
			t.Errorf("%q becomes %q, and that %q", a, escaped, identity.UnescapePath(escaped))
		}
		if a != b && escaped == identity.EscapePath(b) {
			t.Errorf("%q and %q are one segment", a, b)
		}
	})
}

func TestItemID_OrdersKindsByWhatOthersReferTo(t *testing.T) {
	ids := []identity.ItemID{{Kind: "user", ID: "1"}, {Kind: "application", ID: "b"}, {Kind: "domain", ID: "z"},
		{Kind: "application", ID: "a"}, {Kind: "membership", ID: "0"}}
	slices.SortFunc(ids, identity.ItemID.Compare)
	var got []string
	for _, id := range ids {
		got = append(got, id.String())
	}
	want := []string{"domain/z", "application/a", "application/b", "user/1", "membership/0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestItem_IsAboutOnePersonOrNobody(t *testing.T) {
	user, group := identity.Reference{Role: "user", Kind: "user", ID: "jane"}, identity.Reference{Kind: "group", ID: "g"}
	for _, c := range []struct {
		kind identity.Kind
		refs []identity.Reference
		want string
	}{
		{identity.KindUser, nil, "own"},
		{identity.KindMembership, []identity.Reference{group, user}, "jane"},
		{identity.KindAppAssignment, []identity.Reference{group}, ""},
		{identity.KindRoleAssignment, []identity.Reference{user}, "jane"},
		{identity.KindAccessKey, []identity.Reference{user}, "jane"},
		{identity.KindApplication, []identity.Reference{user}, ""}, // its owner is not whom it is about
		{identity.KindGroup, []identity.Reference{user}, ""},
	} {
		if got := (identity.Item{Kind: c.kind, ID: "own", References: c.refs}).Person(); got != c.want {
			t.Errorf("%s with %v is about %q, wanted %q", c.kind, c.refs, got, c.want)
		}
	}
	for _, kind := range identity.Kinds() {
		if kind.IsPeople() && kind.StandsAlone() {
			t.Errorf("%s would be held whole", kind)
		}
	}
}

func TestItem_RefersByRoleToTheFirst(t *testing.T) {
	item := identity.Item{References: []identity.Reference{{Role: "owner", ID: "1"}, {Role: "owner", ID: "2"}}}
	if r, is := item.Refer("owner"); !is || r.ID != "1" {
		t.Errorf("%+v %t", r, is)
	}
	if r, is := item.Refer("group"); is {
		t.Errorf("%+v", r)
	}
}

func TestItem_WhoseAttributesDoNotReadIsNamed(t *testing.T) {
	item := identity.Item{Source: "okta.corp", Kind: "group", ID: "g1", Attributes: []byte(`{"name":7}`)}
	var into struct {
		Name string `json:"name"`
	}
	if err := item.Decode(&into); err == nil || !strings.Contains(err.Error(), "okta.corp/group/g1") {
		t.Error(err)
	}
	if _, err := identity.NewItem("group", "g1", "x", make(chan int)); err == nil ||
		!strings.Contains(err.Error(), "group g1") {
		t.Error(err)
	}
}

var role = identity.ResourceSchema{
	Type: "group_role", KeyFormat: "{group} -> {client}/{role}",
	Attributes: []identity.AttributeSchema{
		{Name: "group", Identity: true}, {Name: "client", Identity: true}, {Name: "role", Identity: true},
		{Name: "doc"}, {Name: "tags", Unordered: true},
	},
}

func TestResourceSchema_MakesTheKeyOfWhatItIsMadeOf(t *testing.T) {
	key := func(group, client, role string) identity.Attributes {
		return identity.Attributes{"group": group, "client": client, "role": role, "doc": "{group}"}
	}
	for want, attributes := range map[string]identity.Attributes{
		"/eng -> wiki/editor": key("/eng", "wiki", "editor"),
		// people give things such names; they are texts, not places to fill in
		"{client} -> wiki/editor": key("{client}", "wiki", "editor"),
		"/eng -> {role}/{group}":  key("/eng", "{role}", "{group}"),
	} {
		if got, err := role.Key(attributes); err != nil || got != want {
			t.Errorf("%v has the key %q, wanted %q: %v", attributes, got, want, err)
		}
	}
	for name, value := range map[string]any{"none": nil, "empty": "", "number": 7.0,
		"reference": identity.Refer("group", "g1", "group")} {
		attributes := key("/eng", "wiki", "editor")
		attributes["client"] = value
		if got, err := role.Key(attributes); err == nil || !strings.Contains(err.Error(), "attribute client of group_role") {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	if _, is := role.Attribute("tags"); !is || !slices.Equal(role.Unordered(), []string{"tags"}) {
		t.Error("tags is no set")
	}
	if _, is := role.Attribute("Tags"); is {
		t.Error("names of attributes fold case")
	}
}

// throughJSON is how an attribute crosses the connection to a plugin.
func throughJSON(t *testing.T, value any) any {
	t.Helper()
	encoded, err := json.Marshal(value)
	var decoded any
	if err == nil {
		err = json.Unmarshal(encoded, &decoded)
	}
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func TestReferences_AreThemselvesAfterJSON(t *testing.T) {
	want := identity.ItemReference{Item: identity.ItemID{Kind: "group", ID: "g/1"}, Type: "group"}
	if got, is := identity.AsItemReference(throughJSON(t, identity.Refer("group", "g/1", "group"))); !is || got != want {
		t.Errorf("%+v %t", got, is)
	}
	secret := identity.SecretReference{Source: "okta.corp", Item: identity.ItemID{Kind: "application", ID: "a"}, Field: "s"}
	if got, is := identity.AsSecretReference(throughJSON(t, identity.Secret("okta.corp", "application", "a", "s"))); !is ||
		got != secret {
		t.Errorf("%+v %t", got, is)
	}
}

// What a source has may look like a reference; only the whole form is one.
func TestReferences_AreNotFoundInWhatOnlyLooksAlike(t *testing.T) {
	whole := func(change func(outer, inner map[string]any)) any {
		outer := identity.Refer("group", "g1", "group")
		change(outer, outer["$item"].(map[string]any))
		return outer
	}
	for name, value := range map[string]any{
		"text": "$item", "nothing": nil, "list": []any{identity.Refer("group", "g1", "group")},
		"more beside it": whole(func(outer, _ map[string]any) { outer["x"] = 1 }),
		"no kind":        whole(func(_, inner map[string]any) { delete(inner, "kind") }),
		"no type":        whole(func(_, inner map[string]any) { inner["type"] = "" }),
		"id is a number": whole(func(_, inner map[string]any) { inner["id"] = 7.0 }),
		"inner is text":  map[string]any{"$item": "group/g1"},
		"a secret":       identity.Secret("okta.corp", "application", "a", "s"),
	} {
		if got, is := identity.AsItemReference(value); is {
			t.Errorf("%s is taken for %+v", name, got)
		}
	}
	for name, value := range map[string]any{"an item": identity.Refer("group", "g1", "group"), "text": "$secret",
		"no field": identity.Secret("okta.corp", "application", "a", ""), "inner is text": map[string]any{"$secret": "s"},
		"more beside it": map[string]any{"$secret": map[string]any{"field": "s"}, "x": 1}} {
		if got, is := identity.AsSecretReference(value); is {
			t.Errorf("%s is taken for %+v", name, got)
		}
	}
}

func TestAttributes_CloneSharesNothingAndLosesNothing(t *testing.T) {
	if identity.Attributes(nil).Clone() != nil {
		t.Error("nothing became something")
	}
	original := identity.Attributes{"list": []any{"a", map[string]any{"b": true}}, "none": nil,
		"large": json.Number("9007199254740993"), "whole": 5.0, "ref": identity.Refer("group", "g1", "group")}
	before, clone := original.Clone(), original.Clone()
	if diff := cmp.Diff(original, clone); diff != "" {
		t.Errorf("the clone differs: %s", diff)
	}
	clone["list"].([]any)[1].(map[string]any)["b"] = false
	clone["new"] = 1
	if diff := cmp.Diff(before, original); diff != "" {
		t.Errorf("the clone shares with its original: %s", diff)
	}
	if !slices.Equal(original.Names(), []string{"large", "list", "none", "ref", "whole"}) {
		t.Errorf("%v", original.Names())
	}
}
