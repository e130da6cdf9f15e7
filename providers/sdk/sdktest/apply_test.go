package sdktest_test

import (
	"context"
	"crypto/rand"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// memory is a target that keeps its resources in a map. Its writes can be cut.
type memory struct {
	goodTarget
	fault string // what it does wrong, empty for nothing
	live  map[identity.ResourceID]identity.Resource
	left  int // requests that get through, negative for all
}

func newMemory(fault string) *memory {
	return &memory{fault: fault, live: map[identity.ResourceID]identity.Resource{}, left: -1}
}

func (m *memory) Schema() contract.ProviderSchema {
	schema := m.goodTarget.Schema()
	group := &schema.Resources[0]
	group.Tagged, group.KeyFormat = true, "{path}"
	group.Attributes = []identity.AttributeSchema{
		{Name: "path", Type: "string", Identity: true}, {Name: "name", Type: "string"},
		{Name: "members", Type: "list", Unordered: true},
		{Name: "token", Type: "string", Sensitive: true, Generated: true},
	}
	return schema
}

func (m *memory) Read(_ context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	for _, r := range m.live {
		if err := each(r); err != nil {
			return contract.ReadSummary{}, err
		}
	}
	return contract.ReadSummary{Resources: len(m.live)}, nil
}

func (m *memory) Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	live, exists := m.live[step.Resource]
	switch {
	case m.fault == "overwrites" && step.Action == contract.ActionUpdate && exists:
		return contract.StepResult{}, (&writer{m}).Update(ctx, step, &steps.Live[string]{Resource: live})
	case m.fault == "deletes what is not ours" && step.Action == contract.ActionDelete && exists:
		return contract.StepResult{}, (&writer{m}).Remove(ctx, step, &steps.Live[string]{Resource: live})
	}
	return steps.Apply(ctx, m.Schema().Resources[0], &writer{m}, step)
}

type writer struct{ *memory }

func (w *writer) Find(_ context.Context, step contract.StepRequest) (*steps.Live[string], error) {
	if w.left == 0 {
		return nil, steps.ErrLost
	}
	for _, key := range []string{step.Resource.Key, path(step.Before)} {
		if r, exists := w.live[identity.ResourceID{Type: step.Resource.Type, Key: key}]; exists {
			return &steps.Live[string]{Resource: r, Raw: r.ServerID}, nil
		}
	}
	return nil, nil
}

func path(a identity.Attributes) string {
	text, _ := a["path"].(string)
	return text
}

// write is one request: it is done, and its answer comes when others may follow it.
func (w *writer) write(change func()) error {
	if w.left == 0 {
		return steps.ErrLost
	}
	change()
	if w.left--; w.left == 0 {
		return steps.ErrLost
	}
	w.left = max(w.left, -1)
	return nil
}

func (w *writer) Create(_ context.Context, step contract.StepRequest) (contract.StepResult, error) {
	made := identity.Resource{Type: step.Resource.Type, Key: step.Resource.Key, Attributes: step.After.Clone(),
		Tag: step.Tag, ServerID: rand.Text()}
	result := contract.StepResult{ServerID: made.ServerID, Generated: map[string]string{"token": made.ServerID}}
	if _, exists := w.live[step.Resource]; exists {
		return contract.StepResult{}, steps.ErrTaken
	}
	return result, w.write(func() { w.live[step.Resource] = made })
}

func (w *writer) Generated(_ contract.StepRequest, live *steps.Live[string]) map[string]string {
	if w.fault == "makes a secret again" {
		return map[string]string{"token": rand.Text()}
	}
	return map[string]string{"token": live.ServerID}
}

func (w *writer) Update(_ context.Context, step contract.StepRequest, live *steps.Live[string]) error {
	changed := live.Resource
	changed.Key, changed.Tag, changed.Attributes = step.Resource.Key, step.Tag, live.Attributes.Clone()
	maps.Copy(changed.Attributes, step.After)
	return w.write(func() {
		if w.fault != "leaves the old one" {
			delete(w.live, live.ID())
		}
		w.live[changed.ID()] = changed
	})
}

func (w *writer) Remove(_ context.Context, _ contract.StepRequest, live *steps.Live[string]) error {
	return w.write(func() { delete(w.live, live.ID()) })
}

func samples() []sdktest.Sample {
	group := func(path, name string, members ...any) identity.Attributes {
		return identity.Attributes{"path": path, "name": name, "members": members}
	}
	return []sdktest.Sample{{
		Resource: identity.ResourceID{Type: "group", Key: "/eng"}, Made: group("/eng", "eng", "ada", "bob"),
		Changed: group("/eng", "Engineers", "bob"),
		Renamed: &identity.Resource{Type: "group", Key: "/engineering",
			Attributes: group("/engineering", "eng", "bob", "ada")},
		Generates: "token",
	}}
}

// faultVariable makes the test below run on a target that does something wrong, in a process of its own.
const faultVariable = "REHOME_TEST_FAULT"

func TestApply_AGoodTargetPasses(t *testing.T) {
	fault := os.Getenv(faultVariable)
	sdktest.Apply(t, func(*testing.T) sdktest.Place {
		m := newMemory(fault)
		return sdktest.Place{Target: m, Reopen: func(*testing.T) sdk.Target { return m }, Cut: func(after int) func() {
			m.left = after
			return func() { m.left = -1 }
		}}
	}, samples()...)
}

func TestApply_ATargetThatDoesSomethingWrongFails(t *testing.T) {
	for fault, complaint := range map[string]string{
		"overwrites":               "over a foreign change ended with <nil>",
		"deletes what is not ours": "that is not ours ended with <nil>",
		"makes a secret again":     "gave out a second secret",
		"leaves the old one":       "the old one is there: true",
	} {
		t.Run(fault, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestApply_AGoodTargetPasses$")
			command.Env = append(os.Environ(), faultVariable+"="+fault)
			output, err := command.CombinedOutput()
			if err == nil || !strings.Contains(string(output), complaint) {
				t.Errorf("ended with %v:\n%s", err, output)
			}
		})
	}
}
