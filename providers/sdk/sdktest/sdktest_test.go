package sdktest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
)

type goodSource struct{}

func (goodSource) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{Name: "good", Version: "1.0.0", Doc: "Good.",
		Kinds: []identity.Kind{identity.KindGroup}}
}

func (goodSource) Configure(context.Context, map[string]any) diag.List { return nil }

func (goodSource) Identify(context.Context) (contract.SourceIdentity, error) {
	return contract.SourceIdentity{Tenant: "acme"}, nil
}

func (goodSource) Collect(ctx context.Context, sink sdk.Sink) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	page, err := sink.Page(ctx, identity.PageEvidence{Method: "GET", Path: "/groups", SHA256: "00"})
	if err != nil {
		return err
	}
	return sink.Items(ctx, identity.Item{Kind: identity.KindGroup, ID: "1", Attributes: []byte("{}"), Page: page})
}

func (goodSource) Secret(context.Context, identity.ItemID, string) (string, error) { return "", nil }

type goodTarget struct {
	marker   contract.Marker
	revision int
}

func (*goodTarget) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{Name: "good", Version: "1.0.0", Doc: "Good.", Resources: []identity.ResourceSchema{{
		Type: "group", KeyFormat: "/{name}", Attributes: []identity.AttributeSchema{{Name: "name", Type: "string",
			Identity: true}},
	}}}
}

func (*goodTarget) Configure(context.Context, map[string]any) diag.List { return nil }

func (*goodTarget) Identify(context.Context) (contract.TargetIdentity, error) {
	return contract.TargetIdentity{Identity: "one"}, nil
}

func (*goodTarget) Translate(item identity.Item) contract.Translation {
	return contract.Translation{Resources: []identity.Resource{{Type: "group", Key: "/" + item.ID,
		Attributes: identity.Attributes{"name": item.ID}}}}
}

func (*goodTarget) Read(_ context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	return contract.ReadSummary{Resources: 1}, each(identity.Resource{Type: "group", Key: "/a"})
}

func (*goodTarget) Check(_, _ []identity.Resource) []contract.CheckFinding { return nil }

func (*goodTarget) Apply(context.Context, contract.StepRequest) (contract.StepResult, error) {
	return contract.StepResult{}, nil
}

func (g *goodTarget) ReadMarker(context.Context) (contract.Marker, contract.MarkerRevision, error) {
	return g.marker, g.name(), nil
}

func (g *goodTarget) WriteMarker(_ context.Context, marker contract.Marker,
	basedOn contract.MarkerRevision) (contract.MarkerRevision, error) {
	if basedOn != g.name() {
		return "", &contract.ProviderError{Code: contract.ErrorConflict, Message: "marker has changed"}
	}
	g.marker = marker
	g.revision++
	return g.name(), nil
}

func (g *goodTarget) name() contract.MarkerRevision {
	if g.revision == 0 {
		return ""
	}
	return contract.MarkerRevision(fmt.Sprint(g.revision))
}

func TestAGoodSourcePasses(t *testing.T) {
	if got := sdktest.Source(t, goodSource{}, nil, "hunter2"); len(got.Items) != 1 || len(got.Pages) != 1 {
		t.Errorf("collected %+v", got)
	}
}

func TestAGoodTargetPasses(t *testing.T) {
	target := &goodTarget{}
	sdktest.Target(t, target, nil)
	sdktest.Marker(t, target)
}

func TestASinkNoticesWhatBreaksTheContract(t *testing.T) {
	cases := map[string]identity.Item{
		"no id":              {Kind: identity.KindGroup, Attributes: []byte("{}")},
		"no attributes":      {Kind: identity.KindGroup, ID: "1"},
		"a page to come":     {Kind: identity.KindGroup, ID: "1", Attributes: []byte("{}"), Page: 3},
		"a source of itself": {Kind: identity.KindGroup, ID: "1", Attributes: []byte("{}"), Source: "okta.corp"},
	}
	for name, item := range cases {
		collected := sdktest.NewCollected()
		if err := collected.Sink().Items(t.Context(), item); err != nil || len(collected.Wrong) != 1 {
			t.Errorf("%s: wrong is %q, %v", name, collected.Wrong, err)
		}
	}
}
