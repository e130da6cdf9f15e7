package okta

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"
)

// node is a JSON value of a shape that nobody promises: reading what is not there gives the zero value.
type node struct{ value any }

// parse keeps numbers as they were written.
func parse(body []byte) (node, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return node{value}, err
}

func (n node) at(path ...string) node {
	for _, name := range path {
		object, ok := n.value.(map[string]any)
		if !ok {
			return node{}
		}
		n = node{object[name]}
	}
	return n
}

func (n node) text() string { s, _ := n.value.(string); return s }
func (n node) flag() bool   { b, _ := n.value.(bool); return b }
func (n node) isNull() bool { return n.value == nil }

// number rounds towards zero; what is no number is 0.
func (n node) number() int {
	number, ok := n.value.(json.Number)
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

func (n node) list() []node {
	values, _ := n.value.([]any)
	nodes := make([]node, 0, len(values))
	for _, value := range values {
		nodes = append(nodes, node{value})
	}
	return nodes
}

// texts of a list; what is no text is left out. A missing list is nil, an empty one empty.
func (n node) texts() []string {
	values, ok := n.value.([]any)
	if !ok {
		return nil
	}
	texts := make([]string, 0, len(values))
	for _, value := range values {
		if text, ok := value.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// names of an object's members, sorted.
func (n node) names() []string {
	object, _ := n.value.(map[string]any)
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// isSet tells whether the value says anything: null, false, 0, empty text, and lists and objects of such, say nothing.
func (n node) isSet() bool {
	switch v := n.value.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case json.Number:
		return v.String() != "0"
	case []any:
		for _, inner := range v {
			if (node{inner}).isSet() {
				return true
			}
		}
		return false
	case map[string]any:
		for _, inner := range v {
			if (node{inner}).isSet() {
				return true
			}
		}
		return false
	default:
		return true
	}
}

// plain is the value as text for people: text as it is, other values as JSON.
func (n node) plain() string {
	if text, ok := n.value.(string); ok {
		return text
	}
	encoded, err := json.Marshal(n.value)
	if err != nil {
		return ""
	}
	return string(encoded)
}

// unknown lists the members of the object that are set and not among the known names, each with the prefix.
func (n node) unknown(prefix string, known ...string) []string {
	var found []string
	for _, name := range n.names() {
		if !contains(known, name) && n.at(name).isSet() {
			found = append(found, prefix+name)
		}
	}
	return found
}

func contains(list []string, text string) bool {
	for _, entry := range list {
		if entry == text {
			return true
		}
	}
	return false
}

// lastSegment of a link: the id of what it leads to.
func lastSegment(link string) string {
	link, _, _ = strings.Cut(link, "?")
	link = strings.TrimRight(link, "/")
	return link[strings.LastIndex(link, "/")+1:]
}
