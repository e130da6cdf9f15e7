package entra

import (
	"errors"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/observation"
)

func TestPermissions_AreTriedAndNamed(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("identity/conditionalAccess/policies",
		status(403, `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`))
	s, _ := configured(t, f, nil)
	checks, err := s.Permissions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	states := map[observation.PermissionState]int{}
	for _, check := range checks {
		states[check.State]++
		if check.Optional != (check.Name == "AuditLog.Read.All") ||
			(check.State == observation.PermissionMissing) != (check.Name == "Policy.Read.All") ||
			(check.Action == "") != (check.State == observation.PermissionGranted) {
			t.Errorf("%+v", check)
		}
	}
	if states[observation.PermissionGranted] != 5 || states[observation.PermissionMissing] != 1 ||
		states[observation.PermissionUnknown] != len(untried()) {
		t.Errorf("%v", states)
	}
	for _, request := range f.seen() {
		if strings.Contains(request, "users") && query(t, request).Get("$top") != "1" {
			t.Errorf("more than one element was asked for: %s", request)
		}
	}
}

func TestPermissions_AWrongSecretIsAnError(t *testing.T) {
	f := newFakeTenant(t)
	s, _ := configured(t, f, map[string]any{"client_secret": "wrong"})
	_, err := s.Permissions(t.Context())
	var failure *contract.ProviderError
	if !errors.As(err, &failure) || failure.Code != contract.ErrorUnauthorized {
		t.Errorf("got %v", err)
	}
}
