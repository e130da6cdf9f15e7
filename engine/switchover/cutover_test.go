package switchover_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/switchover"
)

const (
	day0  = "2026-11-01T10:00:00Z"
	day1  = "2026-11-02T10:00:00Z"
	day5  = "2026-11-06T10:00:00Z"
	day36 = "2026-12-07T10:00:00Z"
	day40 = "2026-12-11T10:00:00Z"
)

// whole is an application of which everything is known: each case takes something away.
func whole() switchover.Facts {
	return switchover.Facts{
		Quiet: switchover.DefaultQuiet, Now: time.Date(2026, 12, 11, 12, 0, 0, 0, time.UTC),
		Progress: switchover.Progress{Resource: identity.ResourceID{Type: "client", Key: "a"}, NewSecret: true,
			Prepared: &switchover.Mark{At: day0, From: "run r"}, Enabled: &switchover.Mark{At: day0, From: "run r"}},
		Record: switchover.Record{
			Sheet:        &switchover.Delivery{At: day0, To: "owner", By: "us"},
			Secret:       &switchover.Delivery{At: day0, To: "owner", By: "us"},
			Target:       &switchover.Reading{At: day40, Covers: day0, First: day1, Last: day36, SignIns: 4, People: 2},
			Incumbent:    &switchover.Reading{At: day40, Covers: day0, Last: day1},
			Confirmation: &switchover.Confirmation{At: day5, By: "owner", RecordedBy: "us"},
		},
	}
}

func TestCompute_WalksThroughEveryStage(t *testing.T) {
	cases := map[string]struct {
		change   func(*switchover.Facts)
		stage    switchover.Stage
		missing  string
		question string
		next     string
	}{
		"everything is known": {change: func(*switchover.Facts) {}, stage: switchover.StageRetired},
		"nothing was applied": {change: func(f *switchover.Facts) { f.Progress.Prepared = nil }, stage: switchover.StageNone,
			next: "rehome apply"},
		"half of it was applied": {change: func(f *switchover.Facts) {
			f.Progress.Prepared, f.Progress.Partly = nil,
				"gate:a in run r"
		},
			stage: switchover.StageNone, question: "gate:a"},
		"made and not opened": {change: func(f *switchover.Facts) {
			f.Progress.Enabled, f.Record = nil,
				switchover.Record{}
		},
			stage: switchover.StagePrepared, missing: "sheet and new secret", next: "rehome sheet record"},
		"handed over and not opened": {change: func(f *switchover.Facts) {
			f.Progress.Enabled, f.Record.Confirmation, f.Record.Target = nil, nil, nil
		}, stage: switchover.StageHandedOver, next: "open it"},
		"opened by somebody else, and confirmed": {change: func(f *switchover.Facts) { f.Progress.Enabled = nil },
			stage: switchover.StageRetired},
		"opened by somebody else, and used": {change: func(f *switchover.Facts) {
			f.Progress.Enabled,
				f.Record.Confirmation = nil, nil
		},
			stage: switchover.StageSwitched},
		"the secret was not delivered": {change: func(f *switchover.Facts) {
			f.Progress.Enabled, f.Record.Secret, f.Record.Target, f.Record.Confirmation = nil, nil, nil, nil
		},
			stage: switchover.StagePrepared, missing: "new secret", next: "-secret"},
		"an old secret need not be delivered": {change: func(f *switchover.Facts) {
			f.Progress.Enabled, f.Record.Secret, f.Progress.NewSecret, f.Record.Target, f.Record.Confirmation = nil, nil,
				false, nil, nil
		},
			stage: switchover.StageHandedOver},
		"opened, and nobody came": {change: func(f *switchover.Facts) {
			f.Record.Target.First,
				f.Record.Confirmation = "", nil
		},
			stage: switchover.StageEnabled, next: "its owner switches it over"},
		"opened before it was handed over": {change: func(f *switchover.Facts) { f.Record = switchover.Record{} },
			stage: switchover.StageEnabled, missing: "sheet and new secret", question: "log of the target was never read"},
		"closed again": {change: func(f *switchover.Facts) { f.Live = &switchover.Live{At: day40, Exists: true} },
			stage: switchover.StageHandedOver, question: "closed now"},
		"removed again": {change: func(f *switchover.Facts) { f.Live = &switchover.Live{At: day40} },
			stage: switchover.StageNone, question: "does not have it any more"},
		"somebody signed in": {change: func(f *switchover.Facts) { f.Record.Confirmation = nil },
			stage: switchover.StageSwitched, next: "rehome sheet confirm"},
		"confirmed, and unheard": {change: func(f *switchover.Facts) { f.Record.Target.First = "" },
			stage: switchover.StageRetired, missing: "no sign-in at the target"},
		"still used at the incumbent": {change: func(f *switchover.Facts) { f.Record.Incumbent.Last = day36 },
			stage: switchover.StageConfirmed,
			next:  "2027-01-06 at the earliest"},
		"silent, but confirmed a day ago": {change: func(f *switchover.Facts) { f.Record.Confirmation.At = day36 },
			stage: switchover.StageConfirmed},
		"the log begins too late": {change: func(f *switchover.Facts) { f.Record.Incumbent.Covers = day36 },
			stage:    switchover.StageConfirmed,
			question: "covers only what happened since " + day36},
		"the log was never readable": {change: func(f *switchover.Facts) {
			f.Record.Incumbent = &switchover.Reading{Problem: "needs okta.logs.read", ProblemAt: day40}
		},
			stage: switchover.StageConfirmed, question: "needs okta.logs.read"},
		"the log was read once, and was silent long enough then": {change: func(f *switchover.Facts) { f.Record.Incumbent.Problem = "gone" }, stage: switchover.StageRetired},
		"the log was read once, too early": {change: func(f *switchover.Facts) {
			f.Record.Incumbent.At,
				f.Record.Incumbent.Problem = day5, "gone"
		},
			stage: switchover.StageConfirmed, question: "known until"},
		"the state was lost, and the target has it": {change: func(f *switchover.Facts) {
			f.Progress.Prepared, f.Progress.Enabled, f.Live = nil, nil, &switchover.Live{At: day40, Exists: true, Open: true}
			f.Record = switchover.Record{}
		}, stage: switchover.StageEnabled, missing: "sheet", question: "never read"},
		"the agreed day has passed": {change: func(f *switchover.Facts) {
			f.Record.Target.First, f.Record.Confirmation, f.Date = "", nil, "2026-12-05"
		}, stage: switchover.StageEnabled, next: "overdue since 2026-12-05"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			facts := whole()
			c.change(&facts)
			got := switchover.Of(facts)
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
	old := switchover.Reading{At: day5, Covers: day0, First: day1, Last: day1, SignIns: 3, People: 2}
	cases := map[string]struct{ newer, want switchover.Reading }{
		"the windows touch": {switchover.Reading{At: day40, Covers: day5},
			switchover.Reading{At: day40, Covers: day0, First: day1, Last: day1}},
		"there is a gap": {switchover.Reading{At: day40, Covers: day36},
			switchover.Reading{At: day40, Covers: day36, First: day1, Last: day1}},
		"the new one is wider": {switchover.Reading{At: day40, Covers: "2026-10-01T00:00:00Z", Last: day36, SignIns: 9},
			switchover.Reading{At: day40, Covers: "2026-10-01T00:00:00Z", First: day1, Last: day36, SignIns: 9}},
		"it could not be read": {switchover.Reading{Problem: "forbidden", ProblemAt: day40},
			switchover.Reading{At: day5, Covers: day0, First: day1, Last: day1, SignIns: 3, People: 2, Problem: "forbidden",
				ProblemAt: day40}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, old.Extend(c.newer)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if diff := cmp.Diff(old, switchover.Reading{Problem: "x"}.Extend(old)); diff != "" {
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
		want := switchover.Reading{At: day40, Covers: day0, First: first, Last: day1, SignIns: 2, People: 1}
		if diff := cmp.Diff(want, switchover.ReadingOf(report, day40, &switchover.Mark{At: made}, is)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestLiveOf_SaysWhetherItIsThereAndOpen(t *testing.T) {
	schemas := []identity.ResourceSchema{
		{Type: "client", ItemKinds: []identity.Kind{identity.KindApplication}},
		{Type: "provider", ItemKinds: []identity.Kind{identity.KindIdentityProvider},
			Attributes: []identity.AttributeSchema{{Name: "enabled"}}},
		{Type: "opening", Opens: true, Attributes: []identity.AttributeSchema{{Name: "enabled"}}},
	}
	if diff := cmp.Diff(map[string]bool{"client": true}, switchover.PrimaryTypes(schemas)); diff != "" {
		t.Error(diff)
	}
	opening := switchover.OpeningTypes(schemas)
	live := []identity.Resource{
		{Type: "client", Key: "a"}, {Type: "opening", Key: "a", Attributes: identity.Attributes{"enabled": true}},
		{Type: "client", Key: "b"}, {Type: "opening", Key: "b", Attributes: identity.Attributes{"enabled": false}},
		{Type: "client", Key: "c"},
	}
	for key, want := range map[string]switchover.Live{"a": {At: day0, Exists: true, Open: true},
		"b": {At: day0, Exists: true}, "c": {At: day0, Exists: true}, "d": {At: day0}} {
		got := switchover.LiveOf(identity.ResourceID{Type: "client", Key: key}, live, opening, day0)
		if got != want {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
}

func TestCutoverOf_AsksWhatTheProofsDoNotTell(t *testing.T) {
	const other = "the sheet written at " + day5 + " says something else than the one that was delivered"
	cases := map[string]struct {
		change func(*switchover.Facts)
		want   []string
	}{
		"the sheet that was delivered": {func(f *switchover.Facts) {
			f.Record.Sheet.Digest, f.Record.Written = "sha256:1", &switchover.Written{At: day5, Digest: "sha256:1"}
		}, nil},
		"another sheet was written since": {func(f *switchover.Facts) {
			f.Record.Sheet.Digest, f.Record.Written = "sha256:1", &switchover.Written{At: day5, Digest: "sha256:2"}
		}, []string{other}},
		"nobody knows which sheet was delivered": {func(f *switchover.Facts) {
			f.Record.Written = &switchover.Written{At: day5, Digest: "sha256:2"}
		}, nil},
		"written and never delivered": {func(f *switchover.Facts) {
			f.Record.Sheet, f.Record.Written = nil, &switchover.Written{At: day5, Digest: "sha256:2"}
		}, nil},
		"a log that could never be read": {func(f *switchover.Facts) {
			f.Record.Incumbent = &switchover.Reading{Problem: "forbidden", ProblemAt: day5}
		}, []string{"the sign-in log of the incumbent could not be read: forbidden"}},
		"a log that was read once, too early": {func(f *switchover.Facts) {
			f.Record.Incumbent = &switchover.Reading{At: day5, Covers: day0, Problem: "forbidden", ProblemAt: day40}
		}, []string{"the sign-in log of the incumbent is known until " + day5 + " only: forbidden"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			facts := whole()
			c.change(&facts)
			if diff := cmp.Diff(c.want, switchover.Of(facts).Questions, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Silence of just the time that the configuration asks for is enough, a second less is not.
func TestCutoverOf_RetiresAfterJustTheQuietTime(t *testing.T) {
	for at, want := range map[string]switchover.Stage{
		"2026-12-06T10:00:00Z": switchover.StageRetired, "2026-12-06T09:59:59Z": switchover.StageConfirmed,
	} {
		facts := whole()
		facts.Record.Incumbent.At = at // confirmed on day 5, thirty days before the first of them
		if got := switchover.Of(facts).Stage; got != want {
			t.Errorf("read at %s: %s, want %s", at, got, want)
		}
	}
}

func TestCutoverOf_TheAgreedDayIsADayOrATime(t *testing.T) {
	for date, want := range map[string]string{
		"2026-12-11":           "its owner switches it over on 2026-12-11",
		"2026-12-11T08:00:00Z": "its owner switches it over on 2026-12-11",
		"2026-12-05T08:00:00Z": "its owner switches it over: overdue since 2026-12-05",
		"soon":                 "its owner switches it over",
		"":                     "its owner switches it over",
	} {
		facts := whole()
		facts.Record.Target.First, facts.Record.Confirmation, facts.Date = "", nil, date
		if got := switchover.Of(facts).Next; got != want {
			t.Errorf("%q: %q, want %q", date, got, want)
		}
	}
}

func TestReadingOf_CountsNoSignInWhereNobodyCame(t *testing.T) {
	report := observation.SignInReport{Covers: day0, Applications: []observation.SignInActivity{{Last: day1}}}
	is := func(observation.SignInActivity) bool { return true }
	want := switchover.Reading{At: day40, Covers: day0, Last: day1}
	if diff := cmp.Diff(want, switchover.ReadingOf(report, day40, nil, is)); diff != "" {
		t.Error(diff)
	}
}

func TestStillOnOld_CountsUseAndNeverTakesAQuestionForSilence(t *testing.T) {
	used, unused := switchover.Status{Incumbent: &switchover.Use{SignIns: 1}},
		switchover.Status{Incumbent: &switchover.Use{}}
	cases := map[string]struct {
		applications []switchover.Status
		count        int
		unsure       bool
	}{
		"two of three":    {[]switchover.Status{used, unused, used}, 2, false},
		"a log is not":    {[]switchover.Status{used, {}}, 1, true},
		"no applications": {nil, 0, false},
	}
	for name, c := range cases {
		count, unsure := switchover.Overview{Applications: c.applications}.StillOnOld()
		if count != c.count || unsure != c.unsure {
			t.Errorf("%s: %d, unsure %v", name, count, unsure)
		}
	}
}
