package layout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
)

// List writes one JSON object with one long list in it, element by element, so that the list is never held.
type List struct {
	w     io.Writer
	mask  func(encoded []byte) []byte // keeps people out; nil shows them
	begun bool

	Spread bool // every member of an element has a line of its own
}

// BeginList writes the members of head, sorted, and opens the list under name. Every element goes through mask, unless
// that is nil.
func BeginList(w io.Writer, mask func([]byte) []byte, head map[string]any, name string) (*List, error) {
	if _, err := io.WriteString(w, "{\n"); err != nil {
		return nil, err
	}
	for _, member := range slices.Sorted(maps.Keys(head)) {
		encoded, err := Compact(head[member])
		if err != nil {
			return nil, err
		}
		if _, err := fmt.Fprintf(w, "  %q: %s,\n", member, encoded); err != nil {
			return nil, err
		}
	}
	_, err := fmt.Fprintf(w, "  %q: [", name)
	return &List{w: w, mask: mask}, err
}

// Compact encodes a value on one line, with < > & as they are.
func Compact(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(b.Bytes()), err
}

// Add writes one element on a line of its own.
func (l *List) Add(element any) error {
	encoded, err := Compact(element)
	if err != nil {
		return err
	}
	if l.mask != nil {
		encoded = l.mask(encoded)
	}
	if l.Spread {
		var b bytes.Buffer
		if err := json.Indent(&b, encoded, "    ", "  "); err != nil {
			return err
		}
		encoded = b.Bytes()
	}
	comma := ","
	if !l.begun {
		l.begun, comma = true, ""
	}
	_, err = fmt.Fprintf(l.w, "%s\n    %s", comma, encoded)
	return err
}

// End closes the list and writes what is known only after it.
func (l *List) End(tail map[string]any) error {
	closing := "]"
	if l.begun {
		closing = "\n  ]"
	}
	if _, err := io.WriteString(l.w, closing); err != nil {
		return err
	}
	for _, member := range slices.Sorted(maps.Keys(tail)) {
		encoded, err := Compact(tail[member])
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(l.w, ",\n  %q: %s", member, encoded); err != nil {
			return err
		}
	}
	_, err := io.WriteString(l.w, "\n}\n")
	return err
}

// Stream writes one JSON object with a long list in it, as BeginList, Add and End do: of each element what shown makes
// of it. It goes out in few system calls.
func Stream[T any](w io.Writer, mask func([]byte) []byte, head map[string]any, name string, stream iter.Seq2[T, error],
	shown func(T) any) error {
	return Buffered(w, func(w io.Writer) error {
		list, err := BeginList(w, mask, head, name)
		if err != nil {
			return err
		}
		for element, err := range stream {
			if err != nil {
				return err
			}
			if err := list.Add(shown(element)); err != nil {
				return err
			}
		}
		return list.End(nil)
	})
}
