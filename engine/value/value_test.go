package value

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// attributes stands for the named maps of other packages.
type attributes map[string]any

func TestEqual_SaysWhatIsOneAndTheSame(t *testing.T) {
	cases := map[string]struct {
		a, b any
		want bool
	}{
		"null and an empty text":            {nil, "", true},
		"an empty list and an empty object": {[]any{}, map[string]any{}, true},
		"a typed empty list and null":       {[]string(nil), nil, true},
		"an absent member and an empty one": {map[string]any{"a": ""}, map[string]any{}, true},
		"an absent member and a list of none": {map[string]any{"a": []any{}, "b": "x"},
			map[string]any{"b": "x"}, true},
		"an object of nothing and nothing":           {map[string]any{"a": map[string]any{"b": nil}}, nil, true},
		"a list of an empty text and an empty list":  {[]any{""}, []any{}, false},
		"a list of an empty text and a list of null": {[]any{""}, []any{nil}, true},
		"false and absent":                           {map[string]any{"enabled": false}, map[string]any{}, false},
		"zero and absent":                            {0.0, nil, false},
		"zero and false":                             {0.0, false, false},
		"spellings of a number":                      {json.Number("1.0"), 1.0, true},
		"an exponent":                                {json.Number("12e1"), 120, true},
		"minus zero":                                 {json.Number("-0.0"), 0, true},
		"a long id and its neighbour": {json.Number("9007199254740993"),
			json.Number("9007199254740992"), false},
		"a very long id and its neighbour": {json.Number(strings.Repeat("1", 60) + "2"),
			json.Number(strings.Repeat("1", 60) + "3"), false},
		"huge numbers in two spellings":    {json.Number("10e399"), json.Number("1e400"), true},
		"a fraction in two spellings":      {json.Number("0.0250"), json.Number("25E-3"), true},
		"a text and a number":              {"1", 1.0, false},
		"a text and a truth":               {"true", true, false},
		"a text that looks like a list":    {`["a"]`, []any{"a"}, false},
		"lists in another order":           {[]any{"a", "b"}, []any{"b", "a"}, false},
		"a list and one with a repetition": {[]any{"a", "a"}, []any{"a"}, false},
		"typed and plain lists":            {[]string{"a"}, []any{"a"}, true},
		"named and plain objects":          {attributes{"a": 1}, map[string]any{"a": 1.0}, true},
		"a Go struct and its JSON":         {struct{ A int }{1}, map[string]any{"A": 1.0}, true},
		"members in another order": {json.RawMessage(`{"b":1,"a":2}`),
			json.RawMessage(`{"a":2,"b":1}`), true},
		"texts that only escapes tell apart":          {"a\"b", `a\"b`, false},
		"two bytes that are no letters":               {"\xff", "\xfe", false},
		"an element and a list of it":                 {"a", []any{"a"}, false},
		"a member with the name of another's content": {map[string]any{"a": "b"}, map[string]any{"b": "a"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Equal(c.a, c.b); got != c.want {
				t.Errorf("Equal is %v, canonical are %s and %s", got, Canonical(c.a), Canonical(c.b))
			}
			if Equal(c.b, c.a) != c.want {
				t.Error("the order of the two matters")
			}
		})
	}
}

func TestEqual_TakesMembersThatAreSetsAsSets(t *testing.T) {
	a := map[string]any{"uris": []any{"b", "a", "a"}, "steps": []any{"x", "y"}}
	for name, c := range map[string]struct {
		b    map[string]any
		want []string
	}{
		"another order, no repetition": {map[string]any{"uris": []string{"a", "b"}, "steps": []any{"x", "y"}}, nil},
		"another element":              {map[string]any{"uris": []any{"a", "c"}, "steps": []any{"x", "y"}}, []string{"uris"}},
		"another order of a list": {map[string]any{"uris": []any{"a", "b"}, "steps": []any{"y", "x"}},
			[]string{"steps"}},
		"no set at all":              {map[string]any{"steps": []any{"x", "y"}}, []string{"uris"}},
		"one more that says nothing": {map[string]any{"uris": []any{"a", "b"}, "steps": []any{"x", "y"}, "z": ""}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Diff(a, c.b, "uris"); !slices.Equal(got, c.want) {
				t.Errorf("differ in %v, not %v", got, c.want)
			}
			if Equal(a, c.b, "uris") != (c.want == nil) {
				t.Error("Equal says otherwise")
			}
		})
	}
	if !EqualSets(nil, []any{}) || !EqualSets("", nil) || EqualSets([]any{"a"}, nil) {
		t.Error("an empty set is nothing, and one with an element is not")
	}
}

func TestCanonical_IsReadable(t *testing.T) {
	got := Canonical(map[string]any{"b": []any{1.50, json.Number("1e50"), nil}, "a": "x\n\"é<", "c": map[string]any{},
		"d": -0.05, "e": false})
	if want := `{"a":"x\u000a\"é<","b":[1.5,1e50,null],"d":-0.05,"e":false}`; string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !json.Valid(got) {
		t.Error("it is no JSON")
	}
}

func TestCanonical_RefusesWhatIsNoJSON(t *testing.T) {
	zero := 0.0
	for name, v := range map[string]any{"a function": func() {}, "no number": zero / zero, "infinity": 1 / zero,
		"deep": []any{make(chan int)}} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was taken")
				}
			}()
			Canonical(v)
		})
	}
}

func TestUnion_HoldsEachElementOnce(t *testing.T) {
	got := Union([]any{"b", 1.0, "a"}, nil, []string{"a", "c"}, json.Number("1.0"))
	if text := Text(got); text != `["a","b","c",1.0]` {
		t.Error(text)
	}
	if Union() == nil || len(Union(nil)) != 0 {
		t.Error("the union of nothing is a list of none")
	}
}

func TestIntersection_HoldsWhatBothHave(t *testing.T) {
	if text := Text(Intersection([]any{"b", "a", "c", "a"}, []string{"c", "a", "d"})); text != `["a","c"]` {
		t.Error(text)
	}
	if text := Text(Intersection(nil, []any{"a"})); text != "[]" {
		t.Error(text)
	}
}

func TestIsNothing(t *testing.T) {
	for _, v := range []any{nil, "", []any{}, []string{}, map[string]any{}, map[string]any{"a": []any{}},
		attributes{"a": ""}} {
		if !IsNothing(v) {
			t.Errorf("%#v says something", v)
		}
	}
	for _, v := range []any{false, 0, 0.0, json.Number("0"), " ", []any{""}, map[string]any{"a": false}} {
		if IsNothing(v) {
			t.Errorf("%#v says nothing", v)
		}
	}
}

func TestText_IsForPeople(t *testing.T) {
	if got := Text(map[string]any{"a": "<é>", "b": ""}); got != `{"a":"<é>","b":""}` {
		t.Error(got)
	}
	if got := Text(func() {}); got != "(not shown)" {
		t.Error(got)
	}
	if got := Brief("ééééé", 3); got != `"éé…` {
		t.Error(got)
	}
	if got := Brief("é", 3); got != `"é"` {
		t.Error(got)
	}
}

// FuzzEqual takes three values and asks whether being equal is an equivalence, whether it follows the canonical form,
// whether Diff follows both, and whether what must not matter does not: empty members, repetitions, order, another
// trip through JSON.
func FuzzEqual(f *testing.F) {
	f.Add(`{"set":["a","b","a"],"x":{"y":""}}`, `{"set":["b","a"]}`, `{"set":["a","b"],"x":null}`)
	f.Add(`{"n":1.0,"set":[]}`, `{"n":1,"set":""}`, `{"n":10e-1}`)
	f.Add(`[{"a":0},false]`, `[{"a":-0.0},false]`, `[{},false]`)
	f.Add(`1e400`, `10e399`, `123456789012345678901234567890123456789012345`)
	f.Add(`"\u0000\\"`, `{"":""}`, `{"":{"":1}}`)
	f.Fuzz(func(t *testing.T, first, second, third string) {
		values := make([]any, 3)
		for i, text := range []string{first, second, third} {
			decoder := json.NewDecoder(strings.NewReader(text))
			decoder.UseNumber()
			if decoder.Decode(&values[i]) != nil {
				return
			}
		}
		a, b, c := values[0], values[1], values[2]
		checkRelation(t, a, b, c)
		for _, v := range values {
			checkForm(t, v)
		}
	})
}

func checkRelation(t *testing.T, a, b, c any) {
	t.Helper()
	ab, bc := Equal(a, b, "set"), Equal(b, c, "set")
	if !Equal(a, a, "set") || ab != Equal(b, a, "set") || ab && bc && !Equal(a, c, "set") {
		t.Error("being equal is no equivalence")
	}
	if ab != bytes.Equal(Canonical(a, "set"), Canonical(b, "set")) {
		t.Error("Equal and Canonical say different things")
	}
	x, left := a.(map[string]any)
	y, right := b.(map[string]any)
	if left && right && ab != (len(Diff(x, y, "set")) == 0) {
		t.Error("Equal and Diff say different things")
	}
	if Equal(a, b) && !ab {
		t.Error("what is equal in order is not equal without")
	}
}

func checkForm(t *testing.T, v any) {
	t.Helper()
	form := Canonical(v, "set")
	decoder := json.NewDecoder(bytes.NewReader(form))
	decoder.UseNumber()
	var again any
	if err := decoder.Decode(&again); err != nil {
		t.Fatalf("%s does not read back: %v", form, err)
	}
	if !bytes.Equal(form, Canonical(again, "set")) {
		t.Errorf("%s became %s", form, Canonical(again, "set"))
	}
	if IsNothing(v) != Equal(v, nil) {
		t.Error("IsNothing and Equal say different things")
	}
	if table, is := v.(map[string]any); is {
		more := maps.Clone(table)
		if list, is := table["set"].([]any); is && len(list) > 0 {
			turned := slices.Clone(list)
			slices.Reverse(turned)
			more["set"] = append(turned, list[0])
		}
		if _, taken := more["more"]; !taken {
			more["more"] = map[string]any{"nothing": []any{}}
		}
		if !Equal(table, more, "set") {
			t.Errorf("%s is not %s", form, Canonical(more, "set"))
		}
	}
}
