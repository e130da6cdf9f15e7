package args

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
)

// Code and Title of every diagnostic about an argument.
const (
	Code  = "provider-argument"
	Title = "Wrong provider argument"
)

// Args are the arguments of one block. It is made by Read and is not safe for many goroutines.
//
// An argument that was refused reads as its default, so that one mistake gives one diagnostic.
type Args struct {
	schema   map[string]contract.ConfigAttribute
	values   map[string]any
	wrong    map[string]bool
	problems diag.List
}

// Read checks the values against the schema: names, types, what is required, allowed values and limits.
func Read(schema contract.ProviderSchema, values map[string]any) *Args {
	a := &Args{schema: map[string]contract.ConfigAttribute{}, values: values, wrong: map[string]bool{}}
	for _, attribute := range schema.Config {
		a.schema[attribute.Name] = attribute
		if reason := refuse(attribute, values[attribute.Name]); reason != "" {
			a.Fail(attribute.Name, "%s", reason)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, known := a.schema[name]; !known {
			a.Fail(name, "The provider %s has no such argument.", schema.Name)
		}
	}
	return a
}

// refuse says what is wrong with a value, in a sentence; empty when nothing is.
func refuse(attribute contract.ConfigAttribute, value any) string {
	if text, isText := value.(string); value == nil || (isText && strings.TrimSpace(text) == "") {
		if attribute.Required && attribute.Default == nil {
			return "It must be set and not empty."
		}
		return ""
	}
	switch attribute.Type {
	case "string":
		return refuseText(attribute, value)
	case "bool":
		if _, ok := value.(bool); !ok {
			return "It must be true or false."
		}
	case "number":
		return refuseNumber(attribute, value)
	case "list(string)":
		if texts(value) == nil {
			return "It must be a list of texts."
		}
	}
	return ""
}

func refuseText(attribute contract.ConfigAttribute, value any) string {
	text, ok := value.(string)
	switch {
	case !ok:
		return "It must be text."
	case len(attribute.OneOf) > 0 && !slices.Contains(attribute.OneOf, strings.TrimSpace(text)):
		return "It must be " + strings.Join(attribute.OneOf, " or ") + "."
	}
	return ""
}

// refuseNumber turns comparisons round, so that NaN is refused.
func refuseNumber(attribute contract.ConfigAttribute, value any) string {
	number, ok := numeric(value)
	within := attribute.Max == 0 || (number >= attribute.Min && number <= attribute.Max)
	whole := !attribute.Whole || number == float64(int(number))
	if ok && within && whole {
		return ""
	}
	text := "It must be a number"
	if attribute.Whole {
		text = "It must be a whole number"
	}
	if attribute.Max != 0 {
		text += " from " + plain(attribute.Min) + " to " + plain(attribute.Max)
	}
	return text + "."
}

func plain(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }

// numeric reads what HCL, JSON or a default in Go code give as a number.
func numeric(value any) (float64, bool) {
	switch v := value.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

// texts is nil where the value is no list of texts.
func texts(value any) []string {
	switch list := value.(type) {
	case []string:
		return append([]string{}, list...)
	case []any:
		out := make([]string, 0, len(list))
		for _, entry := range list {
			text, ok := entry.(string)
			if !ok {
				return nil
			}
			out = append(out, text)
		}
		return out
	}
	return nil
}

// Fail adds a diagnostic about an argument. The first one of an argument counts, the others follow from it.
func (a *Args) Fail(name, format string, details ...any) {
	if a.wrong[name] {
		return
	}
	a.wrong[name] = true
	problem := diag.Errorf(Code, Title, "The argument %s is wrong. %s", name, fmt.Sprintf(format, details...))
	problem.Address = name
	a.problems = append(a.problems, problem)
}

// Problems are all diagnostics so far, in the order of the schema.
func (a *Args) Problems() diag.List { return a.problems }

// value of an argument, or its default where none is given or the one given was refused.
func (a *Args) value(name string) any {
	attribute, known := a.schema[name]
	if !known {
		panic("args: the schema has no argument " + name) // a slip of the provider's author, found by its first test
	}
	value := a.values[name]
	if text, isText := value.(string); value == nil || a.wrong[name] || (isText && strings.TrimSpace(text) == "") {
		return attribute.Default
	}
	return value
}

// Given tells whether the argument was set to something usable, the default aside.
func (a *Args) Given(name string) bool {
	text, isText := a.values[name].(string)
	return a.values[name] != nil && !a.wrong[name] && !(isText && strings.TrimSpace(text) == "")
}

// Text of an argument, without white space around it.
func (a *Args) Text(name string) string {
	text, _ := a.value(name).(string)
	return strings.TrimSpace(text)
}

// Flag of an argument.
func (a *Args) Flag(name string) bool {
	flag, _ := a.value(name).(bool)
	return flag
}

// Number of an argument.
func (a *Args) Number(name string) float64 {
	number, _ := numeric(a.value(name))
	return number
}

// Whole number of an argument.
func (a *Args) Whole(name string) int { return int(a.Number(name)) }

// Texts of an argument that is a list.
func (a *Args) Texts(name string) []string { return texts(a.value(name)) }
