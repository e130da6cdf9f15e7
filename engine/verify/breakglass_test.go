package verify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/verify"
)

func TestBreakGlass_TriesEachAccountAndSaysHowLongThatTook(t *testing.T) {
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	clock := at
	var asked []observation.ProbeRequest
	target := fake{probe: func(r observation.ProbeRequest) ([]observation.ProbeResult, error) {
		asked = append(asked, r)
		clock = clock.Add(1500 * time.Millisecond)
		return []observation.ProbeResult{{Probe: "opens", Resource: r.Resource, Status: observation.ProbePassed}}, nil
	}}
	got, err := verify.BreakGlass(t.Context(), []string{"rescue", "root"}, target, true, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	account := func(name string) identity.ResourceID {
		return identity.ResourceID{Type: observation.BreakGlassType, Key: name}
	}
	result := func(name string, after time.Duration) verify.Result {
		return verify.Result{
			ProbeResult: observation.ProbeResult{Probe: "opens", Resource: account(name), Status: observation.ProbePassed},
			At:          at.Add(after), Millis: 1500,
		}
	}
	if diff := cmp.Diff([]verify.Result{result("rescue", 0), result("root", 1500*time.Millisecond)}, got); diff != "" {
		t.Error(diff)
	}
	want := []observation.ProbeRequest{
		{Resource: account("rescue"), Impersonate: true}, {Resource: account("root"), Impersonate: true},
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

func TestBreakGlass_EndsWhereAnAccountCannotBeTried(t *testing.T) {
	target := fake{probe: func(r observation.ProbeRequest) ([]observation.ProbeResult, error) {
		if r.Resource.Key == "root" {
			return nil, errors.New("refused")
		}
		return []observation.ProbeResult{{Probe: "opens", Status: observation.ProbePassed}}, nil
	}}
	got, err := verify.BreakGlass(t.Context(), []string{"rescue", "root", "third"}, target, false, time.Now)
	if err == nil || err.Error() != "trying the break-glass account root: refused" || len(got) != 1 {
		t.Errorf("%d results, error %v", len(got), err)
	}
}

func TestShut_WhatCannotBeToldCountsAsShut(t *testing.T) {
	var results []verify.Result
	for _, status := range []observation.ProbeStatus{
		observation.ProbePassed, observation.ProbeFailed, observation.ProbeSkipped, observation.ProbeUnknown,
	} {
		results = append(results, verify.Result{ProbeResult: observation.ProbeResult{Status: status}})
	}
	want := []verify.Result{results[1], results[3]}
	if diff := cmp.Diff(want, verify.Shut(results)); diff != "" {
		t.Error(diff)
	}
}

func TestShutOut_NamesEachAccountWithWhereToLook(t *testing.T) {
	result := func(status observation.ProbeStatus, user, lookAt string) verify.Result {
		return verify.Result{ProbeResult: observation.ProbeResult{
			Probe: "opens", Status: status, Summary: "needs \x1ba code", LookAt: lookAt,
			Resource: identity.ResourceID{Type: observation.BreakGlassType, Key: user},
		}}
	}
	if err := verify.ShutOut([]verify.Result{result(observation.ProbePassed, "root", "")}, "Mend it."); err != nil {
		t.Errorf("an account that gets in is refused: %v", err)
	}
	err := verify.ShutOut([]verify.Result{
		result(observation.ProbePassed, "root", ""), result(observation.ProbeFailed, "rescue", "its flow"),
		result(observation.ProbeUnknown, "spare", ""),
	}, "Mend it.")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"rescue   opens: needs ", "; look at its flow\n  spare   opens", "\nMend it."} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%s", want, err)
		}
	}
	if strings.Contains(err.Error(), "root") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("it names one that gets in, or writes what a terminal obeys:\n%q", err)
	}
}

func TestRun_TellsHowFarItIs(t *testing.T) {
	expected := verify.Expect([]verify.Done{
		did("r1", "create", "a", identity.Attributes{}), did("r1", "create", "b", identity.Attributes{}),
	}, schemas)
	var reported []string
	o := options()
	o.Workers = 1
	o.Progress = func(done, total int, current string) {
		reported = append(reported, fmt.Sprintf("%d of %d: %s", done, total, current))
	}
	target := fake{
		live:  []identity.Resource{client("a", ""), client("b", "")},
		probe: func(observation.ProbeRequest) ([]observation.ProbeResult, error) { return nil, nil },
	}
	if _, err := verify.Run(t.Context(), expected, target, schemas, o); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1 of 2: client:a", "2 of 2: client:b"}, reported); diff != "" {
		t.Error(diff)
	}
}

func TestRun_NamesTheProbeThatDiedAndStopsWhenItIsToldTo(t *testing.T) {
	expected := verify.Expect([]verify.Done{did("r1", "create", "a", identity.Attributes{})}, schemas)
	dies := fake{probe: func(observation.ProbeRequest) ([]observation.ProbeResult, error) {
		return nil,
			errors.New("ended")
	}}
	_, err := verify.Run(t.Context(), expected, dies, schemas, options())
	if err == nil || err.Error() != "probing client:a: ended" {
		t.Errorf("error %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	never := fake{probe: func(observation.ProbeRequest) ([]observation.ProbeResult, error) {
		t.Error("it was tried all the same")
		return nil, nil
	}}
	if _, err := verify.Run(stopped, expected, never, schemas, options()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// Results of one status come by resource, those of one resource by probe, whatever the order of the answers.
func TestReport_PutsWhatIsAddedInItsPlace(t *testing.T) {
	result := func(status observation.ProbeStatus, key, probe string) verify.Result {
		return verify.Result{ProbeResult: observation.ProbeResult{
			Probe: probe, Status: status, Requests: 1, Resource: identity.ResourceID{Type: "client", Key: key},
		}}
	}
	report := verify.Report{Requests: 2, Results: []verify.Result{result(observation.ProbePassed, "b", "opens")}}
	report.Add([]verify.Result{
		result(observation.ProbePassed, "a", "opens"), result(observation.ProbePassed, "a", "closes"),
		result(observation.ProbeSkipped, "z", "opens"), result(observation.ProbeFailed, "z", "opens"),
		result(observation.ProbeUnknown, "z", "opens"),
	})
	var got []string
	for _, r := range report.Results {
		got = append(got, fmt.Sprint(r.Status, " ", r.Resource.Key, " ", r.Probe))
	}
	want := "failed z opens, unknown z opens, skipped z opens, passed a closes, passed a opens, passed b opens"
	if strings.Join(got, ", ") != want || report.Requests != 7 {
		t.Errorf("%d requests, %s", report.Requests, strings.Join(got, ", "))
	}
}
