package planning_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/surveying"
)

// planned makes a plan, and fails the test when that fails.
func planned(t *testing.T, p *project.Project, in planning.Input, file string) *planning.Report {
	t.Helper()
	report, err := planning.Plan(t.Context(), p, in, file)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func code(err error) string {
	var one diag.Diagnostic
	var list diag.List
	switch {
	case errors.As(err, &one):
		return one.Code
	case errors.As(err, &list) && len(list) > 0:
		return list[0].Code
	}
	return ""
}

func stepIDs(p *plan.Plan) []string {
	var ids []string
	for _, step := range p.Steps {
		if step.Disposition == plan.DispositionPlanned && step.Action != plan.ActionNone {
			ids = append(ids, string(step.Action)+" "+step.ID)
		}
	}
	return ids
}

func TestPlan_CollectsWhatIsMissingAndKeepsWhatItMade(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Finance", "Support")...)
	p := place.Open()
	report := planned(t, p, planning.Input{}, "plan.rehome")
	if report.Draft() || !report.Changes() || report.Saved != "plan.rehome" || len(report.Collected) != 1 {
		t.Fatalf("blockers %+v, saved %q, %d collected", report.Plan.Handoff.Blockers, report.Saved, len(report.Collected))
	}
	if got := stepIDs(report.Plan); !slices.Equal(got, []string{"create group:/Finance", "create group:/Support"}) {
		t.Errorf("the plan does %q", got)
	}
	again := planned(t, place.Open(), planning.Input{}, "")
	if again.Plan.PlanHash != report.Plan.PlanHash || len(again.Collected) != 0 || again.Saved != "" {
		t.Errorf("planned again: %s instead of %s, %d collected", again.Plan.PlanHash, report.Plan.PlanHash,
			len(again.Collected))
	}
	if refreshed := planned(t, place.Open(), planning.Input{Refresh: true}, ""); len(refreshed.Collected) != 1 {
		t.Error("nothing was collected anew")
	}
	if place.Read("realm.json") != "" {
		t.Error("planning wrote to the target")
	}
	if facts := place.Heard.Facts(); !slices.Contains(facts, "collect_completed") {
		t.Errorf("heard %q", facts)
	}
}

func TestShow_FindsAPlanByFileHashOrAsTheNewest(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Finance")...)
	if _, _, err := planning.Show(t.Context(), place.Open(), ""); code(err) != "plan-unknown" {
		t.Errorf("before any plan: %v", err)
	}
	hash := planned(t, place.Open(), planning.Input{}, "plan.rehome").Plan.PlanHash
	for name, file := range map[string]string{"": "", hash: "", hash[:14]: "", "plan.rehome": "plan.rehome"} {
		found, from, err := planning.Show(t.Context(), place.Open(), name)
		if err != nil || found.PlanHash != hash || from != file {
			t.Errorf("%q: %v from %q, %v", name, found, from, err)
		}
	}
	if _, _, err := planning.Show(t.Context(), place.Open(), "sha256:none"); code(err) != "plan-unknown" {
		t.Errorf("an unknown hash: %v", err)
	}
	if _, _, err := planning.Show(t.Context(), place.Open(), "none.rehome"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestPlan_IsADraftWhileAGateIsOpen(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Finance")...)
	place.Write("realm.json", `{"realm": "acme", "enabled": true, "groups": [{"name": "Finance", "path": "/Finance"}]}`)
	report := planned(t, place.Open(), planning.Input{}, "plan.rehome")
	if !report.Draft() || report.Saved != "" || place.Read("plan.rehome") != "" {
		t.Errorf("hash %q, saved %q", report.Plan.PlanHash, report.Saved)
	}
	if b := report.Plan.Handoff.Blockers; len(b) != 1 || b[0].Code != plan.BlockerPendingDecisions {
		t.Errorf("blockers %+v", b)
	}
}

const waves = `
wave "pilot" {
  kinds = ["group"]
  where = item.name == "Finance"
}

wave "rest" {
  kinds = ["group"]
  where = item.name == "Support"
  after = ["pilot"]
}
`

func TestPlan_OfAWaveWaitsForThoseBefore(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Finance", "Support")...)
	place.Write("waves.rehome.hcl", waves)
	pilot := planned(t, place.Open(), planning.Input{Part: planning.Part{Wave: "pilot"}}, "")
	if got := stepIDs(pilot.Plan); pilot.Draft() || !slices.Equal(got, []string{"create group:/Finance"}) {
		t.Errorf("the pilot does %q, blockers %+v", got, pilot.Plan.Handoff.Blockers)
	}
	rest := planned(t, place.Open(), planning.Input{Part: planning.Part{Wave: "rest"}}, "")
	if b := rest.Plan.Handoff.Blockers; len(b) != 1 || b[0].Code != plan.BlockerWaves ||
		!slices.Equal(b[0].Items, []string{"pilot"}) {
		t.Errorf("the rest is blocked by %+v", b)
	}
	part, back, err := planning.Made(t.Context(), place.Open(), pilot.Plan.PlanHash)
	if err != nil || part.Wave != "pilot" || back != "" {
		t.Errorf("the hash is of %+v, takes back %q, %v", part, back, err)
	}
	if part, _, err := planning.Made(t.Context(), place.Open(), "sha256:elsewhere"); err != nil || part.Wave != "" {
		t.Errorf("a hash of another state is of %+v, %v", part, err)
	}
	for _, c := range []struct {
		part planning.Part
		want string
	}{
		{planning.Part{Wave: "pilots"}, "wave-unknown"},
		{planning.Part{Wave: "pilot", Targets: []string{"group:/Finance"}}, "selection-conflict"},
	} {
		if _, err := planning.Plan(t.Context(), place.Open(), planning.Input{Part: c.part}, ""); code(err) != c.want {
			t.Errorf("%+v: %v", c.part, err)
		}
	}
}

func TestRecheck_AsksTheGatesAgain(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Finance")...)
	place.Write("checks.rehome.hcl",
		"check \"few\" {\n  condition     = summary.create < 2\n  error_message = \"too many\"\n}\n")
	made := planned(t, place.Open(), planning.Input{}, "").Plan
	if made.PlanHash == "" {
		t.Fatalf("blockers %+v", made.Handoff.Blockers)
	}
	if err := planning.Recheck(t.Context(), place.Open(), made, place.At); err != nil {
		t.Errorf("at once: %v", err)
	}
	err := planning.Recheck(t.Context(), place.Open(), made, place.At.Add(25*time.Hour))
	var refusal *project.Refusal
	if !errors.As(err, &refusal) || refusal.Cause != project.CauseGate ||
		!strings.Contains(err.Error(), plan.BlockerStaleSnapshot) {
		t.Errorf("a day later: %v", err)
	}
	if !slices.Contains(place.Heard.Facts(), "gate_refused") {
		t.Error("nobody was told")
	}
	place.Write("checks.rehome.hcl",
		"check \"few\" {\n  condition     = summary.create < 1\n  error_message = \"too many\"\n}\n")
	err = planning.Recheck(t.Context(), place.Open(), made, place.At)
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), "too many") {
		t.Errorf("under a stricter check: %v", err)
	}
	back := *made
	back.Rollback = &plan.Rollback{}
	if err := planning.Recheck(t.Context(), place.Open(), &back, place.At); err != nil {
		t.Errorf("the checks of the way forward stand in the way back: %v", err)
	}
}

func TestWriteFile_HidesPeopleFromWhoIsNotOfTheTeam(t *testing.T) {
	items := append(projecttest.Groups(t, "Finance"),
		projecttest.Item(t, identity.KindUser, "u1", "ada@acme.example", kinds.User{Username: "ada@acme.example",
			Status: identity.StatusActive}))
	place := projecttest.New(t, "acme", items...)
	var blocks strings.Builder
	for _, impact := range planned(t, place.Open(), planning.Input{}, "").Plan.Impacts {
		fmt.Fprintf(&blocks, "acknowledge %q {\n  reason = \"test\"\n}\n", impact.ID)
	}
	place.Write("acknowledged.rehome.hcl", blocks.String())
	report := planned(t, place.Open(), planning.Input{}, "plan.rehome")
	if report.Draft() {
		t.Fatalf("blockers %+v", report.Plan.Handoff.Blockers)
	}
	if !strings.HasPrefix(place.Read("plan.rehome"), "age-encryption.org/") {
		t.Fatal("a plan that names people is not encrypted")
	}
	read, err := planning.ReadFile(t.Context(), place.Open(), "plan.rehome")
	if err != nil || read.PlanHash != report.Plan.PlanHash {
		t.Errorf("read %v, %v", read, err)
	}
	stranger := projecttest.New(t, "acme")
	stranger.Write("plan.rehome", place.Read("plan.rehome"))
	if _, err := planning.ReadFile(t.Context(), stranger.Open(), "plan.rehome"); code(err) != "plan-file-key" {
		t.Errorf("a stranger reads it: %v", err)
	}
	if err := os.Remove(stranger.Folder + "/.rehome/identity.txt"); err != nil {
		t.Fatal(err)
	}
	if _, err := planning.ReadFile(t.Context(), stranger.Open(), "plan.rehome"); code(err) != "plan-file-key" ||
		!strings.Contains(err.Error(), "identity") {
		t.Errorf("without any identity: %v", err)
	}
	place.Write("team.rehome.hcl", "rehome {\n  recipients = [\"age1nobody\"]\n}\n")
	if _, err := planning.Plan(t.Context(), place.Open(), planning.Input{},
		"other.rehome"); code(err) != "recipient-invalid" {
		t.Errorf("a recipient that is no key: %v", err)
	}
}

func TestReadFile_BelievesTheSealOfPlannersThatItKnows(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Finance")...)
	report := planned(t, place.Open(), planning.Input{}, "plan.rehome")
	if report.Draft() {
		t.Fatalf("blockers %+v", report.Plan.Handoff.Blockers)
	}
	if read, err := planning.ReadFile(t.Context(), place.Open(), "plan.rehome"); err != nil ||
		read.PlanHash != report.Plan.PlanHash || read.ExpiresAt != report.Plan.ExpiresAt {
		t.Errorf("its own: %v, %v", read, err)
	}
	other := projecttest.New(t, "acme")
	other.Write("plan.rehome", place.Read("plan.rehome"))
	_, err := planning.ReadFile(t.Context(), other.Open(), "plan.rehome")
	if code(err) != "plan-file-stranger" || !strings.Contains(err.Error(), "apply -plan-hash="+report.Plan.PlanHash) {
		t.Fatalf("a stranger's: %v", err)
	}
	if shown, _, err := planning.Show(t.Context(), other.Open(), "plan.rehome"); err != nil ||
		shown.PlanHash != report.Plan.PlanHash || shown.Warnings[len(shown.Warnings)-1].Code != "plan-file-stranger" {
		t.Errorf("shown: %v, %v", shown, err)
	}
	planner := regexp.MustCompile(`ed25519:[\w-]+`).FindString(err.Error())
	other.Write("planners.rehome.hcl", "rehome {\n  trusted_planners = [\"ed25519:AAAA\"]\n}\n")
	if _, err := planning.ReadFile(t.Context(), other.Open(), "plan.rehome"); code(err) != "planner-invalid" {
		t.Errorf("a planner that is no key: %v", err)
	}
	other.Write("planners.rehome.hcl", "rehome {\n  trusted_planners = [\""+planner+"\"]\n}\n")
	if _, err := planning.ReadFile(t.Context(), other.Open(), "plan.rehome"); err != nil {
		t.Errorf("of a planner that is trusted: %v", err)
	}
}

func TestPlan_IsGoodForAsLongAsItAndItsSnapshotsMayBe(t *testing.T) {
	for name, c := range map[string]struct {
		block string
		want  time.Duration
	}{
		"unless set, a day":             {"", 24 * time.Hour},
		"its own age":                   {`max_plan_age = "2h"`, 2 * time.Hour},
		"that of the snapshots is less": {`max_snapshot_age = "3h"`, 3 * time.Hour},
		"nobody moves":                  {`max_people_snapshot_age = "1m"`, 24 * time.Hour},
	} {
		place := projecttest.New(t, "acme", projecttest.Groups(t, "Finance")...)
		place.Write("ages.rehome.hcl", "rehome {\n  "+c.block+"\n}\n")
		made := planned(t, place.Open(), planning.Input{}, "").Plan
		if want := place.At.Add(c.want).Format(time.RFC3339); made.ExpiresAt != want {
			t.Errorf("%s: good until %s, wanted %s", name, made.ExpiresAt, want)
		}
	}
}

func TestPlan_OfAnotherMigrationsTargetIsRefused(t *testing.T) {
	acme, beta := projecttest.New(t, "acme", projecttest.Groups(t, "Finance")...), projecttest.New(t, "beta",
		projecttest.Groups(t, "Finance")...)
	w, err := planning.Prepare(t.Context(), acme.Open(), planning.Input{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Target.WriteMarker(t.Context(), contract.Marker{Migration: "acme", Tenant: "acme"}, w.Revision)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	planned(t, acme.Open(), planning.Input{}, "")
	beta.Write("realm.json", acme.Read("realm.json"))
	if _, err := planning.Plan(t.Context(), beta.Open(), planning.Input{}, ""); err == nil ||
		!strings.Contains(err.Error(), "acme") {
		t.Errorf("beta plans into the target of acme: %v", err)
	}
}

func TestPlan_FromASnapshotOfTheTargetIsThatOfTheLiveOne(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Finance", "Support")...)
	place.Write("realm.json", `{"realm": "acme", "enabled": true, "groups": [{"name": "Finance", "path": "/Finance"}]}`)
	if _, err := surveying.Take(t.Context(), place.Open(), surveying.Input{Out: "target.age"}); err != nil {
		t.Fatal(err)
	}
	live := planned(t, place.Open(), planning.Input{}, "").Plan
	place.Write("realm.json", `{"realm": "acme", "enabled": true}`)
	kept := planned(t, place.Open(), planning.Input{TargetFile: "target.age"}, "").Plan
	if !slices.Equal(stepIDs(kept), stepIDs(live)) || kept.Target.SnapshotAt != place.At.Format(time.RFC3339) ||
		live.Target.SnapshotAt != "" {
		t.Errorf("from the file %q, taken at %q; from the target %q, taken at %q", stepIDs(kept), kept.Target.SnapshotAt,
			stepIDs(live), live.Target.SnapshotAt)
	}
	if _, err := planning.Plan(t.Context(), place.Open(), planning.Input{TargetFile: "none.age"}, ""); err == nil {
		t.Error("a plan from a file that is not there")
	}
}

// renamed says of a group that the target has another one.
type renamed struct{ planning.Live }

func (r renamed) Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	group := identity.Resource{Type: "group", Key: "/Finance", Attributes: identity.Attributes{"name": "Finance"}}
	if err := each(group); err != nil {
		return contract.ReadSummary{}, err
	}
	return r.Live.Read(ctx, each)
}

func (r renamed) ReadMarker(ctx context.Context) (contract.Marker, contract.MarkerRevision, error) {
	marker, revision, err := r.Live.ReadMarker(ctx)
	marker.Bindings = map[string]string{"fake.corp/group/g1#group": "group:/Finance", "nonsense": "nonsense"}
	return marker, revision, err
}

func TestPrepare_SeesTheTargetThroughWhatStandsBetween(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Finance")...)
	through := func(live planning.Live) planning.Live { return renamed{live} }
	w, err := planning.Prepare(t.Context(), place.Open(), planning.Input{Through: through})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if len(w.Plan.Steps) != 1 || w.Plan.Steps[0].Action == plan.ActionCreate ||
		w.Plan.Handoff.Status != plan.HandoffReady {
		t.Errorf("what the marker binds is decided anew: %+v, blockers %+v", w.Plan.Steps, w.Plan.Handoff.Blockers)
	}
}

func TestRecheck_OfAWaveAsksForThoseBefore(t *testing.T) {
	place := projecttest.New(t, "acme", projecttest.Groups(t, "Finance", "Support")...)
	place.Write("waves.rehome.hcl", waves)
	rest := planned(t, place.Open(), planning.Input{Part: planning.Part{Wave: "pilot"}}, "").Plan
	rest.Part.Wave = "rest"
	err := planning.Recheck(t.Context(), place.Open(), rest, place.At)
	if err == nil || !strings.Contains(err.Error(), plan.BlockerWaves) {
		t.Errorf("before the pilot: %v", err)
	}
}

func TestPlan_GuardsTheVolumeAsTheBlockSays(t *testing.T) {
	var groups, merges strings.Builder
	names := []string{"a1", "a2", "a3", "a4", "a5", "a6"}
	for _, name := range names {
		fmt.Fprintf(&groups, `{"name": %q, "path": "/%s", "attributes": {"x": ["1"]}},`, name, name)
		fmt.Fprintf(&merges, "merge \"group\" %q {\n  where = item.name == %q\n  decision = \"reconcile\"\n"+
			"  target = \"group:/%s\"\n  overwrite = [\"attributes\"]\n}\n", name, name, name)
	}
	for guard, want := range map[string]string{
		"": plan.BlockerVolume,
		"volume_guard {\n  allow_changes = 6\n  reason = \"test\"\n}\n": "",
		"volume_guard {\n  max_changed_share = 1\n}\n":                  "",
		"volume_guard {\n  max_deleted_share = 1\n}\n":                  plan.BlockerVolume,
	} {
		place := projecttest.New(t, "acme", projecttest.Groups(t, names...)...)
		for i := range place.Items {
			place.Items[i] = projecttest.Item(t, identity.KindGroup, place.Items[i].ID, names[i],
				kinds.Group{Name: names[i], Origin: "local", Attributes: map[string][]string{"x": {"2"}}})
		}
		place.Write("realm.json", `{"realm": "acme", "enabled": true, "groups": [`+strings.TrimSuffix(groups.String(),
			",")+`]}`)
		place.Write("rules.rehome.hcl", merges.String()+guard)
		got := ""
		for _, b := range planned(t, place.Open(), planning.Input{}, "").Plan.Handoff.Blockers {
			got += b.Code
		}
		if got != want {
			t.Errorf("%q: blocked by %q, wanted %q", guard, got, want)
		}
	}
}
