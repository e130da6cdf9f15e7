package state_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
	"github.com/rehome-iam/rehome/state/journal"
)

const rotateRun = "r-1"

// fill puts a value of every sort into a state, and a journal beside it.
func fill(t *testing.T, store opened, folder string) {
	t.Helper()
	w, err := store.BeginSnapshot(state.Snapshot{ID: "s1", Source: "okta.corp", StartedAt: time.Unix(1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		if err := w.Items([]identity.Item{item(identity.KindUser, fmt.Sprintf("u%04d", i))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Page(identity.PageEvidence{Sequence: 1, Body: []byte("planted-body")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Complete(time.Unix(2, 0), "acme", state.Event{Name: "migration.inventory.collected"}); err != nil {
		t.Fatal(err)
	}
	steps, events := make([]lifecycle.PlannedStep, 600), make([]state.Event, 600)
	for i := range steps {
		steps[i].StepID, events[i].Name = fmt.Sprint(i), "migration.test"
	}
	if err := store.PutRunPlan(state.Run{ID: rotateRun}, steps, events); err != nil {
		t.Fatal(err)
	}
	binding := history.Binding{Item: identity.Address{Source: "okta.corp", Kind: identity.KindUser, ID: "u1"},
		Resource: identity.ResourceID{Type: "user", Key: "k"}}
	err = errors.Join(
		store.PutCredential("okta", state.Credential{Value: "planted-secret"}, state.Event{}),
		store.PutRunStep(rotateRun, history.Step{StepID: "user:k"}, []history.Binding{binding}, state.Event{}),
	)
	if err != nil {
		t.Fatal(err)
	}
	j, _, err := store.OpenJournal(journal.Options{Folder: folder, Run: rotateRun},
		func(journal.Record) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		record := journal.Record{Kind: journal.Outcome, At: time.Unix(3, 0),
			Outcome: &journal.StepOutcome{StepID: fmt.Sprint(i), Outcome: "applied"}}
		if err := j.Append(record); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// readable checks that everything that fill wrote is there.
func readable(store opened, folder string) error {
	items := 0
	for _, err := range store.Items("s1", identity.KindUser) {
		if err != nil {
			return err
		}
		items++
	}
	credential, err := store.Credential("okta")
	if err != nil {
		return err
	}
	bindings, err := store.Bindings()
	if err != nil {
		return err
	}
	report, err := store.WalkAudit("", nil)
	if err != nil {
		return err
	}
	records := 0
	err = store.ReadJournal(folder, rotateRun, func(journal.Record) error { records++; return nil })
	if items != 2000 || credential.Value != "planted-secret" || len(bindings) != 1 || report.Records < 601 ||
		records != 20 {
		return fmt.Errorf("%d items, credential %q, %d bindings, %d audit records, %d journal records", items,
			credential.Value,
			len(bindings), report.Records, records)
	}
	return err
}

func tryOpen(path string, identities []age.Identity) (opened, error) {
	backend, err := bolt.Open(path, 5*time.Second, bolt.Holder{})
	if err != nil {
		return opened{}, err
	}
	store, err := state.Open(context.Background(), backend, identities)
	if err != nil {
		return opened{}, errors.Join(err, backend.Close())
	}
	return withAcme(store), nil
}

func TestRotate_OnlyTheNewIdentityOpensTheState(t *testing.T) {
	folder := t.TempDir()
	path, journals := filepath.Join(folder, "state.db"), filepath.Join(folder, "journal")
	identities := newIdentity(t)
	store := open(t, path, identities)
	fill(t, store, journals)
	for range 3 { // a rotation after a rotation must find the keyed hashes of the first key
		next := newIdentity(t)
		done, err := store.Rotate([]string{state.RecipientOf(next)}, journals,
			state.Event{Name: "migration.state.key_rotated"})
		if err != nil || done.Journals != 1 || done.Values < 600 || done.Resumed {
			t.Fatalf("%+v, %v", done, err)
		}
		if err := readable(store, journals); err != nil {
			t.Fatalf("after the rotation, still open: %v", err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := tryOpen(path, identities); !errors.Is(err, state.ErrNoKey) {
			t.Fatalf("the old identity opens the state: %v", err)
		}
		if store, err = tryOpen(path, next); err != nil {
			t.Fatal(err)
		}
		if err := readable(store, journals); err != nil {
			t.Fatal(err)
		}
		if keys, err := store.Keys(); err != nil || keys.Rotating || len(keys.Recipients) != 1 ||
			keys.Recipients[0] != state.RecipientOf(next) {
			t.Errorf("%+v, %v", keys, err)
		}
		identities = next
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// dying is a backend whose process ends before its nth write.
type dying struct {
	state.Backend
	left int
}

var errDied = errors.New("the process died")

func (d *dying) Update(ctx context.Context, do func(state.Tx) error) error {
	if d.left--; d.left < 0 {
		return errDied
	}
	return d.Backend.Update(ctx, do)
}

func TestRotate_InterruptedAnywhereBothIdentitiesOpenTheStateAndItGoesOn(t *testing.T) {
	for writes := 0; ; writes++ {
		folder := t.TempDir()
		path, journals := filepath.Join(folder, "state.db"), filepath.Join(folder, "journal")
		before, after := newIdentity(t), newIdentity(t)
		store := open(t, path, before)
		fill(t, store, journals)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		backend, err := bolt.Open(path, time.Second, bolt.Holder{})
		if err != nil {
			t.Fatal(err)
		}
		dies, err := state.Open(t.Context(), &dying{Backend: backend, left: writes}, before)
		if store = withAcme(dies); err != nil {
			t.Fatal(err)
		}
		recipients := []string{state.RecipientOf(after)}
		_, failed := store.Rotate(recipients, journals, state.Event{Name: "migration.state.key_rotated"})
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if failed == nil {
			if writes < 8 {
				t.Fatalf("the rotation took %d writes: too few to show anything", writes)
			}
			return
		}
		if !errors.Is(failed, errDied) {
			t.Fatal(failed)
		}
		sides := map[string][]age.Identity{"before": before, "after": after}
		if writes == 0 {
			delete(sides, "after") // nothing had begun
		}
		for side, identities := range sides {
			store, err := tryOpen(path, identities)
			if err != nil {
				t.Fatalf("after %d writes the identity of %s: %v", writes, side, err)
			}
			if err := readable(store, journals); err != nil {
				t.Fatalf("after %d writes, read with the identity of %s: %v", writes, side, err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if store, err = tryOpen(path, before); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Rotate(recipients, journals, state.Event{}); err != nil {
			t.Fatalf("after %d writes it does not go on: %v", writes, err)
		}
		if err := readable(store, journals); err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := tryOpen(path, before); !errors.Is(err, state.ErrNoKey) {
			t.Fatalf("after %d writes and the rest, the old identity opens the state: %v", writes, err)
		}
	}
}

const rotateChild = "REHOME_TEST_ROTATE"

// A real process is killed at random moments, also within a transaction.
func TestRotate_AKilledProcessLeavesAReadableState(t *testing.T) {
	if folder := os.Getenv(rotateChild); folder != "" {
		rotateUntilKilled(t, folder)
		return
	}
	folder := t.TempDir()
	path, journals := filepath.Join(folder, "state.db"), filepath.Join(folder, "journal")
	x, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "identity"), []byte(x.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	identities := []age.Identity{x}
	store := open(t, path, identities)
	fill(t, store, journals)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for round := range 6 {
		child := exec.Command(os.Args[0], "-test.run=^TestRotate_AKilledProcessLeavesAReadableState$")
		child.Env = append(os.Environ(), rotateChild+"="+folder)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(60+37*round) * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // it was killed
		if store, err = tryOpen(path, identities); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := readable(store, journals); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func rotateUntilKilled(t *testing.T, folder string) {
	identities, err := state.Identities("", filepath.Join(folder, "identity"))
	if err != nil {
		t.Fatal(err)
	}
	store := open(t, filepath.Join(folder, "state.db"), identities)
	for {
		if _, err := store.Rotate([]string{state.RecipientOf(identities)}, filepath.Join(folder, "journal"),
			state.Event{}); err != nil {
			t.Fatal(err)
		}
	}
}

// A bucket that Rotate does not know would be lost with the old key.
func TestRotate_KnowsEveryBucket(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared, known := map[string]bool{}, map[string]bool{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if value, ok := spec.(*ast.ValueSpec); ok && strings.HasPrefix(value.Names[0].Name, "bucket") &&
						value.Names[0].Name != "bucketMeta" {
						declared[value.Names[0].Name] = true
					}
				}
			case *ast.FuncDecl:
				if d.Name.Name == "buckets" {
					ast.Inspect(d.Body, func(n ast.Node) bool {
						if name, ok := n.(*ast.Ident); ok {
							known[name.Name] = true
						}
						return true
					})
				}
			}
		}
	}
	if len(declared) < 7 {
		t.Fatalf("only %d buckets were found", len(declared))
	}
	for name := range declared {
		if !known[name] {
			t.Errorf("buckets() does not list %s: a rotation would leave it under the old key", name)
		}
	}
}
