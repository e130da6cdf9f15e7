package state_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/switchover"
	"github.com/rehome-iam/rehome/state"
)

func TestStore_CutoversAreKeptWithTheirAuditRecordAndNameNobodyInClear(t *testing.T) {
	path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
	store := open(t, path, identities)
	event := state.Event{Name: "migration.application.confirmed", At: time.Unix(5, 0),
		Target: "okta.corp/application/planted-name-1"}
	first := state.CutoverChange{Record: switchover.Record{Application: "okta.corp/application/planted-name-1"},
		Event: event}
	second := state.CutoverChange{Record: switchover.Record{Application: "okta.corp/application/2"}}
	if err := store.PutCutovers(first, second); err != nil {
		t.Fatal(err)
	}
	first.Record.Written = &switchover.Written{At: "2026-11-27T08:00:00Z"}
	if err := store.PutCutovers(first); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = open(t, path, identities)
	defer store.Close()
	records, err := store.Cutovers()
	if err != nil || len(records) != 2 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	chain, err := store.Audit()
	if err != nil || len(chain) != 2 || chain[0].Event.Name != event.Name {
		t.Errorf("audit %+v, %v", chain, err)
	}
	content, err := os.ReadFile(path)
	if err != nil || bytes.Contains(content, []byte("planted-name")) {
		t.Errorf("the file shows a name in clear (%v)", err)
	}
}
