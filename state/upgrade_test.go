package state_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
	"github.com/rehome-iam/rehome/state/fault"
	"github.com/rehome-iam/rehome/state/journal"
)

// before writes a state as format 1 had it: two migrations of tenant acme, of which the first is archived, and one of
// tenant beta.
type before struct {
	t     *testing.T
	store opened
}

func (b before) record(bucket, key string, record any) {
	b.t.Helper()
	if err := b.store.PutAsBefore(bucket, key, record); err != nil {
		b.t.Fatal(err)
	}
}

func at(second int64) time.Time { return time.Unix(second, 0).UTC() }

func (b before) migration(m lifecycle.Migration, source string) {
	m.Sources = []lifecycle.Source{{Name: source, Status: lifecycle.SourceConfigured, CreatedAt: m.CreatedAt}}
	b.record("records", "migration/"+b.store.Blind("migration#"+m.Name), m)
}

// things writes one of everything that belongs to a migration; their ids begin with its name.
func (b before) things(m, source string, second int64) {
	snapshot, assessment, run, hash := "s-"+m, "a-"+m, "r-"+m, "sha256:"+m
	resource := identity.ResourceID{Type: "group", Key: "/" + m}
	address := identity.Address{Source: source, Kind: identity.KindGroup, ID: "g-" + m}
	items := []identity.Item{{Kind: identity.KindGroup, ID: "g-" + m, Name: m, Source: source, Version: 1,
		Attributes: []byte(`{}`)}}
	b.record("records", "snapshot/"+snapshot, state.Snapshot{
		ID: snapshot, Source: source, Migration: m, Status: state.SnapshotCompleted, StartedAt: at(second),
		Items: map[identity.Kind]int{"group": 1}, Pages: 1})
	b.record("items", snapshot+"/group/000000/000000", items)
	b.record("pages", snapshot+"/head/00000001", identity.PageEvidence{Sequence: 1, Path: "/" + m})
	if err := b.store.PutRawAsBefore("pages", snapshot+"/body/00000001", []byte("body of "+m)); err != nil {
		b.t.Fatal(err)
	}
	b.record("records", "assessment/"+assessment,
		state.Assessment{ID: assessment, Snapshot: snapshot, Source: source, Status: state.AssessmentCompleted,
			StartedAt: at(second)})
	b.record("results", assessment+"/00000000", []string{m})
	b.record("records", "matched/"+assessment, []merge.Overlap{})
	b.record("records", "plan/"+hash, history.PlanRecord{Hash: hash, Migration: m, Status: history.PlanPreviewed,
		CreatedAt: at(second)})
	b.record("records", "plan-draft/"+b.store.Blind("draft#"+m), history.PlanRecord{Migration: m,
		Status: history.PlanDraft})
	b.record("records", "summary/"+m, state.Summary{Migration: m, PendingDecisions: int(second)})
	b.record("records", "run/"+run, state.Run{ID: run, PlanHash: hash, Migration: m, Status: history.StatusCompleted,
		StartedAt: at(second)})
	b.record("records", "run-step/"+run+"/00000001",
		history.Step{Order: 1, StepID: "step-" + m, Resource: resource, Outcome: "applied"})
	b.record("records", "run-plan/"+run+"/00000000", []lifecycle.PlannedStep{{StepID: "step-" + m}})
	b.record("records", "journal/"+run, map[string]any{"sequence": 0,
		"process": journal.Process{Run: run, Migration: m}})
	b.record("records", "follow-up/"+b.store.Blind("x"+m),
		state.FollowUp{ID: "f-" + m[len(m)-1:], Migration: m, StepID: "todo-" + m, Status: lifecycle.FollowUpOpen})
	b.record("records", "impact/"+m+"/ocm-"+m, lifecycle.ImpactRow{Impact: fidelity.Impact{ID: "ocm-" + m}})
	b.record("records", "decision/"+m+"/"+b.store.Blind("d"+m), lifecycle.DecisionRow{By: m})
	b.record("records", "rehearsal/h-"+m, state.Rehearsal{ID: "h-" + m, Migration: m})
	b.record("records", "cutover/"+b.store.Blind(source+"/application/"+m), map[string]any{
		"application": source + "/application/" + m, "sheet": map[string]string{"at": at(second + 1).Format(time.RFC3339)}})
	b.record("records", "evidence/"+hash, map[string]string{"recorded_by": m})
	b.record("records", "verification/v-"+m, state.Verification{ID: "v-" + m, Runs: []string{run}})
	b.record("bindings", b.store.Blind(address.String()+"#group"), history.Binding{Item: address, Resource: resource})
}

func newBefore(t *testing.T, path string, identities []age.Identity) before {
	b := before{t: t, store: open(t, path, identities)}
	if err := b.store.SetFormat(1); err != nil {
		t.Fatal(err)
	}
	return b
}

// owns lists what a migration finds of the kinds that things writes.
func owns(t *testing.T, store *state.Store, name, tenant string) []string {
	t.Helper()
	m := store.Migration(name, tenant)
	var found []string
	note := func(kind string, err error, names ...string) {
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			t.Errorf("%s of %s: %v", kind, name, err)
		}
		for _, n := range names {
			if n != "" {
				found = append(found, kind+" "+n)
			}
		}
	}
	snapshots, err := m.Snapshots()
	for _, s := range snapshots {
		note("snapshot", err, s.ID)
		for item, err := range m.Items(s.ID, identity.KindGroup) {
			note("item", err, item.ID)
		}
		for page, err := range m.Pages(s.ID) {
			note("page", err, string(page.Body))
		}
	}
	assessments, err := m.Assessments()
	for _, a := range assessments {
		note("assessment", err, a.ID)
		for chunk, err := range m.Results(a.ID) {
			note("result", err, string(chunk))
		}
		_, err := m.MatchedResources(a.ID)
		if err == nil {
			note("matched", nil, a.ID)
		}
	}
	plans, err := m.Plans()
	for _, p := range plans {
		note("plan", err, p.Hash)
		declared, err := m.Declared(p.Hash)
		note("evidence", err, declared.RecordedBy)
	}
	draft, err := m.Draft()
	note("draft", err, draft.Migration)
	summary, err := m.Summary()
	note("summary", err, summary.Migration)
	runs, err := m.Runs()
	for _, r := range runs {
		note("run", err, r.ID)
		whole, err := m.Run(r.ID)
		note("step", err, whole.Steps[0].StepID)
		note("planned", m.RunPlan(r.ID, func(step lifecycle.PlannedStep) error {
			note("planned", nil,
				step.StepID)
			return nil
		}))
	}
	followUps, err := m.FollowUps()
	for _, f := range followUps {
		note("follow-up", err, f.ID)
	}
	impacts, err := m.Impacts()
	for _, i := range impacts {
		note("impact", err, i.ID)
	}
	decisions, err := m.Decisions()
	for _, d := range decisions {
		note("decision", err, d.By)
	}
	rehearsals, err := m.Rehearsals()
	for _, r := range rehearsals {
		note("rehearsal", err, r.ID)
	}
	cutovers, err := m.Cutovers()
	for _, c := range cutovers {
		note("cutover", err, c.Application)
	}
	verifications, err := m.Verifications()
	for _, v := range verifications {
		note("verification", err, v.ID)
	}
	bindings, err := m.Bindings()
	for _, b := range bindings {
		note("binding", err, b.Item.String())
	}
	return found
}

func wholly(name, source string) []string {
	return []string{
		"snapshot s-" + name, "item g-" + name, "page body of " + name, "assessment a-" + name, `result ["` + name + `"]`,
		"matched a-" + name,
		"plan sha256:" + name, "evidence " + name, "draft " + name, "summary " + name, "run r-" + name, "step step-" + name,
		"planned step-" + name,
		"follow-up f-" + name[len(name)-1:], "impact ocm-" + name, "decision " + name, "rehearsal h-" + name,
		"cutover " + source + "/application/" + name, "verification v-" + name, "binding " + source + "/group/g-" + name,
	}
}

func TestUpgrade_GivesEverythingOfFormat1ToItsOwner(t *testing.T) {
	path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
	b := newBefore(t, path, identities)
	b.migration(lifecycle.Migration{Name: "acme1", Tenant: "acme", CreatedAt: at(10), Status: lifecycle.MigrationArchived,
		ArchivedAt: at(20)}, "okta.corp")
	b.migration(lifecycle.Migration{Name: "acme2", Tenant: "acme", CreatedAt: at(30), Status: lifecycle.MigrationReady},
		"okta.corp")
	b.migration(lifecycle.Migration{Name: "beta3", Tenant: "beta", CreatedAt: at(15), Status: lifecycle.MigrationReady},
		"okta.north")
	b.things("acme1", "okta.corp", 12)
	b.things("acme2", "okta.corp", 32)
	b.things("beta3", "okta.north", 16)
	b.record("records", "follow-up-count", 3)
	b.record("records", "access", state.AccessRecord{Rules: &authorization.Rules{Issuer: "https://acme.example"},
		Tenant: "acme"})
	for name, tenant := range map[string]string{"okta-corp": "acme", "okta-north": "beta"} {
		b.record("credentials", name, "secret of "+name)
		if err := b.store.Store.Record(state.Event{Name: "migration.credential.set", At: at(1), Tenant: tenant, Actor: "jane",
			Target: name}); err != nil {
			t.Fatal(err)
		}
	}
	chain, err := b.store.AuditHead()
	if err = errors.Join(err, b.store.Close()); err != nil {
		t.Fatal(err)
	}
	store := open(t, path, identities).Store
	defer store.Close()
	for _, m := range []struct{ name, tenant, source string }{{"acme1", "acme", "okta.corp"},
		{"acme2", "acme", "okta.corp"}, {"beta3", "beta", "okta.north"}} {
		if diff := cmp.Diff(wholly(m.name, m.source), owns(t, store, m.name, m.tenant)); diff != "" {
			t.Errorf("%s: %s", m.name, diff)
		}
	}
	if stolen := owns(t, store, "acme1", "beta"); len(stolen) > 0 {
		t.Errorf("a folder of beta that names a migration of acme finds %v", stolen)
	}
	for tenant, want := range map[string]string{"acme": "okta-corp", "beta": "okta-north"} {
		names, err := store.Migration("any", tenant).CredentialNames()
		if err != nil || strings.Join(names, " ") != want {
			t.Errorf("credentials of %s: %v, %v", tenant, names, err)
		}
		value, err := store.Migration("any", tenant).Credential(want)
		if err != nil || value.Value != "secret of "+want || value.For != nil {
			t.Errorf("credential of %s: %q, %v", tenant, value, err)
		}
		rules, err := store.Migration("any", tenant).Access()
		if err != nil || (rules.Rules != nil) != (tenant == "acme") {
			t.Errorf("access rules of %s: %+v, %v", tenant, rules, err)
		}
	}
	if head, err := store.AuditHead(); err != nil || head != chain {
		t.Errorf("the audit chain was written to: %v", err)
	}
	if err := store.Migration("acme2", "acme").PutRunPlan(state.Run{ID: "r9"},
		[]lifecycle.PlannedStep{{StepID: "new", FollowUp: true}}, make([]state.Event, 1)); err != nil {
		t.Fatal(err)
	}
	if all, err := store.Migration("acme2", "acme").FollowUps(); err != nil || len(all) != 2 || all[1].ID != "f-3" {
		t.Errorf("the next follow-up: %+v, %v", all, err)
	}
}

func TestUpgrade_OneTenantKeepsItsPseudonyms(t *testing.T) {
	for name, kept := range map[string][]byte{"derived": nil, "kept": []byte("thirty-two bytes of an older key")} {
		t.Run(name, func(t *testing.T) {
			path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
			b := newBefore(t, path, identities)
			b.migration(lifecycle.Migration{Name: "acme1", Tenant: "acme", CreatedAt: at(10)}, "okta.corp")
			want := b.store.DerivedBefore()
			if kept != nil {
				b.record("records", "pseudonym-key", kept)
				want = kept
			}
			if err := b.store.Close(); err != nil {
				t.Fatal(err)
			}
			store := open(t, path, identities)
			defer store.Close()
			key, err := store.PseudonymKey()
			if err != nil || string(key) != string(want) {
				t.Errorf("%x, wanted %x: %v", key, want, err)
			}
			other, err := store.Store.Migration("beta", "beta").PseudonymKey()
			if err != nil || string(other) == string(want) {
				t.Errorf("another tenant has the same key: %v", err)
			}
		})
	}
}

func TestUpgrade_WhatHasNoKnownOwnerIsRefusedAndNothingChanges(t *testing.T) {
	cases := map[string]struct {
		write func(before)
		says  string
	}{
		"a credential that no tenant is known to have kept": {func(b before) { b.record("credentials", "okta", "x") },
			"credential okta"},
		"a run of a migration that is not recorded": {func(b before) {
			b.record("records", "run/r1", state.Run{ID: "r1", Migration: "gone"})
		}, `it names migration "gone"`},
		"a snapshot of a source that nobody has": {func(b before) {
			b.record("records", "snapshot/s1", state.Snapshot{ID: "s1", Source: "okta.elsewhere"})
		}, "no migration of the state has source okta.elsewhere"},
		"a record of a sort that is not known": {func(b before) { b.record("records", "strange/1", map[string]string{}) },
			"strange/1"},
		"a binding that two migrations may have": {func(b before) {
			b.migration(lifecycle.Migration{Name: "acme2", Tenant: "acme", CreatedAt: at(30)}, "okta.corp")
			address := identity.Address{Source: "okta.corp", Kind: identity.KindGroup, ID: "g1"}
			b.record("bindings", "x", history.Binding{Item: address, Resource: identity.ResourceID{Type: "group", Key: "/g1"}})
		}, "2 migrations have source okta.corp"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
			b := newBefore(t, path, identities)
			b.migration(lifecycle.Migration{Name: "acme1", Tenant: "acme", CreatedAt: at(10)}, "okta.corp")
			b.migration(lifecycle.Migration{Name: "beta3", Tenant: "beta", CreatedAt: at(10)}, "okta.north")
			b.things("acme1", "okta.corp", 12)
			c.write(b)
			if err := b.store.Close(); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, err := tryOpen(path, identities)
				var ownerless *fault.OwnerError
				if !errors.As(err, &ownerless) || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("wanted %q, got %v", c.says, err)
				}
			}
		})
	}
}

func TestUpgrade_GoesOnWhereItWasCutOff(t *testing.T) {
	for writes := range 4 {
		path, identities := filepath.Join(t.TempDir(), "state.db"), newIdentity(t)
		b := newBefore(t, path, identities)
		b.migration(lifecycle.Migration{Name: "acme1", Tenant: "acme", CreatedAt: at(10)}, "okta.corp")
		b.things("acme1", "okta.corp", 12)
		if err := b.store.Close(); err != nil {
			t.Fatal(err)
		}
		dieAfter(t, path, identities, writes)
		store := open(t, path, identities).Store
		if diff := cmp.Diff(wholly("acme1", "okta.corp"), owns(t, store, "acme1", "acme")); diff != "" {
			t.Errorf("after %d writes: %s", writes, diff)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// dieAfter opens a state whose process dies after so many transactions.
func dieAfter(t *testing.T, path string, identities []age.Identity, writes int) {
	t.Helper()
	backend, err := bolt.Open(path, time.Second, bolt.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := state.Open(t.Context(), &dying{Backend: backend, left: writes}, identities); !errors.Is(err, errDied) {
		t.Fatalf("after %d writes: %v", writes, err)
	}
	if err := backend.Close(); err != nil {
		t.Fatal(err)
	}
}
