package entra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// element is one element of a list, with where it was read.
type element struct {
	reading.Node
	raw  json.RawMessage // redacted
	page int             // sequence number of its evidence
	path string          // of the page
}

func parseElement(raw json.RawMessage, page int, path string) (element, error) {
	e := element{raw: raw, page: page, path: path}
	var err error
	if e.Node, err = reading.Parse(raw); err != nil {
		return element{}, e.invalid("%v", err)
	}
	return e, nil
}

func (e element) id() string { return e.At("id").Text() }

func (e element) invalid(format string, args ...any) error {
	return reading.Invalid(http.MethodGet, e.path, "an element cannot be read: %s", fmt.Sprintf(format, args...))
}

// understood refuses an element that has a member of another type than was read: guessing would turn unknown into none.
func (e element) understood() error {
	if members := e.Mistyped(""); len(members) > 0 {
		return e.invalid("%s is not of the type that it should be", strings.Join(members, ", "))
	}
	return nil
}

// item makes an item of an element that was understood.
func (e element) item(kind identity.Kind, name string, attributes any) (identity.Item, error) {
	if err := e.understood(); err != nil {
		return identity.Item{}, err
	}
	return e.itemAs(kind, e.id(), name, attributes)
}

// itemAs makes an item with an id of its own.
func (e element) itemAs(kind identity.Kind, id, name string, attributes any) (identity.Item, error) {
	item, err := identity.NewItem(kind, id, name, attributes)
	if err != nil {
		return identity.Item{}, err
	}
	item.Page = e.page
	item.Raw, err = compacted(e.raw)
	return item, err
}
