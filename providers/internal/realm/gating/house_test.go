package gating

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// theirs is a flow of the operator with a condition that names a sub-flow of its own, and one that names another's.
func theirs() Flow {
	asks := func(alias, flow string) Execution {
		return Execution{Authenticator: "conditional-sub-flow-executed", Requirement: Required, Config: &Config{Alias: alias,
			Values: map[string]string{"flow_to_check": flow, "check_result": "executed"}}}
	}
	return Flow{Alias: "theirs", TopLevel: true, Executions: []Execution{step("auth-cookie", Alternative, 10),
		{Requirement: Alternative, Priority: 20, Flow: &Flow{Alias: "theirs forms", Executions: []Execution{
			{Requirement: Required, Priority: 10, Flow: &Flow{Alias: "theirs ran"}},
			{Requirement: Conditional, Priority: 20, Flow: &Flow{Alias: "theirs factor", Executions: []Execution{
				asks("theirs check", "theirs ran"), asks("theirs other check", "somebody else's"),
				step("auth-otp-form", Required, 10)}}}}}}}}
}

// boundTo is a realm that signs people in with a flow, and holds the flows of the gates behind it.
func boundTo(flow Flow) object.Object {
	realm := realmOf(flow)
	realm["browserFlow"] = flow.Alias
	made := realmOf(append(ParseFlows(realm).BaseFlows(), flow)...)
	made["browserFlow"] = flow.Alias
	return made
}

func TestACopyAsksForItsOwnSubFlows(t *testing.T) {
	copied := CopyOf(theirs(), "house")
	factor := copied.Executions[1].Flow.Executions[1].Flow
	if copied.TopLevel || copied.Executions[1].Flow.Alias != "house theirs forms" {
		t.Errorf("the copy is %+v", copied)
	}
	if got := factor.Executions[0].Config; got.Values["flow_to_check"] != "house theirs ran" ||
		got.Alias != "house theirs check" {
		t.Errorf("it asks with %+v", got)
	}
	if got := factor.Executions[1].Config.Values["flow_to_check"]; got != "somebody else's" {
		t.Errorf("of another flow it asks for %q", got)
	}
	if diff := cmp.Diff(theirs(), theirs()); diff != "" || theirs().Executions[1].Flow.Executions[1].Flow.Executions[0].
		Config.Values["flow_to_check"] != "theirs ran" {
		t.Error("the original was changed")
	}
}

func TestTheFlowsOfTheGatesAreWholeOnlyBehindWhatTheRealmDemands(t *testing.T) {
	flow := func(realm object.Object, alias string) object.Object {
		all := object.Objects(realm["authenticationFlows"])
		return all[slices.IndexFunc(all, func(o object.Object) bool { return o["alias"] == alias })]
	}
	executions := func(realm object.Object, alias string) []object.Object {
		return object.Objects(flow(realm, alias)["authenticationExecutions"])
	}
	house := PlaceBrowser.Houses()[0]
	for name, test := range map[string]struct {
		change func(realm object.Object)
		whole  bool
	}{
		"as it was made":                          {func(object.Object) {}, true},
		"the realm is bound to another flow":      {func(o object.Object) { o["browserFlow"] = "browser" }, false},
		"the realm is bound to the gates":         {func(o object.Object) { o["browserFlow"] = TopFlow(PlaceBrowser) }, false},
		"the realm is bound to what is not there": {func(o object.Object) { o["browserFlow"] = "gone" }, false},
		"the bound flow demands less": {func(o object.Object) {
			executions(o, "theirs factor")[2]["requirement"] = Disabled
		}, false},
		"the bound flow demands more": {func(o object.Object) {
			flow(o, "theirs ran")["authenticationExecutions"] = []any{step("auth-otp-form", Required, 1).Object()}
		}, false},
		"a condition of the bound flow asks for something else": {func(o object.Object) {
			configs := object.Objects(o["authenticatorConfig"])
			at := slices.IndexFunc(configs, func(c object.Object) bool { return c["alias"] == "theirs check" })
			object.Peek(configs[at], "config")["check_result"] = "not-executed"
		}, false},
		"the copy demands less": {func(o object.Object) {
			executions(o, house+" theirs factor")[2]["requirement"] = Disabled
		}, false},
		"the copy may be passed by": {func(o object.Object) {
			executions(o, TopFlow(PlaceBrowser))[0]["requirement"] = Alternative
		}, false},
		"the gates may be passed by": {func(o object.Object) {
			executions(o, TopFlow(PlaceBrowser))[1]["requirement"] = Alternative
		}, false},
		"a step of somebody else": {func(o object.Object) {
			top := flow(o, TopFlow(PlaceBrowser))
			top["authenticationExecutions"] = append(top["authenticationExecutions"].([]any),
				step("auth-otp-form", Required, 30).Object())
		}, false},
		"no copy": {func(o object.Object) {
			top := flow(o, TopFlow(PlaceBrowser))
			top["authenticationExecutions"] = top["authenticationExecutions"].([]any)[1:]
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			realm := boundTo(theirs())
			test.change(realm)
			s := ParseFlows(realm)
			if whole := slices.Contains(s.GateFlows(), TopFlow(PlaceBrowser)); whole != test.whole {
				t.Errorf("it is whole: %v", whole)
			}
			if !slices.Contains(s.GateFlows(), TopFlow(PlaceDirect)) {
				t.Error("the password grant is not whole")
			}
		})
	}
}

func TestTheFlowsOfAnEarlierVersionAreNotWhole(t *testing.T) {
	former := PlaceBrowser.Top()
	former.Executions = []Execution{{Flow: &Flow{Alias: TopFlow(PlaceBrowser) + " sign-in",
		Executions: []Execution{step("auth-cookie", Alternative, 10)}}, Requirement: Required, Priority: 10},
		gatesOf(PlaceBrowser, GatesPriority)}
	s := ParseFlows(realmOf(former))
	if got := s.GateFlows(); len(got) != 0 || s.House(PlaceBrowser) != "" || !s.GatesStand(PlaceBrowser) {
		t.Errorf("found %v, behind %q", got, s.House(PlaceBrowser))
	}
	for name, is := range map[string]bool{"rehome gate browser sign-in": true, "rehome gate browser house 1": false,
		"auth-otp-form": false, "rehome gate browser admission": false} {
		if PlaceBrowser.IsFormer(name) != is {
			t.Errorf("%s counts as made by an earlier version: %v", name, !is)
		}
	}
}
