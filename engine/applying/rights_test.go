package applying_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/realmfile"
	"github.com/rehome-iam/rehome/providers/sdk"
)

// restricted is a realm file whose credential lacks rights, and that tells when something is written.
type restricted struct {
	*realmfile.Target
	missing []observation.PermissionCheck
	nobody  bool // not even the name of the target is told
	wrote   *bool
}

func (r restricted) Permissions(context.Context) ([]observation.PermissionCheck, error) {
	return r.missing, nil
}

func (r restricted) Identify(ctx context.Context) (contract.TargetIdentity, error) {
	if r.nobody {
		return contract.TargetIdentity{}, &contract.ProviderError{Code: contract.ErrorForbidden, Message: "403"}
	}
	return r.Target.Identify(ctx)
}

func (r restricted) Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	*r.wrote = true
	return r.Target.Apply(ctx, step)
}

func (r restricted) WriteMarker(ctx context.Context, marker contract.Marker,
	basedOn contract.MarkerRevision) (contract.MarkerRevision, error) {
	*r.wrote = true
	return r.Target.WriteMarker(ctx, marker, basedOn)
}

var _ sdk.Target = restricted{}

func TestApply_WritesNothingWhereARightIsMissingAndNamesAll(t *testing.T) {
	check := func(name string, types ...string) observation.PermissionCheck {
		return observation.PermissionCheck{Name: name, For: "apply: " + name, State: observation.PermissionMissing,
			Action: "Grant " + name + ".", Types: types}
	}
	for name, c := range map[string]struct {
		missing []observation.PermissionCheck
		nobody  bool
		want    []string // nothing: it is carried out
	}{
		"two that its steps need": {[]observation.PermissionCheck{check("of-groups", "group"), check("of-all")}, false, []string{"of-groups", "of-all"}},
		"one of another type":     {[]observation.PermissionCheck{check("of-clients", "client")}, false, nil},
		"not even who the target is": {[]observation.PermissionCheck{check("of-groups", "group"), check("of-all")}, true,
			[]string{"of-groups", "of-all"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, wrote := newPlace(t), false
			hash := s.plan()
			_, err := applying.Apply(t.Context(), s.open(func(settings *project.Settings) {
				settings.Local["realmfile"] = sdk.LocalTarget(func() sdk.Target {
					return restricted{realmfile.New("1.0.0"), c.missing, c.nobody, &wrote}
				})
			}), input(hash))
			if c.want == nil {
				if err != nil || !wrote {
					t.Fatalf("error %v, wrote %v", err, wrote)
				}
				s.has("Crew", "Office")
				return
			}
			var one diag.Diagnostic
			if !errors.As(err, &one) || one.Code != "permission-missing" || wrote {
				t.Fatalf("error %v, wrote %v", err, wrote)
			}
			for _, right := range c.want {
				if !strings.Contains(one.Detail, right) {
					t.Errorf("%q does not name %s", one.Detail, right)
				}
			}
			s.has()
		})
	}
}
