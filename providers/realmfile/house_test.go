package realmfile

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// bindTo lets the realm of a file sign people in with a flow.
func bindTo(t *testing.T, path string, flow gating.Flow) {
	t.Helper()
	doc := documentIn(t, path)
	doc["browserFlow"] = flow.Alias
	made, configs := flow.Objects(func(alias string) string { return "id of " + alias })
	kept := slices.DeleteFunc(object.Objects(doc["authenticationFlows"]), func(o object.Object) bool {
		alias, _ := o["alias"].(string)
		return strings.HasPrefix(alias, flow.Alias)
	})
	doc["authenticationFlows"] = append(kept, made...)
	doc["authenticatorConfig"] = append(object.Objects(doc["authenticatorConfig"]), configs...)
	content, err := json.Marshal(doc)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func withFactor(requirement string) gating.Flow {
	forms := gating.Flow{Alias: "house rules forms", Executions: []gating.Execution{
		{Authenticator: "auth-username-password-form", Requirement: gating.Required, Priority: 10},
		{Authenticator: "auth-otp-form", Requirement: requirement, Priority: 20}}}
	return gating.Flow{Alias: "house rules", TopLevel: true, Executions: []gating.Execution{
		{Flow: &forms, Requirement: gating.Alternative, Priority: 10}}}
}

// In a file, too, the gates stand behind a copy of the flow that the realm has bound, and follow it.
func TestGatesInAFileStandBehindWhatTheRealmDemands(t *testing.T) {
	path := write(t, `{"realm":"acme"}`)
	bindTo(t, path, withFactor(gating.Required))
	target := configured(t, path)
	wanted := realm.GateFlows().Attributes
	step := contract.StepRequest{Action: contract.ActionCreate,
		Resource: identity.ResourceID{Type: realm.TypeGateFlows, Key: realm.GateFlowsKey}, After: wanted}
	apply(t, target, step)
	whole(t, target)
	for _, requirement := range []string{gating.Required, gating.Disabled} {
		if requirement == gating.Disabled {
			bindTo(t, path, withFactor(requirement))
			if _, present := gateIn(t, path); slices.Contains(present, gating.TopFlow(gating.PlaceBrowser)) {
				t.Fatal("the plan does not see that what the realm demands has changed")
			}
			step.Action, step.Before = contract.ActionUpdate, identity.Attributes{"flows": []any{}}
			target = configured(t, path)
			apply(t, target, step)
			whole(t, target)
		}
		house := find(documentIn(t, path), "authenticationFlows", "alias", gating.PlaceBrowser.Houses()[0]+" house rules forms")
		executions := object.Objects(house["authenticationExecutions"])
		if len(executions) != 2 || executions[1]["requirement"] != requirement {
			t.Errorf("the copy holds %v, want a second factor that is %s", executions, requirement)
		}
		if _, present := gateIn(t, path); len(present) != len(object.Texts(wanted["flows"])) {
			t.Errorf("whole are %v", present)
		}
	}
	doc := documentIn(t, path)
	doc["browserFlow"] = "nowhere"
	content, _ := json.Marshal(doc)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := configured(t, path).Apply(t.Context(), step); err == nil || !strings.Contains(err.Error(), `"nowhere"`) {
		t.Errorf("behind a flow that is not in the file, the step gives %v", err)
	}
}
