package keycloak

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/records"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// watched is a realm that records writes, and a target that may read the record.
func watched(t *testing.T, details bool) (*Target, *keycloaktest.Realm) {
	t.Helper()
	made := servers.Server(t).NewRealm(t, "realm-admin")
	made.AdminRealm(t, http.MethodPut, "", map[string]any{"realm": made.Name, "adminEventsEnabled": true,
		"adminEventsDetailsEnabled": details})
	return configured(t, made), made
}

func changesOf(t *testing.T, target *Target, since time.Time) ([]observation.ChangeEvent, observation.ChangeReport) {
	t.Helper()
	var events []observation.ChangeEvent
	report, err := target.Changes(t.Context(), since.Format(time.RFC3339Nano),
		time.Now().Add(time.Second).Format(time.RFC3339Nano), func(e observation.ChangeEvent) error {
			events = append(events, e)
			return nil
		})
	if err != nil {
		t.Fatalf("reading the changes: %v", err)
	}
	return events, report
}

func TestKeycloak_EveryWriteOfARunIsRecordedAndNamed(t *testing.T) {
	target, made := watched(t, true)
	since := time.Now()
	if _, err := target.WriteMarker(t.Context(), contract.Marker{Migration: "m", Fence: 1}, ""); err != nil {
		t.Fatal(err)
	}
	steps, ids := wholeApplication(), map[string]string{}
	for _, step := range steps {
		ids[step.Resource.String()] = mustApply(t, target, step).ServerID
	}
	made.AdminRealm(t, http.MethodPost, "/groups", map[string]any{"name": "by-hand"})
	events, report := changesOf(t, target, since)
	t.Logf("%d events in %d requests", len(events), report.Requests)
	if report.Requests > 8 {
		t.Errorf("the record took %d requests", report.Requests)
	}
	foreign, marks := 0, 0
	for _, e := range events {
		t.Log(e.Operation, e.Type, e.Path, e.ByUs, e.By, e.Bookkeeping, e.About, e.Digest != "")
		switch {
		case !e.ByUs:
			foreign++
			if !strings.HasPrefix(e.Path, "groups/") || e.By == "" {
				t.Errorf("somebody else's write is %+v", e)
			}
		case e.Bookkeeping:
			marks++
		case !slices.ContainsFunc(steps, func(s contract.StepRequest) bool {
			return concerns(e, s.Resource,
				ids[s.Resource.String()], true)
		}):
			t.Errorf("no step is told to have written %s %s, about %v", e.Operation, e.Path, e.About)
		}
	}
	if foreign != 1 || marks != 1 {
		t.Errorf("%d writes by others and %d of the marker, want one of each", foreign, marks)
	}
	for _, s := range steps {
		if !slices.ContainsFunc(events, func(e observation.ChangeEvent) bool {
			return concerns(e, s.Resource, ids[s.Resource.String()], false)
		}) {
			t.Errorf("no event names %s", s.Resource)
		}
	}
	for _, e := range events {
		for _, text := range []string{e.Path, e.By, e.Digest} {
			if strings.Contains(text, "upstream-secret") {
				t.Errorf("a secret is in %+v", e)
			}
		}
	}
}

// concerns tells whether an event names a resource; loosely, when it names only its type.
func concerns(e observation.ChangeEvent, r identity.ResourceID, serverID string, loosely bool) bool {
	return slices.ContainsFunc(e.About, func(about identity.ResourceID) bool {
		if about.Type != r.Type {
			return false
		}
		return about.Key == r.Key || serverID != "" && slices.Contains(e.ServerIDs, serverID) || loosely && about.Key == ""
	})
}

func TestKeycloak_WithoutARecordOfWritesNothingIsTold(t *testing.T) {
	target, made := liveTarget(t)
	ask := func(target *Target) *contract.ProviderError {
		now := time.Now()
		_, err := target.Changes(t.Context(), now.Add(-time.Hour).Format(time.RFC3339), now.Format(time.RFC3339),
			func(observation.ChangeEvent) error { return nil })
		var fault *contract.ProviderError
		if !errors.As(err, &fault) || fault.Code != contract.ErrorForbidden {
			t.Fatalf("got %v", err)
		}
		return fault
	}
	if fault := ask(target); fault.Permission != "view-events" && fault.Permission != records.SwitchAdminEvents {
		t.Errorf("without the right, it asks for %q: %v", fault.Permission, fault)
	}
	low := reader(t, made, "watcher", "view-realm", "view-events", "view-clients")
	if fault := ask(low); fault.Permission != records.SwitchAdminEvents ||
		!strings.Contains(fault.Message, "does not record") {
		t.Errorf("with the switch off, it says %q and asks for %q", fault.Message, fault.Permission)
	}
	made.AdminRealm(t, http.MethodPut, "", map[string]any{"realm": made.Name, "adminEventsEnabled": true})
	if fault := ask(target); fault.Permission != "view-events" {
		t.Errorf("with the switch on and without the right, it asks for %q: %v", fault.Permission, fault)
	}
	mustApply(t, target, create(realm.TypeGroup, "/x", identity.Attributes{"path": "/x", "name": "x"}))
	events, report := changesOf(t, low, time.Now().Add(-time.Minute))
	if report.Note == "" || !slices.ContainsFunc(events, func(e observation.ChangeEvent) bool {
		return !e.ByUs && e.Digest == "" && concerns(e, identity.ResourceID{Type: realm.TypeGroup, Key: "/x"}, "", true)
	}) {
		t.Errorf("without details it tells %q and %+v", report.Note, events)
	}
}
