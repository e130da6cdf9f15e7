package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// TestApply_ASecretThatIsNotDeliveredSaysHowToGetAnother takes the folder of the secrets away while the target makes
// one.
func TestApply_ASecretThatIsNotDeliveredSaysHowToGetAnother(t *testing.T) {
	s := newFakeStage(t)
	folder, server, _ := s.row(t)
	given := filepath.Join(folder, "given")
	if err := os.Mkdir(given, 0o700); err != nil {
		t.Fatal(err)
	}
	out := "-secrets-out=given/secrets.json"
	got := s.apply(folder, killAt("no folder", journal.AfterRecord, "intend client:wiki"), "-parallelism=1", out)
	command := "rehome credentials rotate-client wiki"
	if got.status != 1 || !strings.Contains(got.output,
		"client:wiki   the resource was written, but its secret was not delivered") || !strings.Contains(got.output,
		command+" -secrets-out=FILE") {
		t.Fatalf("status %d:\n%s", got.status, got.output)
	}
	if strings.Contains(got.output, server.secrets()["client:wiki"]) {
		t.Errorf("the secret is in the output:\n%s", got.output)
	}
	shown := s.rehome(folder, "run", "show")
	if shown.status != 0 || !strings.Contains(shown.output, command) {
		t.Errorf("status %d, run show does not say how:\n%s", shown.status, shown.output)
	}

	lost := server.secrets()["client:wiki"]
	rotated := s.rehome(folder, append(strings.Fields(strings.TrimPrefix(command, "rehome ")), "-secrets-out=new.json",
		"-approve=wiki")...)
	if rotated.status != 0 {
		t.Fatalf("rotating ended with %d:\n%s", rotated.status, rotated.output)
	}
	content, err := os.ReadFile(filepath.Join(folder, "new.json"))
	if now := server.secrets()["client:wiki"]; err != nil || now == lost || !strings.Contains(string(content), now) {
		t.Errorf("the client has no new secret, or it was not delivered (%v)", err)
	}
	if err := os.Mkdir(given, 0o700); err != nil {
		t.Fatal(err)
	}
	again := s.apply(folder, "nobody", out)
	content, err = os.ReadFile(filepath.Join(given, "secrets.json"))
	if again.status != 0 || err != nil || !strings.Contains(string(content), server.secrets()["client:wiki"]) {
		t.Errorf("the next apply ended with %d and did not deliver the secret of now (%v):\n%s", again.status, err,
			again.output)
	}
}

// TestStatus_AfterAKillSaysThatTheRunGoesOn reads right after kill -9, when only the journal knows how far the run
// came.
func TestStatus_AfterAKillSaysThatTheRunGoesOn(t *testing.T) {
	forward := newFakeStage(t)
	for name, s := range map[string]*fakeStage{"an apply": forward, "a rollback": forward.taken(t)} {
		t.Run(name, func(t *testing.T) {
			folder, _, _ := s.row(t)
			if died := s.apply(folder, killAt("host", journal.AfterRecord, "intend client:wiki"),
				"-parallelism=1"); died.status >= 0 {
				t.Fatalf("status %d:\n%s", died.status, died.output)
			}
			want := "rehome apply -plan-hash=" + s.hash
			status := s.rehome(folder, "status")
			if status.status != 0 || !strings.Contains(status.output, "   started   ") || !strings.Contains(status.output,
				", cut off: the same apply goes on with it") {
				t.Errorf("status %d:\n%s", status.status, status.output)
			}
			asked := s.rehome(folder, "status", "-json")
			var document struct {
				Next    string     `json:"next"`
				LastRun *state.Run `json:"last_run"`
			}
			if err := json.Unmarshal([]byte(asked.output), &document); err != nil || document.Next != want ||
				document.LastRun == nil || document.LastRun.Status != history.StatusStarted {
				t.Errorf("next is %q, error %v:\n%s", document.Next, err, asked.output)
			}
			shown := s.rehome(folder, "run", "show")
			if shown.status != 0 || !strings.Contains(shown.output, ", cut off: the same apply goes on with it") ||
				!strings.Contains(shown.output, "unknown      1") {
				t.Errorf("run show, status %d:\n%s", shown.status, shown.output)
			}
			if next := s.rehome(folder, append(strings.Fields(strings.TrimPrefix(want, "rehome ")),
				"-secrets-out=secrets.json")...); next.status != 0 {
				t.Errorf("what status said ended with %d:\n%s", next.status, next.output)
			}
			if after := s.rehome(folder, "status"); strings.Contains(after.output, "goes on with it") {
				t.Errorf("the run has ended:\n%s", after.output)
			}
		})
	}
}

// TestPlugin_ThatDiesWhileItReadsLeavesNothingHalf kills the target's plugin while verify and rollback look at the
// target.
func TestPlugin_ThatDiesWhileItReadsLeavesNothingHalf(t *testing.T) {
	s := newFakeStage(t)
	folder, _, spoil := s.row(t)
	if first := s.apply(folder, "nobody"); first.status != 0 {
		t.Fatalf("status %d:\n%s", first.status, first.output)
	}
	before, _ := books(t, folder)
	for _, args := range [][]string{{"verify"}, {"rollback", "-out=back.rehome"}, {"plan", "-out=next.rehome"}} {
		t.Run(args[0], func(t *testing.T) {
			audited := s.rehome(folder, "audit", "list").output
			spoil.arm(labfault.Spoil{Status: statusDie}, "map", false)
			died := s.rehome(folder, args...)
			if died.status != 1 || !strings.Contains(died.output, "[plugin-died]") || !strings.Contains(died.output,
				"the fake cannot go on") {
				t.Errorf("status %d:\n%s", died.status, died.output)
			}
			if files, err := filepath.Glob(filepath.Join(folder, "[bn]*.rehome")); err != nil || len(files) > 0 {
				t.Errorf("it left %v, %v", files, err)
			}
			if after, _ := books(t, folder); after != before {
				t.Errorf("the books say %q, were %q", after, before)
			}
			if now := s.rehome(folder, "audit", "list").output; now != audited {
				t.Errorf("it is in the audit chain that it was done:\n%s", now)
			}
			spoil.arm(labfault.Spoil{}, "", false)
			if again := s.rehome(folder, args...); again.status != 0 {
				t.Errorf("the next one ended with %d:\n%s", again.status, again.output)
			}
			_ = os.Remove(filepath.Join(folder, "back.rehome")) // what the next one made on purpose
		})
	}
}

// TestLock_NamesItsHolderAndIsWaitedFor: of the migration, and of the target that another state writes to.
func TestLock_NamesItsHolderAndIsWaitedFor(t *testing.T) {
	s := newFakeStage(t)
	folder, server, _ := s.row(t)
	other := s.copy(t)
	address, err := os.ReadFile(filepath.Join(folder, fakeAddress))
	if err == nil {
		err = os.WriteFile(filepath.Join(other, fakeAddress), address, 0o600)
	}
	host, unnamed := os.Hostname()
	if err != nil || unnamed != nil {
		t.Fatal(err, unnamed)
	}
	first := s.command(folder, killAt("pause", journal.AfterRecord, "intend client:wiki"), "apply", "plan.rehome",
		"-plan-hash="+s.hash, "-secrets-out=secrets.json", "-parallelism=1")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Process.Kill() })
	paused := filepath.Join(folder, "paused")
	for range 400 {
		if _, err := os.Stat(paused); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(time.Second) // so that the lock has an age
	for where, code := range map[string]string{folder: "already-running", other: "target-leased"} {
		began := time.Now()
		got := s.apply(where, "nobody", "-lock-timeout=1500ms")
		if got.status != 5 || time.Since(began) < 1400*time.Millisecond { // the last try is the one before
			t.Errorf("status %d after %s\n%s", got.status, time.Since(began), got.output)
		}
		for _, part := range []string{code, host, "rehome apply", ", since 20", ", for ", "-lock-timeout="} {
			if !strings.Contains(got.output, part) {
				t.Errorf("%s does not say %q:\n%s", code, part, got.output)
			}
		}
	}
	waits := s.command(other, "nobody", "apply", "plan.rehome", "-plan-hash="+s.hash, "-secrets-out=secrets.json",
		"-lock-timeout=1m")
	if reads := s.rehome(folder, "status"); reads.status != 0 || !strings.Contains(reads.output, "   started   ") {
		t.Errorf("status beside an apply ended with %d:\n%s", reads.status, reads.output)
	}
	if err := waits.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if err := os.Remove(paused); err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string]interface{ Wait() error }{"the first apply": first,
		"the apply that waited for the target": waits} {
		if err := command.Wait(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	server.madeOnce(t)
}
