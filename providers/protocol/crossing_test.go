package protocol_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/protocol"
)

// words are the texts of closed lists; every other text is made up.
var words = map[reflect.Type]string{
	reflect.TypeFor[identity.Kind]():               string(identity.KindApplication),
	reflect.TypeFor[fidelity.Type]():               string(fidelity.Lost),
	reflect.TypeFor[fidelity.Direction]():          string(fidelity.DirectionTighter),
	reflect.TypeFor[fidelity.Severity]():           string(fidelity.SeverityHigh),
	reflect.TypeFor[observation.PermissionState](): string(observation.PermissionMissing),
	reflect.TypeFor[observation.ProbeStatus]():     string(observation.ProbeSkipped),
	reflect.TypeFor[diag.Severity]():               string(diag.Warning),
}

// filled is a value with something in every field, no two alike, so that a field that does not cross is seen.
func filled[T any]() T {
	var value T
	n := 0
	fill(reflect.ValueOf(&value).Elem(), &n)
	return value
}

func fill(v reflect.Value, n *int) {
	*n++
	switch v.Type() {
	case reflect.TypeFor[json.RawMessage]():
		v.SetBytes(fmt.Appendf(nil, `{"n":"%d"}`, *n))
		return
	case reflect.TypeFor[identity.Attributes]():
		v.Set(reflect.ValueOf(identity.Attributes{"text": fmt.Sprint(*n), "list": []any{"a", true, nil}}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		if word, closed := words[v.Type()]; closed {
			v.SetString(word)
			return
		}
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n))
	case reflect.Interface:
		v.Set(reflect.ValueOf(fmt.Sprint("value ", *n)))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(fmt.Append(nil, "bytes ", *n))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	default:
		panic("no value of " + v.Type().String())
	}
}

// crossed is a message as it comes out at the other end.
func crossed[M proto.Message](t *testing.T, message M) M {
	t.Helper()
	wire, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := message.ProtoReflect().New().Interface().(M)
	if err := proto.Unmarshal(wire, other); err != nil {
		t.Fatal(err)
	}
	return other
}

// crosses sends one value with every field set, and compares it with what comes out.
func crosses[T any, M proto.Message](
	t *testing.T, want T, encode func(T) (M, error), decode func(M) (T, error),
) {
	t.Helper()
	t.Run(reflect.TypeFor[T]().String(), func(t *testing.T) {
		message, err := encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(crossed(t, message))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// sure gives an encoder or decoder that cannot fail the form of one that can.
func sure[A, B any](f func(A) B) func(A) (B, error) {
	return func(a A) (B, error) { return f(a), nil }
}

func TestCrossing_NoFieldIsLost(t *testing.T) {
	crosses(t, filled[identity.Item](), sure(protocol.EncodeItem), protocol.DecodeItem)
	crosses(t, filled[identity.ItemID](), sure(protocol.EncodeItemID), protocol.DecodeItemID)
	crosses(t, filled[identity.PageEvidence](), sure(protocol.EncodePage), sure(protocol.DecodePage))
	crosses(t, filled[identity.Gap](), sure(protocol.EncodeGap), protocol.DecodeGap)
	crosses(t, filled[[]observation.PermissionCheck](), sure(protocol.EncodePermissions), protocol.DecodePermissions)
	crosses(t, filled[observation.SignInReport](), sure(protocol.EncodeSignIns), sure(protocol.DecodeSignIns))
	crosses(t, filled[[]observation.ConnectionFact](), sure(protocol.EncodeConnection), sure(protocol.DecodeConnection))
	crosses(t, filled[observation.ProbeRequest](), protocol.EncodeProbe, protocol.DecodeProbe)
	crosses(t, filled[[]observation.ProbeResult](), sure(protocol.EncodeProbeResults), protocol.DecodeProbeResults)
	crosses(t, filled[[]observation.Usage](), sure(protocol.EncodeUsages), sure(protocol.DecodeUsages))
	crosses(t, filled[observation.Blueprint](), sure(protocol.EncodeBlueprint), sure(protocol.DecodeBlueprint))
	crosses(t, filled[contract.CheckFinding](), sure(protocol.EncodeCheckFinding), protocol.DecodeCheckFinding)
	crosses(t, filled[contract.ProviderSchema](), protocol.EncodeSchema, protocol.DecodeSchema)
	crosses(t, filled[contract.StepResult](), sure(protocol.EncodeStepResult), sure(protocol.DecodeStepResult))
	crosses(t, filled[contract.Marker](), sure(protocol.EncodeMarker), sure(protocol.DecodeMarker))

	resource := filled[identity.Resource]()
	resource.DependsOn = []identity.Dependency{ // one of the two is set
		{Resource: resource.DependsOn[0].Resource}, {Item: resource.DependsOn[1].Item},
	}
	crosses(t, resource, protocol.EncodeResource, protocol.DecodeResource)
	translation := filled[contract.Translation]()
	translation.Resources = []identity.Resource{resource}
	crosses(t, translation, protocol.EncodeTranslation, protocol.DecodeTranslation)
	question := filled[observation.UsageQuestion]()
	question.Resource = resource
	crosses(t, question, protocol.EncodeUsageQuestion, func(m *protocol.UsageQuestion) (observation.UsageQuestion, error) {
		questions, err := protocol.DecodeUsageQuestions([]*protocol.UsageQuestion{m})
		if err != nil {
			return observation.UsageQuestion{}, err
		}
		return questions[0], nil
	})
	step := filled[contract.StepRequest]()
	step.Action = contract.ActionUpdate
	crosses(t, step, protocol.EncodeStep, protocol.DecodeStep)
	change := filled[observation.ChangeEvent]()
	change.At = "2026-11-22T08:00:00.5Z"
	crosses(t, change, sure(protocol.EncodeChange), protocol.DecodeChange)
}

func TestCrossing_DiagnosticsLoseNothing(t *testing.T) {
	want := filled[diag.List]()
	var messages []*protocol.Diagnostic
	for _, message := range protocol.EncodeDiagnostics(want) {
		messages = append(messages, crossed(t, message))
	}
	if diff := cmp.Diff(want, protocol.DecodeDiagnostics(messages)); diff != "" {
		t.Error(diff)
	}
}

// What the other side says and this one does not know must never pass for something harmless.
func TestCrossing_RefusesWhatIsNotKnown(t *testing.T) {
	object := []byte(`{}`)
	item := func(change func(*protocol.Item)) *protocol.Item {
		m := &protocol.Item{Kind: "group", Id: "1", AttributesJson: object}
		change(m)
		return m
	}
	decodeItem := func(change func(*protocol.Item)) func() error {
		return func() error { _, err := protocol.DecodeItems([]*protocol.Item{item(change)}); return err }
	}
	decodeFinding := func(f *protocol.Finding) func() error {
		return func() error { _, err := protocol.DecodeCheckFinding(&protocol.CheckFinding{Finding: f}); return err }
	}
	decodeSchema := func(m *protocol.ProviderSchema) func() error {
		return func() error { _, err := protocol.DecodeSchema(m); return err }
	}
	decodeStep := func(m *protocol.ApplyRequest) func() error {
		return func() error { _, err := protocol.DecodeStep(m); return err }
	}
	named := &protocol.ResourceID{Type: "client", Key: "a"}
	cases := map[string]struct {
		decode func() error
		want   string
	}{
		"a kind": {decodeItem(func(m *protocol.Item) { m.Kind = "robot" }), `kind "robot" is not known`},
		"no id":  {decodeItem(func(m *protocol.Item) { m.Id = "" }), "item of kind group has no id"},
		"a steering id": {decodeItem(func(m *protocol.Item) { m.Id = "a\x1b[2J" }),
			"id of an item of kind group has a control character"},
		"no object": {decodeItem(func(m *protocol.Item) { m.AttributesJson = []byte("[]") }),
			"attributes of group/1 are not a JSON object"},
		"a raw body": {decodeItem(func(m *protocol.Item) { m.RawJson = []byte("<") }), "raw body of group/1 is not JSON"},
		"a page below none": {decodeItem(func(m *protocol.Item) { m.Page = -1 }),
			"group/1 has a negative page or version"},
		"a version below none": {decodeItem(func(m *protocol.Item) { m.Version = -1 }),
			"group/1 has a negative page or version"},
		"a reference": {decodeItem(func(m *protocol.Item) { m.References = []*protocol.Reference{{Role: "r", Kind: "x"}} }),
			`reference "r" of group/1: kind "x" is not known`},
		"an item without id": {func() error {
			_, err := protocol.DecodeItemID(&protocol.ItemID{Kind: "group"})
			return err
		}, "item of kind group has no id"},
		"a kind of an id": {func() error {
			_, err := protocol.DecodeItemID(&protocol.ItemID{Kind: "x", Id: "1"})
			return err
		}, `kind "x" is not known`},
		"a kind of a gap": {func() error {
			_, err := protocol.DecodeGap(&protocol.Gap{Kind: "x", Path: "/p"})
			return err
		}, `gap at /p: kind "x" is not known`},
		"a state of a permission": {func() error {
			checks := []*protocol.PermissionCheck{{State: "maybe"}}
			_, err := protocol.DecodePermissions(&protocol.PermissionsResponse{Checks: checks})
			return err
		}, `state "maybe" of a permission is not known`},
		"an end of a probe": {func() error {
			results := []*protocol.ProbeResult{{Probe: "p", Status: "fine"}}
			_, err := protocol.DecodeProbeResults(&protocol.ProbeResponse{Results: results})
			return err
		}, `status "fine" of probe p is not known`},
		"a type of a finding": {decodeFinding(&protocol.Finding{Type: "x"}), `type "x" of a finding is not known`},
		"a direction": {decodeFinding(&protocol.Finding{Type: "lost", Direction: "up"}),
			`direction "up" of a finding is not known`},
		"a severity": {decodeFinding(&protocol.Finding{Type: "lost", Severity: "huge"}),
			`severity "huge" of a finding is not known`},
		"a write without a time": {func() error {
			_,
				err := protocol.DecodeChange(&protocol.ChangeEvent{At: "now"})
			return err
		},
			`a recorded write has no time that reads: "now"`},
		"an action": {decodeStep(&protocol.ApplyRequest{Action: "replace"}),
			`action "replace" of a step is not known`},
		"a step of nothing": {decodeStep(&protocol.ApplyRequest{Action: "create"}), "resource has no type"},
		"a step without key": {decodeStep(&protocol.ApplyRequest{Action: "create",
			Resource: &protocol.ResourceID{Type: "client"}}), "resource of type client has no key"},
		"a schema without name": {decodeSchema(&protocol.ProviderSchema{}), "schema has no provider name"},
		"an argument without name": {decodeSchema(&protocol.ProviderSchema{Name: "x",
			Config: []*protocol.ConfigAttribute{{}}}), "an argument of the schema has no name"},
		"a kind of a schema": {decodeSchema(&protocol.ProviderSchema{Name: "x", Kinds: []string{"y"}}),
			`schema of x: kind "y" is not known`},
		"a type without name": {decodeSchema(&protocol.ProviderSchema{Name: "x",
			Resources: []*protocol.ResourceSchema{{}}}), "schema of x: a resource type has no name"},
		"a kind of a type": {decodeSchema(&protocol.ProviderSchema{Name: "x",
			Resources: []*protocol.ResourceSchema{{Type: "t", ItemKinds: []string{"y"}}}}),
			`schema of x: resource type t: kind "y" is not known`},
		"an attribute without name": {decodeSchema(&protocol.ProviderSchema{Name: "x",
			Resources: []*protocol.ResourceSchema{{Type: "t", Attributes: []*protocol.AttributeSchema{{}}}}}),
			"schema of x: an attribute of resource type t has no name"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if err := c.decode(); err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
	broken := []byte("{")
	for name, decode := range map[string]func() error{
		"what a step expects": decodeStep(&protocol.ApplyRequest{Action: "update", Resource: named, BeforeJson: broken}),
		"what a step wants":   decodeStep(&protocol.ApplyRequest{Action: "update", Resource: named, AfterJson: broken}),
		"a resource": func() error {
			_, err := protocol.DecodeResources([]*protocol.Resource{{Type: "t", Key: "k", AttributesJson: broken}})
			return err
		},
		"a question": func() error {
			message := &protocol.UsageQuestion{Resource: &protocol.Resource{Type: "t", Key: "k", AttributesJson: broken}}
			_, err := protocol.DecodeUsageQuestions([]*protocol.UsageQuestion{message})
			return err
		},
		"a default": decodeSchema(&protocol.ProviderSchema{Name: "x",
			Config: []*protocol.ConfigAttribute{{Name: "a", DefaultJson: broken}}}),
	} {
		if decode() == nil {
			t.Errorf("%s that does not read was taken", name)
		}
	}
}
