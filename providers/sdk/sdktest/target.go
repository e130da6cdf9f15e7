package sdktest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/protocol"
	"github.com/rehome-iam/rehome/providers/sdk"
)

// Target checks what is asked of every target, with arguments that work and a few items. It writes nothing.
func Target(t testing.TB, target sdk.Target, config map[string]any, items ...identity.Item) {
	t.Helper()
	schema := target.Schema()
	checkSchema(t, schema)
	types := resourceTypes(t, schema)
	if list := target.Configure(t.Context(), config); list.HasErrors() {
		t.Fatalf("arguments that work are refused: %v", list)
	}
	first, err := target.Identify(t.Context())
	if err != nil || first.Identity == "" {
		t.Fatalf("identity is %+v, %v", first, err)
	}
	if second, err := target.Identify(t.Context()); err != nil || second.Identity != first.Identity {
		t.Errorf("identity changed from %q to %q, %v", first.Identity, second.Identity, err)
	}
	// An item of every kind about which nothing is known must be answered too.
	for _, kind := range identity.Kinds() {
		items = append(items, identity.Item{Kind: kind, ID: "empty", Name: "empty", Version: identity.KindVersion,
			Attributes: []byte("{}")})
	}
	for _, item := range items {
		checkTranslation(t, target, item, types)
	}
	checkRead(t, target, types)
}

// Marker checks that a marker is kept and that a writer with an old revision is refused. It writes the marker of the
// target.
func Marker(t testing.TB, target sdk.Target) {
	t.Helper()
	_, before, err := target.ReadMarker(t.Context())
	if err != nil {
		t.Fatalf("reading the marker: %v", err)
	}
	wanted := contract.Marker{Migration: "conformance", Run: "r1", Fence: 7,
		Bindings: map[string]string{"okta.a/group/1#group": "group:/a"}}
	if _, err := target.WriteMarker(t.Context(), wanted, before); err != nil {
		t.Fatalf("writing the marker: %v", err)
	}
	marker, revision, err := target.ReadMarker(t.Context())
	if err != nil || revision == before || !reflect.DeepEqual(marker, wanted) {
		t.Errorf("marker is %+v of revision %q, %v", marker, revision, err)
	}
	var failure *contract.ProviderError
	if _, err := target.WriteMarker(t.Context(), wanted, before); !errors.As(err, &failure) ||
		failure.Code != contract.ErrorConflict {
		t.Errorf("a write based on an old revision gave %v, want a conflict", err)
	}
}

func resourceTypes(t testing.TB, schema contract.ProviderSchema) map[string]identity.ResourceSchema {
	t.Helper()
	types := map[string]identity.ResourceSchema{}
	for _, resource := range schema.Resources {
		if _, twice := types[resource.Type]; twice || resource.KeyFormat == "" {
			t.Errorf("resource type %q is there twice or has no key", resource.Type)
		}
		types[resource.Type] = resource
	}
	if len(types) == 0 {
		t.Error("the schema of the target names no resource type")
	}
	return types
}

func checkTranslation(t testing.TB, target sdk.Target, item identity.Item, types map[string]identity.ResourceSchema) {
	t.Helper()
	translation := target.Translate(item)
	if again := target.Translate(item); !reflect.DeepEqual(again, translation) {
		t.Errorf("two translations of %s/%s differ", item.Kind, item.ID)
	}
	message, err := protocol.EncodeTranslation(translation)
	if err != nil {
		t.Fatalf("translation of %s/%s: %v", item.Kind, item.ID, err)
	}
	if _, err := protocol.DecodeTranslation(message); err != nil {
		t.Errorf("translation of %s/%s does not cross to the host: %v", item.Kind, item.ID, err)
	}
	if len(translation.Resources) == 0 && len(translation.Findings) == 0 {
		t.Errorf("%s/%s is dropped without a word: no resource and no finding", item.Kind, item.ID)
	}
	for _, resource := range translation.Resources {
		schema, known := types[resource.Type]
		if !known {
			t.Errorf("%s/%s becomes a %q, which the schema does not name", item.Kind, item.ID, resource.Type)
			continue
		}
		for _, name := range resource.Attributes.Names() {
			if _, known := schema.Attribute(name); !known {
				t.Errorf("attribute %s of %s is not in the schema", name, resource.Type)
			}
		}
	}
}

func checkRead(t testing.TB, target sdk.Target, types map[string]identity.ResourceSchema) {
	t.Helper()
	seen := map[identity.ResourceID]bool{}
	summary, err := target.Read(t.Context(), func(resource identity.Resource) error {
		if err := protocol.ValidateResource(resource); err != nil {
			t.Errorf("live resource: %v", err)
		}
		if _, known := types[resource.Type]; !known {
			t.Errorf("live %s is of a type that the schema does not name", resource.ID())
		}
		if seen[resource.ID()] {
			t.Errorf("live %s came twice", resource.ID())
		}
		seen[resource.ID()] = true
		return nil
	})
	if err != nil || summary.Resources != len(seen) {
		t.Errorf("read %d resources, the summary counts %d, %v", len(seen), summary.Resources, err)
	}
	if len(seen) == 0 {
		return
	}
	stop := errors.New("stop")
	if _, err := target.Read(t.Context(), func(identity.Resource) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error of the reader became %v", err)
	}
}
