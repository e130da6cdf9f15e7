package breakglass_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/breakglass"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
)

// target answers for each account, and notes what it was asked.
type target struct {
	answers map[string][]observation.ProbeResult
	err     error
	asked   []observation.ProbeRequest
}

func (*target) Read(context.Context, func(identity.Resource) error) (contract.ReadSummary, error) {
	return contract.ReadSummary{}, errors.New("nothing is read to try an account")
}

func (g *target) Probe(_ context.Context, r observation.ProbeRequest) ([]observation.ProbeResult, error) {
	g.asked = append(g.asked, r)
	return g.answers[r.Resource.Key], g.err
}

func of(user string, status observation.ProbeStatus) observation.ProbeResult {
	return observation.ProbeResult{Probe: "break_glass", Resource: identity.ResourceID{Type: "break_glass", Key: user},
		Status: status, Summary: "seen", LookAt: "its credentials"}
}

// opened is a project with these blocks.
func opened(t *testing.T, blocks string) (*project.Project, *projecttest.Place) {
	t.Helper()
	place := projecttest.New(t, "acme")
	place.Write("more.rehome.hcl", blocks)
	p := place.Open()
	if _, err := p.Configuration(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, place
}

const two = "break_glass {\n  users = [\"root\", \"night\"]\n}\n"

func TestTry_AsksForEachAccountAndImpersonatesOnlyWhereThatIsAllowed(t *testing.T) {
	for blocks, want := range map[string]bool{two: false, two + "verify {\n  impersonate = true\n}\n": true,
		two + "verify {\n  impersonate = false\n}\n": false} {
		p, _ := opened(t, blocks)
		g := &target{answers: map[string][]observation.ProbeResult{"root": {of("root", observation.ProbePassed)},
			"night": {of("night", observation.ProbePassed)}}}
		results, err := breakglass.Try(t.Context(), p, g)
		if err != nil || len(results) != 2 || results[0].At.IsZero() {
			t.Fatalf("%+v %v", results, err)
		}
		for i, user := range []string{"root", "night"} {
			if a := g.asked[i]; a.Resource.Key != user || a.Resource.Type != observation.BreakGlassType ||
				a.Impersonate != want {
				t.Errorf("with %s asked %+v", blocks, a)
			}
		}
	}
}

func TestTry_WithoutABlockNothingIsAsked(t *testing.T) {
	p, _ := opened(t, "")
	g := &target{err: errors.New("it was asked")}
	if results, err := breakglass.Try(t.Context(), p, g); results != nil || err != nil || g.asked != nil {
		t.Errorf("%+v %v", results, err)
	}
	if err := breakglass.ShutOut(t.Context(), p, g, "stop"); err != nil {
		t.Error(err)
	}
}

// A file has nobody who could sign in: that is said where the block stands, and is no reason to stop.
func TestTry_ATargetThatIsNoServerIsWarnedOf(t *testing.T) {
	p, place := opened(t, two)
	g := &target{err: &contract.ProviderError{Code: contract.ErrorUnsupported, Message: "no server"}}
	if err := breakglass.ShutOut(t.Context(), p, g, "stop"); err != nil {
		t.Error(err)
	}
	if !slices.Equal(place.Heard.Codes(), []string{"break-glass-not-tried"}) {
		t.Errorf("%v", place.Heard.Codes())
	}
}

// Only what is known to be open lets a run go on.
func TestShutOut_RefusesUnlessEveryAccountIsKnownToGetIn(t *testing.T) {
	for name, c := range map[string]struct {
		root, night []observation.ProbeResult
		shut        []string
	}{
		"both get in": {[]observation.ProbeResult{of("root", "passed")}, []observation.ProbeResult{of("night",
			"passed")}, nil},
		"one does not": {[]observation.ProbeResult{of("root", "passed")}, []observation.ProbeResult{of("night",
			"failed")}, []string{"night"}},
		"of one it is open": {[]observation.ProbeResult{of("root", "unknown")}, []observation.ProbeResult{of("night",
			"passed")}, []string{"root"}},
		"part of one failed": {[]observation.ProbeResult{of("root", "passed"), of("root", "failed")},
			[]observation.ProbeResult{of("night", "skipped")}, []string{"root"}},
		"nothing was said":   {nil, []observation.ProbeResult{of("night", "passed")}, []string{"root"}},
		"nothing of anybody": {nil, nil, []string{"root", "night"}},
	} {
		p, _ := opened(t, two)
		g := &target{answers: map[string][]observation.ProbeResult{"root": c.root, "night": c.night}}
		err := breakglass.ShutOut(t.Context(), p, g, "Nothing was written.")
		var d diag.Diagnostic
		if errors.As(err, &d) != (c.shut != nil) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, user := range []string{"root", "night"} {
			if strings.Contains(d.Detail, "  "+user+" ") != slices.Contains(c.shut, user) {
				t.Errorf("%s: %s", name, d.Detail)
			}
		}
		if c.shut != nil && (d.Code != "break-glass-shut" || !strings.HasSuffix(d.Detail, "Nothing was written.")) {
			t.Errorf("%s: %+v", name, d)
		}
	}
	p, _ := opened(t, two)
	own := errors.New("the connection broke")
	if err := breakglass.ShutOut(t.Context(), p, &target{err: own}, "stop"); !errors.Is(err, own) ||
		!strings.Contains(err.Error(), "root") {
		t.Error(err)
	}
}
