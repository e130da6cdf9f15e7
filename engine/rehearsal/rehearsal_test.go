package rehearsal

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
)

func group(key, id string, attributes identity.Attributes) identity.Resource {
	return identity.Resource{Type: "group", Key: key, ServerID: id, Attributes: attributes}
}

func TestRefuse_OnlyAnotherCleanAndHarmlessTargetIsRehearsedOn(t *testing.T) {
	real := Side{Identity: "https://id/realms/acme", Live: []identity.Resource{group("/a", "1", nil)}}
	cases := map[string]struct {
		scratch Side
		outward []string
		says    string
	}{
		"another one": {scratch: Side{Identity: "https://other/realms/x",
			Live: []identity.Resource{group("/a", "2", nil)}}},
		"the target itself": {scratch: Side{Identity: real.Identity}, says: "the target itself"},
		"under another address": {scratch: Side{Identity: "https://127.0.0.1/realms/acme", Live: real.Live},
			says: "1 ids are the same, such as that of group:/a"},
		"ids of another type": {scratch: Side{Identity: "b",
			Live: []identity.Resource{{Type: "client", Key: "a", ServerID: "1"}}}},
		"an unfinished one": {scratch: Side{Identity: "b", Marker: contract.Marker{Migration: "acme-rehearsal"}},
			says: "An earlier rehearsal"},
		"of another migration": {scratch: Side{Identity: "b", Marker: contract.Marker{Migration: "other"}},
			says: `migration "other"`},
		"with a mail server": {scratch: Side{Identity: "b"}, outward: []string{"mail server m", "x", "y"},
			says: "mail server m, and 2 more"},
		"cleaned after one": {scratch: Side{Identity: "b", Marker: contract.Marker{Fence: 4}}},
		"with the lease of a run": {scratch: Side{Identity: "b", Marker: contract.Marker{Lease: contract.Lease{ID: "r-1"}}},
			says: "target of migration"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := Refuse(real, c.scratch, c.outward)
			if c.says == "" && got != "" || !strings.Contains(got, c.says) {
				t.Errorf("got %q, wanted %q", got, c.says)
			}
		})
	}
}

func TestCompare_SaysWhatIsNotAsItWas(t *testing.T) {
	schemas := []identity.ResourceSchema{{Type: "group",
		Attributes: []identity.AttributeSchema{{Name: "members", Computed: true}, {Name: "roles", Unordered: true}}}}
	before := []identity.Resource{
		group("/same", "1", identity.Attributes{"roles": []any{"a", "b"}, "members": 1}),
		group("/changed", "2", identity.Attributes{"name": "x"}),
		group("/grown", "3", identity.Attributes{}),
		group("/gone", "4", nil),
	}
	after := []identity.Resource{
		group("/left", "9", nil),
		group("/same", "7", identity.Attributes{"roles": []any{"b", "a"}, "members": 5}),
		group("/changed", "2", identity.Attributes{"name": "y"}),
		group("/grown", "3", identity.Attributes{"extra": true}),
	}
	var got []string
	for _, d := range Compare(before, after, schemas) {
		got = append(got, d.Resource.Key+": "+d.Summary)
	}
	want := []string{"/changed: name is not as it was", "/gone: it is not there any more",
		"/grown: extra is not as it was", "/left: the rehearsal left it"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestForesee_CountsEachSortByItsOwnAverage(t *testing.T) {
	measured := []Measured{{"create client", 6}, {"create client", 4}, {"create group", 1}, {"create group", 1}}
	got := Foresee(measured, 1200, []string{"create client", "create client", "create client", "create group",
		"update flow"})
	want := &history.RehearsalForecast{Steps: 5, Requests: 19, Millis: 1900, Measured: 4, Unseen: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if Foresee(nil, 5, []string{"create group"}) != nil {
		t.Error("something was foreseen without a measurement")
	}
}
