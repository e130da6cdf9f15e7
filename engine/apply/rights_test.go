package apply_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
)

func TestRights_NameEveryOneThatIsMissingAndNoOther(t *testing.T) {
	step := func(kind string, disposition plan.Disposition) plan.Step {
		return plan.Step{ID: kind, Action: plan.ActionCreate, Resource: identity.ResourceID{Type: kind, Key: "x"},
			Disposition: disposition}
	}
	planned := plan.DispositionPlanned
	check := func(name string, state observation.PermissionState, types ...string) observation.PermissionCheck {
		return observation.PermissionCheck{Name: name, For: "apply: use of " + name, State: state, Action: "Grant " + name + ".",
			Types: types}
	}
	missing := observation.PermissionMissing
	optional := check("events", missing)
	optional.Optional = true
	cases := map[string]struct {
		steps  []plan.Step
		checks []observation.PermissionCheck
		done   string
		want   []string // parts of the message, none where nothing is missing
		not    string
	}{
		"two at once": {[]plan.Step{step("group", planned), step("client", planned)},
			[]observation.PermissionCheck{check("manage-groups", missing, "group"), check("manage-clients", missing, "client"),
				check("read", observation.PermissionGranted)}, "",
			[]string{"Nothing was changed", "2 rights", "manage-groups   use of manage-groups (1 step needs it)",
				"Grant manage-groups.\nGrant manage-clients."}, "read"},
		"what every apply needs": {[]plan.Step{step("group", planned)}, []observation.PermissionCheck{check("read", missing)},
			"", []string{"1 right ", "read   use of read (every apply needs it)"}, ""},
		"a step that needs one of several types": {[]plan.Step{step("group", planned), step("gate", planned)},
			[]observation.PermissionCheck{check("both", missing, "group", "gate", "flow")}, "",
			[]string{"(2 steps need it)"}, ""},
		"no step of that type": {[]plan.Step{step("group", planned)},
			[]observation.PermissionCheck{check("manage-clients", missing, "client")}, "", nil, ""},
		"the step of that type is blocked": {[]plan.Step{step("client", plan.DispositionBlocked)},
			[]observation.PermissionCheck{check("manage-clients", missing, "client")}, "", nil, ""},
		"the step of that type is done": {[]plan.Step{step("client", planned)},
			[]observation.PermissionCheck{check("manage-clients", missing, "client")}, "client", nil, ""},
		"what only a report needs": {[]plan.Step{step("group", planned)}, []observation.PermissionCheck{optional}, "", nil, ""},
		"what nobody can tell": {[]plan.Step{step("group", planned)},
			[]observation.PermissionCheck{check("x", observation.PermissionUnknown)}, "", nil, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			known := &history.Known{Done: map[string]history.KnownStep{}}
			if c.done != "" {
				known.Done[c.done] = history.KnownStep{}
			}
			err := apply.Rights(&plan.Plan{Steps: c.steps}, c.checks, known)
			var one diag.Diagnostic
			if errors.As(err, &one) != (c.want != nil) || err != nil && one.Code != "permission-missing" {
				t.Fatalf("ended with %v", err)
			}
			for _, part := range c.want {
				if !strings.Contains(one.Detail, part) {
					t.Errorf("%q does not say %q", one.Detail, part)
				}
			}
			if c.not != "" && strings.Contains(one.Detail, c.not) {
				t.Errorf("%q says %q", one.Detail, c.not)
			}
		})
	}
}
