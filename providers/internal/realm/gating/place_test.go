package gating

import (
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func TestThePlaceOfAFlowIsReadOffItsName(t *testing.T) {
	own := On(PlaceBrowser, "with a code")
	for name, want := range map[string]struct {
		place Place
		top   bool
		below bool
	}{
		TopFlow(PlaceBrowser):                   {PlaceBrowser, true, false},
		TopFlow(own):                            {own, true, false},
		GateParent(own):                         {own, false, true},
		GateAlias(PlaceDirect, "app"):           {PlaceDirect, false, true},
		TopFlow(PlaceBrowser) + " on my own":    {PlaceBrowser, false, true},
		TopFlow(PlaceBrowser) + "s of somebody": {"", false, false},
		"browser":                               {"", false, false},
		RefusalFlow:                             {"", false, false},
	} {
		place, _, _ := placeIn(name)
		if _, top := PlaceOf(name); place != want.place || top != want.top || IsBelow(name) != want.below {
			t.Errorf("%q: place %q, top-level %v, below %v", name, place, top, IsBelow(name))
		}
	}
	if On(PlaceBrowser, "a") == On(PlaceBrowser, "b") || On(PlaceBrowser, "a") == On(PlaceDirect, "a") {
		t.Error("two flows share a place")
	}
}

func TestAGateStandsBehindTheFlowThatItsClientIsBoundTo(t *testing.T) {
	own := On(PlaceBrowser, "with a code")
	realm := realmOf(Flow{Alias: "with a code", TopLevel: true}, own.Top(), PlaceBrowser.Top(), PlaceDirect.Top())
	client := func(browser, former string) object.Object {
		return object.Object{"authenticationFlowBindingOverrides": object.Object{"browser": browser},
			"attributes": object.Object{FormerBrowser: former}}
	}
	for name, test := range map[string]struct {
		client object.Object
		want   Place
	}{
		"bound to nothing":                     {client("", ""), PlaceBrowser},
		"bound to a flow of its own":           {client("id of with a code", ""), own},
		"bound to the gate behind that":        {client("id of "+TopFlow(own), "id of with a code"), own},
		"bound to the gate of the realm":       {client("id of "+TopFlow(PlaceBrowser), ""), PlaceBrowser},
		"its binding was taken off":            {client("", "id of with a code"), own},
		"bound to the gate of the realm since": {client("id of "+TopFlow(PlaceBrowser), "id of with a code"), own},
		"bound to a flow that is not there":    {client("gone", ""), PlaceBrowser},
	} {
		places := ParseFlows(realm).PlacesFor(test.client)
		if !slices.Equal(places, []Place{test.want, PlaceDirect, PlaceBroker}) {
			t.Errorf("%s: %q", name, places)
		}
	}
	if all := ParseFlows(realm).Places(); !slices.Equal(all, append(Places(), own)) {
		t.Errorf("the places of the realm are %q", all)
	}
}

// What single clients demanded is all that is left of it when their flow is gone, so it stays.
func TestTheCopyOfAFlowThatIsGoneStays(t *testing.T) {
	flow := theirs()
	own := On(PlaceBrowser, flow.Alias)
	house, gates := CopyOf(flow, own.Houses()[0]), own.Admission(nil)
	top := own.Top()
	top.Executions = []Execution{{Flow: &house, Requirement: Required, Priority: HousePriority},
		{Flow: &gates, Requirement: Required, Priority: GatesPriority}}
	for name, test := range map[string]struct {
		flows []Flow
		whole bool
	}{
		"as it was copied": {[]Flow{flow}, true},
		"gone":             {nil, true},
		"demanding more": {[]Flow{{Alias: flow.Alias, TopLevel: true,
			Executions: append(slices.Clone(flow.Executions), step("auth-otp-form", Required, 30))}}, false},
	} {
		s := ParseFlows(realmOf(append(append(ParseFlows(nil).BaseFlows(), top), test.flows...)...))
		if whole := slices.Contains(s.GateFlows(), TopFlow(PlaceBrowser)); whole != test.whole {
			t.Errorf("%s: whole %v", name, whole)
		}
		if got := s.Like(PlaceBrowser); len(got) != 2 || !strings.Contains(string(got[1]), " on ") {
			t.Errorf("%s: alike are %q", name, got)
		}
	}
}
