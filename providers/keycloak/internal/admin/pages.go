package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// PageSize is how many objects of a list are asked for at a time.
const PageSize = 500

// Pages reads a list that is given out by offset. An object that comes twice means that the list moved while it was
// read: it is kept once.
func (c *Client) Pages(ctx context.Context, path string, query url.Values, key string) ([]object.Object, error) {
	var all []object.Object
	seen := map[string]bool{}
	for first := 0; ; first += PageSize {
		asked := url.Values{"first": {strconv.Itoa(first)}, "max": {strconv.Itoa(PageSize)}}
		for name, values := range query {
			asked[name] = values
		}
		var page []object.Object
		if err := c.Get(ctx, path, asked, &page); err != nil {
			return nil, err
		}
		fresh := 0
		for _, row := range page {
			name := Text(row, key)
			if name == "" {
				return nil, c.Invalid(Call{Method: http.MethodGet, Path: path}, fmt.Sprintf("an object of the list has no %s", key))
			}
			if !seen[name] {
				seen[name] = true
				fresh++
				all = append(all, row)
			}
		}
		if len(page) < PageSize {
			return all, nil
		}
		if fresh == 0 {
			return nil, c.Invalid(Call{Method: http.MethodGet, Path: path}, "the list repeats itself")
		}
	}
}

// Text reads a text out of an object.
func Text(object object.Object, name string) string {
	value, _ := object[name].(string)
	return value
}

// Part reads an object out of an object, nil when there is none.
func Part(outer object.Object, name string) object.Object {
	value, _ := outer[name].(map[string]any)
	return value
}

// List is objects as the JSON list that holds them.
func List(objects []object.Object) []any {
	list := make([]any, 0, len(objects))
	for _, each := range objects {
		list = append(list, each)
	}
	return list
}

// ForEach does something for each number below n, as many at a time as the client may ask. It returns the first error
// there is and begins nothing after it.
func (c *Client) ForEach(n int, do func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(cap(c.slots))
	var failed atomic.Bool
	for i := 0; i < n && !failed.Load(); i++ {
		group.Go(func() error {
			err := do(i)
			if err != nil {
				failed.Store(true)
			}
			return err
		})
	}
	return group.Wait()
}

// IsForbidden tells whether the credential lacks a right.
func IsForbidden(err error) bool {
	var fault *contract.ProviderError
	return errors.As(err, &fault) && fault.Code == contract.ErrorForbidden
}
