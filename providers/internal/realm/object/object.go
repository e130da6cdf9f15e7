package object

import (
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Object is a Keycloak representation, or a part of one, as JSON.
type Object = map[string]any

// Text reads a string out of an object.
func Text(o Object, name string) string { s, _ := o[name].(string); return s }

// Truth reads a bool, or the text of one, out of an object.
func Truth(o Object, name string) bool {
	switch v := o[name].(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "true")
	}
	return false
}

// Sub returns the object under a name, made when it is missing.
func Sub(o Object, name string) Object {
	switch child := o[name].(type) {
	case map[string]any:
		return child
	case identity.Attributes:
		return child
	}
	child := Object{}
	o[name] = child
	return child
}

// Peek returns the object under a name, nil when it is missing.
func Peek(o Object, name string) Object {
	child, _ := o[name].(map[string]any)
	return child
}

// Texts reads a list of strings out of a JSON value.
func Texts(value any) []string {
	switch v := value.(type) {
	case []string:
		return v
	case []any:
		out := make([]string, 0, len(v))
		for _, each := range v {
			if s, ok := each.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// List makes a JSON list of strings; never nil.
func List(texts []string) []any {
	out := make([]any, 0, len(texts))
	for _, s := range texts {
		out = append(out, s)
	}
	return out
}

// Objects reads a list of objects out of a JSON value.
func Objects(value any) []Object {
	switch v := value.(type) {
	case []Object:
		return v
	case []any:
		out := make([]Object, 0, len(v))
		for _, each := range v {
			if o, ok := each.(map[string]any); ok {
				out = append(out, o)
			}
		}
		return out
	}
	return nil
}

// OrNew is the object, or a new one for none.
func OrNew(base Object) Object {
	if base == nil {
		return Object{}
	}
	return base
}

// Sorted makes a JSON list of a set, so that equal sets are equal lists.
func Sorted(texts []string) []any {
	texts = slices.Clone(texts)
	sort.Strings(texts)
	return List(texts)
}

// WholeNumber reads a JSON number that has no fraction.
func WholeNumber(value any) (int64, bool) {
	switch v := value.(type) {
	case float64:
		return int64(v), true
	case int:
		return int64(v), true
	case json.Number:
		n, err := v.Int64()
		return n, err == nil
	}
	return 0, false
}
