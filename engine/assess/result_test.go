package assess

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

func application(access string) identity.Item {
	attributes, _ := json.Marshal(kinds.Application{Access: access})
	return identity.Item{
		Source: "okta.corp", Kind: identity.KindApplication, ID: "0oa1", Name: "Payroll",
		Version: identity.KindVersion, Attributes: attributes,
	}
}

func TestAssess_TheWholeResult(t *testing.T) {
	address := identity.Address{Source: "okta.corp", Kind: identity.KindApplication, ID: "0oa1"}
	cases := []struct {
		name        string
		gaps        []string
		translation contract.Translation
		want        Result
	}{
		{
			"a native item", nil, contract.Translation{Contract: "OIDC client"},
			Result{
				Class: ClassNative, Contract: "OIDC client", Rationale: "every part has an equal counterpart",
				OperatorImpact: fidelity.SeverityNone, UserImpact: fidelity.SeverityNone,
			},
		},
		{
			"what the source does not tell is missing, and blocks nothing", []string{"access"}, contract.Translation{},
			Result{
				Class: ClassNative, Rationale: "every part has an equal counterpart",
				Missing:        []string{"access: the source does not tell"},
				OperatorImpact: fidelity.SeverityNone, UserImpact: fidelity.SeverityNone,
			},
		},
		{
			"a difference with its advice, felt by both", nil,
			contract.Translation{Findings: []fidelity.Finding{
				{Type: fidelity.Approximation, Field: "logo", Summary: "is linked", Action: "Upload it."},
				{Type: fidelity.Lost, Field: "tile", Summary: "is gone", Action: "Upload it.",
					Direction: fidelity.DirectionTighter, Audience: fidelity.AudienceEndUsers,
					Severity: fidelity.SeverityMedium},
				{Type: fidelity.Approximation, Summary: "a new address", ImpactCode: "issuer_changes",
					Audience: fidelity.AudienceAppOwners, Severity: fidelity.SeverityHigh, Action: "Enter it."},
				{Type: fidelity.Approximation, Field: "icon", Summary: "is smaller",
					Audience: fidelity.AudienceEndUsers, Severity: fidelity.SeverityLow},
			}},
			Result{
				Class: ClassApproximation, Rationale: "logo: is linked; tile: is gone; icon: is smaller",
				Notes:          []string{"logo: is linked", "tile: is gone", "a new address", "icon: is smaller"},
				ToDo:           "Upload it.; Enter it.",
				OperatorImpact: fidelity.SeverityHigh, UserImpact: fidelity.SeverityMedium,
			},
		},
		{
			"a looser part that is made up for", nil,
			contract.Translation{Findings: []fidelity.Finding{{
				Type: fidelity.Lost, Field: "policy", Summary: "is gone", Direction: fidelity.DirectionLooser,
				Compensated: "the gate", Action: "Look at the gate.",
			}}},
			Result{
				Class: ClassApproximation, Rationale: "policy: is gone (made up for by the gate)",
				Notes: []string{"policy: is gone (made up for by the gate)"}, ToDo: "Look at the gate.",
				OperatorImpact: fidelity.SeverityNone, UserImpact: fidelity.SeverityNone,
			},
		},
		{
			"a looser part blocks, and only its advice counts", nil,
			contract.Translation{Findings: []fidelity.Finding{
				{Type: fidelity.Lost, Field: "policy", Summary: "is gone", Direction: fidelity.DirectionLooser,
					Action: "Build a gate."},
				{Type: fidelity.Rebuild, Summary: "by hand", Action: "Rebuild it."},
			}},
			Result{
				Class: ClassBlocked, ToDo: "Build a gate.", Notes: []string{"policy: is gone"},
				BlockedReason: "policy: is gone: this would let in more people or ask for weaker proof, and nothing makes up " +
					"for it",
				Rationale: "policy: is gone: this would let in more people or ask for weaker proof, and nothing makes " +
					"up for it",
				OperatorImpact: fidelity.SeverityNone, UserImpact: fidelity.SeverityNone,
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			item := application(identity.AccessAssigned)
			item.Gaps = c.gaps
			want := c.want
			want.Address, want.Name, want.Findings = address, "Payroll", c.translation.Findings
			if diff := cmp.Diff(want, Assess(item, c.translation.Contract, c.translation.Findings, nil)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAssess_AGapBlocksWhatItCouldMakeWrong(t *testing.T) {
	assignments := identity.Gap{Kind: identity.KindAppAssignment, Path: "/apps/0oa9/groups", Status: 403}
	cases := []struct {
		name string
		item identity.Item
		gap  identity.Gap
		want []string
	}{
		{
			"an application limited to the assigned, whose assignments were not read", application(identity.AccessAssigned),
			assignments, []string{"app assignment could not be read (/apps/0oa9/groups, status 403)"},
		},
		{"an application for everyone needs no assignments", application(identity.AccessEveryone), assignments, nil},
		{
			"a service principal is never for everyone",
			identity.Item{
				Kind: identity.KindServicePrincipal, ID: "s1", Attributes: application(identity.AccessEveryone).Attributes,
			},
			assignments, []string{"app assignment could not be read (/apps/0oa9/groups, status 403)"},
		},
		{
			"the item's own page, with reason and permission", application(identity.AccessEveryone),
			identity.Gap{
				Kind: identity.KindRole, Path: "/apps/0oa1/roles", Status: 401, Reason: "denied", Permission: "okta.roles.read",
			},
			[]string{"role could not be read (/apps/0oa1/roles, status 401): denied; grant okta.roles.read"},
		},
		{
			"the assignments of another application", application(identity.AccessAssigned),
			identity.Gap{Kind: identity.KindAppAssignment, Path: "/apps/0oa9/groups", Status: 404, Of: "0oa9"}, nil,
		},
		{
			"the assignments of this one, named by another id in the path", application(identity.AccessAssigned),
			identity.Gap{Kind: identity.KindAppAssignment, Path: "/sp/9/groups", Status: 404, Of: "0oa1"},
			[]string{"app assignment could not be read (/sp/9/groups, status 404)"},
		},
		{
			"a part of what it refers to", identity.Item{
				Kind: identity.KindApplication, ID: "0oa1",
				References: []identity.Reference{{Role: "policy", Kind: identity.KindAuthPolicy, ID: "p1"}},
			},
			identity.Gap{Kind: identity.KindAuthPolicy, Path: "/policies/p1/rules", Status: 404, Of: "p1"},
			[]string{"auth policy could not be read (/policies/p1/rules, status 404)"},
		},
		{
			"somebody who is assigned by a group of hidden members", identity.Item{
				Kind: identity.KindAppAssignment, ID: "a1",
				References: []identity.Reference{{Role: "principal", Kind: identity.KindGroup, ID: "g1"}},
			},
			identity.Gap{Kind: identity.KindMembership, Path: "/groups/g1/members", Status: 404, Of: "g1"}, nil,
		},
		{
			"a part of a sibling, which changes what this one catches", identity.Item{Kind: identity.KindAuthPolicy, ID: "p2"},
			identity.Gap{Kind: identity.KindAuthPolicy, Path: "/policies/p1/rules", Status: 404, Of: "p1"},
			[]string{"auth policy could not be read (/policies/p1/rules, status 404)"},
		},
		{
			"a page of an item whose id only begins alike", application(identity.AccessEveryone),
			identity.Gap{Kind: identity.KindRole, Path: "/apps/0oa11/roles"}, nil,
		},
		{
			"an item without an id has no page of its own", identity.Item{Kind: identity.KindGroup},
			identity.Gap{Kind: identity.KindRole, Path: "/apps//roles"}, nil,
		},
		{
			"a gap without a page", application(identity.AccessEveryone), identity.Gap{Kind: identity.KindAuthPolicy},
			[]string{"auth policy could not be read"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := Assess(c.item, "", nil, []identity.Gap{c.gap})
			if diff := cmp.Diff(c.want, got.Missing); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The kinds that a gap of each kind blocks, whole: a kind that is left out here could be planned although evidence is
// missing.
func TestAssess_WhichKindsAGapBlocks(t *testing.T) {
	want := map[identity.Kind][]identity.Kind{
		identity.KindAuthPolicy: {
			identity.KindApplication, identity.KindAuthPolicy, identity.KindServicePrincipal,
		},
		identity.KindSessionPolicy:    {identity.KindSessionPolicy},
		identity.KindRoutingRule:      {identity.KindRoutingRule},
		identity.KindIdentityProvider: {identity.KindRoutingRule},
		identity.KindAppAssignment:    {identity.KindApplication, identity.KindServicePrincipal},
		identity.KindRole:             {identity.KindRoleAssignment},
	}
	got := map[identity.Kind][]identity.Kind{}
	for _, gap := range identity.Kinds() {
		for _, kind := range identity.Kinds() {
			item := identity.Item{Kind: kind, ID: "1"}
			if len(Assess(item, "", nil, []identity.Gap{{Kind: gap}}).Missing) > 0 {
				got[gap] = append(got[gap], kind)
			}
		}
	}
	sorted := cmp.Transformer("sorted", func(kinds []identity.Kind) map[identity.Kind]bool {
		set := map[identity.Kind]bool{}
		for _, kind := range kinds {
			set[kind] = true
		}
		return set
	})
	if diff := cmp.Diff(want, got, sorted); diff != "" {
		t.Error(diff)
	}
}

func TestClass_WhatIsImported(t *testing.T) {
	got := map[Class]bool{}
	for _, class := range Classes() {
		got[class] = class.Imported()
	}
	want := map[Class]bool{
		ClassNative: true, ClassApproximation: true, ClassVisibility: false, ClassManual: false, ClassBlocked: false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
