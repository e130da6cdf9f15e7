package handoff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
)

const (
	day0  = "2026-11-01T10:00:00Z"
	day1  = "2026-11-02T10:00:00Z"
	day5  = "2026-11-06T10:00:00Z"
	day36 = "2026-12-07T10:00:00Z"
	day40 = "2026-12-11T10:00:00Z"
)

// whole is an application of which everything is known: each case takes something away.
func whole() handoff.CutoverFacts {
	return handoff.CutoverFacts{
		Quiet: handoff.DefaultQuiet, Now: time.Date(2026, 12, 11, 12, 0, 0, 0, time.UTC),
		Progress: handoff.Progress{Resource: identity.ResourceID{Type: "client", Key: "a"}, NewSecret: true,
			Prepared: &handoff.Mark{At: day0, From: "run r"}, Enabled: &handoff.Mark{At: day0, From: "run r"}},
		Record: handoff.Record{
			Sheet:        &handoff.Delivery{At: day0, To: "owner", By: "us"},
			Secret:       &handoff.Delivery{At: day0, To: "owner", By: "us"},
			Target:       &handoff.Reading{At: day40, Covers: day0, First: day1, Last: day36, SignIns: 4, People: 2},
			Incumbent:    &handoff.Reading{At: day40, Covers: day0, Last: day1},
			Confirmation: &handoff.Confirmation{At: day5, By: "owner", RecordedBy: "us"},
		},
	}
}

func TestCompute_WalksThroughEveryStage(t *testing.T) {
	cases := map[string]struct {
		change   func(*handoff.CutoverFacts)
		stage    handoff.Stage
		missing  string
		question string
		next     string
	}{
		"everything is known": {change: func(*handoff.CutoverFacts) {}, stage: handoff.StageRetired},
		"nothing was applied": {change: func(f *handoff.CutoverFacts) { f.Progress.Prepared = nil }, stage: handoff.StageNone,
			next: "rehome apply"},
		"half of it was applied": {change: func(f *handoff.CutoverFacts) {
			f.Progress.Prepared, f.Progress.Partly = nil,
				"gate:a in run r"
		},
			stage: handoff.StageNone, question: "gate:a"},
		"made and not opened": {change: func(f *handoff.CutoverFacts) {
			f.Progress.Enabled, f.Record = nil,
				handoff.Record{}
		},
			stage: handoff.StagePrepared, missing: "sheet and new secret", next: "rehome sheet record"},
		"handed over and not opened": {change: func(f *handoff.CutoverFacts) {
			f.Progress.Enabled, f.Record.Confirmation, f.Record.Target = nil, nil, nil
		}, stage: handoff.StageHandedOver, next: "open it"},
		"opened by somebody else, and confirmed": {change: func(f *handoff.CutoverFacts) { f.Progress.Enabled = nil },
			stage: handoff.StageRetired},
		"opened by somebody else, and used": {change: func(f *handoff.CutoverFacts) {
			f.Progress.Enabled,
				f.Record.Confirmation = nil, nil
		},
			stage: handoff.StageSwitched},
		"the secret was not delivered": {change: func(f *handoff.CutoverFacts) {
			f.Progress.Enabled, f.Record.Secret, f.Record.Target, f.Record.Confirmation = nil, nil, nil, nil
		},
			stage: handoff.StagePrepared, missing: "new secret", next: "-secret"},
		"an old secret need not be delivered": {change: func(f *handoff.CutoverFacts) {
			f.Progress.Enabled, f.Record.Secret, f.Progress.NewSecret, f.Record.Target, f.Record.Confirmation = nil, nil,
				false, nil, nil
		},
			stage: handoff.StageHandedOver},
		"opened, and nobody came": {change: func(f *handoff.CutoverFacts) {
			f.Record.Target.First,
				f.Record.Confirmation = "", nil
		},
			stage: handoff.StageEnabled, next: "its owner switches it over"},
		"opened before it was handed over": {change: func(f *handoff.CutoverFacts) { f.Record = handoff.Record{} },
			stage: handoff.StageEnabled, missing: "sheet and new secret", question: "log of the target was never read"},
		"closed again": {change: func(f *handoff.CutoverFacts) { f.Live = &handoff.Live{At: day40, Exists: true} },
			stage: handoff.StageHandedOver, question: "closed now"},
		"removed again": {change: func(f *handoff.CutoverFacts) { f.Live = &handoff.Live{At: day40} },
			stage: handoff.StageNone, question: "does not have it any more"},
		"somebody signed in": {change: func(f *handoff.CutoverFacts) { f.Record.Confirmation = nil },
			stage: handoff.StageSwitched, next: "rehome sheet confirm"},
		"confirmed, and unheard": {change: func(f *handoff.CutoverFacts) { f.Record.Target.First = "" },
			stage: handoff.StageRetired, missing: "no sign-in at the target"},
		"still used at the incumbent": {change: func(f *handoff.CutoverFacts) { f.Record.Incumbent.Last = day36 },
			stage: handoff.StageConfirmed,
			next:  "2027-01-06 at the earliest"},
		"silent, but confirmed a day ago": {change: func(f *handoff.CutoverFacts) { f.Record.Confirmation.At = day36 },
			stage: handoff.StageConfirmed},
		"the log begins too late": {change: func(f *handoff.CutoverFacts) { f.Record.Incumbent.Covers = day36 },
			stage:    handoff.StageConfirmed,
			question: "covers only what happened since " + day36},
		"the log was never readable": {change: func(f *handoff.CutoverFacts) {
			f.Record.Incumbent = &handoff.Reading{Problem: "needs okta.logs.read", ProblemAt: day40}
		},
			stage: handoff.StageConfirmed, question: "needs okta.logs.read"},
		"the log was read once, and was silent long enough then": {change: func(f *handoff.CutoverFacts) { f.Record.Incumbent.Problem = "gone" }, stage: handoff.StageRetired},
		"the log was read once, too early": {change: func(f *handoff.CutoverFacts) {
			f.Record.Incumbent.At,
				f.Record.Incumbent.Problem = day5, "gone"
		},
			stage: handoff.StageConfirmed, question: "known until"},
		"the state was lost, and the target has it": {change: func(f *handoff.CutoverFacts) {
			f.Progress.Prepared, f.Progress.Enabled, f.Live = nil, nil, &handoff.Live{At: day40, Exists: true, Open: true}
			f.Record = handoff.Record{}
		}, stage: handoff.StageEnabled, missing: "sheet", question: "never read"},
		"the agreed day has passed": {change: func(f *handoff.CutoverFacts) {
			f.Record.Target.First, f.Record.Confirmation, f.Date = "", nil, "2026-12-05"
		}, stage: handoff.StageEnabled, next: "overdue since 2026-12-05"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			facts := whole()
			c.change(&facts)
			got := handoff.CutoverOf(facts)
			if got.Stage != c.stage {
				t.Errorf("stage %q, want %q", got.Stage, c.stage)
			}
			for what, pair := range map[string][2]string{
				"missing":   {strings.Join(got.Missing, "\n"), c.missing},
				"questions": {strings.Join(got.Questions, "\n"), c.question}, "next": {got.Next, c.next},
			} {
				if !strings.Contains(pair[0], pair[1]) || (what != "next" && pair[1] == "" && pair[0] != "") {
					t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
				}
			}
			for _, proof := range got.Proofs {
				if proof.What == "" || proof.At == "" || proof.From == "" {
					t.Errorf("a proof lacks what, when or from where: %+v", proof)
				}
			}
		})
	}
}

func TestExtend_ReadsThatTouchBecomeOneSilence(t *testing.T) {
	old := handoff.Reading{At: day5, Covers: day0, First: day1, Last: day1, SignIns: 3, People: 2}
	cases := map[string]struct{ newer, want handoff.Reading }{
		"the windows touch": {handoff.Reading{At: day40, Covers: day5},
			handoff.Reading{At: day40, Covers: day0, First: day1, Last: day1}},
		"there is a gap": {handoff.Reading{At: day40, Covers: day36},
			handoff.Reading{At: day40, Covers: day36, First: day1, Last: day1}},
		"the new one is wider": {handoff.Reading{At: day40, Covers: "2026-10-01T00:00:00Z", Last: day36, SignIns: 9},
			handoff.Reading{At: day40, Covers: "2026-10-01T00:00:00Z", First: day1, Last: day36, SignIns: 9}},
		"it could not be read": {handoff.Reading{Problem: "forbidden", ProblemAt: day40},
			handoff.Reading{At: day5, Covers: day0, First: day1, Last: day1, SignIns: 3, People: 2, Problem: "forbidden",
				ProblemAt: day40}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, old.Extend(c.newer)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if diff := cmp.Diff(old, handoff.Reading{Problem: "x"}.Extend(old)); diff != "" {
		t.Errorf("the first reading that worked: %s", diff)
	}
}

func TestReadingOf_SignInsFromBeforeTheMoveAreNotTheFirst(t *testing.T) {
	report := observation.SignInReport{Covers: day0, Applications: []observation.SignInActivity{
		{Resource: identity.ResourceID{Type: "client", Key: "b"}, Last: day36, SignIns: 1},
		{Resource: identity.ResourceID{Type: "client", Key: "a"}, Last: day1, SignIns: 2, PeopleCount: 1,
			People: []string{"ana"}},
	}}
	is := func(a observation.SignInActivity) bool { return a.Resource.Key == "a" }
	for made, first := range map[string]string{day0: day1, day5: ""} {
		want := handoff.Reading{At: day40, Covers: day0, First: first, Last: day1, SignIns: 2, People: 1}
		if diff := cmp.Diff(want, handoff.ReadingOf(report, day40, &handoff.Mark{At: made}, is)); diff != "" {
			t.Error(diff)
		}
	}
}

func appStep(id, resourceType string, disposition plan.Disposition, after identity.Attributes) plan.Step {
	return plan.Step{ID: id, Action: plan.ActionCreate, Disposition: disposition,
		Resource: identity.ResourceID{Type: resourceType, Key: "a"}, After: after,
		Items: []plan.ItemName{{Source: "okta.corp", Kind: identity.KindApplication, ID: "1", Name: "Alpha"}}}
}

func TestProgressOf_TellsPreparedFromEnabled(t *testing.T) {
	client := appStep("client:a", "client", plan.DispositionPlanned, nil)
	client.AfterUnknown = []string{"secret"}
	gate := appStep("gate:a", "gate", plan.DispositionPlanned, nil)
	opening := appStep("opening:a", "opening", plan.DispositionPlanned, identity.Attributes{"enabled": true})
	p := &plan.Plan{Steps: []plan.Step{client, gate, opening}}
	run := func(id string, outcomes ...string) handoff.Executed {
		e := handoff.Executed{Plan: p, Run: id, Outcomes: map[string]history.Step{}}
		for i, outcome := range outcomes {
			if outcome != "" {
				e.Outcomes[p.Steps[i].ID] = history.Step{Outcome: history.Outcome(outcome), At: timeOf(day1)}
			}
		}
		return e
	}
	primary := map[string]bool{"client": true}
	mark := &handoff.Mark{At: day1, From: "run r1"}
	cases := map[string]struct {
		runs              []handoff.Executed
		prepared, enabled *handoff.Mark
		partly            string
		secret            bool
	}{
		"all was done":      {[]handoff.Executed{run("r1", "applied", "applied", "applied")}, mark, mark, "", true},
		"it was not run":    {[]handoff.Executed{run("")}, nil, nil, "", false},
		"it was not opened": {[]handoff.Executed{run("r1", "applied", "applied", "failed")}, mark, nil, "", true},
		"the gate failed":   {[]handoff.Executed{run("r1", "applied", "failed", "")}, nil, nil, "gate:a in run r1", true},
		"nothing was begun": {[]handoff.Executed{run("r1")}, nil, nil, "client:a, gate:a in run r1", false},
		"a later run mends it": {[]handoff.Executed{run("r0", "applied", "failed", ""),
			run("r1", "already", "applied", "applied")}, mark, mark, "", true},
		"a later run repeats": {[]handoff.Executed{run("r1", "applied", "applied", "applied"),
			run("r2", "already", "already", "already")}, mark, mark, "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := handoff.ProgressOf(c.runs, primary)
			if len(got) != 1 {
				t.Fatalf("%d applications", len(got))
			}
			want := handoff.Progress{Item: client.Items[0], Resource: client.Resource, Prepared: c.prepared, Enabled: c.enabled,
				Partly: c.partly, NewSecret: c.secret}
			if diff := cmp.Diff(want, got[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLiveOf_SaysWhetherItIsThereAndOpen(t *testing.T) {
	schemas := []identity.ResourceSchema{
		{Type: "client", ItemKinds: []identity.Kind{identity.KindApplication}},
		{Type: "provider", ItemKinds: []identity.Kind{identity.KindIdentityProvider},
			Attributes: []identity.AttributeSchema{{Name: "enabled"}}},
		{Type: "opening", Opens: true, Attributes: []identity.AttributeSchema{{Name: "enabled"}}},
	}
	if diff := cmp.Diff(map[string]bool{"client": true}, handoff.PrimaryTypes(schemas)); diff != "" {
		t.Error(diff)
	}
	opening := handoff.OpeningTypes(schemas)
	live := []identity.Resource{
		{Type: "client", Key: "a"}, {Type: "opening", Key: "a", Attributes: identity.Attributes{"enabled": true}},
		{Type: "client", Key: "b"}, {Type: "opening", Key: "b", Attributes: identity.Attributes{"enabled": false}},
		{Type: "client", Key: "c"},
	}
	for key, want := range map[string]handoff.Live{"a": {At: day0, Exists: true, Open: true},
		"b": {At: day0, Exists: true}, "c": {At: day0, Exists: true}, "d": {At: day0}} {
		got := handoff.LiveOf(identity.ResourceID{Type: "client", Key: key}, live, opening, day0)
		if got != want {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
}

// timeOf reads a time of a test.
func timeOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}
