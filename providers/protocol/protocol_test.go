package protocol_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/protocol"
)

func TestNumbersKeepTheirValue(t *testing.T) {
	attributes, err := protocol.DecodeAttributes([]byte(`{"small":3,"half":0.5,"id":12345678901234567890,"deep":[{"n":9007199254740993}]}`))
	want := identity.Attributes{
		"small": 3.0, "half": 0.5, "id": json.Number("12345678901234567890"),
		"deep": []any{map[string]any{"n": json.Number("9007199254740993")}},
	}
	if err != nil || !reflect.DeepEqual(attributes, want) {
		t.Errorf("attributes are %#v, %v", attributes, err)
	}
}

func TestNoAttributesAreNotAnEmptyObject(t *testing.T) {
	for _, attributes := range []identity.Attributes{nil, {}} {
		text, err := protocol.EncodeAttributes(attributes)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := protocol.DecodeAttributes(text); err != nil || !reflect.DeepEqual(got, attributes) {
			t.Errorf("%#v became %#v, %v", attributes, got, err)
		}
	}
}

func TestTextsLoseWhatSteersATerminal(t *testing.T) {
	cases := map[string]string{
		"plain ü": "plain ü", "a\x1b[2Jb": "a[2Jb", "a\nb": "a b", "a\u202Eb": "ab", "\xff": "\uFFFD", "a\u0085b": "ab",
	}
	for text, want := range cases {
		if got := protocol.CleanText(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestBatchesKeepTheirLimitsAndTheirOrder(t *testing.T) {
	var sizes []int
	var ids []string
	batch := protocol.NewBatch(func(items []*protocol.Item) error {
		bytes := 0
		for _, item := range items {
			bytes += proto.Size(item)
			ids = append(ids, item.GetId())
		}
		if len(items) > protocol.BatchCount || len(items) > 1 && bytes > protocol.BatchBytes {
			t.Errorf("batch of %d items, %d bytes", len(items), bytes)
		}
		sizes = append(sizes, len(items))
		return nil
	})
	for n := range 1201 {
		item := &protocol.Item{Id: fmt.Sprint(n)}
		if n == 700 {
			item.RawJson = make([]byte, 1<<20)
		}
		if err := batch.Add(item); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Flush(); err != nil || batch.Sent() != 1201 || ids[1200] != "1200" {
		t.Errorf("sent %d, %v", batch.Sent(), err)
	}
	if want := []int{500, 200, 1, 500}; !reflect.DeepEqual(sizes, want) {
		t.Errorf("sizes are %v, want %v", sizes, want)
	}
	if err := batch.Add(&protocol.Item{RawJson: make([]byte, protocol.MaxMessage)}); err == nil {
		t.Error("an item larger than a message was taken")
	}
}

func TestDiagnosticsCrossUnchanged(t *testing.T) {
	list := diag.List{{
		Severity: diag.Warning, Code: "c", Summary: "s", Detail: "d", Address: "a",
		Subject: &diag.Range{File: "f", Start: diag.Position{Line: 1, Column: 2, Byte: 3},
			End: diag.Position{Line: 4, Column: 5, Byte: 6}},
		Snippet: &diag.Snippet{Context: "x", Code: "y\nz", Line: 7, From: 8, To: 9},
	}}
	if got := protocol.DecodeDiagnostics(protocol.EncodeDiagnostics(list)); !reflect.DeepEqual(got, list) {
		t.Errorf("diagnostics are %+v", got)
	}
}

func TestAnErrorTooLargeForAHeaderLosesItsLiveResourceOnly(t *testing.T) {
	sent := &contract.ProviderError{Code: contract.ErrorConflict, Message: "m",
		Live: identity.Attributes{"x": strings.Repeat("x", protocol.MaxMetadata)}}
	got, ok := protocol.DecodeError(protocol.EncodeError(fmt.Errorf("outer: %w", sent)))
	if !ok || got.Code != sent.Code || got.Message != "m" || got.Live != nil {
		t.Errorf("error is %v", got)
	}
	if _, ok := protocol.DecodeError(errors.New("other")); ok {
		t.Error("another error was taken for the provider's")
	}
}

func TestDependenciesCrossUnchangedAndNothingBetweenPasses(t *testing.T) {
	resource := identity.Resource{Type: "gate", Key: "wiki", Attributes: identity.Attributes{"a": "b"},
		DependsOn: []identity.Dependency{
			identity.OnResource("flows", "rehome"), identity.OnItem(identity.KindApplication, "0oa1", "role"),
		}}
	message, err := protocol.EncodeResource(resource)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := protocol.DecodeResource(message); err != nil || !reflect.DeepEqual(got, resource) {
		t.Errorf("%+v became %+v, %v", resource, got, err)
	}
	item := &protocol.ItemID{Kind: "application", Id: "0oa1"}
	for name, wrong := range map[string]*protocol.Dependency{
		"nothing": {}, "no key": {Resource: &protocol.ResourceID{Type: "flows"}}, "an item without a type": {Item: item},
		"both":                   {Item: item, Type: "role", Resource: &protocol.ResourceID{Type: "flows", Key: "rehome"}},
		"a key with a type more": {Resource: &protocol.ResourceID{Type: "flows", Key: "rehome"}, Type: "role"},
	} {
		if got, err := protocol.DecodeResource(&protocol.Resource{Type: "gate", Key: "wiki",
			DependsOn: []*protocol.Dependency{wrong}}); err == nil {
			t.Errorf("%s: taken as %+v", name, got.DependsOn)
		}
	}
}

func TestAStepTellsWhetherItWasBegunBefore(t *testing.T) {
	for _, begun := range []bool{false, true} {
		message, err := protocol.EncodeStep(contract.StepRequest{StepID: "group:/a", Action: contract.ActionCreate,
			Resource: identity.ResourceID{Type: "group", Key: "/a"}, Begun: begun})
		if err != nil {
			t.Fatal(err)
		}
		if step, err := protocol.DecodeStep(message); err != nil || step.Begun != begun {
			t.Errorf("%+v, %v", step, err)
		}
	}
}

func TestAnActionThatIsNotKnownIsRefused(t *testing.T) {
	_, err := protocol.DecodeStep(&protocol.ApplyRequest{Action: "destroy",
		Resource: &protocol.ResourceID{Type: "t", Key: "k"}})
	if err == nil {
		t.Error("the step was taken")
	}
}
