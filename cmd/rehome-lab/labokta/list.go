package labokta

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
)

// pageSize is the vendor's default and largest number of elements a page.
type pageSize struct {
	standard, largest int
}

// selected returns the elements of a list for this request; false means that the parent does not exist
// and that an answer was written.
type selected func(w http.ResponseWriter, r *http.Request) ([]object, bool)

// everything lists objects that have no parent.
func everything(objects []object) selected {
	return func(http.ResponseWriter, *http.Request) ([]object, bool) { return objects, true }
}

// equality is the one form of filter and search that the lab understands.
var equality = regexp.MustCompile(`^\s*(status|type|eventType)\s+eq\s+"([^"]*)"\s*$`)

// filtered applies filter= or search=; an expression beyond equality is refused like one that the vendor cannot parse.
func filtered(w http.ResponseWriter, r *http.Request, objects []object) ([]object, bool) {
	expression := r.URL.Query().Get("filter")
	if expression == "" {
		expression = r.URL.Query().Get("search")
	}
	if expression == "" {
		return objects, true
	}
	match := equality.FindStringSubmatch(expression)
	if match == nil {
		refuse(w, http.StatusBadRequest, "E0000031", "Invalid search criteria.")
		return nil, false
	}
	var out []object
	for _, o := range objects {
		value := o.status
		if match[1] != "status" {
			value = o.kind
		}
		if value == match[2] {
			out = append(out, o)
		}
	}
	return out, true
}

// paged answers one page with its Link lines: self always, next while there is more. The cursor is the last id of the
// page.
func (s *Server) paged(size pageSize, choose selected) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		objects, ok := choose(w, r)
		if !ok {
			return
		}
		objects, ok = filtered(w, r, objects)
		if !ok {
			return
		}
		limit, ok := s.limit(r, size)
		if !ok {
			refuse(w, http.StatusBadRequest, "E0000001", "Api validation failed: limit")
			return
		}
		start, ok := after(objects, r.URL.Query().Get("after"))
		if !ok {
			refuse(w, http.StatusBadRequest, "E0000001", "Api validation failed: after")
			return
		}
		end := min(start+limit, len(objects))
		page := append([]object{}, objects[start:end]...)
		w.Header().Add("Link", link(r, limit, r.URL.Query().Get("after"), "self"))
		if end < len(objects) {
			w.Header().Add("Link", link(r, limit, page[len(page)-1].key, "next"))
		}
		reply(w, r, page)
	}
}

// limit is the page size in force; a limit over the maximum is lowered to it.
func (s *Server) limit(r *http.Request, size pageSize) (int, bool) {
	limit := size.standard
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, false
		}
		limit = min(n, size.largest)
	}
	if s.options.PageCap > 0 {
		limit = min(limit, s.options.PageCap)
	}
	return limit, true
}

// after returns the index behind the cursor; an empty cursor is the beginning, an unknown one is false.
func after(objects []object, cursor string) (int, bool) {
	if cursor == "" {
		return 0, true
	}
	for i, o := range objects {
		if o.key == cursor {
			return i + 1, true
		}
	}
	return 0, false
}

// link is one Link line; the other query parameters of the request are repeated.
func link(r *http.Request, limit int, cursor, relation string) string {
	query := url.Values{}
	for name, values := range r.URL.Query() {
		query[name] = values
	}
	query.Del("after")
	if relation == "self" {
		// The vendor's self link loses this one, which a reader must survive.
		query.Del("sourceId")
	}
	if cursor != "" {
		query.Set("after", cursor)
	}
	query.Set("limit", strconv.Itoa(limit))
	return "<" + origin(r) + r.URL.EscapedPath() + "?" + query.Encode() + `>; rel="` + relation + `"`
}
