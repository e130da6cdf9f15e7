package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sort"

	"github.com/rehome-iam/rehome/engine/pseudonym"
)

// jsonList writes one JSON object with one long list in it, element by element, so that the list is never held.
type jsonList struct {
	w     io.Writer
	mask  *pseudonym.Masker // nil shows people
	begun bool
}

// beginList writes the members of head, sorted, and opens the list under name. No e-mail address leaves it unless people may be shown.
func beginList(w io.Writer, mask *pseudonym.Masker, head map[string]any, name string) (*jsonList, error) {
	if _, err := io.WriteString(w, "{\n"); err != nil {
		return nil, err
	}
	if err := writeMembers(w, head, ",\n"); err != nil {
		return nil, err
	}
	_, err := fmt.Fprintf(w, "  %q: [", name)
	return &jsonList{w: w, mask: mask}, err
}

func writeMembers(w io.Writer, members map[string]any, after string) error {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		encoded, err := compactJSON(members[name])
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "  %q: %s%s", name, encoded, after); err != nil {
			return err
		}
	}
	return nil
}

func compactJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(b.Bytes()), err
}

// add writes one element on a line of its own.
func (l *jsonList) add(element any) error {
	encoded, err := compactJSON(element)
	if err != nil {
		return err
	}
	if l.mask != nil {
		encoded = l.mask.JSON(encoded)
	}
	comma := ","
	if !l.begun {
		l.begun, comma = true, ""
	}
	_, err = fmt.Fprintf(l.w, "%s\n    %s", comma, encoded)
	return err
}

// end closes the list and writes what is known only after it.
func (l *jsonList) end(tail map[string]any) error {
	closing := "]"
	if l.begun {
		closing = "\n  ]"
	}
	if _, err := io.WriteString(l.w, closing); err != nil {
		return err
	}
	names := make([]string, 0, len(tail))
	for name := range tail {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		encoded, err := compactJSON(tail[name])
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(l.w, ",\n  %q: %s", name, encoded); err != nil {
			return err
		}
	}
	_, err := io.WriteString(l.w, "\n}\n")
	return err
}
