package realm

import (
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// Behind its gate a client signs people in with the flow that it was bound to before.
func TestAGatedClientSignsPeopleInWithTheFlowOfItsOwn(t *testing.T) {
	top := gating.TopFlow(gating.On(gating.PlaceBrowser, "with a code"))
	doc := object.Object{"authenticationFlows": []any{
		object.Object{"id": "1", "alias": "with a code", "topLevel": true}, object.Object{"id": "2", "alias": top,
			"topLevel": true}}}
	client := object.Object{"authenticationFlowBindingOverrides": object.Object{"browser": "2"},
		"attributes": object.Object{gating.FormerBrowser: "1"}}
	if got := ReadSignIns(doc).Of(client)[contract.OpensWithFlow]; got != "with a code" {
		t.Errorf("people sign in with %v", got)
	}
	client["attributes"] = object.Object{}
	if got := ReadSignIns(doc).Of(client)[contract.OpensWithFlow]; got != top {
		t.Errorf("when nobody knows what it was bound to, people sign in with %v", got)
	}
}

// A client that is open and that rehome did not make is opened by no plan, so no demand on an opening stops its gate.
func TestAClientInUseIsNotJudgedAsIfItWereOpened(t *testing.T) {
	opening := identity.Resource{Type: TypeEnablement, Key: "c", Attributes: identity.Attributes{"client": "c",
		"enabled": true, contract.OpensWithFlow: "with a code", contract.OpensBeyondPassword: true}}
	for tag, stops := range map[string]bool{"": false, "okta.corp/application/1": true} {
		live := []identity.Resource{{Type: TypeRealm, Key: "r", Attributes: identity.Attributes{"browser_flow": "browser"}},
			{Type: TypeClient, Key: "c", Tag: tag, Attributes: identity.Attributes{"client_id": "c"}}, opening}
		gate := identity.Resource{Type: TypeGate, Key: "c", Attributes: identity.Attributes{"client": "c"}}
		found := false
		for _, f := range Check([]identity.Resource{opening, gate}, live) {
			found = found || f.Finding.Field == contract.OpensWithFlow
		}
		if found != stops {
			t.Errorf("with the mark %q it is stopped: %v", tag, found)
		}
	}
}
