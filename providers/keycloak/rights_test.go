package keycloak

import (
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// TestKeycloak_EachStepNeedsTheRightsThatAreToldOfItsType does a step of each type with a client that holds, beside what
// reads the realm, just the rights that Permissions tells of the type; and tries it before with one less.
func TestKeycloak_EachStepNeedsTheRightsThatAreToldOfItsType(t *testing.T) {
	strong, made := liveTarget(t)
	tried := map[string]bool{}
	for i, step := range wholeApplication() {
		kind := step.Resource.Type
		if tried[kind] {
			mustApply(t, strong, step)
			continue
		}
		tried[kind] = true
		name := "apply-" + kind
		reported := rightsOf(t, reader(t, made, "ask-"+kind, viewRoles...), kind)
		for _, lacking := range reported {
			if forMarkerOnly(kind, lacking) {
				continue
			}
			fewer := slices.DeleteFunc(slices.Clone(reported), func(role string) bool { return role == lacking })
			weak := reader(t, made, name+"-without-"+lacking, slices.Concat(viewRoles, fewer)...)
			if _, err := weak.Apply(t.Context(), step); !admin.IsForbidden(err) {
				t.Errorf("step %d, %s, without %s: %v", i, step.Resource, lacking, err)
			}
		}
		result, err := reader(t, made, name, slices.Concat(viewRoles, reported)...).Apply(t.Context(), step)
		if err != nil || result.Already {
			t.Fatalf("%s with %v: %v, already %v", step.Resource, reported, err, result.Already)
		}
	}
	for _, kind := range realm.Types() {
		if !kind.ReadOnly && !tried[kind.Schema.Type] {
			t.Errorf("no step of type %s was tried", kind.Schema.Type)
		}
	}
	without := reader(t, made, "without-marker", viewRoles...)
	if _, err := without.WriteMarker(t.Context(), contract.Marker{Migration: "m"}, ""); !admin.IsForbidden(err) {
		t.Errorf("a viewer wrote the marker: %v", err)
	}
}

// forMarkerOnly tells whether a right is needed for the marker, which every apply writes, and not for a step of the
// type.
func forMarkerOnly(kind, role string) bool {
	return role == "manage-clients" && slices.Contains([]string{realm.TypeGroup, realm.TypeProvider,
		realm.TypeOrganization, realm.TypeRoleAssignment}, kind)
}

// rightsOf are the rights for writing that a viewer is told to lack for steps of a type.
func rightsOf(t *testing.T, viewer *Target, kind string) []string {
	t.Helper()
	var roles []string
	for _, check := range permissionsOf(t, viewer) {
		if check.State == observation.PermissionMissing && !check.Optional &&
			(len(check.Types) == 0 || slices.Contains(check.Types, kind)) {
			roles = append(roles, check.Name)
		}
	}
	return roles
}
