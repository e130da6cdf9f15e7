package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

func TestUnmanagedOf_NamesWhatIsNoneOfOurs(t *testing.T) {
	id := func(key string) identity.ResourceID { return identity.ResourceID{Type: "group", Key: key} }
	live := []identity.Resource{
		{Type: "group", Key: "/theirs"}, {Type: "group", Key: "/ours", Tag: "okta.corp/group/00g1"},
		{Type: "group", Key: "/bound"}, {Type: "group", Key: "/mapped"}, {Type: "group", Key: "/equal"},
		{Type: "group", Key: "/renamed", ServerID: "4b1f"}, {Type: "group", Key: "/asked"},
		{Type: "group", Key: "/another"}, {Type: "enablement", Key: "ours"},
		{Type: "group_enablement", Key: "/ours"}, {Type: "client_role", Key: "portal/access"}, {Type: "client", Key: "portal"},
	}
	p := &plan.Plan{Steps: []plan.Step{
		{Resource: id("/mapped"), Action: plan.ActionMap, Disposition: plan.DispositionPlanned},
		{Resource: id("/equal"), Disposition: plan.DispositionUnchanged},
		{Resource: id("/new name"), ServerID: "4b1f", Action: plan.ActionUpdate, Disposition: plan.DispositionPlanned},
		{Resource: id("/asked"), Disposition: plan.DispositionBlocked, AwaitsDecision: true,
			Matches: []merge.Candidate{{Resource: id("/asked"), Score: 100}}},
		{Resource: id("/another"), Disposition: plan.DispositionSkipped},
		{Resource: identity.ResourceID{Type: "enablement", Key: "ours"}, Disposition: plan.DispositionBlocked},
	}}
	want := []plan.Unmanaged{{Type: "client", Count: 1, Keys: []string{"portal"}},
		{Type: "client_role", Count: 1, Keys: []string{"portal/access"}},
		{Type: "group", Count: 3, Keys: []string{"/another", "/asked", "/theirs"}}}
	if diff := cmp.Diff(want, plan.UnmanagedOf(p, live, []identity.ResourceID{id("/bound")})); diff != "" {
		t.Error(diff)
	}
	if found := plan.UnmanagedOf(p, nil, nil); found == nil || len(found) != 0 {
		t.Errorf("an empty target: %v", found)
	}
}
