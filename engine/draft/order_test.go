package draft

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

func TestBuild_CycleIsBlockedByName(t *testing.T) {
	in := input()
	a, b := group("c1", "one"), group("c2", "two")
	a.Translation.Resources[0].DependsOn = []identity.Dependency{identity.OnResource("group", "/two")}
	b.Translation.Resources[0].DependsOn = []identity.Dependency{identity.OnResource("group", "/one")}
	in.Items = append(in.Items, a, b)
	if s := step(t, build(t, in), "group:/one"); s.Disposition != plan.DispositionBlocked ||
		!strings.Contains(s.Reason, "group:/one -> group:/two") {
		t.Errorf("%+v", s)
	}
}

func TestBuild_CheckFindingBlocksTheWholeApplication(t *testing.T) {
	in := input()
	in.CheckFindings = []contract.CheckFinding{{Resource: identity.ResourceID{Type: "role", Key: "wiki/access"},
		Finding: fidelity.Finding{Type: fidelity.Invalid, Summary: "no gate"}}}
	p := build(t, in)
	for _, id := range []string{"role:wiki/access", "client:wiki", "grant:/eng -> wiki"} {
		if s := step(t, p, id); s.Disposition != plan.DispositionBlocked || s.After != nil ||
			!strings.Contains(s.Reason, "no gate") {
			t.Errorf("%+v", s)
		}
	}
}

// UPDATE_GOLDEN=1 writes the golden hash anew. A change of it means that approved plans of earlier builds no longer
// fit.
func TestHash_IsTheGoldenOne(t *testing.T) {
	const path = "testdata/hash.golden"
	got := build(t, input()).PlanHash + "\n"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("hash %s, want %s", got, want)
	}
}

func TestBuild_AnOpeningWaitsForWhatIsChangedBehindWhatIsAsWanted(t *testing.T) {
	in := behindADoor()
	in.Items = in.Items[:1]
	opening := &in.Items[0].Translation.Resources[2]
	opening.DependsOn = []identity.Dependency{identity.OnItem(identity.KindApplication, "a1", "role")}
	role := &in.Items[0].Translation.Resources[1]
	role.DependsOn = []identity.Dependency{identity.OnItem(identity.KindGroup, "g1", "group")}
	in.Items = append(in.Items, group("g1", "eng"))
	in.Live = []identity.Resource{{Type: "role", Key: "wiki/access", Attributes: identity.Attributes{"client": "wiki",
		"role": "access"}}}
	p := build(t, in)
	if role := step(t, p, "role:wiki/access"); role.Disposition != plan.DispositionUnchanged {
		t.Fatalf("the role is %s", role.Disposition)
	}
	if after := step(t, p, "opening:wiki").DependsOn; !slices.Contains(after, "group:/eng") {
		t.Errorf("the opening waits for %v", after)
	}
}
