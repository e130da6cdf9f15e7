package labentra

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The vendor's page sizes of directory lists.
const (
	standardPage = 100
	largestPage  = 999
)

// collection is one list endpoint.
type collection struct {
	// context is the part of @odata.context behind the #.
	context string
	// onePage is set for lists that the vendor does not page.
	onePage bool
	// standard are the properties given without $select; nil means all.
	standard []string
	// typed keeps @odata.type in the elements, for lists of mixed types.
	typed bool
	// filtered is set for lists whose choose reads $filter.
	filtered bool
	// choose returns the elements; false means that an answer was written.
	choose func(w http.ResponseWriter, r *http.Request) ([]object, bool)
}

// understood are the query options of the lab; the vendor has more, and a reader that needs one must not be told lies.
func understood() []string { return []string{"$select", "$top", "$skiptoken", "$count"} }

func (s *Server) list(c collection) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		for name := range query {
			if strings.HasPrefix(name, "$") && !slices.Contains(understood(), name) && !(c.filtered && name == "$filter") {
				refuse(w, http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported query option '"+name+"'.")
				return
			}
		}
		objects, ok := c.choose(w, r)
		if !ok {
			return
		}
		size, ok := s.pageSize(w, query, c)
		if !ok {
			return
		}
		start, err := offset(r.URL.Path, query.Get("$skiptoken"))
		if err != nil || start > len(objects) {
			refuse(w, http.StatusBadRequest, "Directory_ExpiredPageToken",
				"The specified page token value has expired and can no longer be included in your request.")
			return
		}
		end := len(objects)
		if size > 0 {
			end = min(start+size, end)
		}
		reply(w, c.page(r, objects, start, end))
	}
}

// page is one page in the order of keys that Graph uses.
func (c collection) page(r *http.Request, objects []object, start, end int) any {
	fields := selectedFields(r, c.standard)
	elements := make([]object, 0, end-start)
	for _, o := range objects[start:end] {
		elements = append(elements, project(o, fields, namesKeys(r), c.typed))
	}
	out := struct {
		Context string   `json:"@odata.context"`
		Count   *int     `json:"@odata.count,omitempty"`
		Next    string   `json:"@odata.nextLink,omitempty"`
		Value   []object `json:"value"`
	}{Context: context(r, c.context), Value: elements}
	if r.URL.Query().Get("$count") == "true" && r.Header.Get("ConsistencyLevel") == "eventual" {
		total := len(objects)
		out.Count = &total
	}
	if end < len(objects) {
		out.Next = nextLink(r, end)
	}
	return out
}

// pageSize is 0 for a list that is not paged.
func (s *Server) pageSize(w http.ResponseWriter, query url.Values, c collection) (int, bool) {
	if c.onePage {
		return 0, true
	}
	size := standardPage
	if text := query.Get("$top"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > largestPage {
			refuse(w, http.StatusBadRequest, "Request_UnsupportedQuery",
				fmt.Sprintf("Invalid page size specified: '%s'. Must be between 1 and %d inclusive.", text, largestPage))
			return 0, false
		}
		size = n
	}
	if s.options.PageCap > 0 {
		size = min(size, s.options.PageCap)
	}
	return size, true
}

// nextLink repeats the other query options and carries an opaque token.
func nextLink(r *http.Request, start int) string {
	query := url.Values{}
	for name, values := range r.URL.Query() {
		query[name] = values
	}
	token := base64.RawURLEncoding.EncodeToString([]byte("RFNwdAIAAQ|" + r.URL.Path + "|" + strconv.Itoa(start)))
	query.Set("$skiptoken", token)
	// Graph leaves the dollar sign of the options as it is.
	return origin(r) + r.URL.EscapedPath() + "?" + strings.ReplaceAll(query.Encode(), "%24", "$")
}

// offset reads a token of nextLink; a token of another list is an error.
func offset(path, token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, fmt.Errorf("reading the page token: %w", err)
	}
	number, ok := strings.CutPrefix(string(text), "RFNwdAIAAQ|"+path+"|")
	if !ok {
		return 0, fmt.Errorf("the page token belongs to another list")
	}
	start, err := strconv.Atoi(number)
	if err != nil || start < 0 {
		return 0, fmt.Errorf("the page token has no position")
	}
	return start, nil
}

func context(r *http.Request, what string) string {
	if selection := r.URL.Query().Get("$select"); selection != "" {
		what += "(" + selection + ")"
	}
	return origin(r) + "/v1.0/$metadata#" + what
}

// selectedFields are the properties to give; nil means all of them.
func selectedFields(r *http.Request, standard []string) []string {
	selection := r.URL.Query().Get("$select")
	if selection == "" {
		return standard
	}
	var out []string
	for _, name := range strings.Split(selection, ",") {
		out = append(out, strings.TrimSpace(name))
	}
	return out
}

// namesKeys says whether $select names keyCredentials; only then the key of a certificate is given.
func namesKeys(r *http.Request) bool {
	return slices.Contains(selectedFields(r, nil), "keyCredentials")
}

// project keeps the wanted properties. Annotations stay with the property they belong to.
func project(o object, fields []string, keys, typed bool) object {
	if fields == nil && typed && o.odata == userType {
		fields = userProperties()
	}
	out := object{id: o.id, odata: o.odata, value: map[string]json.RawMessage{}}
	for _, name := range o.names {
		if name == "@odata.type" && !typed {
			continue
		}
		bare, _, _ := strings.Cut(name, "@")
		if fields != nil && name != "@odata.type" && !slices.Contains(fields, bare) {
			continue
		}
		raw := o.value[name]
		if name == "keyCredentials" && !keys {
			raw = withoutKeys(raw)
		}
		out.names = append(out.names, name)
		out.value[name] = raw
	}
	return out
}

// withoutKeys sets the key of each certificate to null.
func withoutKeys(raw json.RawMessage) json.RawMessage {
	var credentials []map[string]json.RawMessage
	if json.Unmarshal(raw, &credentials) != nil {
		return raw
	}
	for _, c := range credentials {
		c["key"] = json.RawMessage("null")
	}
	text, err := json.Marshal(credentials)
	if err != nil || credentials == nil {
		return raw
	}
	return text
}
