package plan

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rehome-iam/rehome/engine/value"
)

// What a plan holds is of three sorts, told by the tag "plan" of a field:
//
//   - content, without a tag: what is hashed. It has one encoding, and that is what is written into a file and read back.
//   - plan:"envelope": times, ages, files and lines, and what is said beside the plan. It travels with the content under a
//     seal.
//   - plan:"derived": what follows from the content. It is never written, and made anew by who reads.
//
// A field that somebody adds is content until he says otherwise.
const (
	tagEnvelope = "envelope"
	tagDerived  = "derived"
)

// sort of a part of a plan that is encoded.
type part int

const (
	partContent part = iota
	partEnvelope
	partWhole // of an envelope field: everything below it
)

// shape is what is known of a struct type: its fields, sorted by their names in JSON.
type shape struct {
	fields   []shapeField
	envelope bool // some field at any depth is envelope
}

type shapeField struct {
	name     string
	index    int
	tag      string
	envelope bool // it, or something below it, is envelope
	empty    bool // it is shown when it is empty
}

var shapes sync.Map // reflect.Type → *shape

func shapeOf(t reflect.Type) *shape {
	if known, found := shapes.Load(t); found {
		return known.(*shape)
	}
	made := &shape{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		f := shapeField{name: name, index: i, tag: field.Tag.Get("plan"), empty: !strings.Contains(options, "omit")}
		f.envelope = f.tag == tagEnvelope
		if below := structBelow(field.Type); f.tag == "" && below != nil {
			f.envelope = shapeOf(below).envelope
		}
		made.envelope = made.envelope || f.envelope
		made.fields = append(made.fields, f)
	}
	slices.SortFunc(made.fields, func(a, b shapeField) int { return strings.Compare(a.name, b.name) })
	shapes.Store(t, made)
	return made
}

// structBelow is the struct type that a field holds, points to, or lists; nil when it does none of these.
func structBelow(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

// appendPart encodes a part of what v points to: JSON without spaces, members sorted, numbers in one spelling, and no
// member that is the zero value of its field. Two values have the same bytes exactly when nothing that reads them can
// tell them apart.
func appendPart(out []byte, v any, which part) []byte {
	return appendReflected(out, reflect.ValueOf(v).Elem(), which)
}

func appendReflected(out []byte, v reflect.Value, which part) []byte {
	switch v.Kind() {
	case reflect.Struct:
		return appendStruct(out, v, which)
	case reflect.Pointer:
		return appendReflected(out, v.Elem(), which)
	case reflect.Slice:
		out = append(out, '[')
		for i := range v.Len() {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendReflected(out, v.Index(i), which)
		}
		return append(out, ']')
	case reflect.Map:
		return appendMap(out, v)
	case reflect.String:
		return appendText(out, v.String())
	case reflect.Bool:
		return strconv.AppendBool(out, v.Bool())
	case reflect.Int, reflect.Int64:
		return strconv.AppendInt(out, v.Int(), 10)
	case reflect.Interface:
		return appendExact(out, v.Interface())
	}
	panic("a plan holds a value of type " + v.Type().String() + ", which has no canonical form")
}

func appendStruct(out []byte, v reflect.Value, which part) []byte {
	out = append(out, '{')
	start := len(out)
	for _, field := range shapeOf(v.Type()).fields {
		below := which
		if which != partWhole {
			switch {
			case field.tag == tagDerived, field.tag == tagEnvelope && which == partContent,
				which == partEnvelope && !field.envelope:
				continue
			case field.tag == tagEnvelope:
				below = partWhole
			}
		}
		out = appendField(out, start, field.name, v.Field(field.index), below)
	}
	return append(out, '}')
}

// appendField leaves out what is zero: absent and zero are one for a field of a struct.
func appendField(out []byte, start int, name string, v reflect.Value, which part) []byte {
	switch v.Kind() {
	case reflect.Slice:
		if v.Len() == 0 {
			return out
		}
	case reflect.Struct:
	default:
		if v.IsZero() {
			return out
		}
	}
	before := len(out)
	if before > start {
		out = append(out, ',')
	}
	out = append(appendText(out, name), ':')
	from := len(out)
	out = appendReflected(out, v, which)
	switch text := string(out[from:]); {
	case text == "{}" && (v.Kind() == reflect.Struct || v.Kind() == reflect.Pointer && which == partEnvelope),
		which == partEnvelope && v.Kind() == reflect.Slice && strings.Trim(text, "[]{},") == "":
		return out[:before]
	}
	return out
}

func appendMap(out []byte, v reflect.Value) []byte {
	if v.Type().Elem().Kind() == reflect.Interface {
		return appendTable(out, v.Convert(reflect.TypeFor[map[string]any]()).Interface().(map[string]any))
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	out = append(out, '{')
	for i, key := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, key.String()), ':')
		out = appendReflected(out, v.MapIndex(key), partWhole)
	}
	return append(out, '}')
}

// appendExact encodes a value of an attribute. Other than in package value, absent, null, empty text and empty list are
// four things here: a target is told each of them in another way.
func appendExact(out []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendText(out, v)
	case []any:
		out = append(out, '[')
		for i, element := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendExact(out, element)
		}
		return append(out, ']')
	case []string:
		return appendReflected(out, reflect.ValueOf(v), partWhole)
	case map[string]any:
		return appendTable(out, v)
	}
	return value.Append(out, v)
}

func appendTable(out []byte, table map[string]any) []byte {
	out = append(out, '{')
	for i, name := range slices.Sorted(maps.Keys(table)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, name), ':')
		out = appendExact(out, table[name])
	}
	return append(out, '}')
}

func appendText(out []byte, text string) []byte {
	if text == "" {
		return append(out, `""`...)
	}
	return value.Append(out, text)
}

// adoptEnvelope takes the envelope of one value over into another of the same content.
func adoptEnvelope(to, from reflect.Value) error {
	switch to.Kind() {
	case reflect.Struct:
		for _, field := range shapeOf(to.Type()).fields {
			if !field.envelope {
				continue
			}
			if field.tag == tagEnvelope {
				to.Field(field.index).Set(from.Field(field.index))
				continue
			}
			if err := adoptEnvelope(to.Field(field.index), from.Field(field.index)); err != nil {
				return fmt.Errorf("%s: %w", field.name, err)
			}
		}
	case reflect.Pointer:
		switch {
		case from.IsNil():
		case to.IsNil():
			return errors.New("the envelope is of something that is not there")
		default:
			return adoptEnvelope(to.Elem(), from.Elem())
		}
	case reflect.Slice:
		if from.Len() == 0 {
			return nil
		}
		if from.Len() != to.Len() {
			return errors.New("the envelope is of another list")
		}
		for i := range to.Len() {
			if err := adoptEnvelope(to.Index(i), from.Index(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// fillEmpty makes the lists that are shown when they are empty, as whoever made the plan did.
func fillEmpty(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range shapeOf(v.Type()).fields {
			below := v.Field(field.index)
			if below.Kind() == reflect.Slice && below.IsNil() && field.empty {
				below.Set(reflect.MakeSlice(below.Type(), 0, 0))
			}
			fillEmpty(below)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			fillEmpty(v.Elem())
		}
	case reflect.Slice:
		if structBelow(v.Type()) == nil {
			return
		}
		for i := range v.Len() {
			fillEmpty(v.Index(i))
		}
	}
}
