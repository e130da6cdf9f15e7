package protocol_test

import (
	"reflect"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/protocol"
)

func seed(f *testing.F, messages ...proto.Message) {
	f.Helper()
	for _, message := range messages {
		bytes, err := proto.Marshal(message)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes)
	}
}

// FuzzDecodeItem: an item that was taken keeps the contract and survives another crossing.
func FuzzDecodeItem(f *testing.F) {
	seed(f, protocol.EncodeItem(identity.Item{Kind: identity.KindGroup, ID: "1", Name: "n", Attributes: []byte(`{"a":1}`),
		Raw:        []byte(`[]`),
		References: []identity.Reference{{Role: "r", Kind: identity.KindUser, ID: "2"}}, Gaps: []string{"g"}}))
	f.Fuzz(func(t *testing.T, bytes []byte) {
		var message protocol.Item
		if proto.Unmarshal(bytes, &message) != nil {
			return
		}
		item, err := protocol.DecodeItem(&message)
		if err != nil {
			return
		}
		again, err := protocol.DecodeItem(protocol.EncodeItem(item))
		if err != nil || !reflect.DeepEqual(again, item) {
			t.Errorf("%+v became %+v, %v", item, again, err)
		}
		if protocol.CleanText(item.Name) != item.Name {
			t.Errorf("name %q is not clean", item.Name)
		}
	})
}

// FuzzDecodeTranslation: a translation that was taken survives another crossing.
func FuzzDecodeTranslation(f *testing.F) {
	message, err := protocol.EncodeTranslation(contract.Translation{
		Contract: "c", Resources: []identity.Resource{{Type: "t", Key: "k",
			Attributes: identity.Attributes{"a": []any{1.0, "x", nil}}}},
		Findings: []fidelity.Finding{{Type: fidelity.Lost, Direction: fidelity.DirectionLooser}},
		Needs:    []identity.ItemID{{Kind: identity.KindGroup, ID: "1"}},
	})
	if err != nil {
		f.Fatal(err)
	}
	seed(f, message)
	f.Fuzz(func(t *testing.T, bytes []byte) {
		var message protocol.Translation
		if proto.Unmarshal(bytes, &message) != nil {
			return
		}
		translation, err := protocol.DecodeTranslation(&message)
		if err != nil {
			return
		}
		encoded, err := protocol.EncodeTranslation(translation)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := protocol.DecodeTranslation(encoded); err != nil || !reflect.DeepEqual(again, translation) {
			t.Errorf("%+v became %+v, %v", translation, again, err)
		}
	})
}

// FuzzDecodeRest: no message of a plugin or host brings the other side down.
func FuzzDecodeRest(f *testing.F) {
	seed(f, &protocol.ApplyRequest{Action: "create", Resource: &protocol.ResourceID{Type: "t", Key: "k"},
		AfterJson: []byte(`{}`)},
		&protocol.ProviderSchema{Name: "n", Kinds: []string{"group"},
			Config: []*protocol.ConfigAttribute{{Name: "a", DefaultJson: []byte("1")}}})
	f.Fuzz(func(t *testing.T, bytes []byte) {
		var step protocol.ApplyRequest
		if proto.Unmarshal(bytes, &step) == nil {
			_, _ = protocol.DecodeStep(&step)
		}
		var schema protocol.ProviderSchema
		if proto.Unmarshal(bytes, &schema) == nil {
			_, _ = protocol.DecodeSchema(&schema)
		}
		var diagnostic protocol.Diagnostic
		if proto.Unmarshal(bytes, &diagnostic) == nil {
			_ = protocol.DecodeDiagnostics([]*protocol.Diagnostic{&diagnostic})
		}
		var page protocol.PageEvidence
		if proto.Unmarshal(bytes, &page) == nil {
			_ = protocol.DecodePage(&page)
		}
		var finding protocol.CheckFinding
		if proto.Unmarshal(bytes, &finding) == nil {
			_, _ = protocol.DecodeCheckFinding(&finding)
		}
	})
}

// FuzzDecodeChange: a recorded write that was taken has a time and survives another crossing.
func FuzzDecodeChange(f *testing.F) {
	seed(f, protocol.EncodeChange(observation.ChangeEvent{ID: "e", At: "2026-11-22T09:00:00.123Z", Operation: "create",
		Type: "client", Path: "clients/1", ByUs: true,
		About: []identity.ResourceID{{Type: "client", Key: "crm"}}, ServerIDs: []string{"1"}, Digest: "sha256:ab"}))
	f.Fuzz(func(t *testing.T, bytes []byte) {
		var message protocol.ChangeEvent
		if proto.Unmarshal(bytes, &message) != nil {
			return
		}
		event, err := protocol.DecodeChange(&message)
		if err != nil {
			return
		}
		again, err := protocol.DecodeChange(protocol.EncodeChange(event))
		if err != nil || !reflect.DeepEqual(again, event) || event.At == "" {
			t.Errorf("%+v became %+v, %v", event, again, err)
		}
	})
}
