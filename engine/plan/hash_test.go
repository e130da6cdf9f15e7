package plan

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
)

func TestHash_FollowsWhatWouldBeDone(t *testing.T) {
	step := func(before, after identity.Attributes) *Plan {
		update := Step{ID: "client:a", Action: ActionUpdate, Before: before, After: after, Unordered: []string{"uris"}}
		p := &Plan{FormatVersion: FormatVersion, Steps: []Step{update}}
		Close(p, Gates{})
		return p
	}
	type table = identity.Attributes
	cases := map[string]struct {
		a, b *Plan
		same bool
	}{
		"a live attribute of nothing": {
			step(table{"n": "a", "x": "", "m": table{"k": ""}}, table{"n": "b"}),
			step(table{"n": "a", "x": []any{}, "m": nil}, table{"n": "b"}), true,
		},
		"a wanted list of none beside no list": {
			step(table{}, table{"n": "b"}),
			step(table{}, table{"n": "b", "l": []any{}}), false,
		},
		"a number in another spelling": {
			step(nil, table{"n": json.Number("1.2e2"), "m": table{"k": json.Number("1.0")}}),
			step(nil, table{"n": 120, "m": map[string]any{"k": float64(1)}}), true,
		},
		"a number as a text": {
			step(nil, table{"n": json.Number("120")}),
			step(nil, table{"n": "120"}), false,
		},
		"a set of one as a bare text": {
			step(nil, table{"uris": "a"}),
			step(nil, table{"uris": []string{"a"}}), true,
		},
		"a list of one as a bare text": {
			step(nil, table{"list": "a"}),
			step(nil, table{"list": []any{"a"}}), false,
		},
		"a set with a repetition": {
			step(nil, table{"uris": []any{"b", "a", "b"}}),
			step(nil, table{"uris": []any{"a", "b"}}), true,
		},
		"a list with a repetition": {
			step(nil, table{"list": []any{"a", "a"}}),
			step(nil, table{"list": []any{"a"}}), false,
		},
		"a text that is emptied, or is left": {
			step(table{"n": "a"}, table{"n": ""}),
			step(table{"n": "a"}, table{}), false,
		},
		"off, or left as it is": {
			step(table{"on": true}, table{"on": false}),
			step(table{"on": true}, table{}), false,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Hash(c.a) == Hash(c.b); got != c.same {
				t.Errorf("one hash: %v", got)
			}
			if differences := Compare(c.a, c.b); (len(differences) == 0) != c.same {
				t.Errorf("differences: %+v", differences)
			}
		})
	}
}

func TestCompare_NamesWhatDiffersInTheHeader(t *testing.T) {
	plan := func(change func(*Plan)) *Plan {
		p := &Plan{FormatVersion: FormatVersion, Impacts: []fidelity.Impact{{ID: "i", Acknowledged: true, Reason: "known"}}}
		change(p)
		return p
	}
	unchanged := plan(func(*Plan) {})
	for want, change := range map[string]func(*Plan){
		"migration.name":   func(p *Plan) { p.Migration.Name = "b" },
		"migration.tenant": func(p *Plan) { p.Migration.Tenant = "b" },
		"migration.mode":   func(p *Plan) { p.Migration.Mode = "b" },
		"target.provider":  func(p *Plan) { p.Target.Provider = "b" },
		"target.identity":  func(p *Plan) { p.Target.Identity = "b" },
		"format_version":   func(p *Plan) { p.FormatVersion = "2.0" },
		"classifier":       func(p *Plan) { p.Classifier = "2" },
		"access_digest":    func(p *Plan) { p.AccessDigest = "sha256:b" },
		"summary.create":   func(p *Plan) { p.Summary.Create = 1 },
		"target.name":      func(p *Plan) { p.Target.Name = "b" },
		"rollback.run":     func(p *Plan) { p.Rollback = &Rollback{Run: "r-1"} },
		"part":             func(p *Plan) { p.Part = &Part{} },
	} {
		changed := plan(change)
		got := Compare(unchanged, changed)
		if len(got) != 1 || got[0].ID != "" || got[0].Change != "changed" || !slices.Equal(got[0].Fields, []string{want}) {
			t.Errorf("%s: %+v", want, got)
		}
		if Hash(unchanged) == Hash(changed) {
			t.Errorf("%s is not in the hash", want)
		}
	}
}

func TestCompare_NamesTheImpactThatDiffers(t *testing.T) {
	plan := func(reason string) *Plan {
		return &Plan{Impacts: []fidelity.Impact{{ID: "ocm-1", Acknowledged: true, Reason: reason}}}
	}
	got := Compare(plan("known"), plan("other"))
	if len(got) != 1 || got[0].ID != "ocm-1" || !slices.Equal(got[0].Fields, []string{"reason"}) {
		t.Errorf("%+v", got)
	}
}

func TestHash_FollowsTheOrderOfTheSteps(t *testing.T) {
	a := &Plan{Steps: []Step{{ID: "a"}, {ID: "b"}}}
	b := &Plan{Steps: []Step{{ID: "b"}, {ID: "a"}}}
	if got := Compare(a, b); Hash(a) == Hash(b) || len(got) != 1 || !slices.Equal(got[0].Fields, []string{"order"}) {
		t.Errorf("%+v", got)
	}
}
