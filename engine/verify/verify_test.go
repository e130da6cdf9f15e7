package verify_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/verify"
)

var schemas = []identity.ResourceSchema{{Type: "client", Attributes: []identity.AttributeSchema{
	{Name: "name", Type: "string"}, {Name: "uris", Type: "list", Unordered: true},
	{Name: "secret", Type: "string", Sensitive: true, Generated: true},
	{Name: "made_at", Type: "string", Computed: true},
}}}

// accessSchemas are an application and its grants.
var accessSchemas = []identity.ResourceSchema{
	{Type: "client", ItemKinds: []identity.Kind{identity.KindApplication}},
	{Type: "grant", ItemKinds: []identity.Kind{identity.KindAppAssignment}},
}

func grant(group, app string) identity.Resource {
	return identity.Resource{Type: "grant", Key: group + " -> " + app,
		Attributes: identity.Attributes{"group": group, "client": app}}
}

func TestCompareGrants_AGrantThatNoRunMadeIsFound(t *testing.T) {
	made := grant("/eng", "wiki")
	expected := verify.Expect([]verify.Done{
		did("r1", "create", "wiki", identity.Attributes{}), did("r1", "create", "crm", identity.Attributes{}),
		{Run: "r1", Step: plan.Step{ID: made.ID().String(), Action: plan.ActionCreate, Resource: made.ID(),
			After: made.Attributes}},
	}, accessSchemas)
	live := []identity.Resource{client("wiki", ""), client("crm", ""), made, grant("/everybody", "crm")}
	got := map[string]string{}
	for _, result := range verify.CompareGrants(expected, live, accessSchemas, time.Time{}) {
		got[result.Resource.Key] = string(result.Status) + " " + result.Summary
	}
	want := map[string]string{"wiki": "passed 1 grant, made by a run",
		"crm": "failed granted by no run: /everybody -> crm"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func did(run, action, key string, after identity.Attributes) verify.Done {
	id := identity.ResourceID{Type: "client", Key: key}
	return verify.Done{Run: run, ServerID: "id-" + key,
		Step: plan.Step{ID: id.String(), Action: plan.Action(action), Resource: id, After: after}}
}

func client(key, name string) identity.Resource {
	return identity.Resource{Type: "client", Key: key, ServerID: "id-" + key,
		Attributes: identity.Attributes{"name": name, "uris": []any{"b", "a"}, "made_at": "now"}}
}

func TestExpect_OfSeveralStepsOnOneResourceTheNewestCounts(t *testing.T) {
	expected := verify.Expect([]verify.Done{
		did("r1", "create", "wiki", identity.Attributes{"name": "Wiki"}),
		did("r1", "create", "crm", identity.Attributes{"name": "CRM"}),
		did("r2", "update", "wiki", identity.Attributes{"name": "Wiki 2"}), did("r3", "delete", "crm", nil),
		did("r3", "none", "blog", nil),
	}, schemas)
	if len(expected) != 2 || expected[0].Attributes != nil || expected[1].Run != "r2" ||
		expected[1].Attributes["name"] != "Wiki 2" {
		t.Errorf("%+v", expected)
	}
}

func TestExpect_ARenamedResourceIsExpectedUnderItsNewKeyAlone(t *testing.T) {
	keyed := []identity.ResourceSchema{{Type: "client", KeyFormat: "{name}",
		Attributes: []identity.AttributeSchema{{Name: "name", Identity: true}}}}
	renamed := did("r2", "update", "board", identity.Attributes{"name": "board"})
	renamed.Step.Before = identity.Attributes{"name": "leadership"}
	back := did("r3", "update", "board", identity.Attributes{"name": "leadership"})
	back.Step.Before = identity.Attributes{"name": "board"}
	done := []verify.Done{did("r1", "create", "leadership", identity.Attributes{"name": "leadership"}), renamed, back}
	if expected := verify.Expect(done[:2], keyed); len(expected) != 1 || expected[0].Resource.Key != "board" {
		t.Errorf("after the rename %+v", expected)
	}
	if expected := verify.Expect(done, keyed); len(expected) != 1 || expected[0].Resource.Key != "leadership" {
		t.Errorf("after the way back %+v", expected)
	}
}

func TestCompare_NamesEveryManagedAttributeThatSomebodyChanged(t *testing.T) {
	expected := verify.Expect([]verify.Done{
		did("r1", "create", "same", identity.Attributes{"name": "same", "uris": []any{"a", "b"}, "secret": "never compared"}),
		did("r1", "create", "changed", identity.Attributes{"name": "old", "uris": []any{"a", "b"}}),
		did("r1", "create", "gone", identity.Attributes{"name": "x"}),
		did("r1", "create", "renamed", identity.Attributes{"name": "x"}),
		did("r1", "map", "mapped", nil),
		did("r1", "delete", "back", nil),
	}, schemas)
	renamed := client("other", "x")
	renamed.ServerID = "id-renamed"
	live := []identity.Resource{client("same", "same"), client("changed", "new"), renamed, client("back", "x"),
		client("mapped", "anything")}
	var got []string
	for _, change := range verify.Compare(expected, live, schemas) {
		got = append(got, change.Resource.Key+": "+change.Summary)
	}
	want := []string{
		"back: it was deleted, and is there again", "changed: name is not as it was left", "gone: it is not there any more",
		"renamed: its key was changed to other",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompare_FindsWhatWasMadeClosedAndOpenedByHand(t *testing.T) {
	opening := append([]identity.ResourceSchema{{Type: "opening", Opens: true}}, accessSchemas...)
	opened := func(key string) identity.Resource {
		return identity.Resource{Type: "opening", Key: key, Attributes: identity.Attributes{"enabled": true}}
	}
	bySteps := did("r1", "create", "open", identity.Attributes{})
	bySteps.Step.Resource.Type = "opening"
	expected := verify.Expect([]verify.Done{
		did("r1", "create", "shut", identity.Attributes{}), did("r1", "create", "open", identity.Attributes{}), bySteps,
		did("r1", "update", "theirs", identity.Attributes{}), did("r1", "create", "renewed", identity.Attributes{}),
		did("r2", "update", "renewed", identity.Attributes{}),
	}, opening)
	live := []identity.Resource{client("shut", ""), client("open", ""), client("theirs", ""), client("renewed", ""),
		opened("shut"), opened("open"), opened("theirs"), opened("renewed"), opened("stranger")}
	var got []string
	for _, change := range verify.Compare(expected, live, opening) {
		got = append(got, change.Resource.String()+": "+change.Summary)
	}
	want := []string{"opening:shut: it was made closed, and no run opened it",
		"opening:renewed: it was made closed, and no run opened it"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// fake is the target's side of a verification.
type fake struct {
	live  []identity.Resource
	probe func(observation.ProbeRequest) ([]observation.ProbeResult, error)
}

func (f fake) Read(_ context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	for _, r := range f.live {
		if err := each(r); err != nil {
			return contract.ReadSummary{}, err
		}
	}
	return contract.ReadSummary{Requests: 1}, nil
}

func (f fake) Probe(_ context.Context, request observation.ProbeRequest) ([]observation.ProbeResult, error) {
	return f.probe(request)
}

func options() verify.Options {
	return verify.Options{Workers: 3, Now: func() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) }}
}

func TestRun_PutsWhatFailedFirstAndCounts(t *testing.T) {
	expected := verify.Expect([]verify.Done{did("r1", "create", "a", identity.Attributes{"name": "a"}),
		did("r1", "create", "b", identity.Attributes{"name": "b"}), did("r1", "delete", "c", nil)}, schemas)
	target := fake{live: []identity.Resource{client("a", "a"), client("b", "changed")},
		probe: func(r observation.ProbeRequest) ([]observation.ProbeResult, error) {
			status := observation.ProbePassed
			if r.Member != "ada" {
				status = observation.ProbeUnknown
			}
			return []observation.ProbeResult{{Probe: "opens", Resource: r.Resource, Status: status, Requests: 2}}, nil
		}}
	o := options()
	o.People.Member = func(r identity.ResourceID) string {
		if r.Key == "a" {
			return "ada"
		}
		return ""
	}
	report, err := verify.Run(t.Context(), expected, target, schemas, o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, result := range report.Results {
		got = append(got, string(result.Status)+" "+result.Resource.Key+" "+result.Probe)
	}
	want := []string{"failed b reads_back", "unknown b opens", "passed a opens", "passed a reads_back",
		"passed c reads_back"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if report.Requests != 5 || report.Count(observation.ProbeFailed) != 1 {
		t.Errorf("%d requests, %d failed", report.Requests, report.Count(observation.ProbeFailed))
	}
}

func TestRun_ATargetWithoutProbesIsReadBackOnly(t *testing.T) {
	none := errors.New("no probes")
	expected := verify.Expect([]verify.Done{did("r1", "create", "a", identity.Attributes{"name": "a"})}, schemas)
	o := options()
	o.Unsupported = func(err error) bool { return errors.Is(err, none) }
	report, err := verify.Run(t.Context(), expected,
		fake{live: []identity.Resource{client("a", "a")},
			probe: func(observation.ProbeRequest) ([]observation.ProbeResult, error) { return nil, none }}, schemas, o)
	if err != nil || len(report.Results) != 1 || report.Results[0].Status != observation.ProbePassed {
		t.Errorf("%+v, error %v", report, err)
	}
}

func TestRun_AProbeThatDiesEndsTheVerificationWithAnError(t *testing.T) {
	expected := verify.Expect([]verify.Done{did("r1", "create", "a", identity.Attributes{"name": "a"}),
		did("r1", "create", "b", identity.Attributes{"name": "b"})}, schemas)
	target := fake{probe: func(observation.ProbeRequest) ([]observation.ProbeResult, error) {
		return nil, errors.New("the plugin ended")
	}}
	if _, err := verify.Run(t.Context(), expected, target, schemas, options()); err == nil {
		t.Error("a plugin that ended passes for a verification")
	}
}
