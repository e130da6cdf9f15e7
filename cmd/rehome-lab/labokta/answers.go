package labokta

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
)

// failure is the error body of every endpoint; errorLink repeats the code.
type failure struct {
	Code    string   `json:"errorCode"`
	Summary string   `json:"errorSummary"`
	Link    string   `json:"errorLink"`
	ID      string   `json:"errorId"`
	Causes  []string `json:"errorCauses"`
}

func failureBody(code, summary string) []byte {
	// A struct of strings always encodes.
	text, _ := json.Marshal(failure{Code: code, Summary: summary, Link: code, ID: "oaeLabLabLabLabLabLabLab0",
		Causes: []string{}})
	return text
}

func refuse(w http.ResponseWriter, status int, code, summary string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(failureBody(code, summary))
}

func notFound(w http.ResponseWriter, id, kind string) {
	refuse(w, http.StatusNotFound, "E0000007", "Not found: Resource not found: "+id+" ("+kind+")")
}

// origin is the scheme and host that the caller used.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// reply encodes the value and puts the caller's address in place of Origin.
func reply(w http.ResponseWriter, r *http.Request, value any) {
	text, err := encode(value)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "E0000009", "Internal Server Error")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(bytes.ReplaceAll(text, []byte(Origin), []byte(origin(r))))
}

// encode is json.Marshal, without encoding again the elements of a list, which are kept encoded.
func encode(value any) ([]byte, error) {
	objects, isList := value.([]object)
	if !isList {
		return json.Marshal(value)
	}
	size := 2
	for _, o := range objects {
		size += len(o.body) + 1
	}
	text := append(make([]byte, 0, size), '[')
	for i, o := range objects {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, o.body...)
	}
	return append(text, ']'), nil
}

// vendor gives labfault the shapes of this API.
type vendor struct {
	now func() time.Time
}

// Refusal implements labfault.Vendor.
func (v vendor) Refusal(status int, _ string) labfault.Answer {
	h := http.Header{"Content-Type": {"application/json"}}
	a := labfault.Answer{Status: status, Header: h}
	switch status {
	case http.StatusUnauthorized:
		a.Body = failureBody("E0000011", "Invalid token provided")
	case http.StatusForbidden:
		a.Body = failureBody("E0000006", "You do not have permission to perform the requested action")
	case http.StatusTooManyRequests:
		now := v.now()
		h.Set("Date", now.UTC().Format(http.TimeFormat))
		h.Set("X-Rate-Limit-Limit", strconv.Itoa(DefaultRate))
		h.Set("X-Rate-Limit-Remaining", "0")
		h.Set("X-Rate-Limit-Reset", strconv.FormatInt(now.Add(time.Second).Unix(), 10))
		a.Body = failureBody("E0000047", "API call exceeded rate limit due to too many requests.")
	default:
		a.Body = failureBody("E0000009", "Internal Server Error")
	}
	return a
}

// WithNext implements labfault.Vendor: relations are separate Link lines.
func (v vendor) WithNext(a labfault.Answer, next string) labfault.Answer {
	var lines []string
	for _, line := range a.Header.Values("Link") {
		if !strings.Contains(line, `rel="next"`) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		// A single object has no Link at all; a next link on it would be no fault of this API.
		return a
	}
	a.Header["Link"] = append(lines, "<"+next+`>; rel="next"`)
	return a
}

// WithNullList implements labfault.Vendor.
func (v vendor) WithNullList(body []byte) []byte {
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		return []byte("null")
	}
	return body
}
