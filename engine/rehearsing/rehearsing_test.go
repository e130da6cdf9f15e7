package rehearsing_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/proving"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/engine/rehearsing"
	"github.com/rehome-iam/rehome/engine/scratch"
	"github.com/rehome-iam/rehome/engine/undoing"
	"github.com/rehome-iam/rehome/providers/realmfile"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/state"
)

// stage is a place with two groups that were collected, and a rehearsal block that names a file of its own.
func stage(t *testing.T) *projecttest.Place {
	t.Helper()
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Engineering", "Sales")...)
	var ticks atomic.Int64 // runs are ordered by their times
	place.Now = func() time.Time { return place.At.Add(time.Duration(ticks.Add(1)) * time.Millisecond) }
	block(place, filepath.Join(place.Folder, "scratch.json"))
	if err := reading.CollectNamed(t.Context(), place.Open(), nil, func(state.Snapshot) {}); err != nil {
		t.Fatal(err)
	}
	return place
}

// block writes the rehearsal block.
func block(place *projecttest.Place, path string) {
	place.Write("rehearsal.rehome.hcl",
		fmt.Sprintf("rehearsal \"realmfile\" \"scratch\" {\n  path  = %q\n  realm = \"acme\"\n}\n", path))
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var d diag.Diagnostic
	if !errors.As(err, &d) || d.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func input() rehearsing.Input {
	return rehearsing.Input{Workers: 2, Real: rehearsing.Real{
		CarryOut: applying.Unapproved(undoing.Way{}, nil), TakeBack: undoing.Prepare, Did: proving.Did,
	}}
}

func TestRehearse_LeavesNothingButItsReport(t *testing.T) {
	place := stage(t)
	report, err := rehearsing.Rehearse(t.Context(), place.Open(), input())
	if err != nil {
		t.Fatal(err)
	}
	if !report.Passed() || len(report.Parts) != 4 || report.Parts[0].Steps != 2 || report.Parts[2].Steps != 2 {
		t.Errorf("the report says %+v", report)
	}
	if report.Forecast == nil || report.Forecast.Steps != 2 || report.Forecast.Unseen != 0 {
		t.Errorf("the forecast is %+v", report.Forecast)
	}
	for _, name := range []string{"realm.json", "scratch.json"} {
		if _, err := os.Stat(filepath.Join(place.Folder, name)); !os.IsNotExist(err) {
			t.Errorf("%s was made: %v", name, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(place.Folder, ".rehome", "rehearsal-*")); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
	p := place.Open()
	kept, err := rehearsing.List(t.Context(), p)
	if err != nil || len(kept) != 1 || !kept[0].Passed || kept[0].Report.PlanHash != report.PlanHash {
		t.Errorf("the state keeps %+v, %v", kept, err)
	}
	runs, err := p.Migration().Runs()
	plans, failed := p.Migration().Plans()
	if len(runs)+len(plans) > 0 || err != nil || failed != nil {
		t.Errorf("the state knows of %v %v, %v %v", runs, plans, err, failed)
	}
	if said := strings.Join(place.Heard.Notes(), "\n"); !strings.Contains(said, "Applying 2 steps in new realm file") ||
		!strings.Contains(said, "Rolling back 2 steps") {
		t.Errorf("it said %s", said)
	}
}

func TestRehearse_SaysWhatItNeeds(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Engineering")...)
	_, err := rehearsing.Rehearse(t.Context(), place.Open(), input())
	wantCode(t, err, "rehearsal-missing")
	block(place, "scratch.json")
	_, err = rehearsing.Rehearse(t.Context(), place.Open(), input())
	wantCode(t, err, "rehearsal-no-snapshot")
}

func TestRehearse_ADraftIsNotCarriedOut(t *testing.T) {
	place := stage(t)
	place.Write("check.rehome.hcl",
		"check \"few\" {\n  condition     = summary.create < 2\n  error_message = \"too many\"\n}\n")
	_, err := rehearsing.Rehearse(t.Context(), place.Open(), input())
	var draft *planning.DraftError
	if !errors.As(err, &draft) || len(draft.Plan.Handoff.Blockers) != 1 {
		t.Errorf("got %v", err)
	}
}

func TestRehearse_NothingToDoIsNoProof(t *testing.T) {
	place := stage(t)
	place.Items = nil
	if err := reading.CollectNamed(t.Context(), place.Open(), nil, func(state.Snapshot) {}); err != nil {
		t.Fatal(err)
	}
	_, err := rehearsing.Rehearse(t.Context(), place.Open(), input())
	wantCode(t, err, "rehearsal-empty")
}

func TestRehearse_KeepsItsFolderWhereItIsTold(t *testing.T) {
	place := stage(t)
	in := input()
	in.Keep, in.Part.Excludes = "kept", []string{"group:/Sales"}
	report, err := rehearsing.Rehearse(t.Context(), place.Open(), in)
	if err != nil || !slices.Contains(report.Notes, "Only a part was rehearsed, by -exclude=group:/Sales.") {
		t.Errorf("%+v %v", report, err)
	}
	if _, err := os.Stat(filepath.Join(place.Folder, "kept", "state.db")); err != nil {
		t.Error(err)
	}
	_, err = rehearsing.Rehearse(t.Context(), place.Open(), in)
	if err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("it is written over: %v", err)
	}
}

// server is a realm file that says it is a server: a rehearsal works on itself, not on a copy.
type server struct {
	*realmfile.Target
	stripped []string
	path     string
}

// Configure implements sdk.Target.
func (s *server) Configure(ctx context.Context, arguments map[string]any) diag.List {
	s.path, _ = arguments["path"].(string)
	return s.Target.Configure(ctx, arguments)
}

// Schema implements sdk.Target.
func (s *server) Schema() contract.ProviderSchema {
	schema := s.Target.Schema()
	schema.Config = slices.Clone(schema.Config)
	for i := range schema.Config {
		schema.Config[i].TargetFile = false
	}
	return schema
}

// Identify implements sdk.Target. Each file is a server of its own; how its path is written is its address.
func (s *server) Identify(ctx context.Context) (contract.TargetIdentity, error) {
	who, err := s.Target.Identify(ctx)
	who.Identity = "server of " + s.path
	return who, err
}

// Blueprint implements sdk.BlueprintMaker.
func (s *server) Blueprint(_ context.Context, name string) (observation.Blueprint, error) {
	return observation.Blueprint{Name: name, Document: []byte("{}"), Stripped: s.stripped}, nil
}

func serve(place *projecttest.Place, stripped ...string) {
	place.Local["realmfile"] = sdk.LocalTarget(func() sdk.Target {
		return &server{Target: realmfile.New("1.0.0"), stripped: stripped}
	})
}

func TestRehearse_AServerIsCleanAgainAfterwards(t *testing.T) {
	place := stage(t)
	serve(place)
	for range 2 { // as it was, it is good for another one
		report, err := rehearsing.Rehearse(t.Context(), place.Open(), input())
		if err != nil || !report.Passed() {
			t.Fatalf("%+v %v", report, err)
		}
	}
	if strings.Contains(place.Read("scratch.json"), "Engineering") || place.Read("realm.json") != "" {
		t.Errorf("left are %s and %s", place.Read("scratch.json"), place.Read("realm.json"))
	}
}

func TestRehearse_WhatReachesPeopleIsRefused(t *testing.T) {
	place := stage(t)
	serve(place, "mail server m.example")
	_, err := rehearsing.Rehearse(t.Context(), place.Open(), input())
	wantCode(t, err, "rehearsal-target-refused")
	if place.Read("scratch.json") != "" {
		t.Error("it was written to")
	}
}

func TestRehearse_TheTargetUnderAnotherAddressIsRefused(t *testing.T) {
	place := stage(t)
	serve(place)
	block(place, filepath.Dir(place.Realm)+"/./realm.json")
	_, err := rehearsing.Rehearse(t.Context(), place.Open(), input())
	wantCode(t, err, "rehearsal-target-refused")
	if err == nil || !strings.Contains(err.Error(), "under another address") {
		t.Errorf("got %v", err)
	}
	for _, left := range []string{"Engineering", "acme-rehearsal"} {
		if text := place.Read("realm.json"); strings.Contains(text, left) {
			t.Errorf("the target holds %s", text)
		}
	}
}

func TestPrepare_WritesANewPrivateFile(t *testing.T) {
	place := stage(t)
	if _, err := scratch.Prepare(t.Context(), place.Open(), "copy.json", "scratch"); err == nil {
		t.Error("a file is copied")
	} else {
		wantCode(t, err, "rehearsal-needs-no-copy")
	}
	serve(place, "mail server m.example")
	blueprint, err := scratch.Prepare(t.Context(), place.Open(), "copy.json", "scratch")
	if err != nil || blueprint.Name != "scratch" || len(blueprint.Stripped) != 1 || place.Read("copy.json") != "{}" {
		t.Errorf("%+v %v", blueprint, err)
	}
	if _, err := scratch.Prepare(t.Context(), place.Open(), "copy.json", "scratch"); err == nil {
		t.Error("a file that is there is written over")
	}
}

func TestRehearse_InterruptedItSaysWhatIsLeft(t *testing.T) {
	place := stage(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	place.Local["realmfile"] = sdk.LocalTarget(func() sdk.Target {
		return interrupting{Target: realmfile.New("1.0.0"), stop: stop}
	})
	_, err := rehearsing.Rehearse(ctx, place.Open(), input())
	wantCode(t, err, "rehearsal-stopped")
	if err == nil || !strings.Contains(err.Error(), "It was interrupted. It worked on a copy of the file") {
		t.Errorf("got %v", err)
	}
	if kept, err := rehearsing.List(t.Context(), place.Open()); err != nil || len(kept) > 0 {
		t.Errorf("the state keeps %v %v", kept, err)
	}
}

// interrupting is a realm file that interrupts the work with its first step.
type interrupting struct {
	*realmfile.Target
	stop func()
}

// Apply implements sdk.Target.
func (i interrupting) Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	i.stop()
	return i.Target.Apply(ctx, step)
}
