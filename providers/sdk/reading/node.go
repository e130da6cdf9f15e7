package reading

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"time"
)

// Node is a JSON value of a shape that nobody promises: reading what is not there gives the zero value.
//
// It remembers what was read of it, so that Unread can name what an incumbent has set and its source has passed over:
// no list of known members has to be kept beside the code that reads them. A copy shares the memory of its original. It
// is not safe for many goroutines.
type Node struct {
	value any
	seen  *seen
}

// seen is what was read of one value. A slice is searched one by one, because objects have few members that are read.
type seen struct {
	whole    bool // the value was read with all that is in it
	mistyped bool // it was read as something that it is not
	members  []seenMember
	elements []*seen
}

type seenMember struct {
	name string
	seen *seen
}

func (s *seen) member(name string) *seen {
	if s == nil {
		return nil
	}
	for _, known := range s.members {
		if known.name == name {
			return known.seen
		}
	}
	made := &seen{}
	s.members = append(s.members, seenMember{name, made})
	return made
}

func (s *seen) element(index, of int) *seen {
	if s == nil {
		return nil
	}
	if s.elements == nil {
		s.elements = make([]*seen, of)
	}
	if s.elements[index] == nil {
		s.elements[index] = &seen{}
	}
	return s.elements[index]
}

func (s *seen) read() {
	if s != nil {
		s.whole = true
	}
}

// as notes whether the value was of the type that it was read as. One that was not stays unread; null is no value.
func (n Node) as(fits bool) {
	switch {
	case n.seen == nil:
	case fits || n.value == nil:
		n.seen.whole = true
	default:
		n.seen.mistyped = true
	}
}

// Parse reads exactly one JSON value. Numbers are kept as they were written.
func Parse(body []byte) (Node, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return Node{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Node{}, errors.New("there is more than one JSON value")
	}
	return Node{value, &seen{}}, nil
}

// At is the member that the names lead to. Going there reads nothing, null aside.
func (n Node) At(path ...string) Node {
	for _, name := range path {
		object, ok := n.value.(map[string]any)
		if !ok {
			n.as(false)
		}
		value, present := object[name]
		if !present {
			return Node{}
		}
		n = Node{value, n.seen.member(name)}
	}
	return n
}

// Text is read; empty where the value is no text.
func (n Node) Text() string {
	s, ok := n.value.(string)
	n.as(ok)
	return s
}

// Flag is read; false where the value is none.
func (n Node) Flag() bool {
	b, ok := n.value.(bool)
	n.as(ok)
	return b
}

// Time is read, as RFC 3339 writes it; zero where the value is no such text.
func (n Node) Time() time.Time {
	s, ok := n.value.(string)
	at, err := time.Parse(time.RFC3339, s)
	n.as(ok && err == nil)
	return at
}

// IsNull tells whether there is nothing, or null. It reads nothing.
func (n Node) IsNull() bool { return n.value == nil }

// Number is read, rounded towards zero; what is no number, or too large, is 0.
func (n Node) Number() int {
	number, ok := n.value.(json.Number)
	n.as(ok)
	if !ok {
		return 0
	}
	if whole, err := number.Int64(); err == nil && whole == int64(int(whole)) {
		return int(whole)
	}
	float, err := number.Float64()
	if err != nil || float != float || float > 1<<53 || float < -(1<<53) {
		return 0
	}
	return int(float)
}

// IsList tells whether the value is a list. It reads nothing.
func (n Node) IsList() bool { _, ok := n.value.([]any); return ok }

// List gives the elements; they are not read yet.
func (n Node) List() []Node {
	values, ok := n.value.([]any)
	if !ok {
		n.as(false)
	}
	nodes := make([]Node, 0, len(values))
	for index, value := range values {
		nodes = append(nodes, Node{value, n.seen.element(index, len(values))})
	}
	return nodes
}

// Texts of a list are read; what is no text is left out and stays unread. A missing list is nil, an empty one empty.
func (n Node) Texts() []string {
	nodes := n.List()
	if !n.IsList() {
		return nil
	}
	texts := make([]string, 0, len(nodes))
	for _, node := range nodes {
		if text := node.Text(); node.isText() {
			texts = append(texts, text)
		}
	}
	return texts
}

// Names of an object's members, sorted. It reads nothing.
func (n Node) Names() []string {
	object, _ := n.value.(map[string]any)
	return slices.Sorted(maps.Keys(object))
}

// IsSet tells whether the value says anything: null, false, 0, empty text, and lists and objects of such, say nothing.
// It reads nothing.
func (n Node) IsSet() bool { return isSet(n.value) }

// AnySet tells whether one of the members says anything. It reads nothing.
func (n Node) AnySet(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return n.At(name).IsSet() })
}

func isSet(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case json.Number:
		return v.String() != "0"
	case []any:
		return slices.ContainsFunc(v, isSet)
	case map[string]any:
		for _, inner := range v {
			if isSet(inner) {
				return true
			}
		}
		return false
	}
	return true
}

// Plain is the value as text for people, read with all that is in it: text as it is, other values as JSON.
func (n Node) Plain() string {
	n.seen.read()
	if text, ok := n.value.(string); ok {
		return text
	}
	encoded, err := json.Marshal(n.value)
	if err != nil {
		return ""
	}
	return string(encoded)
}

// Settled marks the value, with all that is in it, as one that a source has dealt with in another way than by reading
// it: a note that it makes, or bookkeeping of the incumbent that means nothing elsewhere.
func (n Node) Settled() { n.seen.read() }

// SettledIf marks the value where it is this text: the incumbent's own default, which sets nothing.
func (n Node) SettledIf(text string) {
	if s, ok := n.value.(string); ok && s == text {
		n.seen.read()
	}
}

// SettledAs marks the value where it is the same as another, which tells it.
func (n Node) SettledAs(other Node) {
	if reflect.DeepEqual(n.value, other.value) {
		n.seen.read()
	}
}

// Unread names what is set and was never read, by the path of the value below the node, each with the prefix, sorted. A
// list of which nothing was read is one value; elements of others share a path, written name[].
func (n Node) Unread(prefix string) []string {
	var found []string
	unread(n.value, n.seen, prefix, &found)
	slices.Sort(found)
	return slices.Compact(found)
}

func unread(value any, s *seen, path string, found *[]string) {
	if !isSet(value) || (s != nil && s.whole) {
		return
	}
	touched := s != nil && (len(s.members) > 0 || s.elements != nil)
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			unread(inner, s.known(name), join(path, name), found)
		}
		return
	case []any:
		if !touched {
			break
		}
		for index, inner := range v {
			unread(inner, s.elements[index], path+"[]", found)
		}
		return
	}
	*found = append(*found, path)
}

// known is what was read of a member, nil when it was never gone to.
func (s *seen) known(name string) *seen {
	if s == nil {
		return nil
	}
	for _, member := range s.members {
		if member.name == name {
			return member.seen
		}
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// Is tells whether the value is this text. It reads nothing.
func (n Node) Is(text string) bool { s, ok := n.value.(string); return ok && s == text }

func (n Node) isText() bool { _, ok := n.value.(string); return ok }

// Mistyped names the values that were read as something that they are not, a number as text say, like Unread. A source
// for which such a body means that it does not understand the server refuses the body.
func (n Node) Mistyped(prefix string) []string {
	var found []string
	mistyped(n.seen, prefix, &found)
	slices.Sort(found)
	return slices.Compact(found)
}

func mistyped(s *seen, path string, found *[]string) {
	if s == nil {
		return
	}
	if s.mistyped {
		*found = append(*found, path)
	}
	for _, member := range s.members {
		mistyped(member.seen, join(path, member.name), found)
	}
	for _, element := range s.elements {
		mistyped(element, path+"[]", found)
	}
}
