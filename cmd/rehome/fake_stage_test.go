package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rehome-iam/rehome/state/journal"
)

const fakeConfiguration = `rehome {
  required_providers {
    fakesource = { source = "rehome/fakesource" }
    faketarget = { source = "rehome/faketarget" }
  }
}

migration "acme" {
  tenant = "acme"
  mode   = "merge_into_existing"
}

source "fakesource" "old" {}

target "faketarget" "new" {}

merge "group" "sales" {
  where     = item.name == "sales"
  decision  = "reconcile"
  overwrite = ["purpose"]
}

merge "group" "guests" {
  where    = item.name == "guests"
  decision = "map_to_existing"
  target   = "team:guests"
}
`

// fakeStage is a stage whose target is the fake: each copy gets a server of its own.
type fakeStage struct {
	*stage
	start   *fakeServer // what a row begins with
	mutex   sync.Mutex
	servers map[string]*fakeServer // by folder
}

// row is a copy of the stage with a server of its own.
func (f *fakeStage) row(t *testing.T) (string, *fakeServer, *fakeSpoiler) {
	t.Helper()
	folder, server := f.copy(t), f.start.copy()
	spoil := server.start(t, folder)
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.servers[folder] = server
	return folder, server, spoil
}

func (f *fakeStage) server(folder string) *fakeServer {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.servers[folder]
}

// calm is what an undisturbed run comes to.
func (f *fakeStage) calm(t *testing.T) (end, wantBooks string, records []journal.Record) {
	t.Helper()
	folder, server, _ := f.row(t)
	if first := f.apply(folder, "nobody", "-parallelism=1"); first.status != 0 {
		t.Fatalf("the undisturbed apply ended with %d:\n%s", first.status, first.output)
	}
	wantBooks, records = books(t, folder)
	return server.end(), wantBooks, records
}

// taken is the stage of the rollback of an undisturbed run, in whose folders its plan waits to be applied.
func (f *fakeStage) taken(t *testing.T) *fakeStage {
	t.Helper()
	folder, server, _ := f.row(t)
	if first := f.apply(folder, "nobody", "-parallelism=1"); first.status != 0 {
		t.Fatalf("the apply ended with %d:\n%s", first.status, first.output)
	}
	if planned := f.rehome(folder, "rollback", "-out=back.rehome"); planned.status != 0 {
		t.Fatalf("planning the rollback ended with %d:\n%s", planned.status, planned.output)
	}
	p, err := readPlanFile(filepath.Join(folder, "back.rehome"))
	if err == nil {
		err = errors.Join(os.Remove(filepath.Join(folder, "secrets.json")), os.Rename(filepath.Join(folder, "back.rehome"),
			filepath.Join(folder, "plan.rehome")))
	}
	if err != nil {
		t.Fatal(err)
	}
	back := &fakeStage{start: server, servers: map[string]*fakeServer{}}
	back.stage = &stage{t: t, folder: folder, hash: p.PlanHash, variable: f.variable}
	back.look()
	return back
}

func (f *fakeStage) look() {
	f.end = func(_ *testing.T, folder string) string { return f.server(folder).end() }
	f.secrets = func(_ *testing.T, folder string) map[string]string { return f.server(folder).secrets() }
}

// newFakeStage plans the fake incumbent into the fake target.
func newFakeStage(t *testing.T) *fakeStage {
	t.Helper()
	t.Chdir(".")
	j := &journey{t: t, folder: t.TempDir(), plugins: t.TempDir()}
	var overrides []string
	for _, name := range []string{fakeSourceName, fakeTargetName} {
		path := filepath.Join(j.plugins, pluginPrefix+name)
		if err := os.Symlink(os.Args[0], path); err != nil {
			t.Fatal(err)
		}
		overrides = append(overrides, name+"="+path)
	}
	j.variable = append(j.variable, "REHOME_DEV_OVERRIDES="+strings.Join(overrides, ","))
	if err := os.WriteFile(filepath.Join(j.folder, "main.rehome.hcl"), []byte(fakeConfiguration), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &fakeStage{start: newFakeServer(), servers: map[string]*fakeServer{}}
	f.start.start(t, j.folder)
	j.run(0, "init")
	j.run(0, "collect")
	j.run(0, "plan", "-out=plan.rehome")
	p, err := readPlanFile(filepath.Join(j.folder, "plan.rehome"))
	if err != nil {
		t.Fatal(err)
	}
	f.stage = &stage{t: t, folder: j.folder, hash: p.PlanHash, variable: j.variable, generated: 1}
	f.look()
	return f
}
