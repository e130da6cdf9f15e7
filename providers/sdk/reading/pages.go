package reading

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Limits of one list: a server that makes a new address for every page would otherwise be asked for ever.
const (
	mostPages      = 100_000 // with 200 elements a page, twenty million
	mostEmptyPages = 1_000   // in a row; filtered lists have some
)

// Pages keeps book of one list, so that a server that repeats itself is noticed and never read for ever.
// It holds eight bytes an element. It is not safe for many goroutines.
type Pages struct {
	method, first string
	locations     map[[sha256.Size]byte]bool
	bodies        map[[sha256.Size]byte]string // digest to the page it was first seen on
	ids           map[uint64]bool
	current       string
	count         int
	empty         int             // pages in a row without an element
	given         map[uint64]bool // handed out before the list began again, nil where it did not
}

// NewPages begins the book of the list that starts at this location (path with query, or URL).
func NewPages(method, location string) *Pages {
	p := &Pages{method: method, first: location, current: location,
		locations: map[[sha256.Size]byte]bool{}, bodies: map[[sha256.Size]byte]string{}, ids: map[uint64]bool{}}
	p.locations[sha256.Sum256([]byte(location))] = true
	return p
}

// Again begins the list once more from its first page where an error says that the address of a later one is no longer
// good, see Expired. It does so once, and tells whether it did. What was handed out already is known afterwards: see
// Given.
func (p *Pages) Again(err error) bool {
	var expired *Expired
	if !errors.As(err, &expired) || p.given != nil || p.current == p.first {
		return false // the address of the first page came from nobody, so it cannot expire
	}
	p.given, p.ids = p.ids, map[uint64]bool{}
	p.bodies = map[[sha256.Size]byte]string{}
	p.locations = map[[sha256.Size]byte]bool{sha256.Sum256([]byte(p.first)): true}
	p.current, p.empty = p.first, 0
	return true
}

// Given tells whether an element was handed out before the list began again, so that nothing comes twice.
func (p *Pages) Given(id string) bool { return p.given[keyOf(id)] }

func keyOf(id string) uint64 {
	digest := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint64(digest[:8])
}

// Location of the page that is read now.
func (p *Pages) Location() string { return p.current }

// Count of pages taken.
func (p *Pages) Count() int { return p.count }

// Next says where the following page is. A location that was there before is an error.
func (p *Pages) Next(location string) error {
	switch {
	case p.count >= mostPages:
		return Invalid(p.method, p.current, "the list that starts at %s has more than %d pages; it is not read on", p.first,
			mostPages)
	case p.empty >= mostEmptyPages:
		return Invalid(p.method, p.current,
			"the list that starts at %s goes on after %d pages without an element; it is not "+
				"read on", p.first, mostEmptyPages)
	}
	digest := sha256.Sum256([]byte(location))
	if p.locations[digest] {
		return Invalid(p.method, p.current, "the link to the next page leads back to a page that was already read (%s)",
			location)
	}
	p.locations[digest] = true
	p.current = location
	return nil
}

// Take reads the elements of the page at Location. Field names the member that holds the list, empty for a bare list;
// id tells the id of an element, nil for elements without one. An empty body, a list that is null or no list, an
// element that is null, a page seen before and an id seen before are errors. Elements that were handed out before the list
// began again are left out.
func (p *Pages) Take(body []byte, field string, id func(json.RawMessage) (string, error)) ([]json.RawMessage, error) {
	elements, reason := Elements(body, field)
	if reason != "" {
		return nil, Invalid(p.method, p.current, "%s", reason)
	}
	p.count++
	p.empty++
	if len(elements) > 0 {
		p.empty = 0
		digest := sha256.Sum256(body)
		if earlier, seen := p.bodies[digest]; seen {
			return nil, Invalid(p.method, p.current, "the page is the same as the earlier page %s", earlier)
		}
		p.bodies[digest] = p.current
	}
	if id == nil {
		return elements, nil
	}
	fresh := elements[:0:0]
	for index, element := range elements {
		name, err := id(element)
		if err != nil {
			return nil, Invalid(p.method, p.current, "element %d cannot be read: %v", index, err)
		}
		if name == "" {
			return nil, Invalid(p.method, p.current, "element %d has no id", index)
		}
		if err := p.Seen(name); err != nil {
			return nil, err
		}
		if !p.Given(name) {
			fresh = append(fresh, element)
		}
	}
	return fresh, nil
}

// Seen notes an id; one that was there before is an error.
func (p *Pages) Seen(id string) error {
	key := keyOf(id)
	if p.ids[key] {
		return Invalid(p.method, p.current, "element %s was already in the list that starts at %s", id, p.first)
	}
	p.ids[key] = true
	return nil
}

// Elements splits a list into its elements. The reason is not empty when the body is none.
func Elements(body []byte, field string) (elements []json.RawMessage, reason string) {
	list := json.RawMessage(bytes.TrimSpace(body))
	if len(list) == 0 {
		return nil, "the body is empty"
	}
	if field != "" {
		var wrapper map[string]json.RawMessage
		if err := json.Unmarshal(list, &wrapper); err != nil || wrapper == nil {
			return nil, "the body is no object"
		}
		inner, found := wrapper[field]
		if !found {
			return nil, "the body has no list " + field
		}
		list = bytes.TrimSpace(inner)
	}
	if string(list) == "null" {
		return nil, "the list is null"
	}
	if !strings.HasPrefix(string(list[:1]), "[") {
		return nil, "the body is no list"
	}
	if err := json.Unmarshal(list, &elements); err != nil {
		return nil, "the list is not JSON"
	}
	for _, element := range elements {
		if string(element) == "null" {
			return nil, "an element of the list is null"
		}
	}
	return elements, ""
}

// ElementID reads the member id.
func ElementID(element json.RawMessage) (string, error) {
	var named struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(element, &named)
	return named.ID, err
}

// Evidence of a page. Bytes counts the body as it came; redacted is the body as it may be kept.
func Evidence(method, path, query string, status int, at time.Time, items, bytes int,
	redacted []byte) identity.PageEvidence {
	digest := sha256.Sum256(redacted)
	return identity.PageEvidence{
		Method: method, Path: path, Query: query, Status: status, At: at.UTC().Format(time.RFC3339),
		ItemCount: items, Bytes: bytes, SHA256: hex.EncodeToString(digest[:]), Body: redacted,
	}
}
