package apply_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// memory is a target, source, journal and vault that remember what they were asked.
type memory struct {
	mutex   sync.Mutex
	order   []string
	fail    map[string]error
	secret  error
	deliver error
	already bool
	journal []string
	begun   []string // steps that came with the word that they were begun before
	onApply func(id string)
}

func (m *memory) Apply(_ context.Context, step contract.StepRequest) (contract.StepResult, error) {
	m.mutex.Lock()
	m.order = append(m.order, step.StepID)
	if step.Begun {
		m.begun = append(m.begun, step.StepID)
	}
	hook := m.onApply
	m.mutex.Unlock()
	if hook != nil {
		hook(step.StepID)
	}
	result := contract.StepResult{ServerID: "id-" + step.StepID, Requests: 1, Already: m.already}
	if strings.HasPrefix(step.StepID, "secret") {
		result.Generated = map[string]string{"secret": "s"}
	}
	return result, m.fail[step.StepID]
}

func (m *memory) Secret(context.Context, identity.SecretReference) (string, error) {
	return "s", m.secret
}
func (m *memory) Intend(step plan.Step) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.journal = append(m.journal, "intend "+step.ID)
	return nil
}
func (m *memory) Outcome(results ...apply.Result) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, r := range results {
		m.journal = append(m.journal, string(r.Outcome)+" "+r.Step.ID)
	}
	return nil
}
func (m *memory) Deliver(identity.ResourceID, string, string) error { return m.deliver }

func step(id string, needs ...string) plan.Step {
	return plan.Step{ID: id, Action: plan.ActionCreate, Disposition: plan.DispositionPlanned, DependsOn: needs}
}

func start(t *testing.T, m *memory, options apply.Options, steps ...plan.Step) (apply.Report, error) {
	t.Helper()
	return apply.Run(t.Context(), steps, m, m, m, m, options)
}

func outcomes(r apply.Report) map[string]string {
	got := map[string]string{}
	for _, result := range r.Results {
		got[result.Step.ID] = strings.TrimSpace(string(result.Outcome) + " " + result.Reason)
	}
	return got
}

func TestRun_DependenciesComeFirstAndTheJournalBeforeTheWrite(t *testing.T) {
	m := &memory{}
	if _, err := start(t, m, apply.Options{Workers: 1}, step("c", "b"), step("b", "a"), step("a")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, m.order); diff != "" {
		t.Error(diff)
	}
	want := []string{"intend a", "applied a", "intend b", "applied b", "intend c", "applied c"}
	if diff := cmp.Diff(want, m.journal); diff != "" {
		t.Error(diff)
	}
}

func TestRun_TellsTheTargetWhichStepsWereBegunBefore(t *testing.T) {
	m := &memory{}
	if _, err := start(t, m, apply.Options{Workers: 1, Begun: map[string]bool{"b": true}}, step("a"),
		step("b")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b"}, m.begun); diff != "" {
		t.Error(diff)
	}
}

func TestRun_AFailedStepStopsItsDependantsOnly(t *testing.T) {
	m := &memory{fail: map[string]error{"a": errors.New("refused")}}
	report, err := start(t, m, apply.Options{Workers: 4}, step("a"), step("b", "a"), step("c", "b"), step("d"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "failed refused", "b": "not_started waits for a", "c": "not_started waits for a",
		"d": "applied"}
	if diff := cmp.Diff(want, outcomes(report)); diff != "" {
		t.Error(diff)
	}
}

func TestRun_FailFastStartsNothingMore(t *testing.T) {
	m := &memory{fail: map[string]error{"a": errors.New("refused")}}
	report, err := start(t, m, apply.Options{Workers: 1, FailFast: true}, step("a"), step("b"), step("c"))
	if err != nil {
		t.Fatal(err)
	}
	if report.Count(history.NotStarted) != 2 {
		t.Errorf("%v", outcomes(report))
	}
}

func TestRun_NothingStartsWhenASecretCannotBeRead(t *testing.T) {
	m := &memory{secret: errors.New("no permission")}
	withSecret := step("a")
	withSecret.After = identity.Attributes{"client_secret": identity.Secret("okta.corp", identity.KindIdentityProvider,
		"0oa", "client_secret")}
	_, err := start(t, m, apply.Options{Workers: 1}, withSecret, step("b"))
	if err == nil || len(m.order) != 0 {
		t.Errorf("error %v, writes %v", err, m.order)
	}
}

// The right to read one secret is not the right to move all the others.
func TestRun_AWithheldSecretFailsItsStepOnly(t *testing.T) {
	for _, code := range []contract.ErrorCode{contract.ErrorForbidden, contract.ErrorNotFound} {
		for kind, advice := range map[identity.Kind]string{identity.KindApplication: `set = { secret = "new" }`,
			identity.KindIdentityProvider: "grant what is missing"} {
			m := &memory{secret: &contract.ProviderError{Code: code, Message: "no permission"}}
			withSecret := step("a")
			withSecret.After = identity.Attributes{"secret": identity.Secret("okta.corp", kind, "0oa", "client_secret")}
			report, err := start(t, m, apply.Options{Workers: 1}, withSecret, step("b"), step("c", "a"))
			if err != nil {
				t.Fatal(err)
			}
			got := outcomes(report)
			if !strings.HasPrefix(got["a"], "failed ") || !strings.Contains(got["a"], advice) || got["b"] != "applied" ||
				got["c"] != "not_started waits for a" || len(m.order) != 1 {
				t.Errorf("%v, writes %v", got, m.order)
			}
			want := []string{"intend a", "failed a", "intend b", "applied b", "not_started c"}
			if diff := cmp.Diff(want, m.journal); diff != "" {
				t.Error(diff)
			}
		}
	}
	m := &memory{secret: &contract.ProviderError{Code: contract.ErrorUnauthorized, Message: "wrong token"}}
	withSecret := step("a")
	withSecret.After = identity.Attributes{"secret": identity.Secret("okta.corp", identity.KindApplication, "0oa", "x")}
	if _, err := start(t, m, apply.Options{Workers: 1}, withSecret, step("b")); err == nil || len(m.order) != 0 {
		t.Errorf("error %v, writes %v", err, m.order)
	}
}

func TestRun_AStepWhoseSecretIsNotDeliveredFails(t *testing.T) {
	m := &memory{deliver: errors.New("disk full")}
	report, err := start(t, m, apply.Options{Workers: 1}, step("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if report.Count(history.Failed) != 1 || !strings.Contains(outcomes(report)["secret"], "disk full") {
		t.Errorf("%v", outcomes(report))
	}
}

func TestRun_AnInterruptFinishesWhatIsInFlight(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := &memory{onApply: func(string) { cancel() }}
	report, err := apply.Run(ctx, []plan.Step{step("a"), step("b"), step("c")}, m, m, m, m, apply.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "applied", "b": "not_started the run was interrupted",
		"c": "not_started the run was interrupted"}
	if diff := cmp.Diff(want, outcomes(report)); diff != "" {
		t.Error(diff)
	}
}

func TestRun_EveryStepHasOneOutcomeAtAnyParallelism(t *testing.T) {
	var steps []plan.Step
	for i := range 200 {
		s := step(fmt.Sprintf("s%03d", i))
		if i >= 10 {
			s.DependsOn = []string{fmt.Sprintf("s%03d", i-10)}
		}
		steps = append(steps, s)
	}
	for _, workers := range []int{1, 3, 16} {
		m := &memory{fail: map[string]error{"s005": errors.New("refused")}}
		report, err := start(t, m, apply.Options{Workers: workers}, steps...)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Results) != 200 || report.Count(history.Failed) != 1 || report.Count(history.NotStarted) != 19 {
			t.Errorf("%d workers: %d results, %d failed, %d not started", workers, len(report.Results),
				report.Count(history.Failed), report.Count(history.NotStarted))
		}
	}
}

func TestRun_WhatAnEarlierPartHasDoneIsNotAskedForAgain(t *testing.T) {
	m := &memory{}
	report, err := start(t, m, apply.Options{Workers: 1, Done: map[string]apply.Result{"a": {ServerID: "7"}}}, step("a"),
		step("b", "a"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b"}, m.order); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"a": "already", "b": "applied"}, outcomes(report)); diff != "" {
		t.Error(diff)
	}
}

func TestRun_StopsWhenItMayNotWriteAnyMore(t *testing.T) {
	m := &memory{}
	asked := 0
	guard := func(context.Context) error {
		if asked++; asked > 1 {
			return apply.ErrLeaseLost
		}
		return nil
	}
	report, err := start(t, m, apply.Options{Workers: 1, Guard: guard}, step("a"), step("b"), step("c"))
	if !errors.Is(err, apply.ErrLeaseLost) || len(m.order) != 1 || report.Count(history.NotStarted) != 2 {
		t.Errorf("error %v, wrote %v, %v", err, m.order, outcomes(report))
	}
}

func TestRun_SaysUnknownOfWhatGotNoAnswerAndGivesUpOnASilentTarget(t *testing.T) {
	silent := &contract.ProviderError{Code: contract.ErrorUnreachable, Message: "no answer"}
	m := &memory{fail: map[string]error{"a": silent, "b": silent, "c": silent, "d": silent, "e": silent}}
	report, err := start(t, m, apply.Options{Workers: 1}, step("a"), step("b"), step("c"), step("d"), step("e"))
	if err != nil || report.Count(history.Unknown) != 3 || report.Count(history.NotStarted) != 2 {
		t.Errorf("error %v, %v", err, outcomes(report))
	}
	m = &memory{fail: map[string]error{"a": fmt.Errorf("%w: killed", apply.ErrTargetGone)}}
	if report, err = start(t, m, apply.Options{Workers: 1}, step("a"), step("b")); err != nil ||
		report.Count(history.Unknown) != 1 || report.Count(history.NotStarted) != 1 {
		t.Errorf("error %v, %v", err, outcomes(report))
	}
}

func TestRun_AConflictTellsBothValuesButNoSecret(t *testing.T) {
	changed := step("a")
	changed.Action, changed.AfterSensitive = plan.ActionUpdate, []string{"password"}
	changed.Before = identity.Attributes{"name": "Wiki", "description": "old", "password": "planted-before"}
	m := &memory{fail: map[string]error{"a": &contract.ProviderError{Code: contract.ErrorConflict,
		Message: "somebody has changed it",
		Live:    identity.Attributes{"name": "Wiki", "description": "by hand", "password": "planted-live"}}}}
	report, err := start(t, m, apply.Options{Workers: 1}, changed, step("b", "a"), step("c"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": `failed somebody has changed it; description: approved when it was "old", is now "by hand"`, "b": "not_started waits for a", "c": "applied"}
	if diff := cmp.Diff(want, outcomes(report)); diff != "" {
		t.Error(diff)
	}
}

func TestRun_AOneTimeValueIsNotHandedOutTwice(t *testing.T) {
	for already, want := range map[bool]int{true: 0, false: 1} {
		m := &memory{already: already, deliver: errors.New("asked for")}
		report, err := start(t, m, apply.Options{Workers: 1, Given: map[string]bool{"secret": true}}, step("secret"))
		if err != nil || report.Count(history.Failed) != want {
			t.Errorf("found done %v: error %v, %v", already, err, outcomes(report))
		}
	}
}
