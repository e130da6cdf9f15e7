package labentra

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
)

const contentType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// requestID stands in all answers: a lab has no log in which one could be looked up.
const requestID = "00000000-0000-4000-8000-0000000000ab"

// failureBody is the error body of Graph.
func failureBody(code, message string) []byte {
	// Maps of strings always encode.
	text, _ := json.Marshal(map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]string{
			"date": "2026-03-02T10:00:00", "request-id": requestID, "client-request-id": requestID,
		},
	}})
	return text
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	heads(w.Header())
	w.WriteHeader(status)
	_, _ = w.Write(failureBody(code, message))
}

// denial is the 403 of a path: policies use another code than directory objects.
func denial(path string) []byte {
	if strings.HasPrefix(path, "/v1.0/identity/") || strings.HasPrefix(path, "/v1.0/policies/") {
		return failureBody("AccessDenied",
			"You cannot perform the requested operation, required scopes are missing in the token.")
	}
	return failureBody("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

func forbid(w http.ResponseWriter, path string) {
	heads(w.Header())
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write(denial(path))
}

func notFound(w http.ResponseWriter, id string) {
	refuse(w, http.StatusNotFound, "Request_ResourceNotFound",
		"Resource '"+id+"' does not exist or one of its queried reference-property objects are not present.")
}

func heads(h http.Header) {
	h.Set("Content-Type", contentType)
	h.Set("Request-Id", requestID)
	h.Set("Client-Request-Id", requestID)
	h.Set("Odata-Version", "4.0")
}

// refuseToken is the error form of the token endpoint, which differs from that of Graph.
func (s *Server) refuseToken(w http.ResponseWriter, status int, code string, number int, text string) {
	stamp := s.options.Now().UTC().Format(time.DateTime) + "Z"
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// Maps of strings and numbers always encode.
	body, _ := json.Marshal(map[string]any{
		"error": code,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			number, text, requestID, requestID, stamp),
		"error_codes": []int{number}, "timestamp": stamp, "trace_id": requestID, "correlation_id": requestID,
	})
	_, _ = w.Write(body)
}

// reply writes the value; & stays readable in links, as Graph writes it.
func reply(w http.ResponseWriter, value any) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		refuse(w, http.StatusInternalServerError, "InternalServerError", "")
		return
	}
	heads(w.Header())
	_, _ = w.Write(out.Bytes())
}

// origin is the scheme and host that the caller used.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// vendor gives labfault the shapes of this API.
type vendor struct{}

// Refusal implements labfault.Vendor.
func (vendor) Refusal(status int, path string) labfault.Answer {
	h := http.Header{}
	heads(h)
	a := labfault.Answer{Status: status, Header: h}
	switch status {
	case http.StatusUnauthorized:
		a.Body = failureBody("InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
	case http.StatusForbidden:
		a.Body = denial(path)
	case http.StatusTooManyRequests:
		h.Set("Retry-After", "1")
		a.Body = failureBody("TooManyRequests", "Please retry again later.")
	default:
		a.Body = failureBody("InternalServerError", "")
	}
	return a
}

// WithNext implements labfault.Vendor.
func (vendor) WithNext(a labfault.Answer, next string) labfault.Answer {
	return changed(a, "@odata.nextLink", next)
}

// WithNullList implements labfault.Vendor.
func (vendor) WithNullList(body []byte) []byte {
	return changed(labfault.Answer{Body: body}, "value", nil).Body
}

// changed sets one key of a list body; a body that is no list is left alone.
func changed(a labfault.Answer, key string, value any) labfault.Answer {
	var body map[string]any
	if json.Unmarshal(a.Body, &body) != nil {
		return a
	}
	if _, isList := body["value"].([]any); !isList {
		return a
	}
	body[key] = value
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(body) == nil {
		a.Body = out.Bytes()
	}
	return a
}
