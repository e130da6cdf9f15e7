package applying_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/recounting"
	"github.com/rehome-iam/rehome/engine/undoing"
	"github.com/rehome-iam/rehome/providers/realmfile"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// directory is an incumbent in this process that has two groups.
type directory struct{}

func (directory) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{Name: "directory", Version: "1.0.0", Doc: "A directory.",
		Kinds: []identity.Kind{identity.KindGroup}}
}

func (directory) Configure(context.Context, map[string]any) diag.List { return nil }

func (directory) Identify(context.Context) (contract.SourceIdentity, error) {
	return contract.SourceIdentity{Tenant: "corp"}, nil
}

func (directory) Collect(ctx context.Context, sink sdk.Sink) error {
	for id, name := range map[string]string{"1": "Crew", "2": "Office"} {
		item, err := identity.NewItem(identity.KindGroup, id, name, kinds.Group{Name: name, Type: "local", Origin: "local"})
		if err != nil {
			return err
		}
		if err := sink.Items(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

func (directory) Secret(context.Context, identity.ItemID, string) (string, error) {
	return "", errors.New("there is none")
}

// place is a folder with a migration into a realm file. Each call of open is a command of its own.
type place struct {
	t      *testing.T
	folder string
	mutex  sync.Mutex
	now    time.Time
}

func newPlace(t *testing.T) *place {
	t.Helper()
	s := &place{t: t, folder: t.TempDir(), now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	configuration := fmt.Sprintf(`migration "corp" {
  tenant = "acme"
  mode   = "first_run_adoption"
}
source "directory" "corp" {}
target "realmfile" "portal" {
  path  = %q
  realm = "corp"
}
`, filepath.Join(s.folder, "realm.json"))
	if err := os.WriteFile(filepath.Join(s.folder, "main.rehome.hcl"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := state.MakeIdentity(filepath.Join(s.folder, ".rehome", "identity.txt")); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *place) open(change ...func(*project.Settings)) *project.Project {
	settings := project.Settings{
		Folder: s.folder, Command: "rehome test", Host: "host", Account: "operator", PID: os.Getpid(),
		Now: func() time.Time {
			s.mutex.Lock()
			defer s.mutex.Unlock()
			s.now = s.now.Add(time.Millisecond) // plans of one second must know which came first
			return s.now
		},
		Backend: projecttest.Backend,
		Local: map[string]func(context.Context) (net.Conn, error){
			"directory": sdk.LocalSource(func() sdk.Source { return directory{} }),
			"realmfile": sdk.LocalTarget(func() sdk.Target { return realmfile.New("1.0.0") }),
		},
	}
	for _, c := range change {
		c(&settings)
	}
	p := project.New(settings)
	s.t.Cleanup(p.Close)
	return p
}

// plan writes a plan file and returns its hash.
func (s *place) plan() string {
	s.t.Helper()
	report, err := planning.Plan(s.t.Context(), s.open(), planning.Input{}, "plan.rehome")
	if err != nil || report.Draft() || report.Plan.Summary.Create != 2 {
		s.t.Fatalf("error %v, plan %+v", err, report)
	}
	return report.Plan.PlanHash
}

func (s *place) realm() string {
	content, err := os.ReadFile(filepath.Join(s.folder, "realm.json"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	return string(content)
}

func (s *place) has(groups ...string) {
	s.t.Helper()
	for _, name := range []string{"Crew", "Office"} {
		wanted := strings.Contains(strings.Join(groups, " "), name)
		if got := strings.Contains(s.realm(), `"name": "`+name+`"`); got != wanted {
			s.t.Errorf("group %s is in the realm: %v\n%s", name, got, s.realm())
		}
	}
}

func input(hash string) applying.Input {
	return applying.Input{File: "plan.rehome", Hash: hash, Workers: 1, Back: undoing.Way{}}
}

func code(err error) string {
	var one diag.Diagnostic
	if errors.As(err, &one) {
		return one.Code
	}
	return fmt.Sprint(err)
}

func TestApply_CarriesOutWhatWasApprovedReadsItBackAndTakesItBack(t *testing.T) {
	s, ctx := newPlace(t), t.Context()
	hash := s.plan()
	_, err := applying.Apply(ctx, s.open(), input("sha256:0000"))
	var refused *project.Refusal
	if !errors.As(err, &refused) || refused.Cause != project.CauseHash || code(err) != "plan-hash-mismatch" {
		t.Errorf("another hash: %v", err)
	}
	if _, err := applying.Apply(ctx, s.open(), input("")); code(err) != "plan-hash-missing" {
		t.Errorf("nobody to ask: %v", err)
	}
	s.has()
	report, err := applying.Apply(ctx, s.open(), input(hash))
	if err != nil || report.Run.Status != history.StatusCompleted || report.Steps.Count(history.Applied) != 2 ||
		report.Undone() != 0 {
		t.Fatalf("error %v, report %+v", err, report)
	}
	s.has("Crew", "Office")

	runs, err := recounting.Runs(ctx, s.open())
	if err != nil || len(runs) != 1 || runs[0].ID != report.Run.ID {
		t.Fatalf("error %v, runs %+v", err, runs)
	}
	shown, err := recounting.ShowRun(ctx, s.open(), "")
	if err != nil || len(shown.Steps) != len(report.Plan.Steps) || shown.Plan.Hash != hash {
		t.Fatalf("error %v, shown %+v", err, shown)
	}
	created := 0
	for _, row := range shown.Steps {
		if row.State == history.StateCreated && row.StartedAt != nil && row.EndedAt != nil {
			created++
		}
	}
	if created != 2 {
		t.Errorf("rows %+v", shown.Steps)
	}
	if _, err := recounting.ShowRun(ctx, s.open(), "r-none"); code(err) != "run-unknown" {
		t.Error(err)
	}

	cost, err := undoing.CostOf(ctx, s.open(), true)
	if err != nil || cost.Deletes != 2 || cost.Checked.Stay+cost.Checked.Deletes != 2 {
		t.Fatalf("error %v, cost %+v", err, cost)
	}
	back, err := undoing.Plan(ctx, s.open(), "", "back.rehome")
	if err != nil || back.Plan.Rollback.Run != report.Run.ID {
		t.Fatalf("error %v, plan %+v", err, back)
	}
	in := input(back.Plan.PlanHash)
	in.File = "" // the state knows the hash as that of a way back
	taken, err := applying.Apply(ctx, s.open(), in)
	if err != nil || taken.Undone() != 0 || taken.Run.RollbackOf != report.Run.ID {
		t.Fatalf("error %v, report %+v", err, taken)
	}
	s.has()
	if cost, err := undoing.CostOf(ctx, s.open(), false); err != nil || cost != nil {
		t.Errorf("error %v, there is still something to take back: %+v", err, cost)
	}
}

func TestApply_ARunThatWasInterruptedGoesOn(t *testing.T) {
	s := newPlace(t)
	hash := s.plan()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	in := input(hash)
	in.Watch = func(_ journal.Moment, _ int, record journal.Record) {
		if record.Intend != nil {
			stop() // while the first step is in flight
		}
	}
	first, err := applying.Apply(ctx, s.open(), in)
	if first == nil || !first.Interrupted || first.Run.Status != history.StatusFailed ||
		first.Steps.Count(history.Applied) != 1 || first.Steps.Count(history.NotStarted) != 1 {
		t.Fatalf("error %v, report %+v", err, first)
	}
	second, err := applying.Apply(t.Context(), s.open(), input(hash))
	if err != nil || second.Run.ID != first.Run.ID || second.Run.Status != history.StatusCompleted ||
		second.Steps.Count(history.Already) != 1 || second.Steps.Count(history.Applied) != 1 {
		t.Fatalf("error %v, report %+v", err, second)
	}
	s.has("Crew", "Office")
	runs, err := recounting.Runs(t.Context(), s.open())
	if err != nil || len(runs) != 1 || runs[0].Status != history.StatusCompleted {
		t.Errorf("error %v, runs %+v", err, runs)
	}
}

// typing is a person who types one line.
type typing struct{ line string }

func (typing) Possible() bool { return true }

func (a typing) Line(context.Context, string) (string, error) {
	if a.line == "" {
		return "", io.EOF
	}
	return a.line, nil
}

func (a typing) Secret(ctx context.Context, question string) (string, error) {
	return a.Line(ctx, question)
}

func TestApply_APersonTypesTheBeginningOfTheHashOfAPlanThatWasShown(t *testing.T) {
	s := newPlace(t)
	hash := s.plan()
	digits := strings.TrimPrefix(hash, "sha256:")
	for _, c := range []struct{ typed, want string }{
		{"", "nothing was typed, so nothing was applied"}, {digits[:7], "plan-hash-mismatch"},
		{"00000000", "plan-hash-mismatch"},
		{digits[:8], "<nil>"},
	} {
		shown := 0
		in := input("")
		in.Show = func(p *plan.Plan) error {
			shown++
			if p.PlanHash != hash {
				t.Errorf("%s was shown", p.PlanHash)
			}
			return nil
		}
		_, err := applying.Apply(t.Context(), s.open(func(settings *project.Settings) { settings.Ask = typing{c.typed} }), in)
		if code(err) != c.want || shown != 1 {
			t.Errorf("%q: %v, shown %d times", c.typed, err, shown)
		}
	}
	s.has("Crew", "Office")
}

func TestApply_RefusesALockIDThatNobodyCouldType(t *testing.T) {
	s := newPlace(t)
	in := input(s.plan())
	in.Lock = "two words"
	if _, err := applying.Apply(t.Context(), s.open(), in); code(err) != "lock-id-invalid" {
		t.Error(err)
	}
	s.has()
}

func TestFollowUps_AreClosedOnceWithANote(t *testing.T) {
	s, ctx := newPlace(t), t.Context()
	if listed, err := recounting.FollowUps(ctx, s.open(), true); err != nil || listed == nil || len(listed) != 0 {
		t.Errorf("error %v, listed %+v", err, listed)
	}
	p := s.open()
	migration, err := p.StateForChange(ctx)
	if err != nil {
		t.Fatal(err)
	}
	run := history.Run{ID: "r-1", Status: history.StatusStarted, StartedAt: p.Now()}
	steps := []lifecycle.PlannedStep{{StepID: "a", Title: "rebuild", FollowUp: true, At: p.Now()}}
	if err := errors.Join(migration.PutRun(run, state.Event{}),
		migration.PutRunPlan(run, steps, []state.Event{{}})); err != nil {
		t.Fatal(err)
	}
	if _, err := recounting.CloseFollowUp(ctx, s.open(), "f-9", "x"); code(err) != "follow-up-unknown" {
		t.Error(err)
	}
	closed, err := recounting.CloseFollowUp(ctx, s.open(), "f-1", "done by hand")
	if err != nil || closed.Open != 0 || closed.FollowUp.Note != "done by hand" {
		t.Fatalf("error %v, closed %+v", err, closed)
	}
	if _, err := recounting.CloseFollowUp(ctx, s.open(), "f-1", "x"); code(err) != "follow-up-closed" {
		t.Error(err)
	}
	for all, want := range map[bool]int{true: 1, false: 0} {
		if listed, err := recounting.FollowUps(ctx, s.open(), all); err != nil || len(listed) != want {
			t.Errorf("error %v, listed %+v", err, listed)
		}
	}
}
