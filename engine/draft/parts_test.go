package draft

import (
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// guarded is a tenant with a group, an application with its role, its gate and its opening, the flows of all gates and a
// grant. Clients and groups carry a tag; what hangs on them does not.
func guarded(client, name string) Input {
	in := input()
	key := func(name string) identity.AttributeSchema {
		return identity.AttributeSchema{Name: name, Type: "string", Identity: true}
	}
	for i := range in.Schemas {
		in.Schemas[i].Tagged = in.Schemas[i].Type == "client" || in.Schemas[i].Type == "group"
	}
	in.Schemas = append(in.Schemas,
		identity.ResourceSchema{Type: "flows", KeyFormat: "{name}",
			Attributes: []identity.AttributeSchema{key("name"), {Name: "made", Unordered: true}}},
		identity.ResourceSchema{Type: "gate", KeyFormat: "{client}",
			Attributes: []identity.AttributeSchema{key("client"), {Name: "intact", Type: "bool"}}},
		identity.ResourceSchema{Type: "opening", KeyFormat: "{client}", Opens: true,
			Attributes: []identity.AttributeSchema{key("client"), {Name: "enabled", Type: "bool"}}})
	app := application("a1", client)
	refer := identity.Refer(identity.KindApplication, "a1", "client")
	app.Translation.Resources = append(app.Translation.Resources,
		identity.Resource{Type: "flows", Attributes: identity.Attributes{"name": "rehome", "made": []any{"a", "b"}}},
		identity.Resource{Type: "gate", Attributes: identity.Attributes{"client": refer, "intact": true}},
		identity.Resource{Type: "opening", Attributes: identity.Attributes{"client": refer, "enabled": true}})
	in.Items = []AssessedItem{group("g1", name), app, assignment("x1", "g1", "a1")}
	return in
}

// living is the end of a run that nobody remembers: no binding, and only what carries a tag has one.
func living(in Input) []identity.Resource {
	var live []identity.Resource
	desired, _ := Desired(in)
	for _, r := range desired {
		r.Attributes = r.Attributes.Clone()
		if r.Type != "client" && r.Type != "group" {
			r.Tag = ""
		}
		live = append(live, r)
	}
	return live
}

func actions(p *plan.Plan) map[string]plan.Action {
	all := map[string]plan.Action{}
	for _, s := range p.Steps {
		if s.Disposition != plan.DispositionUnchanged {
			all[s.ID] = s.Action
		}
	}
	return all
}

func TestBuild_WhatHangsOnARenamedThingIsRenamedWithIt(t *testing.T) {
	for name, test := range map[string]struct {
		client, group string // as they are called now
		want          string
	}{
		"nothing":         {"wiki", "eng", ""},
		"the application": {"docs", "eng", "client:docs gate:docs grant:/eng -> docs opening:docs role:docs/access"},
		"the group":       {"wiki", "crew", "grant:/crew -> wiki group:/crew"},
		"both": {"docs", "crew",
			"client:docs gate:docs grant:/crew -> docs group:/crew opening:docs role:docs/access"},
	} {
		t.Run(name, func(t *testing.T) {
			was := guarded("wiki", "eng")
			in := guarded(test.client, test.group)
			in.Live = living(was)
			p := build(t, in)
			var changed []string
			for id, action := range actions(p) {
				changed = append(changed, id)
				if action != plan.ActionUpdate {
					t.Errorf("%s is no update but %q: %s", id, action, step(t, p, id).Reason)
				}
			}
			slices.Sort(changed)
			if got := strings.Join(changed, " "); got != test.want {
				t.Errorf("changed are %s, want %s", got, test.want)
			}
			// By hand in the target, the plan takes the name back in the same way.
			in.Live = nil
			was.Live = living(in)
			for id, action := range actions(build(t, was)) {
				if action != plan.ActionUpdate {
					t.Errorf("named by hand, %s is no update but %q", id, action)
				}
			}
		})
	}
}

func TestBuild_WhatARunLeftUnfinishedIsGoneOnWithAndNoStranger(t *testing.T) {
	in := guarded("wiki", "eng")
	in.Live = living(in)
	for i, r := range in.Live {
		switch r.Type {
		case "flows":
			in.Live[i].Attributes["made"] = []any{"a"}
		case "gate":
			in.Live[i].Attributes["intact"] = false
		case "opening":
			in.Live[i].Attributes["enabled"] = false
		}
	}
	for _, mode := range []merge.Mode{merge.ModeMerge, merge.ModeFirstRun} {
		in.Migration.Mode = mode
		got := actions(build(t, in))
		if len(got) != 3 || got["flows:rehome"] != plan.ActionUpdate || got["gate:wiki"] != plan.ActionUpdate ||
			got["opening:wiki"] != plan.ActionUpdate {
			t.Errorf("%s: %v", mode, got)
		}
	}
}

// What hangs on something that rehome did not make is not ours to finish.
func TestBuild_PartsOfAStrangerWaitForTheDecisionAboutHim(t *testing.T) {
	in := guarded("wiki", "eng")
	in.Live = living(in)
	for i, r := range in.Live {
		in.Live[i].Tag = ""
		if r.Type == "opening" {
			in.Live[i].Attributes["enabled"] = false
		}
	}
	p := build(t, in)
	if s := step(t, p, "opening:wiki"); s.Disposition != plan.DispositionBlocked || s.Action != plan.ActionNone {
		t.Errorf("%s %s", s.Action, s.Disposition)
	}
	in.Rules = []merge.Rule{{Kind: identity.KindApplication, Name: "w", Decision: merge.DecisionMap, Target: "client:wiki"},
		{Kind: identity.KindGroup, Name: "g", Decision: merge.DecisionMap, Target: "group:/eng"}}
	p = build(t, in)
	if s := step(t, p, "opening:wiki"); s.Action != plan.ActionMap && s.Disposition != plan.DispositionBlocked {
		t.Errorf("mapped, its opening is %s %s", s.Action, s.Disposition)
	}
}

func TestBuild_ANameThatSomethingElseHasIsNotTakenFromIt(t *testing.T) {
	in := guarded("docs", "eng")
	in.Live = append(living(guarded("wiki", "eng")), identity.Resource{Type: "client", Key: "docs", ServerID: "9",
		Attributes: identity.Attributes{"client_id": "docs"}},
		identity.Resource{Type: "gate", Key: "docs", Attributes: identity.Attributes{"client": "docs", "intact": true}})
	p := build(t, in)
	s := step(t, p, "client:wiki")
	if s.Disposition != plan.DispositionBlocked || !strings.Contains(s.Reason, "client:wiki is to be called client:docs") ||
		s.ToDo == "" {
		t.Errorf("%s: %s; %s", s.Disposition, s.Reason, s.ToDo)
	}
	for id, action := range actions(p) {
		if action != plan.ActionNone {
			t.Errorf("%s is %s", id, action)
		}
	}
}

// What gets another name is one thing for the target's judgement, not two.
func TestJudge_ARenamedThingIsJudgedOnce(t *testing.T) {
	in := guarded("docs", "crew")
	in.Live = living(guarded("wiki", "eng"))
	for i := range in.Live {
		in.Live[i].Attributes["kept"] = true
	}
	asked := 0
	_, err := Judge(in, func(changed, live []identity.Resource) ([]contract.CheckFinding, error) {
		asked++
		for _, r := range append(slices.Clone(changed), live...) {
			if strings.Contains(r.Key, "wiki") || strings.Contains(r.Key, "eng") || r.Attributes["client_id"] == "wiki" {
				t.Errorf("%s is asked about as %s, %v", r.Type, r.Key, r.Attributes)
			}
		}
		for _, r := range live {
			if r.Attributes["kept"] != true {
				t.Errorf("%s lost what lives", r.ID())
			}
		}
		return nil, nil
	})
	if err != nil || asked < 2 {
		t.Errorf("asked %d times, error %v", asked, err)
	}
	for _, r := range in.Live {
		if strings.Contains(r.Key, "docs") || strings.Contains(r.Key, "crew") {
			t.Errorf("the input was changed: %s", r.ID())
		}
	}
}

// A target that gives nothing another name keeps the one that it has; the rest of it changes all the same.
func TestBuild_ANameThatTheTargetNeverChangesStays(t *testing.T) {
	in := behindADoor()
	for i := range in.Schemas {
		if in.Schemas[i].Type == "provider" {
			in.Schemas[i].Tagged, in.Schemas[i].Attributes[0].ForcesReplace = true, true
		}
	}
	in.Live[0].Tag, in.Live[0].Attributes["alias"] = "okta.corp/identity_provider/p1", "was"
	in.Live[0].Key = "was"
	refer := identity.Refer(identity.KindIdentityProvider, "p1", "provider")
	in.Items = append(in.Items, made(identity.KindDomain, "d1", "d1", []identity.Resource{{Type: "org",
		Attributes: identity.Attributes{"alias": "acme", "domains": []any{"d1"}, "color": refer}}}))
	p := build(t, in)
	s := step(t, p, "provider:was")
	if s.Action != plan.ActionUpdate || s.After["alias"] != "was" || s.After["title"] != "Corp" ||
		!strings.Contains(strings.Join(s.Notes, " "), "its alias stays was") {
		t.Errorf("%s %v, notes %v: %s", s.Action, s.After, s.Notes, s.Reason)
	}
	if got := step(t, p, "org:acme").After["color"]; got != "was" {
		t.Errorf("what refers to it leads to %v", got)
	}
}
