package sdktest

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/protocol"
	"github.com/rehome-iam/rehome/providers/sdk"
)

// Collected is what a source gave. It is a sdk.Sink, safe for many goroutines, and checks what it takes.
type Collected struct {
	mutex sync.Mutex
	Pages []identity.PageEvidence
	Items map[identity.ItemID]identity.Item
	Gaps  []identity.Gap
	Wrong []string // what broke the contract
}

// NewCollected makes an empty one.
func NewCollected() *Collected { return &Collected{Items: map[identity.ItemID]identity.Item{}} }

// sink hides the name Items of the field behind the method that sdk.Sink wants.
type sink struct{ into *Collected }

// Sink is what a source collects into.
func (c *Collected) Sink() sdk.Sink { return sink{into: c} }

func (s sink) Page(_ context.Context, page identity.PageEvidence) (int, error) {
	s.into.mutex.Lock()
	defer s.into.mutex.Unlock()
	page.Sequence = len(s.into.Pages) + 1
	s.into.Pages = append(s.into.Pages, page)
	if page.Method == "" || page.Path == "" || page.SHA256 == "" {
		s.into.Wrong = append(s.into.Wrong, "a page has no method, path or sum: "+page.Path)
	}
	return page.Sequence, nil
}

func (s sink) Items(_ context.Context, items ...identity.Item) error {
	s.into.mutex.Lock()
	defer s.into.mutex.Unlock()
	for _, item := range items {
		name := identity.ItemID{Kind: item.Kind, ID: item.ID}
		if err := protocol.ValidateItem(item); err != nil {
			s.into.Wrong = append(s.into.Wrong, err.Error())
		}
		if item.Page > len(s.into.Pages) {
			s.into.Wrong = append(s.into.Wrong, name.String()+" came before its page")
		}
		if item.Source != "" {
			s.into.Wrong = append(s.into.Wrong, name.String()+" names a source, which the host does")
		}
		if _, twice := s.into.Items[name]; twice {
			s.into.Wrong = append(s.into.Wrong, name.String()+" came twice")
		}
		s.into.Items[name] = item
	}
	return nil
}

func (s sink) Gap(_ context.Context, gap identity.Gap) error {
	s.into.mutex.Lock()
	defer s.into.mutex.Unlock()
	s.into.Gaps = append(s.into.Gaps, gap)
	return nil
}

// Source checks a source with arguments that work. Secrets are texts, such as the token, that must be in nothing it
// gives.
func Source(t testing.TB, source sdk.Source, config map[string]any, secrets ...string) *Collected {
	t.Helper()
	schema := source.Schema()
	checkSchema(t, schema)
	if len(schema.Kinds) == 0 {
		t.Error("the schema of the source names no kind")
	}
	if list := source.Configure(t.Context(), config); list.HasErrors() {
		t.Fatalf("arguments that work are refused: %v", list)
	}
	found, err := source.Identify(t.Context())
	if err != nil || found.Tenant == "" {
		t.Fatalf("identity is %+v, %v", found, err)
	}
	collected := NewCollected()
	if err := source.Collect(t.Context(), collected.Sink()); err != nil {
		t.Fatalf("collecting: %v", err)
	}
	for _, wrong := range collected.Wrong {
		t.Error(wrong)
	}
	for name := range collected.Items {
		if !slices.Contains(schema.Kinds, name.Kind) {
			t.Errorf("%s is of a kind that the schema does not name", name)
		}
	}
	checkSecrets(t, collected, secrets)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := source.Collect(cancelled, NewCollected().Sink()); err == nil {
		t.Error("a collection that was cancelled ended without an error")
	}
	return collected
}

func checkSecrets(t testing.TB, collected *Collected, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		for _, page := range collected.Pages {
			if strings.Contains(string(page.Body)+page.Query+page.Path, secret) {
				t.Errorf("page %d (%s) holds a secret", page.Sequence, page.Path)
			}
		}
		for name, item := range collected.Items {
			if strings.Contains(string(item.Attributes)+string(item.Raw)+item.Name, secret) {
				t.Errorf("%s holds a secret", name)
			}
		}
	}
}

// checkSchema checks what is asked of every schema, and that it crosses to the host unchanged.
func checkSchema(t testing.TB, schema contract.ProviderSchema) {
	t.Helper()
	if schema.Name == "" || schema.Version == "" || schema.Doc == "" {
		t.Error("the schema has no name, version or text")
	}
	seen := map[string]bool{}
	for _, argument := range schema.Config {
		if seen[argument.Name] || argument.Doc == "" ||
			!slices.Contains([]string{"string", "number", "bool", "list(string)"}, argument.Type) {
			t.Errorf("argument %q is there twice, has no text, or its type %q is not known", argument.Name, argument.Type)
		}
		seen[argument.Name] = true
	}
	message, err := protocol.EncodeSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	crossed, err := protocol.DecodeSchema(message)
	if err != nil {
		t.Fatal(err)
	}
	if len(crossed.Resources) != len(schema.Resources) || !reflect.DeepEqual(crossed.Kinds, schema.Kinds) {
		t.Error("the schema does not cross to the host unchanged")
	}
}
