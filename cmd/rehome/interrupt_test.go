package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/rehome-iam/rehome/engine/delivering"
	"github.com/rehome-iam/rehome/state/journal"
)

// calmStage is a stage with what an undisturbed run of it comes to, and a record in the middle of that run.
func calmStage(t *testing.T) (s *stage, end, wantBooks, middle string) {
	t.Helper()
	s = realmFileStage(t)
	calm := s.copy(t)
	if first := s.apply(calm, "nobody", "-parallelism=1"); first.status != 0 {
		t.Fatalf("the undisturbed apply ended with %d:\n%s", first.status, first.output)
	}
	wantBooks, records := books(t, calm)
	return s, s.end(t, calm), wantBooks, nameOf(records[len(records)/2|1])
}

func TestApply_InterruptedLockedOrOutOfRoomItGoesOn(t *testing.T) {
	s, end, wantBooks, middle := calmStage(t)
	record := strings.Replace(middle, "outcome ", "intend ", 1)
	step := strings.TrimPrefix(record, "intend ")
	t.Run("one interrupt finishes what is in flight and releases the lock", func(t *testing.T) {
		folder := s.copy(t)
		got := s.apply(folder, killAt("interrupt", journal.AfterRecord, record), "-parallelism=1")
		if got.status != 1 || !strings.Contains(got.output,
			"Interrupted; the lock is released. The same apply goes on with run r-") {
			t.Errorf("status %d:\n%s", got.status, got.output)
		}
		if content, err := os.ReadFile(filepath.Join(folder, "acme-realm.json")); err != nil ||
			strings.Contains(string(content), `"lease":`) {
			t.Errorf("the lease is still held (%v)", err)
		}
		_, records := books(t, folder)
		if !strings.Contains(stepsOf(records), step+" applied") || !strings.Contains(stepsOf(records), "not_started") {
			t.Errorf("the step in flight was not finished, or nothing was left:\n%s", stepsOf(records))
		}
		s.resume(t, folder, end, wantBooks)
	})
	t.Run("two interrupts leave at once", func(t *testing.T) {
		folder := s.copy(t)
		got := s.apply(folder, killAt("interrupt twice", journal.AfterRecord, record), "-parallelism=1")
		if got.status != 130 || !strings.Contains(got.output, "Left at once. Run r-") {
			t.Errorf("status %d:\n%s", got.status, got.output)
		}
		s.resume(t, folder, end, wantBooks)
	})
	t.Run("of two applies one works and one is refused", func(t *testing.T) { secondApply(t, s, end, wantBooks, record) })
	t.Run("what the journal refuses is rescued", func(t *testing.T) { outOfRoom(t, s, end, wantBooks, step) })
}

func stepsOf(records []journal.Record) string {
	var b strings.Builder
	for _, r := range records {
		if r.Outcome != nil {
			b.WriteString(r.Outcome.StepID + " " + string(r.Outcome.Outcome) + "\n")
		}
	}
	return b.String()
}

// sameTarget lets the realm file of one folder be that of another, which has a state of its own.
func sameTarget(t *testing.T, folder, other string) {
	t.Helper()
	link := filepath.Join(other, "acme-realm.json")
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(folder, "acme-realm.json"), link); err != nil {
		t.Fatal(err)
	}
}

// secondApply starts a second apply while the first one waits in its midst: on the same state, and on a state of its
// own.
func secondApply(t *testing.T, s *stage, end, wantBooks, record string) {
	folder, other := s.copy(t), s.copy(t)
	first := s.command(folder, killAt("pause", journal.AfterRecord, record), "apply", "plan.rehome", "-plan-hash="+s.hash,
		"-secrets-out=secrets.json", "-parallelism=1")
	first.Env = append(first.Env, "REHOME_LOCK_ID=ci/job-42")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Process.Kill() })
	paused := filepath.Join(folder, "paused")
	for range 200 {
		if _, err := os.Stat(paused); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if got := s.apply(folder, "nobody"); got.status != 5 || !strings.Contains(got.output, "already-running") ||
		!strings.Contains(got.output, "rehome apply") {
		t.Errorf("on the same state: status %d\n%s", got.status, got.output)
	}
	sameTarget(t, folder, other)
	got := s.apply(other, "nobody")
	if got.status != 5 || !strings.Contains(got.output, "target-leased") || !strings.Contains(got.output,
		"ci/job-42: run r-") {
		t.Errorf("on another state: status %d\n%s", got.status, got.output)
	}
	refused := s.rehome(other, "force-unlock", "ci/job-41")
	if refused.status != 1 || !strings.Contains(refused.output, "lock-id-wrong") {
		t.Errorf("force-unlock with a wrong id: status %d\n%s", refused.status, refused.output)
	}
	alive := s.rehome(other, "force-unlock", "ci/job-42")
	if alive.status != 1 || !strings.Contains(alive.output, "lock-holder-alive") {
		t.Errorf("force-unlock of a live process: status %d\n%s", alive.status, alive.output)
	}
	if err := os.Remove(paused); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err != nil {
		t.Fatalf("the first apply: %v", err)
	}
	s.resume(t, folder, end, wantBooks)
	if none := s.rehome(other, "force-unlock", "ci/job-42"); none.status != 1 || !strings.Contains(none.output,
		"lock-none") {
		t.Errorf("force-unlock of nothing: status %d\n%s", none.status, none.output)
	}
}

// outOfRoom lets no file grow any more once the target has done a step.
func outOfRoom(t *testing.T, s *stage, end, wantBooks, step string) {
	folder := s.copy(t)
	got := s.apply(folder, killAt("full", journal.BeforeRecord, "outcome "+step), "-parallelism=1")
	files, err := filepath.Glob(filepath.Join(folder, "*.rescue"))
	if err != nil || got.status != 1 || len(files) != 1 || !strings.Contains(got.output, "rescue-written") {
		t.Fatalf("status %d, rescue files %v, %v\n%s", got.status, files, err, got.output)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the rescue file: %v, %v", info.Mode(), err)
	}
	if content, err := os.ReadFile(files[0]); err != nil || strings.Contains(string(content), step) {
		t.Errorf("the rescue file is not encrypted (%v)", err)
	}
	repaired := s.apply(folder, "nobody", "-rescue="+filepath.Base(files[0]))
	if repaired.status != 0 || !strings.Contains(repaired.output, "Took over 1 record") {
		t.Errorf("status %d:\n%s", repaired.status, repaired.output)
	}
	if _, err := os.Stat(files[0]); !os.IsNotExist(err) {
		t.Errorf("the rescue file is still there (%v)", err)
	}
	s.resume(t, folder, end, wantBooks)
}

// TestApply_AStrangersDeadLeaseIsTakenBackByForce: a state that knows nothing of the run waits, unless somebody who
// knows the id says so.
func TestApply_AStrangersDeadLeaseIsTakenBackByForce(t *testing.T) {
	s, _, _, middle := calmStage(t)
	folder, other := s.copy(t), s.copy(t)
	if died := s.apply(folder, killAt("host", journal.AfterRecord, middle), "-parallelism=1"); died.status >= 0 {
		t.Fatalf("status %d:\n%s", died.status, died.output)
	}
	sameTarget(t, folder, other)
	held := s.apply(other, "nobody")
	_, id, found := strings.Cut(held.output, "rehome force-unlock ")
	if held.status != 5 || !found {
		t.Fatalf("status %d:\n%s", held.status, held.output)
	}
	id, _, _ = strings.Cut(id, "\n")
	if freed := s.rehome(other, "force-unlock", strings.TrimSpace(id)); freed.status != 0 {
		t.Errorf("status %d:\n%s", freed.status, freed.output)
	}
	if got := s.apply(other, "nobody"); got.status == 5 {
		t.Errorf("the target is still locked:\n%s", got.output)
	}
}

// TestApply_SecretsGoToTheirOwners: one encrypted file an owner, a new secret on request, and never one in the output
// of automation.
func TestApply_SecretsGoToTheirOwners(t *testing.T) {
	s := realmFileStage(t)
	folder := s.copy(t)
	owner, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	block := "secret_recipients \"field\" {\n  applications = [\"*\"]\n  recipients   = [\"" + owner.Recipient().String() +
		"\"]\n}\n"
	if err := os.WriteFile(filepath.Join(folder, "owners.rehome.hcl"), []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	if refused := s.rehome(folder, "apply", "plan.rehome", "-plan-hash="+s.hash); refused.status != 1 ||
		!strings.Contains(refused.output, "secrets-need-a-file") {
		t.Errorf("without a destination: status %d\n%s", refused.status, refused.output)
	}
	got := s.rehome(folder, "apply", "plan.rehome", "-plan-hash="+s.hash, "-secrets-out=secrets")
	if got.status != 0 || !strings.Contains(got.output,
		"3 client secrets written to secrets/field.age, encrypted for 1 recipient") {
		t.Fatalf("status %d\n%s", got.status, got.output)
	}
	made := s.secrets(t, folder)
	first := opened(t, filepath.Join(folder, "secrets", "field.age"), owner)
	if len(first) != generated {
		t.Fatalf("%d secrets, wanted %d", len(first), generated)
	}
	resource := first[0].Resource
	if first[0].Value != made[resource] {
		t.Errorf("%s was given out with another secret than it has", resource)
	}
	again := s.rehome(folder, "apply", "plan.rehome", "-plan-hash="+s.hash)
	if again.status != 0 || !strings.Contains(again.output, "already done    40") {
		t.Errorf("a second apply wants to hand the secrets out again: status %d\n%s", again.status, again.output)
	}
	id := strings.TrimPrefix(resource, "client:")
	if refused := s.rehome(folder, "credentials", "rotate-client", id, "-secrets-out=new"); refused.status != 3 ||
		!strings.Contains(refused.output, "rotate-not-approved") {
		t.Errorf("not approved: status %d\n%s", refused.status, refused.output)
	}
	rotated := s.rehome(folder, "credentials", "rotate-client", id, "-secrets-out=new", "-approve="+id)
	if rotated.status != 0 {
		t.Fatalf("status %d\n%s", rotated.status, rotated.output)
	}
	second := opened(t, filepath.Join(folder, "new", "field.age"), owner)
	if now := s.secrets(t, folder)[resource]; len(second) != 1 || second[0].Value != now || now == made[resource] {
		t.Errorf("the secret that was given out is not the one that %s has, or is the old one", resource)
	}
	if after := s.rehome(folder, "plan"); !strings.Contains(after.output, nothingToChange) {
		t.Errorf("a plan after the rotation is not empty:\n%s", after.output)
	}
	for _, output := range []string{got.output, rotated.output} {
		for _, secret := range append(first, second...) {
			if strings.Contains(output, secret.Value) {
				t.Error("a secret is in the output")
			}
		}
	}
}

func opened(t *testing.T, path string, owner age.Identity) []delivering.OneTimeSecret {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := age.Decrypt(armor.NewReader(file), owner)
	if err != nil {
		t.Fatal(err)
	}
	var given []delivering.OneTimeSecret
	if err := json.NewDecoder(plain).Decode(&given); err != nil {
		t.Fatal(err)
	}
	return given
}
