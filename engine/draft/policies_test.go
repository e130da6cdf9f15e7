package draft

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// policy is one that the target does not carry; looser says that its loss asks for less.
func policy(t *testing.T, id string, p kinds.AuthPolicy, looser bool) AssessedItem {
	t.Helper()
	item, err := identity.NewItem(identity.KindAuthPolicy, id, id, p)
	if err != nil {
		t.Fatal(err)
	}
	item.Source = "okta.corp"
	finding := fidelity.Finding{Type: fidelity.Rebuild, Field: "rules", Summary: "does not move"}
	if looser {
		finding.Direction = fidelity.DirectionLooser
	}
	return AssessedItem{Item: item, Translation: contract.Translation{Findings: []fidelity.Finding{finding}},
		Result: assess.Assess(item, "", []fidelity.Finding{finding}, nil)}
}

// underPolicy is an application with an opening that names a policy.
func underPolicy(t *testing.T, p kinds.AuthPolicy) Input {
	t.Helper()
	in := behindADoor()
	in.Live, in.Items = nil, in.Items[:1]
	in.Schemas[len(in.Schemas)-1].Attributes = append(in.Schemas[len(in.Schemas)-1].Attributes,
		identity.AttributeSchema{Name: contract.OpensWithFlow}, identity.AttributeSchema{Name: contract.OpensBeyondPassword},
		identity.AttributeSchema{Name: contract.OpensUnasked, Unordered: true})
	in.Items[0].Item.References = []identity.Reference{{Role: "policy", Kind: identity.KindAuthPolicy, ID: "p1"}}
	in.Items[0].Item.Attributes = json.RawMessage(`{"client_id":"wiki"}`)
	in.Items = append(in.Items, policy(t, "p1", p, true))
	return in
}

func rebuilt(flow string, upstream ...string) declaration.Rebuilt {
	return declaration.Rebuilt{Kind: identity.KindAuthPolicy, Name: "two-factors", Flow: flow, Reference: "CHG-7",
		Upstream: upstream, Range: diag.Range{File: "main.rehome.hcl", Start: diag.Position{Line: 7}}}
}

func TestUnderPolicies_NothingOpensBeforeThePolicyIsBuiltAgain(t *testing.T) {
	asks := kinds.AuthPolicy{Type: "ACCESS_POLICY", Restricts: true}
	for name, c := range map[string]struct {
		policy kinds.AuthPolicy
		change func(in *Input)
		opens  bool
		why    string
	}{
		"nobody says that it is built again": {policy: asks, why: `auth policy "p1" (p1)`},
		"an acknowledgement is no word for it": {policy: asks, change: func(in *Input) {
			in.Gates.Acknowledgements = []plan.Acknowledgement{{ID: "ocm-1", Reason: "fine"}}
		}, why: "no acknowledgement"},
		"leaving the policy out makes nothing less strict": {policy: asks, change: func(in *Input) {
			in.Skips = []merge.Skip{{Kind: identity.KindAuthPolicy, Name: "p", Reason: "not needed"}}
		}, why: "stays closed"},
		"it is built again": {policy: asks,
			change: func(in *Input) { in.Rebuilt = []declaration.Rebuilt{rebuilt("strong")} }, opens: true},
		"another one is built again": {policy: asks, change: func(in *Input) {
			other := rebuilt("strong")
			other.Where = func(item identity.Item) (bool, error) { return item.ID == "p2", nil }
			in.Rebuilt = []declaration.Rebuilt{other}
		}, why: "stays closed"},
		"no snapshot has the policy": {policy: asks, change: func(in *Input) { in.Items = in.Items[:1] },
			why: "in no snapshot"},
		"the policy went while it was read": {policy: asks,
			change: func(in *Input) { in.Items[1].Item.Deleted, in.Items[1].Result.Findings = true, nil }, why: "stays closed"},
		"its rules could not be read": {policy: asks, change: func(in *Input) {
			in.Items[1].Result.Findings, in.Items[1].Result.Class = nil, assess.ClassBlocked
		}, why: "stays closed"},
		"a policy that asks for no more": {policy: asks,
			change: func(in *Input) { in.Items[1] = policy(t, "p1", asks, false) }, opens: true},
		"a policy for all names no application": {policy: kinds.AuthPolicy{Type: kinds.ConditionalAccess},
			change: func(in *Input) { in.Items[0].Item.References = nil }, why: "stays closed"},
		"a policy for others": {policy: kinds.AuthPolicy{Type: kinds.ConditionalAccess, Only: []string{"mail"}},
			change: func(in *Input) { in.Items[0].Item.References = nil }, opens: true},
		"a policy that spares it": {policy: kinds.AuthPolicy{Type: kinds.ConditionalAccess, Spares: []string{"wiki"}},
			change: func(in *Input) { in.Items[0].Item.References = nil }, opens: true},
		"a client id that is mapped does not lead out": {
			policy: kinds.AuthPolicy{Type: kinds.ConditionalAccess, Only: []string{"old"}}, change: func(in *Input) {
				in.Items[0].Item.References = nil
				in.Items[0].Item.Attributes = json.RawMessage(`{"client_id":"wiki","source_client_id":"old"}`)
			}, why: "stays closed"},
		"a policy of another source": {policy: kinds.AuthPolicy{Type: kinds.ConditionalAccess}, change: func(in *Input) {
			in.Items[0].Item.References, in.Items[1].Item.Source = nil, "entra.other"
		}, opens: true},
		"a target that reads no flow back": {policy: asks, change: func(in *Input) {
			last := &in.Schemas[len(in.Schemas)-1]
			last.Attributes = last.Attributes[:2]
			in.Rebuilt = []declaration.Rebuilt{rebuilt("strong")}
		}, why: "cannot read back"},
		"two policies in two flows": {policy: asks, change: func(in *Input) {
			in.Items = append(in.Items, policy(t, "p2", kinds.AuthPolicy{Type: kinds.ConditionalAccess}, true))
			one, other := rebuilt("strong"), rebuilt("stronger")
			one.Where = func(item identity.Item) (bool, error) { return item.ID == "p1", nil }
			other.Where = func(item identity.Item) (bool, error) { return item.ID == "p2", nil }
			in.Rebuilt = []declaration.Rebuilt{one, other}
		}, why: "in different flows (strong, stronger)"},
	} {
		t.Run(name, func(t *testing.T) {
			in := underPolicy(t, c.policy)
			if c.change != nil {
				c.change(&in)
			}
			p := build(t, in)
			opening := step(t, p, "opening:wiki")
			if opens := opening.Disposition == plan.DispositionPlanned; opens != c.opens || !strings.Contains(opening.Reason, c.why) {
				t.Errorf("it is %s: %s", opening.Disposition, opening.Reason)
			}
			if client := step(t, p, "client:wiki"); client.Disposition != plan.DispositionPlanned {
				t.Errorf("the client itself is %s: %s", client.Disposition, client.Reason)
			}
			if p.PlanHash == "" && !c.opens {
				t.Errorf("what stays closed stands in the way of the rest: %+v", p.Handoff.Blockers)
			}
		})
	}
}

func TestUnderPolicies_TheOpeningSaysWhatMustBeSo(t *testing.T) {
	in := underPolicy(t, kinds.AuthPolicy{Type: "ACCESS_POLICY"})
	in.Rebuilt = []declaration.Rebuilt{rebuilt("strong", "corp", "acme", "corp")}
	after := step(t, build(t, in), "opening:wiki").After
	if after[contract.OpensWithFlow] != "strong" || after[contract.OpensBeyondPassword] != true ||
		!slices.Equal(after[contract.OpensUnasked].([]any), []any{"acme", "corp"}) {
		t.Errorf("the opening is %v", after)
	}
	in.Items = append(in.Items, made(identity.KindIdentityProvider, "i1", "corp", []identity.Resource{{Type: "provider",
		Attributes: identity.Attributes{"alias": "corp"}}}))
	if waits := step(t, build(t, in), "opening:wiki").DependsOn; !slices.Contains(waits, "provider:corp") {
		t.Errorf("it is not known by whom people come unasked, and the opening waits for %v", waits)
	}
	rule := step(t, build(t, in), "item:okta.corp/auth_policy/p1")
	if rule.Disposition != plan.DispositionManual || !strings.Contains(rule.ToDo, `as the flow "strong"`) ||
		!strings.Contains(rule.ToDo, "CHG-7") || rule.DecidedBy == nil || rule.DecidedBy.Line != 7 {
		t.Errorf("the policy is %s: %q, decided by %+v", rule.Disposition, rule.ToDo, rule.DecidedBy)
	}
	in = underPolicy(t, kinds.AuthPolicy{Type: "ACCESS_POLICY", PasswordSuffices: true})
	in.Rebuilt = []declaration.Rebuilt{rebuilt("devices")}
	after = step(t, build(t, in), "opening:wiki").After
	if _, asked := after[contract.OpensBeyondPassword]; asked || after[contract.OpensWithFlow] != "devices" {
		t.Errorf("a policy that a password satisfies demands %v", after)
	}
}

func TestUnderPolicies_WhatIsOpenAndShouldNotBeIsSaid(t *testing.T) {
	in := underPolicy(t, kinds.AuthPolicy{Type: "ACCESS_POLICY"})
	in.Live = []identity.Resource{{Type: "opening", Key: "wiki", Attributes: identity.Attributes{"client": "wiki",
		"enabled": true}}}
	if reason := step(t, build(t, in), "opening:wiki").Reason; !strings.HasPrefix(reason, "is open in the target and should not be: at the incumbent") {
		t.Errorf("the reason is %q", reason)
	}
	in.Live[0].Attributes["enabled"] = false
	if reason := step(t, build(t, in), "opening:wiki").Reason; !strings.HasPrefix(reason, "stays closed") {
		t.Errorf("the reason is %q", reason)
	}
}

func TestUnderPolicies_BlocksThatMeanNothingOrTwiceAreNamed(t *testing.T) {
	fails := rebuilt("strong")
	fails.Where = func(identity.Item) (bool, error) { return false, errors.New("no such field") }
	idle := rebuilt("strong")
	idle.Where = func(identity.Item) (bool, error) { return false, nil }
	for code, c := range map[string]struct {
		blocks   []declaration.Rebuilt
		severity diag.Severity
	}{
		"where-failed":          {[]declaration.Rebuilt{fails}, diag.Error},
		"block-matches-nothing": {[]declaration.Rebuilt{idle}, diag.Warning},
		"rebuilt-two-blocks":    {[]declaration.Rebuilt{rebuilt("strong"), rebuilt("weak")}, diag.Error},
	} {
		in := underPolicy(t, kinds.AuthPolicy{Type: "ACCESS_POLICY"})
		in.Rebuilt = c.blocks
		p, problems := Build(in)
		at := slices.IndexFunc(problems, func(d diag.Diagnostic) bool { return d.Code == code })
		if at < 0 || problems[at].Severity != c.severity || problems[at].Subject == nil || problems[at].Subject.Start.Line != 7 {
			t.Errorf("%s: problems are %v", code, problems)
		}
		if opening := step(t, p, "opening:wiki"); opening.Disposition != plan.DispositionBlocked {
			t.Errorf("%s: the opening is %s", code, opening.Disposition)
		}
	}
}
