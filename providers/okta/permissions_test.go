package okta_test

import (
	"errors"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/sdk"
)

func TestPermissions_AreTriedAndNamed(t *testing.T) {
	org := newOrg(t)
	org.faults["/api/v1/idps?limit=1"] = refuse(403, "E0000006",
		"You do not have permission to perform the requested action")
	org.faults["/api/v1/domains"] = refuse(404, "E0000007", "Not found")
	checks, err := org.source(t).(sdk.PermissionChecker).Permissions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]observation.PermissionState{"okta.idps.read": observation.PermissionMissing,
		"okta.domains.read": observation.PermissionUnknown, "okta.apps.manage": observation.PermissionUnknown}
	for _, check := range checks {
		state := want[check.Name]
		if state == "" {
			state = observation.PermissionGranted
		}
		if check.Optional != (check.Name == "okta.logs.read") || check.State != state || check.For == "" ||
			(check.Action == "") != (state == observation.PermissionGranted) {
			t.Errorf("%+v, wanted %s", check, state)
		}
		delete(want, check.Name)
	}
	if len(want) > 0 || len(checks) != 10 {
		t.Errorf("%d checks, not there: %v", len(checks), want)
	}
}

func TestPermissions_AWrongTokenIsAnErrorAndNotEverythingMissing(t *testing.T) {
	org := newOrg(t)
	org.faults["/api/v1/apps?limit=1"] = refuse(401, "E0000011", "Invalid token provided")
	_, err := org.source(t).(sdk.PermissionChecker).Permissions(t.Context())
	var failure *contract.ProviderError
	if !errors.As(err, &failure) || failure.Code != contract.ErrorUnauthorized {
		t.Errorf("got %v", err)
	}
}
