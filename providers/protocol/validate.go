package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/rehome-iam/rehome/engine/identity"
)

// ValidateItem tells whether an item keeps the contract: a known kind, an id, attributes that are a JSON object, and a
// raw body that is JSON or nothing.
func ValidateItem(item identity.Item) error {
	if err := validateKind(item.Kind); err != nil {
		return err
	}
	if item.ID == "" {
		return fmt.Errorf("item of kind %s has no id", item.Kind)
	}
	if hasControls(item.ID) {
		return fmt.Errorf("id of an item of kind %s has a control character", item.Kind)
	}
	name := string(item.Kind) + "/" + item.ID
	if !isObject(item.Attributes) {
		return fmt.Errorf("attributes of %s are not a JSON object", name)
	}
	if len(item.Raw) > 0 && !json.Valid(item.Raw) {
		return fmt.Errorf("raw body of %s is not JSON", name)
	}
	if item.Page < 0 || item.Version < 0 {
		return fmt.Errorf("%s has a negative page or version", name)
	}
	for _, reference := range item.References {
		if err := validateKind(reference.Kind); err != nil {
			return fmt.Errorf("reference %q of %s: %w", reference.Role, name, err)
		}
	}
	return nil
}

// ValidateResource tells whether a resource has the type and the natural key without which it cannot be named.
func ValidateResource(resource identity.Resource) error {
	if resource.Type == "" {
		return errors.New("resource has no type")
	}
	if resource.Key == "" {
		return fmt.Errorf("resource of type %s has no key", resource.Type)
	}
	return nil
}

func validateKind(kind identity.Kind) error {
	if !slices.Contains(identity.Kinds(), kind) {
		return fmt.Errorf("kind %q is not known", CleanText(string(kind)))
	}
	return nil
}

func isObject(text []byte) bool {
	trimmed := bytes.TrimSpace(text)
	return len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(trimmed)
}

// CleanText takes out of a text what could steer a terminal or hide what is written: control characters, and the marks
// that turn the direction of writing. A line break or tab becomes a blank.
func CleanText(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if !hasControls(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case isControl(r):
			return -1
		}
		return r
	}, text)
}

func cleanTexts(texts []string) []string {
	cleaned := slices.Clone(texts)
	for i := range cleaned {
		cleaned[i] = CleanText(cleaned[i])
	}
	return cleaned
}

func hasControls(text string) bool { return strings.ContainsFunc(text, isControl) }

func isControl(r rune) bool {
	direction := r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
	return unicode.IsControl(r) || direction
}
