package plan

import (
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
)

func TestHash_FollowsWhatWouldBeDone(t *testing.T) {
	step := func(before, after identity.Attributes) *Plan {
		update := Step{ID: "client:a", Action: ActionUpdate, Before: before, After: after, Unordered: []string{"uris"}}
		return &Plan{FormatVersion: FormatVersion, Steps: []Step{update}}
	}
	type table = identity.Attributes
	cases := map[string]struct {
		a, b *Plan
		same bool
	}{
		"an attribute of nothing": {
			step(table{"n": "a"}, table{"n": "b", "x": ""}),
			step(table{"n": "a", "x": nil}, table{"n": "b"}), true,
		},
		"a list of none beside no list": {
			step(table{}, table{"n": "b"}),
			step(nil, table{"n": "b", "l": []any{}, "m": map[string]any{}}), true,
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
		p := &Plan{FormatVersion: FormatVersion, Impacts: []Impact{{ID: "i", Acknowledged: true, Reason: "known"}}}
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
		"access":           func(p *Plan) { p.AccessDigest = "sha256:b" },
		"acknowledgements": func(p *Plan) { p.Impacts[0].Reason = "other" },
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
