package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
)

// masks are what differs from one run of a script to the next. Each id gets a number in the order in which the ids
// appear.
var masks = []struct {
	name    string
	pattern *regexp.Regexp
}{
	{"SNAPSHOT", regexp.MustCompile(`\bs-\d{4}-\d\d-\d\d-[0-9a-f]{8}\b`)},
	{"ASSESSMENT", regexp.MustCompile(`\ba-\d{4}-\d\d-\d\d-[0-9a-f]{8}\b`)},
	{"person", regexp.MustCompile(`\bperson-[a-z2-7]{10}\b`)},
	{"HASH", regexp.MustCompile(`\bsha256:[0-9a-f]{64}\b`)},
}

var (
	maskedTime = regexp.MustCompile(`\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d UTC|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	maskedTook = regexp.MustCompile(`took (less than )?[0-9.]+ s`)
	maskedPart = regexp.MustCompile(`failed +\d+ +\d+ `) // how far a failed read came depends on who was faster
	maskedMany = regexp.MustCompile(`(failed, begun [a-z0-9 ]+,) [0-9,]+ items?`)
	maskedMaps = regexp.MustCompile(`map blocks [0-9a-f]{8}`)
	maskedAddr = regexp.MustCompile(`127\.0\.0\.1(:|%3A)\d+`)
)

func mask(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		path := ts.MkAbs(name)
		text := ts.ReadFile(name)
		for _, m := range masks {
			numbers := map[string]string{}
			text = m.pattern.ReplaceAllStringFunc(text, func(id string) string {
				if numbers[id] == "" {
					numbers[id] = fmt.Sprintf("%s-%d", m.name, len(numbers)+1)
				}
				return numbers[id]
			})
		}
		text = maskedTime.ReplaceAllString(text, "TIME")
		text = maskedTook.ReplaceAllString(text, "took TIME")
		text = maskedPart.ReplaceAllString(text, "failed N N ")
		text = maskedMany.ReplaceAllString(text, "$1 N items")
		text = maskedMaps.ReplaceAllString(text, "map blocks DIGEST")
		text = maskedAddr.ReplaceAllString(text, "LAB")
		ts.Check(os.WriteFile(path, []byte(text), 0o600))
	}
}

func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		content, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && strings.Contains(string(content), args[1]) {
			return
		}
	}
	ts.Fatalf("%s does not hold %q", args[0], args[1])
}

// withState opens the state of the folder that the script is in.
func withState(ts *testscript.TestScript, do func(*state.Migration)) {
	withStore(ts, func(store *state.Store) { do(onlyMigration(scriptFatal{ts}, store)) })
}

// scriptFatal ends a script as a test ends.
type scriptFatal struct{ ts *testscript.TestScript }

// Fatal implements the part of testing.T that onlyMigration needs.
func (f scriptFatal) Fatal(args ...any) { f.ts.Fatalf("%s", fmt.Sprint(args...)) }

// withStore is withState for what belongs to no migration.
func withStore(ts *testscript.TestScript, do func(*state.Store)) {
	identities, err := state.Identities("", ts.MkAbs(".rehome/identity.txt"))
	ts.Check(err)
	backend, err := bolt.Open(ts.MkAbs(".rehome/state.db"), 5*time.Second, bolt.Holder{Command: "test"})
	ts.Check(err)
	store, err := state.Open(context.Background(), backend, identities)
	ts.Check(err)
	defer store.Close()
	do(store)
}

func audited(ts *testscript.TestScript, negated bool, args []string) {
	withStore(ts, func(store *state.Store) {
		chain, err := store.Audit()
		ts.Check(err)
		found := false
		for _, record := range chain {
			encoded, err := json.Marshal(record.Event)
			ts.Check(err)
			fits := string(record.Event.Name) == args[0]
			for _, text := range args[1:] {
				fits = fits && strings.Contains(string(encoded), text)
			}
			found = found || fits
		}
		if found == negated {
			ts.Fatalf("event %s in the audit chain: %v", strings.Join(args, " "), found)
		}
	})
}

// labKey finds the keptLab of a script.
type labKey struct{}

// keptLab is a practice organisation whose address stays while its data and faults change, so that what a script
// compares differs only in what the script changed.
type keptLab struct {
	data    fstest.MapFS
	handler atomic.Pointer[labokta.Server]
	started bool
}

// ServeHTTP implements http.Handler.
func (k *keptLab) ServeHTTP(w http.ResponseWriter, r *http.Request) { k.handler.Load().ServeHTTP(w, r) }

func (k *keptLab) use(ts *testscript.TestScript, options labokta.Options) {
	k.unwritten(ts)
	lab, err := labokta.New(k.data, options)
	ts.Check(err)
	k.handler.Store(lab)
}

// unwritten fails when somebody tried to write to the source.
func (k *keptLab) unwritten(ts *testscript.TestScript) {
	if lab := k.handler.Load(); lab != nil && lab.Writes() > 0 {
		ts.Fatalf("the source got %d requests that write", lab.Writes())
	}
}

func keptOkta(ts *testscript.TestScript, _ bool, args []string) {
	k := ts.Value(labKey{}).(*keptLab)
	if k.data == nil {
		k.data = fstest.MapFS{}
		folder := os.DirFS(mustAbs(ts, tenantFolder))
		names, err := fs.Glob(folder, "*.json")
		ts.Check(err)
		for _, name := range names {
			content, err := fs.ReadFile(folder, name)
			ts.Check(err)
			k.data[name] = &fstest.MapFile{Data: content}
		}
	}
	fault, err := labfault.Parse(append(args, "", "")[0], append(args, "", "")[1])
	ts.Check(err)
	k.use(ts, labokta.Options{Fault: fault, RatePerMinute: -1})
	if k.started {
		return
	}
	k.started = true
	server := httptest.NewTLSServer(k)
	ts.Defer(func() {
		server.Close()
		k.unwritten(ts)
	})
	ca := ts.MkAbs("ca.pem")
	ts.Check(os.WriteFile(ca, certificate(server), 0o600))
	ts.Setenv("REHOME_VAR_okta_url", server.URL)
	ts.Setenv("REHOME_VAR_okta_ca_file", ca)
	ts.Setenv("REHOME_VAR_okta_token", labokta.DefaultToken)
}

func editOkta(ts *testscript.TestScript, _ bool, args []string) {
	k := ts.Value(labKey{}).(*keptLab)
	before := string(k.data[args[0]].Data)
	after := strings.ReplaceAll(before, args[1], args[2])
	if before == after {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	k.data[args[0]] = &fstest.MapFile{Data: []byte(after)}
	k.use(ts, labokta.Options{RatePerMinute: -1})
}

func checkPages(ts *testscript.TestScript, _ bool, args []string) {
	lines := strings.Split(strings.TrimSpace(ts.ReadFile(args[0])), "\n")
	if want := args[1]; strconv.Itoa(len(lines)) != want {
		ts.Fatalf("%s has %d pages, want %s", args[0], len(lines), want)
	}
	for n, line := range lines {
		var page struct{ SHA256, Body string }
		ts.Check(json.Unmarshal([]byte(line), &page))
		if sum := sha256.Sum256([]byte(page.Body)); hex.EncodeToString(sum[:]) != page.SHA256 {
			ts.Fatalf("page %d does not have its digest", n+1)
		}
	}
}

func sameField(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(regexp.QuoteMeta(`"`+args[0]+`":`) + `\s*(.+)`)
	a, b := pattern.FindString(ts.ReadFile(args[1])), pattern.FindString(ts.ReadFile(args[2]))
	if a == "" || a != b {
		ts.Fatalf("%s: %q is not %q", args[0], a, b)
	}
}

func failedSnapshot(ts *testscript.TestScript, _ bool, _ []string) {
	withState(ts, func(store *state.Migration) {
		snapshots, err := store.Snapshots()
		ts.Check(err)
		for _, snapshot := range snapshots {
			if snapshot.Status == state.SnapshotFailed {
				ts.Setenv("FAILED", snapshot.ID)
				return
			}
		}
		ts.Fatalf("no snapshot failed")
	})
}

func beginAssessment(ts *testscript.TestScript, _ bool, _ []string) {
	withState(ts, func(store *state.Migration) {
		snapshots, err := store.Snapshots()
		ts.Check(err)
		ts.Check(store.BeginAssessment(state.Assessment{ID: "a-2026-11-22-0000dead", Snapshot: snapshots[0].ID,
			Source: snapshots[0].Source, StartedAt: time.Now()}))
	})
}

func snapshotID(ts *testscript.TestScript, _ bool, args []string) {
	withState(ts, func(store *state.Migration) {
		snapshots, err := store.Snapshots()
		ts.Check(err)
		n, err := strconv.Atoi(args[0])
		ts.Check(err)
		ts.Setenv(args[1], snapshots[n].ID)
	})
}

func renameSource(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.Replace(ts.ReadFile(args[0]), `source "okta" "`+args[1]+`"`, `source "okta" "`+args[2]+`"`, 1)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// notesNameFields checks what every result of an assessment carries: class, rationale, impacts, and notes that name
// their field.
func notesNameFields(ts *testscript.TestScript, _ bool, _ []string) {
	named := regexp.MustCompile(`^[\w.\[\]@/-]+: \S`)
	withState(ts, func(store *state.Migration) {
		all, err := store.Assessments()
		ts.Check(err)
		count := 0
		for r, err := range reading.Results(store, all[0].ID) {
			ts.Check(err)
			count++
			if r.Rationale == "" || r.OperatorImpact == "" || r.UserImpact == "" ||
				(r.Class == assess.ClassBlocked) != (r.BlockedReason != "") || (r.Class.Imported() && r.Contract == "") {
				ts.Fatalf("%s lacks something: %+v", r.Address, r)
			}
			for _, note := range append(append([]string{}, r.Notes...), r.Missing...) {
				if !named.MatchString(note) {
					ts.Fatalf("%s has a note without a field: %q", r.Address, note)
				}
			}
		}
		if count != all[0].Total() {
			ts.Fatalf("%d results, the assessment counts %d", count, all[0].Total())
		}
	})
}
