package value

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// nothing is the canonical form of whatever says nothing.
const nothing = "null"

// Canonical is the one encoding of a value: two values mean the same when their bytes are equal. It is JSON without
// spaces, with sorted members and none that says nothing. Text stays as its bytes; only quote, backslash and control
// characters are escaped.
//
// Unordered names members of the value, which is an object then, that are sets. A value that is no JSON is a broken
// invariant of the caller, and panics.
func Canonical(v any, unordered ...string) []byte { return Append(nil, v, unordered...) }

// Append appends the canonical form to out.
func Append(out []byte, v any, unordered ...string) []byte {
	if len(unordered) > 0 {
		if table, is := asTable(v); is {
			return appendTable(out, table, unordered)
		}
	}
	return appendValue(out, v)
}

func appendValue(out []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(out, nothing...)
	case bool:
		return strconv.AppendBool(out, v)
	case string:
		if v == "" {
			return append(out, nothing...)
		}
		return appendText(out, v)
	case json.Number:
		return appendNumber(out, string(v))
	case float64:
		return appendNumber(out, floatText(v))
	case int:
		return strconv.AppendInt(out, int64(v), 10)
	case int64:
		return strconv.AppendInt(out, v, 10)
	}
	if list, is := asList(v); is {
		return appendList(out, list)
	}
	if table, is := asTable(v); is {
		return appendTable(out, table, nil)
	}
	return appendValue(out, throughJSON(v))
}

// floatText writes what JSON can hold; NaN and the infinities are left to throughJSON, which refuses them.
func floatText(v float64) string {
	if v != v || v-v != 0 {
		panic("a value is not JSON: a number is not finite")
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// throughJSON makes a plain value of any other Go type, with numbers kept as written.
func throughJSON(v any) any {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("a value is not JSON: %v", err))
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		panic(fmt.Sprintf("a value does not read back: %v", err))
	}
	return plain
}

// List is the elements of a list. Null has none; any other value is a list of itself.
func List(v any) []any {
	list, is := asList(v)
	if !is && v != nil {
		return []any{v}
	}
	return list
}

// asList is the elements of a list; bytes are no list, they encode as text.
func asList(v any) ([]any, bool) {
	switch list := v.(type) {
	case []any:
		return list, true
	case []string:
		elements := make([]any, len(list))
		for i, text := range list {
			elements[i] = text
		}
		return elements, true
	}
	return nil, false
}

// asTable is the members of an object, of a named type too, such as the attributes of a resource.
func asTable(v any) (map[string]any, bool) {
	if table, is := v.(map[string]any); is {
		return table, true
	}
	if _, encodes := v.(json.Marshaler); encodes || v == nil {
		return nil, false
	}
	table := reflect.TypeFor[map[string]any]()
	if r := reflect.ValueOf(v); r.Type().ConvertibleTo(table) {
		return r.Convert(table).Interface().(map[string]any), true
	}
	return nil, false
}

func appendList(out []byte, list []any) []byte {
	if len(list) == 0 {
		return append(out, nothing...)
	}
	out = append(out, '[')
	for i, element := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendValue(out, element)
	}
	return append(out, ']')
}

func appendTable(out []byte, table map[string]any, unordered []string) []byte {
	start := len(out)
	out = append(out, '{')
	for _, name := range slices.Sorted(maps.Keys(table)) {
		before := len(out)
		if before > start+1 {
			out = append(out, ',')
		}
		out = append(appendText(out, name), ':')
		from := len(out)
		if slices.Contains(unordered, name) {
			out = appendSet(out, table[name])
		} else {
			out = appendValue(out, table[name])
		}
		if string(out[from:]) == nothing {
			out = out[:before]
		}
	}
	if len(out) == start+1 {
		return append(out[:start], nothing...)
	}
	return append(out, '}')
}

// appendSet writes a list with its elements sorted, each once. What is no list is written as it is.
func appendSet(out []byte, v any) []byte {
	list, is := asList(v)
	if !is || len(list) == 0 {
		return appendValue(out, v)
	}
	out = append(out, '[')
	for i, text := range slices.Sorted(maps.Keys(elements(list))) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, text...)
	}
	return append(out, ']')
}

// elements are those of a list by their canonical form.
func elements(list []any) map[string]any {
	found := make(map[string]any, len(list))
	for _, element := range list {
		found[string(appendValue(nil, element))] = element
	}
	return found
}

func appendText(out []byte, text string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < 0x20:
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// longestNumber is how many digits are written out; a number that needs more is written with an exponent.
const longestNumber = 40

// appendNumber writes a number by its digits and the place of its point, so that no spelling of it matters and no
// digit is lost.
func appendNumber(out []byte, text string) []byte {
	digits, negative := strings.CutPrefix(text, "-")
	mantissa, power, _ := strings.Cut(strings.ToLower(digits), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exponent := 0
	if power != "" {
		parsed, err := strconv.ParseInt(power, 10, 32)
		if err != nil {
			return append(out, text...) // beyond any system's numbers, so that its spelling is all there is
		}
		exponent = int(parsed)
	}
	digits = strings.TrimLeft(whole+fraction, "0")
	short := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(short) - len(fraction)
	if short == "" {
		return append(out, '0')
	}
	if negative {
		out = append(out, '-')
	}
	point := len(short) + exponent // digits before the point
	switch {
	case exponent >= 0 && point <= longestNumber:
		return append(append(out, short...), strings.Repeat("0", exponent)...)
	case exponent < 0 && point > 0 && len(short) <= longestNumber:
		return append(append(append(out, short[:point]...), '.'), short[point:]...)
	case exponent < 0 && point <= 0 && len(short)-point <= longestNumber:
		return append(append(append(out, "0."...), strings.Repeat("0", -point)...), short...)
	case exponent == 0:
		return append(out, short...)
	}
	return strconv.AppendInt(append(append(out, short...), 'e'), int64(exponent), 10)
}
