package state_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/state"
)

const source = "okta.corp"

// event makes audit events as a command does.
func event(name audit.Name, target string, facts map[string]string) state.Event {
	return state.Event{Name: name, At: time.Unix(9, 0), Target: target, Facts: facts}
}

func begin(t *testing.T, store opened, id string, at int64) *state.SnapshotWriter {
	t.Helper()
	w, err := store.BeginSnapshot(state.Snapshot{ID: id, Source: source, StartedAt: time.Unix(at, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// collected makes a completed snapshot with one application and one page.
func collected(t *testing.T, store opened, id string, at int64) {
	t.Helper()
	w := begin(t, store, id, at)
	err := errors.Join(w.Items([]identity.Item{item(identity.KindApplication, "a1")}),
		w.Page(identity.PageEvidence{Sequence: 1, Path: "/apps", Body: []byte("[]")}))
	if _, done := w.Complete(time.Unix(at+1, 0), "acme", state.Event{}); err != nil || done != nil {
		t.Fatal(err, done)
	}
}

func names(t *testing.T, store opened) []string {
	t.Helper()
	chain, err := store.Audit()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, record := range chain {
		all = append(all, string(record.Event.Name)+" "+record.Event.Target)
	}
	return all
}

func TestStore_ItemsComeSortedByIDWhateverTheOrderTheyWereReadIn(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	w := begin(t, store, "s1", 1)
	const total = 5000
	for n := range total {
		one := item(identity.KindUser, fmt.Sprintf("u%05d", (n*1237)%total)) // 1237 and 5000 share no factor: every id once
		one.Raw = []byte(`"` + strings.Repeat("x", 10<<10) + `"`)            // large enough for several flushes
		if err := w.Items([]identity.Item{one}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Complete(time.Unix(2, 0), "acme", state.Event{}); err != nil {
		t.Fatal(err)
	}
	next := 0
	for one, err := range store.Items("s1", identity.KindUser) {
		if want := fmt.Sprintf("u%05d", next); err != nil || one.ID != want {
			t.Fatalf("item %s (%v), want %s", one.ID, err, want)
		}
		next++
	}
	if next != total {
		t.Fatalf("%d items came back of %d", next, total)
	}
	found, err := store.Item("s1", identity.ItemID{Kind: identity.KindUser, ID: "u04711"})
	if err != nil || found.ID != "u04711" {
		t.Errorf("one item by id: %s, %v", found.ID, err)
	}
	if _, err := store.Item("s1", identity.ItemID{Kind: identity.KindUser, ID: "u0471"}); !errors.Is(err,
		state.ErrNotFound) {
		t.Errorf("an item that is not there: %v", err)
	}
}

func TestStore_PagesComeBackByteForByte(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	w := begin(t, store, "s1", 1)
	want := []identity.PageEvidence{{Sequence: 1, Path: "/a", Body: []byte("{\"a\" : \"<&>\"}\n")},
		{Sequence: 2, Path: "/b", Body: []byte{0xff, 0}}}
	for _, page := range want {
		if err := w.Page(page); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Complete(time.Unix(2, 0), "acme", state.Event{}); err != nil {
		t.Fatal(err)
	}
	var got []identity.PageEvidence
	for page, err := range store.Pages("s1") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for page, err := range store.PageHeads("s1") {
		if err != nil || page.Body != nil {
			t.Errorf("head of page %d carries %d bytes (%v)", page.Sequence, len(page.Body), err)
		}
	}
}

func TestStore_OneCollectionOfASourceAndOneAssessmentOfASnapshotAtATime(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	collected(t, store, "s1", 1)
	begin(t, store, "s2", 2)
	var busy *state.BusyError
	if _, err := store.BeginSnapshot(state.Snapshot{ID: "s3", Source: source}); !errors.As(err, &busy) || busy.ID != "s2" {
		t.Errorf("a second collection of one source: %v", err)
	}
	if _, err := store.BeginSnapshot(state.Snapshot{ID: "s3", Source: "entra.hq"}); err != nil {
		t.Errorf("a collection of another source: %v", err)
	}
	if err := store.BeginAssessment(state.Assessment{ID: "a1", Snapshot: "s1", Source: source}); err != nil {
		t.Fatal(err)
	}
	if err := store.BeginAssessment(state.Assessment{ID: "a2", Snapshot: "s1", Source: source}); !errors.As(err, &busy) ||
		busy.ID != "a1" {
		t.Errorf("a second assessment of one snapshot: %v", err)
	}
	if err := store.BeginAssessment(state.Assessment{ID: "a3", Snapshot: "s2", Source: source}); err == nil ||
		!strings.Contains(err.Error(), "collecting") {
		t.Errorf("an assessment of a snapshot that is not completed: %v", err)
	}
}

func TestStore_WhatAKilledProcessLeftIsMarkedFailedOnceAndAudited(t *testing.T) {
	path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
	store := open(t, path, identities)
	collected(t, store, "s1", 1)
	dead := begin(t, store, "s2", 2)
	for range 3 { // a part of it is on the disk already
		big := item(identity.KindUser, "u1")
		big.Raw = []byte(`"` + strings.Repeat("x", 8<<20) + `"`)
		if err := dead.Items([]identity.Item{big}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.BeginAssessment(state.Assessment{ID: "a1", Snapshot: "s1", Source: source}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = open(t, path, identities)
	defer store.Close()
	found, err := store.AbandonUnfinished("h", time.Now(), event)
	if err != nil || len(found.Snapshots) != 1 || len(found.Assessments) != 1 {
		t.Fatalf("found %+v, %v", found, err)
	}
	if again, err := store.AbandonUnfinished("h", time.Now(), event); err != nil ||
		len(again.Snapshots)+len(again.Assessments) > 0 {
		t.Errorf("a second look found %+v, %v", again, err)
	}
	want := []string{"migration.inventory.collection_failed okta.corp", "migration.assessment.failed a1"}
	if diff := cmp.Diff(want, names(t, store)); diff != "" {
		t.Error(diff)
	}
	snapshot, err := store.Snapshot("s2")
	if err != nil || snapshot.Status != state.SnapshotFailed || !strings.Contains(snapshot.Reason,
		"ended before it was done") {
		t.Errorf("the dead snapshot: %+v, %v", snapshot, err)
	}
	if latest, err := store.LatestSnapshot(source); err != nil || latest.ID != "s1" {
		t.Errorf("the latest completed one is %s (%v)", latest.ID, err)
	}
	collected(t, store, "s3", 3)
	for one, err := range store.Items("s3", identity.Kinds()...) {
		if err != nil || one.Kind == identity.KindUser {
			t.Errorf("the retry holds %s of the dead one (%v)", one.ID, err)
		}
	}
}

func TestStore_PruneNeverTakesWhatIsStillReferredTo(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	for n, id := range []string{"run", "plan", "expired", "assessed", "old", "newest"} {
		collected(t, store, id, int64(10*(n+1)))
	}
	if _, err := begin(t, store, "failed", 15).Fail("html", "/apps", state.Event{}); err != nil {
		t.Fatal(err)
	}
	if _, err := begin(t, store, "last-failure", 100).Fail("html", "/apps", state.Event{}); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	err := errors.Join(
		store.PutPlan(history.PlanRecord{Hash: "h1", Snapshots: []string{"run"}, ExpiresAt: time.Unix(500, 0)},
			state.Event{}),
		store.PutRun(state.Run{ID: "r1", PlanHash: "h1"}, state.Event{}),
		store.PutPlan(history.PlanRecord{Hash: "h2", Snapshots: []string{"plan"}, ExpiresAt: time.Unix(2000, 0)},
			state.Event{}),
		store.PutPlan(history.PlanRecord{Hash: "h3", Snapshots: []string{"expired"}, ExpiresAt: time.Unix(500, 0)},
			state.Event{}),
		store.PutAssessment(state.Assessment{ID: "a1", Snapshot: "old", Source: source, Status: state.AssessmentCompleted,
			StartedAt: time.Unix(1, 0)}, state.Event{}),
		store.PutResults("a1", 0, []string{"r"}),
		store.PutAssessment(state.Assessment{ID: "a2", Snapshot: "assessed", Source: source,
			Status: state.AssessmentCompleted, StartedAt: time.Unix(2, 0)}, state.Event{}),
	)
	if err != nil {
		t.Fatal(err)
	}
	rule := state.PruneRule{Keep: 0, Configured: []string{source}, Now: now}
	if none, err := store.Prunable(state.PruneRule{Keep: -1, Now: now}); err != nil || len(none) > 0 {
		t.Errorf("a rule without a limit would prune %d (%v)", len(none), err)
	}
	gone, err := store.Prune(rule, event)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, p := range gone {
		ids = append(ids, p.Snapshot.ID)
	}
	if diff := cmp.Diff([]string{"old", "expired", "failed"}, ids); diff != "" {
		t.Error(diff)
	}
	want := []string{"migration.inventory.pruned old", "migration.inventory.pruned expired",
		"migration.inventory.pruned failed"}
	if diff := cmp.Diff(want, names(t, store)); diff != "" {
		t.Error(diff)
	}
	for range store.Items("old", identity.Kinds()...) {
		t.Error("items of a pruned snapshot are left")
	}
	for range store.Pages("old") {
		t.Error("pages of a pruned snapshot are left")
	}
	for range store.Results("a1") {
		t.Error("results of an assessment of a pruned snapshot are left")
	}
	left, err := store.Prunable(rule)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]string{}
	for _, p := range left {
		kept[p.Snapshot.ID] = p.Kept
	}
	wantKept := map[string]string{"run": "run r1 was made from it",
		"plan": "plan h2 refers to it until 1970-01-01T00:33:20Z", "assessed": "assessment a2 is the newest of okta.corp",
		"newest": "it is the newest of okta.corp"}
	if diff := cmp.Diff(wantKept, kept); diff != "" {
		t.Error(diff)
	}
}

func TestStore_PruneByAgeSparesTheYoung(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	for n, id := range []string{"s1", "s2", "s3"} {
		collected(t, store, id, int64(10*(n+1)))
	}
	found, err := store.Prunable(state.PruneRule{Before: time.Unix(20, 0), Keep: -1})
	if err != nil || len(found) != 1 || found[0].Snapshot.ID != "s1" {
		t.Errorf("by age: %+v, %v", found, err)
	}
	found, err = store.Prunable(state.PruneRule{Before: time.Unix(25, 0), Keep: 2})
	if err != nil || len(found) != 1 || found[0].Snapshot.ID != "s1" {
		t.Errorf("by age and count: %+v, %v", found, err)
	}
}
