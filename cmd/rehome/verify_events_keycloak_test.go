package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
)

// TestKeycloak_ItsOwnRecordProvesARun applies and takes back the Okta example in a realm that records writes, with
// somebody else at work.
func TestKeycloak_ItsOwnRecordProvesARun(t *testing.T) {
	t.Chdir(".") // commands change the folder; this puts it back
	var pool keycloaktest.Pool
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	server := pool.Server(t)
	j := newJourney(t, "okta-to-keycloak", "okta", "keycloak")
	startOktaLab(j)
	realm := server.NewRealm(t, append([]string{"view-events"}, realmRoles...)...)
	j.set("keycloak_url", server.URL)
	j.set("keycloak_realm", realm.Name)
	j.set("keycloak_secret", realm.ClientSecret)
	recording := func(on bool) {
		realm.AdminRealm(t, http.MethodPut, "", map[string]any{"adminEventsEnabled": on, "adminEventsDetailsEnabled": on,
			"eventsEnabled": true})
	}
	recording(true)
	hash, outputs := j.approve()
	stop := somebodyElse(t, realm)
	outputs = append(outputs, j.run(0, "apply", "plan.rehome", "-plan-hash="+hash, "-secrets-out=secrets.json"))
	stop()

	proven := j.run(0, "verify", "-events")
	for _, want := range []string{"40 of 40 steps recorded by the target",
		"nothing else was written with the run's credential", "create group groups/", "by others meanwhile"} {
		if !strings.Contains(proven, want) {
			t.Errorf("%q is not in:\n%s", want, proven)
		}
	}
	if strings.Contains(proven, "known by kind and time only") || strings.Contains(proven, " 0 writes by others") {
		t.Errorf("not every step is known by its name, or nobody else is seen:\n%s", proven)
	}
	j.run(0, "evidence", "bundle", "-out=evidence.zip")
	checked := j.run(0, "evidence", "verify", "evidence.zip")
	if !strings.Contains(checked, "Record    40 of 40 steps recorded by the target") {
		t.Errorf("the bundle does not prove it to a stranger:\n%s", checked)
	}
	j.noSecret(append(outputs, proven, checked), append(givenSecrets(t, j), "planted-secret", realm.ClientSecret)...)

	j.rollBack(t)
	if back := j.run(0, "verify", "-events"); !strings.Contains(back, "recorded by the target") ||
		strings.Contains(back, "0 of 0") {
		t.Errorf("the way back is not proven:\n%s", back)
	}
	recording(false)
	if off := j.run(1, "verify", "-events"); !strings.Contains(off, "provider-forbidden") ||
		!strings.Contains(off, "does not record") {
		t.Errorf("with the record off it says:\n%s", off)
	}
	realm.AdminRealm(t, http.MethodDelete, "/admin-events", nil)
	recording(true)
	if silent := j.run(1, "verify", "-events"); !strings.Contains(silent, "changes-not-recorded") {
		t.Errorf("with an emptied record it says:\n%s", silent)
	}
}

// somebodyElse makes groups by hand until it is stopped.
func somebodyElse(t *testing.T, realm *keycloaktest.Realm) (stop func()) {
	t.Helper()
	end := make(chan struct{})
	var at sync.WaitGroup
	at.Add(1)
	go func() {
		defer at.Done()
		for i := 0; ; i++ {
			select {
			case <-end:
				return
			case <-time.After(300 * time.Millisecond):
				realm.AdminRealm(t, http.MethodPost, "/groups", map[string]any{"name": fmt.Sprintf("by-hand-%d", i)})
			}
		}
	}()
	return func() { close(end); at.Wait() }
}
