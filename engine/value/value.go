package value

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Equal tells whether two values mean the same. Unordered names members of both that are sets.
func Equal(a, b any, unordered ...string) bool {
	if x, y, texts := bothTexts(a, b); texts {
		return x == y
	}
	return bytes.Equal(Canonical(a, unordered...), Canonical(b, unordered...))
}

// bothTexts spares the commonest comparison its encoding.
func bothTexts(a, b any) (string, string, bool) {
	x, left := a.(string)
	y, right := b.(string)
	return x, y, left && right
}

// EqualSets tells whether two lists hold the same elements, in whatever order and however often.
func EqualSets(a, b any) bool { return bytes.Equal(appendSet(nil, a), appendSet(nil, b)) }

// IsNothing tells whether a value says nothing: null, an empty text, list or object, or an object with nothing in it.
func IsNothing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool, float64, int, json.Number:
		return false
	}
	return string(Canonical(v)) == nothing
}

// Diff names the members in which two objects differ, sorted. It is empty exactly when they are equal.
func Diff[M ~map[string]any](a, b M, unordered ...string) []string {
	names := map[string]bool{}
	for _, side := range []M{a, b} {
		for name := range side {
			names[name] = true
		}
	}
	var differing []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !equalMember(a[name], b[name], slices.Contains(unordered, name)) {
			differing = append(differing, name)
		}
	}
	return differing
}

// DiffOf is Diff over the names given, in their order.
func DiffOf[M ~map[string]any](names []string, a, b M, unordered ...string) []string {
	var differing []string
	for _, name := range names {
		if !equalMember(a[name], b[name], slices.Contains(unordered, name)) {
			differing = append(differing, name)
		}
	}
	return differing
}

func equalMember(a, b any, set bool) bool {
	if set {
		return EqualSets(a, b)
	}
	return Equal(a, b)
}

// Union is the set of the elements of all lists: sorted by their canonical form, each once. It is never nil.
func Union(lists ...any) []any {
	found := map[string]any{}
	for _, v := range lists {
		maps.Copy(found, elements(List(v)))
	}
	union := make([]any, 0, len(found))
	for _, text := range slices.Sorted(maps.Keys(found)) {
		union = append(union, found[text])
	}
	return union
}

// Intersection is the set of the elements that both lists hold. It is never nil.
func Intersection(a, b any) []any {
	in := elements(List(b))
	return slices.DeleteFunc(Union(a), func(element any) bool {
		_, both := in[string(Canonical(element))]
		return !both
	})
}

// Text is a value as JSON for people to read: nothing is left out and no letter is escaped that need not be.
func Text(v any) string {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "(not shown)"
	}
	return strings.TrimSuffix(encoded.String(), "\n")
}

// Brief is Text of at most so many letters, the rest as an ellipsis.
func Brief(v any, longest int) string {
	text := Text(v)
	letters := []rune(text)
	if len(letters) <= longest {
		return text
	}
	return string(letters[:longest]) + "…"
}
