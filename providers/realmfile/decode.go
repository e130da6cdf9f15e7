package realmfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// maxSize of a realm file: above it somebody pointed at the wrong file.
const maxSize = 1 << 30

func invalid(format string, args ...any) error {
	return &contract.ProviderError{Code: contract.ErrorInvalid, Message: fmt.Sprintf(format, args...)}
}

// decode reads a realm file. Numbers keep their digits.
func decode(content []byte) (object.Object, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var doc any
	if err := decoder.Decode(&doc); err != nil {
		return nil, invalid("reading the realm file: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid("reading the realm file: something follows the realm")
	}
	object, ok := doc.(map[string]any)
	if !ok {
		return nil, invalid("reading the realm file: it must hold one realm, an object")
	}
	if err := checkShape(object); err != nil {
		return nil, err
	}
	return object, nil
}

// checkShape looks at the sections that rehome reads: a section of another shape would be overwritten without notice.
func checkShape(doc object.Object) error {
	if name, ok := doc["realm"].(string); !ok || name == "" {
		return invalid("reading the realm file: it has no realm name")
	}
	for section, key := range map[string]string{
		"groups": "name", "clients": "clientId", "identityProviders": "alias", "identityProviderMappers": "",
		"organizations":       "alias",
		"authenticationFlows": "alias", "authenticatorConfig": "alias", "clientScopes": "name",
	} {
		value, exists := doc[section]
		if !exists || value == nil {
			continue
		}
		list, ok := value.([]any)
		if !ok {
			return invalid("reading the realm file: %s is no list", section)
		}
		if err := checkEntries(section, key, list); err != nil {
			return err
		}
	}
	if roles, exists := doc["roles"]; exists {
		if _, ok := roles.(map[string]any); !ok {
			return invalid("reading the realm file: roles is no object")
		}
	}
	return nil
}

func checkEntries(section, key string, list []any) error {
	seen := map[string]bool{}
	for i, entry := range list {
		object, ok := entry.(map[string]any)
		if !ok {
			return invalid("reading the realm file: entry %d of %s is no object", i, section)
		}
		if key == "" {
			continue
		}
		name, _ := object[key].(string)
		if name == "" {
			return invalid("reading the realm file: entry %d of %s has no %s", i, section, key)
		}
		if seen[name] {
			return invalid("reading the realm file: %s holds %q twice", section, name)
		}
		seen[name] = true
	}
	return nil
}
