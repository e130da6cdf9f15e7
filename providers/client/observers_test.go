package client_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/client"
)

var (
	somePermissions = []observation.PermissionCheck{{Name: "okta.apps.read", For: "collect applications",
		State: observation.PermissionMissing, Action: "grant it", Optional: true}}
	someSignIns = observation.SignInReport{Covers: "2026-11-01T00:00:00Z", Requests: 2,
		Applications: []observation.SignInActivity{
			{Item: identity.ItemID{Kind: identity.KindApplication, ID: "0oa1"}, Last: "2026-11-20T08:00:00Z", SignIns: 4,
				Failures: 1, PeopleCount: 2, People: []string{"a", "b"}},
		}}
	someFacts = []observation.ConnectionFact{
		{Name: observation.ConnectionCertificate, Value: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----",
			Expires: "2027-01-01T00:00:00Z"},
		{Name: observation.ConnectionClientID, Value: "payroll", Note: "unchanged"},
	}
)

func (f *fakeSource) Permissions(context.Context) ([]observation.PermissionCheck, error) {
	if f.behaviour == "badstate" {
		return []observation.PermissionCheck{{Name: "x", State: "perhaps"}}, nil
	}
	return somePermissions, nil
}

func (f *fakeSource) SignIns(_ context.Context, since string) (observation.SignInReport, error) {
	if since == "" {
		return observation.SignInReport{}, errors.New("since when")
	}
	return someSignIns, nil
}

func (f *fakeSource) Connection(context.Context, identity.Item) ([]observation.ConnectionFact, error) {
	return someFacts, nil
}

func (f *fakeTarget) Probe(_ context.Context, request observation.ProbeRequest) ([]observation.ProbeResult, error) {
	return []observation.ProbeResult{{Probe: "reads_back", Resource: request.Resource, Status: observation.ProbeFailed,
		Summary: "differs", LookAt: "the client",
		Evidence: map[string]string{"member": request.Member, "enabled": "false"}, Requests: 1}}, nil
}

func (f *fakeTarget) Usage(_ context.Context, questions []observation.UsageQuestion) ([]observation.Usage, error) {
	usages := make([]observation.Usage, 0, len(questions))
	for _, q := range questions {
		facts := []string{q.Since + " " + fmt.Sprint(q.Opened)}
		usages = append(usages, observation.Usage{Resource: q.Resource.ID(), Used: true, Facts: facts,
			Unknown: "no right to read consents"})
	}
	return usages, nil
}

func (f *fakeTarget) Changes(_ context.Context, since, until string,
	each func(observation.ChangeEvent) error) (observation.ChangeReport, error) {
	if until == "now" {
		return observation.ChangeReport{}, &contract.ProviderError{Code: contract.ErrorForbidden, Message: "not kept",
			Permission: "the switch"}
	}
	for i := range 1200 {
		event := observation.ChangeEvent{ID: fmt.Sprint(i), At: "2026-11-20T08:00:00.123Z", Operation: "create",
			Type: "client",
			Path: "clients/1", ByUs: i%2 == 0,
			By: "c-1", About: []identity.ResourceID{{Type: "client", Key: "payroll"}}, ServerIDs: []string{"1"},
			Digest: "sha256:ab"}
		if until == "" {
			event.At = "soon"
		}
		if err := each(event); err != nil {
			return observation.ChangeReport{}, err
		}
	}
	return observation.ChangeReport{Covers: since, Note: "without content", Requests: 3}, nil
}

func TestATargetTellsWhatItRecorded(t *testing.T) {
	running := target(t)
	report, err := running.Changes(t.Context(), "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")
	if err != nil || len(report.Events) != 1200 || report.Covers != "2026-11-20T00:00:00Z" ||
		report.Note != "without content" || report.Requests != 3 {
		t.Fatalf("%d events, covers %q, error %v", len(report.Events), report.Covers, err)
	}
	want := observation.ChangeEvent{ID: "1199", At: "2026-11-20T08:00:00.123Z", Operation: "create", Type: "client",
		Path: "clients/1", By: "c-1",
		About: []identity.ResourceID{{Type: "client", Key: "payroll"}}, ServerIDs: []string{"1"}, Digest: "sha256:ab"}
	if got := report.Events[1199]; !reflect.DeepEqual(got, want) {
		t.Errorf("the last event is %+v", got)
	}
	_, err = running.Changes(t.Context(), "", "now")
	var fault *contract.ProviderError
	if !errors.As(err, &fault) || fault.Code != contract.ErrorForbidden || fault.Permission != "the switch" {
		t.Errorf("error is %v", err)
	}
	_, err = running.Changes(t.Context(), "", "")
	wantCode(t, err, "plugin-invalid")
}

func (f *fakeTarget) Blueprint(_ context.Context, name string) (observation.Blueprint, error) {
	return observation.Blueprint{Name: name, Document: []byte("{}\n"), Stripped: []string{"mail server m"}}, nil
}

func TestASourceTellsWhatItObserves(t *testing.T) {
	running := source(t, "good")
	checks, err := running.Permissions(t.Context())
	if err != nil || !reflect.DeepEqual(checks, somePermissions) {
		t.Errorf("permissions %v, error %v", checks, err)
	}
	report, err := running.SignIns(t.Context(), "2026-11-01T00:00:00Z")
	if err != nil || !reflect.DeepEqual(report, someSignIns) {
		t.Errorf("sign-ins %v, error %v", report, err)
	}
	facts, err := running.Connection(t.Context(),
		identity.Item{Kind: identity.KindApplication, ID: "0oa1", Attributes: []byte(`{}`)})
	if err != nil || !reflect.DeepEqual(facts, someFacts) {
		t.Errorf("facts %v, error %v", facts, err)
	}
}

func TestAStateOfAPermissionThatIsNotKnownDoesNotPass(t *testing.T) {
	_, err := source(t, "badstate").Permissions(t.Context())
	wantCode(t, err, "plugin-invalid")
}

func TestATargetTellsWhatItObserves(t *testing.T) {
	running := target(t)
	request := observation.ProbeRequest{Resource: identity.ResourceID{Type: "client", Key: "payroll"}, Member: "ada",
		Attributes: identity.Attributes{"enabled": true}}
	results, err := running.Probe(t.Context(), request)
	if err != nil || len(results) != 1 || results[0].Status != observation.ProbeFailed ||
		results[0].Evidence["member"] != "ada" {
		t.Errorf("results %v, error %v", results, err)
	}
	questions := []observation.UsageQuestion{{Resource: identity.Resource{Type: "client", Key: "payroll"},
		Since: "2026-11-22T08:00:00Z", Opened: true},
		{Resource: identity.Resource{Type: "group", Key: "/eng"}}}
	usages, err := running.Usage(t.Context(), questions)
	if err != nil || len(usages) != 2 || usages[1].Resource != questions[1].Resource.ID() ||
		usages[0].Facts[0] != "2026-11-22T08:00:00Z true" {
		t.Errorf("usages %v, error %v", usages, err)
	}
	blueprint, err := running.Blueprint(t.Context(), "copy")
	if err != nil || !reflect.DeepEqual(blueprint,
		observation.Blueprint{Name: "copy", Document: []byte("{}\n"), Stripped: []string{"mail server m"}}) {
		t.Errorf("blueprint %v, error %v", blueprint, err)
	}
}

func TestACallThatAProviderLeavesOutIsUnsupported(t *testing.T) {
	running := target(t)
	_, err := running.SignIns(t.Context(), "2026-11-01T00:00:00Z")
	if !client.Unsupported(err) {
		t.Errorf("error is %v", err)
	}
	if _, err := running.Permissions(t.Context()); !client.Unsupported(err) {
		t.Errorf("error is %v", err)
	}
}
