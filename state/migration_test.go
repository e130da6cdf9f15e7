package state_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/state"
)

func by(second int64) state.Event {
	return state.Event{At: time.Unix(second, 0).UTC(), Actor: "jane (test)"}
}

func declared(name, tenant string, sources ...string) lifecycle.Declaration {
	return lifecycle.Declaration{Name: name, Tenant: tenant, Mode: "merge_into_existing", Sources: sources}
}

func rule(err error) string {
	var refused *lifecycle.Refusal
	if errors.As(err, &refused) {
		return refused.Rule
	}
	return ""
}

func chainNames(t *testing.T, store opened) []string {
	t.Helper()
	var found []string
	_, err := store.WalkAudit("", func(r state.AuditRecord) error {
		if r.Event.Tenant == "" || r.Event.Actor == "" {
			t.Errorf("%s has tenant %q and actor %q", r.Event.Name, r.Event.Tenant, r.Event.Actor)
		}
		found = append(found, strings.TrimPrefix(string(r.Event.Name), "migration.")+" "+r.Event.Target)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestMigration_EachChangeOfTheConfigurationIsRecordedOnce(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	adopt := declared("acme", "acme", "okta.corp")
	adopt.Mode = "first_run_adoption"
	for i, d := range []lifecycle.Declaration{
		declared("acme", "acme"), declared("acme", "acme", "okta.corp"), declared("acme", "acme", "okta.corp"),
		declared("acme", "acme", "entra.hq"), declared("acme", "acme", "okta.corp"), adopt,
	} {
		if _, err := openMigration(store, d, by(int64(i))); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"workspace.created acme",
		"source.created okta.corp", "workspace.status_changed acme",
		"source.archived okta.corp", "source.created entra.hq",
		"source.archived entra.hq", "source.restored okta.corp",
		"workspace.mode_changed acme",
	}
	if diff := cmp.Diff(want, chainNames(t, store)); diff != "" {
		t.Error(diff)
	}
	m, err := store.of("acme").Recorded()
	if err != nil || m.Status != lifecycle.MigrationReady || m.Mode != "first_run_adoption" || len(m.Sources) != 2 ||
		!m.CreatedAt.Equal(time.Unix(0, 0)) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestMigration_ARefusalChangesNothing(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	if _, err := openMigration(store, declared("acme", "acme", "okta.corp"), by(1)); err != nil {
		t.Fatal(err)
	}
	before := chainNames(t, store)
	for want, d := range map[string]lifecycle.Declaration{
		lifecycle.RuleOneActive:       declared("second", "acme", "okta.new"),
		lifecycle.RuleTenant:          declared("acme", "other", "okta.corp"),
		lifecycle.RuleSourceElsewhere: declared("north", "other", "okta.corp"),
	} {
		if _, err := openMigration(store, d, by(2)); rule(err) != want {
			t.Errorf("wanted %s, got %v", want, err)
		}
	}
	if diff := cmp.Diff(before, chainNames(t, store)); diff != "" {
		t.Error(diff)
	}
	all, err := store.Migrations()
	if err != nil || len(all) != 1 {
		t.Errorf("%d migrations, %v", len(all), err)
	}
}

// The rules hold in the transaction that would record the work, whoever calls.
func TestMigration_AnArchivedOneTakesNothing(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	if _, err := openMigration(store, declared("acme", "acme", "okta.corp"), by(1)); err != nil {
		t.Fatal(err)
	}
	w, err := store.BeginSnapshot(state.Snapshot{ID: "s1", Source: "okta.corp", StartedAt: time.Unix(2, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Complete(time.Unix(3, 0), "acme", state.Event{}); err != nil {
		t.Fatal(err)
	}
	if m, err := store.of("acme").Recorded(); err != nil || !m.Sources[0].LastInventoryAt.Equal(time.Unix(3, 0)) {
		t.Errorf("last inventory: %+v, %v", m.Sources, err)
	}
	if _, err := store.of("acme").Archive(by(4)); err != nil {
		t.Fatal(err)
	}
	_, snapshot := store.BeginSnapshot(state.Snapshot{ID: "s2", Source: "okta.corp"})
	_, again := store.of("acme").Archive(by(5))
	_, opened := openMigration(store, declared("acme", "acme", "okta.corp"), by(5))
	_, closed := store.CloseFollowUp("f-1", "x", by(5))
	for what, err := range map[string]error{
		"a snapshot":    snapshot,
		"an assessment": store.BeginAssessment(state.Assessment{ID: "a1", Snapshot: "s1", Source: "okta.corp"}),
		"a plan": store.PutPlan(history.PlanRecord{Hash: "sha256:1", Migration: "acme", Status: history.PlanPreviewed},
			state.Event{}),
		"a draft":   store.PutPlan(history.PlanRecord{Migration: "acme", Status: history.PlanDraft}, state.Event{}),
		"a summary": store.PutSummary(state.Summary{Migration: "acme"}, state.Event{}),
		"a run":     store.PutRun(state.Run{ID: "r1", Migration: "acme", Status: history.StatusStarted}, state.Event{}),
		"archiving": again,
		"opening":   opened,
	} {
		if rule(err) != lifecycle.RuleArchived {
			t.Errorf("%s: wanted a refusal, got %v", what, err)
		}
	}
	if !errors.Is(closed, state.ErrNotFound) {
		t.Errorf("closing what is not there: %v", closed)
	}
	if snapshots, err := store.Snapshots(); err != nil || len(snapshots) != 1 {
		t.Errorf("its history: %d snapshots, %v", len(snapshots), err)
	}
	if _, err := openMigration(store, declared("acme-2", "acme", "okta.corp"), by(6)); err != nil {
		t.Errorf("a new one of the tenant: %v", err)
	}
	if _, err := store.of("acme-2").LatestSnapshot("okta.corp"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("the new one sees the snapshot of the old: %v", err)
	}
}

func TestMigration_AnArchivedSourceIsNotReadNorAssessed(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	for i, d := range []lifecycle.Declaration{declared("acme", "acme", "okta.corp", "entra.hq"),
		declared("acme", "acme", "entra.hq")} {
		if _, err := openMigration(store, d, by(int64(i))); err != nil {
			t.Fatal(err)
		}
	}
	_, err := store.BeginSnapshot(state.Snapshot{ID: "s1", Source: "okta.corp"})
	if rule(err) != lifecycle.RuleSourceArchived {
		t.Errorf("a snapshot: %v", err)
	}
	if err := store.BeginAssessment(state.Assessment{ID: "a1", Snapshot: "s1",
		Source: "okta.corp"}); rule(err) != lifecycle.RuleSourceArchived {
		t.Errorf("an assessment: %v", err)
	}
	if _, err := store.BeginSnapshot(state.Snapshot{ID: "s2", Source: "entra.hq"}); err != nil {
		t.Errorf("the other source: %v", err)
	}
}

func TestPlan_GoesFromDraftToItsOutcome(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	record := history.PlanRecord{Migration: "acme", Status: history.PlanDraft, Classifier: "1",
		Inputs: []history.PlanSnapshot{{Source: "okta.corp", Snapshot: "s1", Assessment: "a1"}}}
	if err := store.PutPlan(record, state.Event{}); err != nil {
		t.Fatal(err)
	}
	if draft, err := store.Draft(); err != nil || draft.Status != history.PlanDraft {
		t.Fatalf("%+v, %v", draft, err)
	}
	record.Hash, record.Status = "sha256:1", history.PlanPreviewed
	if err := store.PutPlan(record, state.Event{}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Draft(); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("the draft is still there: %v", err)
	}
	got, err := store.PlanRecord("sha256:1")
	if diff := cmp.Diff(record, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestFollowUps_AreOneAStepWhateverTheNumberOfRuns(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	run := func(id, toDo string, steps ...string) {
		t.Helper()
		planned := make([]lifecycle.PlannedStep, len(steps))
		events := make([]state.Event, len(steps))
		for i, step := range steps {
			planned[i] = lifecycle.PlannedStep{StepID: step, Title: step, ToDo: toDo, FollowUp: true}
			events[i] = state.Event{Tenant: "acme", Actor: "jane"}
		}
		if err := store.PutRunPlan(state.Run{ID: id, Migration: "acme"}, planned, events); err != nil {
			t.Fatal(err)
		}
	}
	look := func() string {
		t.Helper()
		all, err := store.FollowUps()
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, f := range all {
			texts = append(texts, f.ID+" "+f.StepID+" "+f.Status+" "+f.LastRun)
		}
		return strings.Join(texts, ", ")
	}
	expect := func(want string) {
		t.Helper()
		if got := look(); got != want {
			t.Errorf("wanted %s, got %s", want, got)
		}
	}
	run("r1", "rebuild it", "a", "b")
	expect("f-1 a open r1, f-2 b open r1")
	if _, err := store.CloseFollowUp("f-1", "done", by(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.CloseFollowUp("f-1", "again", by(2)); !errors.Is(err, lifecycle.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	run("r2", "rebuild it", "a", "c")
	expect("f-2 b open r1, f-3 c open r2, f-1 a done r2")
	run("r3", "rebuild it otherwise", "a")
	expect("f-1 a open r3, f-2 b open r1, f-3 c open r2")
	if other, err := store.of("other").FollowUps(); err != nil || len(other) != 0 {
		t.Errorf("another migration has %d, %v", len(other), err)
	}
}

func TestAdopt_TakesTheBindingsOfAnArchivedMigrationOnly(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
	defer store.Close()
	bind := func(m *state.Migration, ids ...string) {
		t.Helper()
		for i, id := range ids {
			b := history.Binding{Item: identity.Address{Source: "okta.corp", Kind: identity.KindGroup, ID: id},
				Resource: identity.ResourceID{Type: "group", Key: "/" + m.Name() + "-" + id}}
			if err := m.PutRunStep("r-"+m.Name(), history.Step{Order: i, StepID: id}, []history.Binding{b},
				state.Event{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	pilot, next := store.of("pilot"), store.of("acme")
	if _, err := openMigration(store, declared("pilot", "acme", "okta.corp"), by(1)); err != nil {
		t.Fatal(err)
	}
	bind(pilot, "a", "b")
	if _, err := next.Adopt(pilot, by(2)); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("by one that is not recorded: %v", err)
	}
	if _, err := pilot.Archive(by(3)); err != nil {
		t.Fatal(err)
	}
	if _, err := openMigration(store, declared("acme", "acme", "okta.corp"), by(4)); err != nil {
		t.Fatal(err)
	}
	bind(next, "b")
	if n, err := next.Adopt(pilot, by(5)); err != nil || n != 1 {
		t.Errorf("adopted %d, %v", n, err)
	}
	all, err := next.Bindings()
	var keys []string
	for _, b := range all {
		keys = append(keys, b.Resource.Key)
	}
	slices.Sort(keys)
	if diff := cmp.Diff([]string{"/acme-b", "/pilot-a"}, keys); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := pilot.Adopt(next, by(6)); rule(err) != lifecycle.RuleNotArchived {
		t.Errorf("from one that goes on: %v", err)
	}
	if _, err := store.Store.Migration("acme", "beta").Adopt(pilot, by(7)); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("by another tenant: %v", err)
	}
}
