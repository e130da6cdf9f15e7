package apply_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/lifecycle"
)

func TestCheckOwner_AnotherMigrationsTargetIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		marker contract.Marker
		ours   bool
	}{
		"nobody's":                      {contract.Marker{}, true},
		"ours":                          {contract.Marker{Migration: "acme", Tenant: "acme"}, true},
		"ours, of an earlier version":   {contract.Marker{Migration: "acme"}, true},
		"another migration's":           {contract.Marker{Migration: "acme-pilot", Tenant: "acme"}, false},
		"another's, of an earlier one":  {contract.Marker{Migration: "acme-pilot"}, false},
		"another tenant's, of our name": {contract.Marker{Migration: "acme", Tenant: "beta"}, false},
		"a tenant's without a name":     {contract.Marker{Tenant: "beta"}, false},
	} {
		err := contract.CheckOwner(c.marker, acme)
		var foreign *contract.ForeignError
		if (err == nil) != c.ours || err != nil && (!errors.As(err, &foreign) ||
			foreign.Holder.Migration != c.marker.Migration || foreign.Asking != acme) {
			t.Errorf("a target that is %s: %v", name, err)
		}
	}
}

func TestCheckPlan_IsOverWhenRevokedOrWhenALaterOneWasApplied(t *testing.T) {
	made := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return made.Add(d).Format(time.RFC3339) }
	for name, c := range map[string]struct {
		marker contract.Marker
		want   error
	}{
		"nothing was applied":      {contract.Marker{}, nil},
		"it was applied itself":    {contract.Marker{AppliedPlan: "sha256:1", AppliedMade: at(time.Hour)}, nil},
		"an older one was applied": {contract.Marker{AppliedPlan: "sha256:2", AppliedMade: at(-time.Hour)}, nil},
		"one of the same second":   {contract.Marker{AppliedPlan: "sha256:2", AppliedMade: at(0)}, nil},
		"a later one was applied": {contract.Marker{AppliedPlan: "sha256:2", AppliedMade: at(time.Second)},
			apply.ErrSuperseded},
		"one of an unknown time": {contract.Marker{AppliedPlan: "sha256:2", AppliedMade: "yesterday"},
			apply.ErrSuperseded},
		"one of an earlier version": {contract.Marker{AppliedPlan: "sha256:2"}, nil},
		"it was revoked":            {contract.Marker{Revoked: []string{"sha256:0", "sha256:1"}}, apply.ErrRevoked},
		"another was revoked":       {contract.Marker{Revoked: []string{"sha256:0"}}, nil},
		"it was applied, then revoked": {contract.Marker{AppliedPlan: "sha256:1", Revoked: []string{"sha256:1"}},
			apply.ErrRevoked},
	} {
		if err := apply.CheckPlan(c.marker, "sha256:1", made); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: wanted %v, got %v", name, c.want, err)
		}
	}
}

func TestTakeLease_WritesWhoseTargetItIsAndNeverOverAnother(t *testing.T) {
	m, c := &markers{}, &clock{at: time.Unix(1000, 0)}
	lease := take(t, m, c, claim("r-1"))
	if m.marker.Migration != "acme" || m.marker.Tenant != "acme" {
		t.Errorf("the marker says %+v", m.marker)
	}
	if err := lease.Release(t.Context(), func(*contract.Marker) {}); err != nil {
		t.Fatal(err)
	}
	before, other := m.count, claim("r-2")
	other.Owner.Tenant = "beta"
	var foreign *contract.ForeignError
	if _, err := apply.TakeLease(t.Context(), m, other, c.now); !errors.As(err, &foreign) || m.count != before {
		t.Errorf("another tenant took the lease: %v", err)
	}
}

func TestRevoke_IsRememberedOnceAndRefusesTheApply(t *testing.T) {
	m, c := &markers{}, &clock{at: time.Unix(1000, 0)}
	for i, before := range []bool{false, true} {
		already, err := apply.Revoke(t.Context(), m, acme, "sha256:1", c.now)
		if err != nil || already != before {
			t.Errorf("revocation %d: %v, %v", i, already, err)
		}
	}
	if !slices.Equal(m.marker.Revoked, []string{"sha256:1"}) || m.marker.Migration != "acme" || m.marker.Tenant != "acme" {
		t.Errorf("the marker says %+v", m.marker)
	}
	if _, err := apply.TakeLease(t.Context(), m, claim("r-1"), c.now); !errors.Is(err, apply.ErrRevoked) {
		t.Errorf("the revoked plan is applied: %v", err)
	}
	for i := range 150 {
		if _, err := apply.Revoke(t.Context(), m, acme, "sha256:x"+strconv.Itoa(i), c.now); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(m.marker.Revoked); n != 100 || m.marker.Revoked[n-1] != "sha256:x149" {
		t.Errorf("%d are remembered, the last %s", n, m.marker.Revoked[n-1])
	}
}

func TestRevoke_WaitsForNobodyAndTouchesNoOthersTarget(t *testing.T) {
	m, c := &markers{}, &clock{at: time.Unix(1000, 0)}
	take(t, m, c, claim("r-1"))
	before := m.count
	var held *apply.HeldError
	if _, err := apply.Revoke(t.Context(), m, acme, "sha256:1", c.now); !errors.As(err, &held) || held.Holder.ID != "r-1" {
		t.Errorf("revoked beside a run: %v", err)
	}
	var foreign *contract.ForeignError
	if _, err := apply.Revoke(t.Context(), m, contract.Owner{Migration: "beta", Tenant: "beta"}, "sha256:1",
		c.now); !errors.As(err, &foreign) {
		t.Errorf("revoked in another's target: %v", err)
	}
	if m.count != before {
		t.Error("the marker was written")
	}
}

func TestAdopt_OnlyAfterTheArchiveAndWithinATenant(t *testing.T) {
	archived := lifecycle.Migration{Name: "pilot", Tenant: "acme", Status: lifecycle.MigrationArchived}
	active := lifecycle.Migration{Name: "acme", Tenant: "acme", Status: lifecycle.MigrationReady}
	pilots := contract.Marker{Migration: "pilot", Tenant: "acme", AppliedPlan: "sha256:1",
		AppliedMade: "2026-11-27T10:00:00Z", Fence: 3,
		Bindings: map[string]string{"a": "group:/a"}}
	leased := pilots
	leased.Lease = contract.Lease{ID: "r-9", Expires: "2026-11-27T12:00:00Z"}
	going, others, ended := archived, archived, active
	going.Status, others.Tenant, ended.Status = lifecycle.MigrationReady, "beta", lifecycle.MigrationArchived
	var foreign *contract.ForeignError
	var held *apply.HeldError
	for name, c := range map[string]struct {
		marker   contract.Marker
		from, to lifecycle.Migration
		rule     string
		as       any
	}{
		"the archived one's":           {pilots, archived, active, "", nil},
		"one that goes on":             {pilots, going, active, lifecycle.RuleNotArchived, nil},
		"another tenant's":             {pilots, others, active, lifecycle.RuleOtherTenant, nil},
		"for one that ended itself":    {pilots, archived, ended, lifecycle.RuleArchived, nil},
		"nobody's":                     {contract.Marker{}, archived, active, lifecycle.RuleNothingToAdopt, nil},
		"a third one's":                {contract.Marker{Migration: "third", Tenant: "acme"}, archived, active, "", &foreign},
		"one that is written just now": {leased, archived, active, "", &held},
	} {
		m := &markers{marker: c.marker}
		now := func() time.Time { return time.Date(2026, 11, 27, 11, 0, 0, 0, time.UTC) }
		err := apply.Adopt(t.Context(), m, c.from, c.to, now)
		var refused *lifecycle.Refusal
		switch {
		case c.rule == "" && c.as == nil:
			if err != nil || m.marker.Migration != "acme" || m.marker.Tenant != "acme" || m.marker.Fence != 4 ||
				m.marker.AppliedPlan != "" || len(m.marker.Bindings) != 1 {
				t.Errorf("%s: %+v, %v", name, m.marker, err)
			}
			if again := apply.Adopt(t.Context(), m, c.from, c.to, now); again != nil || m.count != 1 {
				t.Errorf("%s, a second time: %v, %d writes", name, again, m.count)
			}
		case c.as != nil && !errors.As(err, c.as), c.rule != "" && (!errors.As(err, &refused) || refused.Rule != c.rule),
			m.count != 0:
			t.Errorf("%s: %v, %d writes", name, err, m.count)
		}
	}
}
