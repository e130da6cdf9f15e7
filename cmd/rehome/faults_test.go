package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/delivering"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
	"github.com/rehome-iam/rehome/state/journal"
)

// faultsVariable names the file into which `make faults` wants the table. Without it a fast part of the matrix runs.
const faultsVariable = "REHOME_FAULTS"

// faultTable gathers the rows of the fault matrix. Safe for many goroutines.
type faultTable struct {
	mutex sync.Mutex
	title string
	rows  []faultRow
}

// faultRow is what was done, how that apply ended, and whether the next one came to the undisturbed end.
type faultRow struct {
	done, ended string
	same        bool
	place       int // in the table; those that have none stay as they came
}

func (f *faultTable) add(row faultRow) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.rows = append(f.rows, row)
}

// write appends the table to the file of make faults.
func (f *faultTable) write(t *testing.T) {
	t.Helper()
	path := os.Getenv(faultsVariable)
	if path == "" {
		return
	}
	slices.SortStableFunc(f.rows, func(a, b faultRow) int { return a.place - b.place })
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n%-72s %-34s %s\n", f.title, "what was done", "how that apply ended", "resumed to the same end")
	for _, row := range f.rows {
		same := "yes"
		if !row.same {
			same = "NO"
		}
		fmt.Fprintf(&b, "%-72s %-34s %s\n", row.done, row.ended, same)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(b.String())
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Error(err)
	}
}

// stage is a folder in which an approved plan waits to be applied, and how its target is looked at.
type stage struct {
	t        *testing.T
	folder   string // with plan, state and configuration; copied for each run
	variable []string
	hash     string
	end      func(t *testing.T, folder string) string            // the target after a run, normalised
	secrets  func(t *testing.T, folder string) map[string]string // what the target's clients prove themselves with

	generated int // secrets that the target makes in the run
}

// generating makes the target generate secrets: the incumbent holds none for these applications.
func generating(j *journey) {
	block := `map "application" "secrets" {
  where = item.client_authentication == "private_key_jwt" || item.client_authentication == "none"
  set   = { client_authentication = "client_secret_basic" }
}
`
	if err := os.WriteFile(filepath.Join(j.folder, "secrets.rehome.hcl"), []byte(block), 0o600); err != nil {
		j.t.Fatal(err)
	}
}

// secretsIn maps client:ID to the secret of the client.
func secretsIn(clients []map[string]any) map[string]string {
	found := map[string]string{}
	for _, client := range clients {
		if secret, ok := client["secret"].(string); ok && secret != "" {
			found[fmt.Sprint("client:", client["clientId"])] = secret
		}
	}
	return found
}

// delivered reads every part of the secrets that a run gave out.
func delivered(t *testing.T, folder string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "secrets*.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var given []delivering.OneTimeSecret
		if err := json.Unmarshal(content, &given); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, secret := range given {
			if known, twice := all[secret.Resource]; twice && known != secret.Value {
				t.Errorf("%s was given out with two values", secret.Resource)
			}
			all[secret.Resource] = secret.Value
		}
	}
	return all
}

// rehearse copies the stage for one run.
func (s *stage) copy(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(s.folder)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(folder, ".rehome", "identity.txt"), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// applied is how one apply ended.
type applied struct {
	status int // -1 for a signal
	output string
}

// command is the program, started in a folder as a process of its own.
func (s *stage) command(folder, kill string, args ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], args...)
	command.Dir = folder
	command.Env = append(append(os.Environ(), s.variable...), killVariable+"="+kill, "CI=true", "REHOME_LOG=")
	return command
}

func (s *stage) apply(folder, kill string, more ...string) applied {
	return s.ended(s.command(folder, kill, append([]string{"apply", "plan.rehome", "-plan-hash=" + s.hash,
		"-secrets-out=secrets.json"}, more...)...))
}

func (s *stage) rehome(folder string, args ...string) applied {
	return s.ended(s.command(folder, "nobody", args...))
}

func (s *stage) ended(command *exec.Cmd) applied {
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return applied{status: command.ProcessState.ExitCode(), output: string(output)}
}

// openStage opens the state of a folder that no process works with.
func openStage(t *testing.T, folder string) (*state.Store, *state.Migration) {
	t.Helper()
	identities, err := state.Identities("", filepath.Join(folder, ".rehome", "identity.txt"))
	if err != nil {
		t.Fatal(err)
	}
	backend, err := bolt.Open(filepath.Join(folder, ".rehome", "state.db"), 0, bolt.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	store, err := state.Open(context.Background(), backend, identities)
	if err != nil {
		t.Fatal(err)
	}
	return store, onlyMigration(t, store)
}

// onlyMigration is the one that a state of a test has; a handle that finds nothing before the first is recorded.
func onlyMigration(t interface{ Fatal(...any) }, store *state.Store) *state.Migration {
	all, err := store.Migrations()
	if err != nil || len(all) > 1 {
		t.Fatal("wanted a state of one migration", all, err)
	}
	if len(all) == 0 {
		return store.Migration("acme", "acme")
	}
	return store.Migration(all[0].Name, all[0].Tenant)
}

// books is what the state and the journal say of the newest run: each step once, all of them done, an audit chain that
// holds.
func books(t *testing.T, folder string) (string, []journal.Record) {
	t.Helper()
	whole, store := openStage(t, folder)
	defer whole.Close()
	if _, err := store.BringUp(filepath.Join(folder, ".rehome", "journal")); err != nil {
		t.Error(err)
	}
	runs, err := store.Runs()
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) == 0 {
		return "no run", nil
	}
	if _, err := whole.Audit(); err != nil {
		t.Error(err)
	}
	var records []journal.Record
	err = store.ReadJournal(filepath.Join(folder, ".rehome", "journal"), runs[0].ID, func(r journal.Record) error {
		records = append(records, r)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	bindings, err := store.Bindings()
	if err != nil {
		t.Error(err)
	}
	var lines []string
	for key, b := range bindings {
		lines = append(lines, key+" "+b.Resource.String())
	}
	return fmt.Sprintf("%d runs, %s, %d bindings", len(runs), runs[0].Status, len(lines)), records
}

// doneOnce tells which steps do not have exactly one outcome that says they are done.
func doneOnce(records []journal.Record) []string {
	times := map[string]int{}
	for _, record := range records {
		if record.Intend != nil {
			times[record.Intend.StepID] += 0
		}
		if record.Outcome != nil && (record.Outcome.Outcome == "applied" || record.Outcome.Outcome == "already") {
			times[record.Outcome.StepID]++
		}
	}
	var wrong []string
	for step, n := range times {
		if n != 1 {
			wrong = append(wrong, fmt.Sprintf("%s is done %d times", step, n))
		}
	}
	return wrong
}

// generated is how many secrets the target makes for the practice tenant.
const generated = 3

// resume applies again until the run has ended, and compares everything with an undisturbed run.
func (s *stage) resume(t *testing.T, folder, wantEnd, wantBooks string) bool {
	t.Helper()
	if was, records := books(t, folder); was == wantBooks && len(records) > 0 &&
		records[len(records)-1].Kind == journal.End {
		return s.end(t, folder) == wantEnd // it died after its last word
	}
	var last applied
	for range 12 { // a step of many kinds of request is spoilt once for each
		if last = s.apply(folder, "nobody"); last.status == 0 {
			break
		}
	}
	if last.status != 0 {
		t.Errorf("the next apply ended with status %d:\n%s", last.status, last.output)
		return false
	}
	ok := true
	if diff := cmp.Diff(wantEnd, s.end(t, folder)); diff != "" {
		t.Errorf("the target differs from that of an undisturbed run:\n%s", diff)
		ok = false
	}
	got, records := books(t, folder)
	if got != wantBooks {
		t.Errorf("the books say %q, wanted %q", got, wantBooks)
		ok = false
	}
	given, made := delivered(t, folder), s.secrets(t, folder)
	for _, record := range records {
		if record.Outcome == nil || len(record.Outcome.Generated) == 0 {
			continue
		}
		if id := record.Outcome.Resource.String(); given[id] == "" || given[id] != made[id] {
			t.Errorf("the secret of %s was not given out, or is another one", id)
			ok = false
		}
	}
	if len(given) != s.generated {
		t.Errorf("%d secrets were given out, wanted %d", len(given), s.generated)
		ok = false
	}
	for _, wrong := range doneOnce(records) {
		t.Error(wrong)
		ok = false
	}
	return ok
}

// realmFileStage plans the practice tenant into a realm file.
func realmFileStage(t *testing.T) *stage {
	t.Helper()
	t.Chdir(".")
	j := newJourney(t, "okta-to-realmfile", "okta", "realmfile")
	startOktaLab(j)
	generating(j)
	hash, _ := j.approve()
	s := &stage{t: t, folder: j.folder, hash: hash, variable: append(j.variable, "REHOME_PLUGIN_DIR="+j.plugins),
		generated: generated}
	s.secrets = func(t *testing.T, folder string) map[string]string {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(folder, "acme-realm.json"))
		if err != nil {
			t.Fatal(err)
		}
		var realm struct{ Clients []map[string]any }
		if err := json.Unmarshal(content, &realm); err != nil {
			t.Fatal(err)
		}
		return secretsIn(realm.Clients)
	}
	s.end = func(t *testing.T, folder string) string {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(folder, "acme-realm.json"))
		if err != nil {
			t.Fatal(err)
		}
		return normalRealm(t, content)
	}
	return s
}

var givenSecret = regexp.MustCompile(`"secret": "[^"]*"`)

// normalRealm is a realm file without what differs from run to run: the marker's content and made secrets.
func normalRealm(t *testing.T, content []byte) string {
	t.Helper()
	var realm map[string]any
	if err := json.Unmarshal(content, &realm); err != nil {
		t.Fatal(err)
	}
	clients, _ := realm["clients"].([]any)
	for _, each := range clients {
		if client, ok := each.(map[string]any); ok && client["name"] == "rehome marker" {
			delete(client, "attributes")
		}
	}
	sortLists(realm)
	return givenSecret.ReplaceAllString(string(encoded(realm)), `"secret": "(made)"`)
}

// sortLists puts the objects of every list in one order: steps that run side by side add them as they come.
func sortLists(value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, each := range v {
			sortLists(each)
		}
	case []any:
		for _, each := range v {
			sortLists(each)
		}
		slices.SortFunc(v, func(a, b any) int { return bytes.Compare(encoded(a), encoded(b)) })
	}
}

func encoded(value any) []byte {
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		panic(err)
	}
	return text
}

// boundary is a place in the journal of a run at which somebody dies.
type boundary struct {
	moment   journal.Moment
	sequence int
	what     string
}

// boundaries lists where an undisturbed run can be cut: before and after each record. Before an intent nothing has
// happened since the outcome before it, so that place is not listed twice.
func boundaries(records []journal.Record) []boundary {
	var all []boundary
	for _, r := range records {
		what := nameOf(r)
		if r.Intend == nil {
			all = append(all, boundary{journal.BeforeRecord, r.Sequence, what})
		}
		all = append(all, boundary{journal.AfterRecord, r.Sequence, what})
	}
	return all
}

// TestFaults_KilledAtEveryRecordOnARealmFile kills host and plugin before and after each record of the journal.
func TestFaults_KilledAtEveryRecordOnARealmFile(t *testing.T) {
	s := realmFileStage(t)
	calm := s.copy(t)
	if first := s.apply(calm, "nobody", "-parallelism=1"); first.status != 0 {
		t.Fatalf("the undisturbed apply ended with %d:\n%s", first.status, first.output)
	}
	end := s.end(t, calm)
	wantBooks, records := books(t, calm)
	table := &faultTable{title: "kill -9 on a realm file"}
	defer table.write(t)
	step := 1
	if os.Getenv(faultsVariable) == "" {
		step = 29
	}
	secretly := "" // a step that makes a secret: its boundaries are never left out
	for _, r := range records {
		if r.Outcome != nil && len(r.Outcome.Generated) > 0 {
			secretly = r.Outcome.StepID
		}
	}
	t.Run("rows", func(t *testing.T) {
		for _, who := range []string{"host", "plugin"} {
			for i, b := range boundaries(records) {
				if i%step != 0 && !strings.HasSuffix(b.what, " "+secretly) {
					continue
				}
				t.Run(fmt.Sprintf("%s_%s_%d", who, b.moment, b.sequence), func(t *testing.T) {
					t.Parallel()
					folder := s.copy(t)
					died := s.apply(folder, killAt(who, b.moment, b.sequence), "-parallelism=1")
					row := faultRow{done: fmt.Sprintf("%s killed %s record %d, %s", who, b.moment, b.sequence, b.what),
						ended: fmt.Sprintf("status %d", died.status)}
					if died.status < 0 {
						row.ended = "killed"
					}
					row.same = s.resume(t, folder, end, wantBooks)
					table.add(row)
				})
			}
		}
	})
}
