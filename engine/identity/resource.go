package identity

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Attributes of a resource: JSON values only (nil, bool, string, json.Number or float64 for whole numbers, []any,
// map[string]any). A value may be an ItemReference in its encoded form, see Refer.
type Attributes map[string]any

// ResourceID names one resource of a target by type and natural key.
type ResourceID struct {
	Type string `json:"type"`
	Key  string `json:"key"`
}

// String is type:key.
func (r ResourceID) String() string { return r.Type + ":" + r.Key }

// ParseResourceID reads type:key. The key may hold colons.
func ParseResourceID(text string) (ResourceID, error) {
	kind, key, found := strings.Cut(text, ":")
	if !found || kind == "" || key == "" {
		return ResourceID{}, fmt.Errorf("resource %q is not type:key", text)
	}
	return ResourceID{Type: kind, Key: key}, nil
}

// EscapePath makes a name safe as a segment of a path key: ~ becomes ~0 and / becomes ~1.
func EscapePath(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// UnescapePath undoes EscapePath.
func UnescapePath(segment string) string {
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(segment)
}

// Resource is an object as the target knows it, desired or live.
//
// In a desired resource, values may refer to other items (Refer, Secret); the engine puts in their keys. DependsOn
// names what must be done first though no attribute refers to it. In a live resource ServerID is the id that the server
// gave, Tag the item address that rehome left on it.
type Resource struct {
	Type       string       `json:"type"`
	Key        string       `json:"key"`
	Attributes Attributes   `json:"attributes"`
	DependsOn  []Dependency `json:"depends_on,omitempty"`
	ServerID   string       `json:"server_id,omitempty"`
	Tag        string       `json:"tag,omitempty"`
}

// Dependency is a resource whose step comes first: one of a key that is known, or the one that an item becomes. Exactly
// one is set.
type Dependency struct {
	Resource ResourceID    `json:"resource,omitzero"`
	Item     ItemReference `json:"item,omitzero"`
}

// OnResource is a dependency on the resource of a type and key.
func OnResource(resourceType, key string) Dependency {
	return Dependency{Resource: ResourceID{Type: resourceType, Key: key}}
}

// OnItem is a dependency on the resource of a type that an item becomes.
func OnItem(kind Kind, id, resourceType string) Dependency {
	return Dependency{Item: ItemReference{Item: ItemID{Kind: kind, ID: id}, Type: resourceType}}
}

// ID of the resource.
func (r Resource) ID() ResourceID { return ResourceID{Type: r.Type, Key: r.Key} }

// AttributeSchema describes one attribute of a resource type.
type AttributeSchema struct {
	Name      string `json:"name"`
	Type      string `json:"type"` // string, bool, number, list, map
	Doc       string `json:"doc"`
	Identity  bool   `json:"identity,omitempty"`  // part of the natural key, see ResourceSchema.KeyFormat
	Computed  bool   `json:"computed,omitempty"`  // set by the server only
	Sensitive bool   `json:"sensitive,omitempty"` // never shown; compared by reference
	Generated bool   `json:"generated,omitempty"` // made by the target at create and given out once
	// a set: order has no meaning; unioned when several items make one resource
	Unordered     bool `json:"unordered,omitempty"`
	ForcesReplace bool `json:"forces_replace,omitempty"` // cannot be changed in place
}

// ResourceSchema describes one resource type.
//
// KeyFormat makes the natural key of the identity attributes, as in "{group} -> {client}/{role}". CaseFold says that
// keys differing in case only are one key. ItemKind is the kind of item it usually comes from, empty for none. Evidence
// names the attributes that make two resources likely to be the same (matching beyond the key), strongest first. Tagged
// says that a resource carries the address of the item it was made from, so that what rehome made is known by itself.
// Opens says that a resource is nothing but a switch: creating it lets people in, and taking it back only makes things
// tighter.
type ResourceSchema struct {
	Type      string   `json:"type"`
	Doc       string   `json:"doc"`
	KeyFormat string   `json:"key_format"`
	CaseFold  bool     `json:"case_fold,omitempty"`
	Tagged    bool     `json:"tagged,omitempty"`
	Opens     bool     `json:"opens,omitempty"`
	ItemKinds []Kind   `json:"item_kinds,omitempty"`
	Evidence  []string `json:"evidence,omitempty"`
	// the attribute that "rename" of a merge block sets, empty when it cannot be renamed
	RenameBy   string            `json:"rename_by,omitempty"`
	Attributes []AttributeSchema `json:"attributes"`
}

// Attribute finds the schema of an attribute.
func (s ResourceSchema) Attribute(name string) (AttributeSchema, bool) {
	for _, a := range s.Attributes {
		if a.Name == name {
			return a, true
		}
	}
	return AttributeSchema{}, false
}

// Unordered names the attributes that are sets.
func (s ResourceSchema) Unordered() []string {
	var names []string
	for _, a := range s.Attributes {
		if a.Unordered {
			names = append(names, a.Name)
		}
	}
	return names
}

// Key makes the natural key of resolved attributes. Values that are not text are an error.
func (s ResourceSchema) Key(attributes Attributes) (string, error) {
	var texts []string // each name in its braces, and what stands there
	for _, a := range s.Attributes {
		if !a.Identity {
			continue
		}
		text, ok := attributes[a.Name].(string)
		if !ok || text == "" {
			return "", fmt.Errorf("attribute %s of %s is part of its key and has no text", a.Name, s.Type)
		}
		texts = append(texts, "{"+a.Name+"}", text)
	}
	return strings.NewReplacer(texts...).Replace(s.KeyFormat), nil // at once: a text may be a name in braces itself
}

const (
	itemReferenceField   = "$item"
	secretReferenceField = "$secret"
)

// ItemReference stands in an attribute for "the natural key of the resource of this type that this item becomes".
// The engine replaces it after matching and renaming; when the item becomes none, the resource is blocked.
type ItemReference struct {
	Item ItemID `json:"item"`
	Type string `json:"type"` // resource type wanted
}

// Refer encodes an ItemReference as an attribute value.
func Refer(kind Kind, id, resourceType string) map[string]any {
	return map[string]any{itemReferenceField: map[string]any{"kind": string(kind), "id": id, "type": resourceType}}
}

// AsItemReference decodes what Refer made.
func AsItemReference(value any) (ItemReference, bool) {
	outer, ok := value.(map[string]any)
	if !ok || len(outer) != 1 {
		return ItemReference{}, false
	}
	inner, ok := outer[itemReferenceField].(map[string]any)
	if !ok {
		return ItemReference{}, false
	}
	kind, _ := inner["kind"].(string)
	id, _ := inner["id"].(string)
	resourceType, _ := inner["type"].(string)
	return ItemReference{Item: ItemID{Kind: Kind(kind), ID: id}, Type: resourceType}, kind != "" && id != "" &&
		resourceType != ""
}

// SecretReference stands in an attribute for a secret that apply fetches from the source when it needs it.
// Source is filled in by the engine.
type SecretReference struct {
	Source string
	Item   ItemID
	Field  string
}

// Secret encodes a SecretReference as an attribute value.
func Secret(source string, kind Kind, id, field string) map[string]any {
	return map[string]any{secretReferenceField: map[string]any{"source": source, "kind": string(kind), "id": id,
		"field": field}}
}

// AsSecretReference decodes what Secret made.
func AsSecretReference(value any) (SecretReference, bool) {
	outer, ok := value.(map[string]any)
	if !ok || len(outer) != 1 {
		return SecretReference{}, false
	}
	inner, ok := outer[secretReferenceField].(map[string]any)
	if !ok {
		return SecretReference{}, false
	}
	text := func(name string) string { s, _ := inner[name].(string); return s }
	return SecretReference{Source: text("source"), Item: ItemID{Kind: Kind(text("kind")), ID: text("id")},
		Field: text("field")}, text("field") != ""
}

// Clone copies attributes, so that nothing is shared. Numbers stay as they were read: a large one is no float.
func (a Attributes) Clone() Attributes {
	if a == nil {
		return nil
	}
	clone := make(Attributes, len(a))
	for name, value := range a {
		clone[name] = cloned(value)
	}
	return clone
}

func cloned(value any) any {
	switch v := value.(type) {
	case nil, bool, string, float64, json.Number:
		return v
	case map[string]any:
		return map[string]any(Attributes(v).Clone())
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = cloned(element)
		}
		return list
	}
	return throughJSON(value) // a Go type that a provider put in, such as []string
}

func throughJSON(value any) any {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("attributes hold a value that is not JSON: %v", err))
	}
	var clone any
	if err := json.Unmarshal(encoded, &clone); err != nil {
		panic(fmt.Sprintf("attributes do not read back: %v", err))
	}
	return clone
}

// Names of the attributes, sorted.
func (a Attributes) Names() []string {
	names := make([]string, 0, len(a))
	for name := range a {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
