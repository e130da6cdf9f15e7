package merge

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
)

func TestOwned_FindsWhatAnEarlierRunMade(t *testing.T) {
	live := []identity.Resource{
		living(clientOf("wiki"), "id-wiki", ""), living(clientOf("moved"), "id-board", ""),
		living(clientOf("tagged"), "id-tagged", app("t").String()),
		living(clientOf("one"), "id-one", app("two").String()), living(clientOf("other"), "id-other", app("two").String()),
		living(clientOf("nobody"), "", ""),
	}
	bind := func(key, serverID string) Binding {
		return Binding{Resource: identity.ResourceID{Type: "client", Key: key}, ServerID: serverID}
	}
	bindings := map[string]Binding{
		BindingKey(app("w"), "client"): bind("wiki", "id-wiki"),
		BindingKey(app("b"), "client"): bind("board", "id-board"),
		BindingKey(app("k"), "client"): bind("wiki", "id-gone"),
		BindingKey(app("n"), "client"): bind("nobody", ""),
		BindingKey(app("g"), "client"): bind("gone", "id-gone"),
	}
	cases := []struct {
		name    string
		item    identity.Address
		desired string
		only    bool
		want    string
	}{
		{"by the id on the server", app("w"), "wiki", false, "binding wiki"},
		{"whatever the case of the key", app("w"), "WIKI", false, "binding wiki"},
		{"under another key, of several", app("w"), "other", false, ""},
		{"under another key, when there is one only", app("b"), "board", true, "binding moved"},
		{"renamed on the server, of several", app("b"), "board", false, ""},
		{"by its key when the id is gone", app("k"), "wiki", false, "binding wiki"},
		{"by its key when no id was kept", app("n"), "nobody", false, "binding nobody"},
		{"not when it is gone", app("g"), "gone", true, ""},
		{"by its tag", app("t"), "tagged", false, "tag tagged"},
		{"by its tag alone, when there is one only", app("t"), "renamed", true, "tag tagged"},
		{"not by its tag alone, of several", app("t"), "renamed", false, ""},
		{"by tag and key, of two with the tag", app("two"), "other", true, "tag other"},
		{"not by the tag of two", app("two"), "third", true, ""},
		{"never of another item", app("x"), "wiki", true, ""},
	}
	x := NewIndex(live, fixtureSchemas(), bindings)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			found, basis, binding := x.Owned(c.item, identity.ResourceID{Type: "client", Key: c.desired}, c.only)
			got := ""
			if found != nil {
				got = string(basis) + " " + found.Key
				if basis == BasisTag && (binding.ServerID != found.ServerID || binding.Resource != found.ID()) {
					t.Errorf("the binding is %+v", binding)
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestMatches_TheKeyFirstThenTheBestEvidence(t *testing.T) {
	live := []identity.Resource{
		living(clientOf("Payroll", "name=Payroll"), "1", "okta.old/application/1"),
		living(clientOf("by-entity", "entity_id=urn:PAY"), "2", ""),
		living(clientOf("by-uri", "redirect_uris=https://pay/a,https://pay/b"), "3", ""),
		living(clientOf("by-name", "name=payroll"), "4", ""),
		living(clientOf("by-both", "entity_id=urn:pay", "name=Payroll"), "5", ""),
		living(clientOf("by-all", "entity_id=urn:pay", "name=Payroll", "redirect_uris=https://pay/b"), "6", ""),
		living(clientOf("unlike", "name=", "entity_id=urn:other"), "7", ""),
	}
	desired := clientOf("payroll", "entity_id=urn:pay", "name=Payroll", "redirect_uris=https://pay/b,https://pay/a")
	got := listed(NewIndex(live, fixtureSchemas(), nil).Matches(desired))
	want := []string{
		"key: client:Payroll (score 100: same key, made by rehome for okta.old/application/1)",
		"evidence: client:by-all (score 95: same entity_id, same redirect_uris, same name)",
		"evidence: client:by-both (score 90: same entity_id, same name)",
		"evidence: client:by-entity (score 85: same entity_id)",
		"evidence: client:by-uri (score 75: same redirect_uris)",
		"evidence: client:by-name (score 40: same name)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMatches_AtMostFiveThatAreLikelyByKeyWhereTheyAreAlike(t *testing.T) {
	var live []identity.Resource
	for _, key := range []string{"f", "b", "e", "a", "d", "c"} {
		live = append(live, clientOf(key, "name=Payroll"))
	}
	got := listed(NewIndex(live, fixtureSchemas(), nil).Matches(clientOf("payroll", "name=Payroll")))
	var want []string
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		want = append(want, "evidence: client:"+key+" (score 40: same name)")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMatches_AnEmptyTextIsNoEvidence(t *testing.T) {
	live := []identity.Resource{clientOf("a", "name="), clientOf("b")}
	if got := NewIndex(live, fixtureSchemas(), nil).Matches(clientOf("payroll", "name=")); len(got) != 0 {
		t.Errorf("%v", listed(got))
	}
}

func TestWishes_TellWhatOtherSourcesWouldMake(t *testing.T) {
	entra := func(id string) identity.Address {
		return identity.Address{Source: "entra.hq", Kind: identity.KindApplication, ID: id}
	}
	index := NewIndex(nil, fixtureSchemas(), nil)
	wishes := NewWishes(index)
	for _, wish := range []Wish{
		{Item: app("own"), Name: "Own", Desired: clientOf("own", "entity_id=urn:pay", "name=Payroll")},
		{Item: entra("2"), Name: "Pay", Desired: clientOf("PAYROLL", "entity_id=urn:pay")},
		{Item: entra("3"), Name: "Alike", Desired: clientOf("alike", "entity_id=urn:pay", "name=Payroll")},
		{Item: entra("4"), Name: "Named", Desired: clientOf("named", "name=Payroll")},
		{Item: entra("6"), Name: "Named too", Desired: clientOf("named-too", "name=Payroll")},
		{Item: entra("5"), Name: "Decided", Desired: clientOf("decided", "entity_id=urn:pay"), Decided: true},
		{Item: entra("7"), Name: "Member", Desired: identity.Resource{
			Type: "membership", Key: "eng", Attributes: identity.Attributes{"group": "eng"},
		}},
		{Item: entra("9"), Name: "Later", Desired: clientOf("Payroll", "entity_id=urn:pay")},
		{Item: entra("8"), Name: "No key", Desired: identity.Resource{
			Type: "client", Attributes: identity.Attributes{"name": "Payroll"},
		}},
	} {
		wishes.Add(wish)
	}
	desired := clientOf("payroll", "entity_id=urn:pay", "name=Payroll")
	want := []string{
		`key: entra.hq/application/2 makes client:PAYROLL (score 100: same key as application "Pay" of entra.hq)`,
		`evidence: entra.hq/application/3 makes client:alike (score 90: same entity_id as application "Alike" of ` +
			`entra.hq, same name as application "Alike" of entra.hq)`,
		`evidence: entra.hq/application/4 makes client:named (score 40: same name as application "Named" of entra.hq)`,
		`evidence: entra.hq/application/6 makes client:named-too (score 40: same name as application "Named too" of ` +
			`entra.hq)`,
	}
	if diff := cmp.Diff(want, listed(wishes.Others(app("1"), desired))); diff != "" {
		t.Error(diff)
	}
	member := identity.Resource{Type: "membership", Key: "eng", Attributes: identity.Attributes{"group": "eng"}}
	if got := wishes.Others(app("1"), member); len(got) != 0 {
		t.Errorf("two memberships of one key are the same: %v", listed(got))
	}
	if got := (*Wishes)(nil).Others(app("1"), desired); got != nil {
		t.Errorf("%v", got)
	}
}

// Two applications of one source are two, and so is one of another kind; the item itself collides with nobody.
func TestWishes_OfOneSourceCollideOnlyWhereTheyStandAlone(t *testing.T) {
	wishes := NewWishes(NewIndex(nil, fixtureSchemas(), nil))
	principal := identity.Address{Source: "okta.corp", Kind: identity.KindServicePrincipal, ID: "3"}
	for item, name := range map[identity.Address]string{app("1"): "Itself", app("2"): "Twin", principal: "Principal"} {
		wishes.Add(Wish{Item: item, Name: name, Desired: clientOf("payroll")})
	}
	want := []string{
		`key: okta.corp/application/2 makes client:payroll (score 100: same key as application "Twin" of okta.corp)`,
	}
	if diff := cmp.Diff(want, listed(wishes.Others(app("1"), clientOf("payroll")))); diff != "" {
		t.Error(diff)
	}
	if got := wishes.Others(principal, clientOf("payroll")); len(got) != 0 {
		t.Errorf("a service principal makes no client of its own here: %v", listed(got))
	}
}

func TestOnlyKey_IsAResourceWithNothingBesideIt(t *testing.T) {
	schemas := fixtureSchemas()
	if OnlyKey(schemas[0]) || !OnlyKey(schemas[1]) {
		t.Error("a client has more than its key, a membership has not")
	}
}
