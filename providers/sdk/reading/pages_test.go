package reading

import (
	"fmt"
	"strings"
	"testing"
)

// Every page of these servers has an address, and elements, that were never there before.
func TestPages_EndAtTheirBounds(t *testing.T) {
	for name, c := range map[string]struct {
		body func(page int) string
		ends int
		says string
	}{
		"full pages":  {func(page int) string { return fmt.Sprintf(`[{"id":"%d"}]`, page) }, mostPages, "100000 pages"},
		"empty pages": {func(int) string { return `[]` }, mostEmptyPages, "1000 pages without an element"},
		"seldom an element": {func(page int) string {
			if page%mostEmptyPages == 1 {
				return fmt.Sprintf(`[{"id":"%d"}]`, page)
			}
			return `[]`
		}, mostPages, "100000 pages"},
	} {
		book, page, err := NewPages("GET", "/list"), 0, error(nil)
		for err == nil && page <= mostPages {
			page++
			if _, err = book.Take([]byte(c.body(page)), "", ElementID); err == nil {
				err = book.Next(fmt.Sprintf("/list?after=%d", page))
			}
		}
		if err == nil || page != c.ends || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: ended at page %d: %v", name, page, err)
		}
	}
}
