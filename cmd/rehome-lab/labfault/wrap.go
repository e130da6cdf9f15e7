package labfault

import (
	"bytes"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Answer is a whole response.
type Answer struct {
	// Status is the HTTP status; zero means 200.
	Status int
	// Header is merged into the response and may be nil.
	Header http.Header
	// Body is written as it is.
	Body []byte
}

// Vendor gives the shapes in which an incumbent says things.
type Vendor interface {
	// Refusal returns the vendor's answer to that path for 401 (expired token), 403, 429 and 500.
	Refusal(status int, path string) Answer
	// WithNext returns the answer of a list with its next link replaced; header may be changed in place.
	WithNext(answer Answer, next string) Answer
	// WithNullList returns the body of a list with null in place of the elements.
	WithNullList(body []byte) []byte
}

// Wrap puts the fault in front of next. With an empty fault it returns next itself.
func Wrap(f Fault, v Vendor, next http.Handler) http.Handler {
	if f.Name == "" {
		return next
	}
	w := &wrapper{fault: f, vendor: v, next: next}
	return http.HandlerFunc(w.serve)
}

type wrapper struct {
	fault  Fault
	vendor Vendor
	next   http.Handler
	hits   atomic.Int64
}

func (w *wrapper) serve(out http.ResponseWriter, r *http.Request) {
	if !w.fault.hits(r) {
		w.next.ServeHTTP(out, r)
		return
	}
	first := w.hits.Add(1) == 1
	if w.fault.kind() != "" {
		send(out, w.vendor.Refusal(http.StatusForbidden, r.URL.Path))
		return
	}
	switch w.fault.Name {
	case TooManyOnce:
		w.once(first, http.StatusTooManyRequests, out, r)
	case ServerErrorOnce:
		w.once(first, http.StatusInternalServerError, out, r)
	case Slow:
		select {
		case <-time.After(SlowPause):
		case <-r.Context().Done():
			return
		}
		w.next.ServeHTTP(out, r)
	case ExpiredToken:
		send(out, w.vendor.Refusal(http.StatusUnauthorized, r.URL.Path))
	case HTML:
		send(out, Answer{
			Header: http.Header{"Content-Type": {"text/html;charset=utf-8"}},
			Body:   []byte("<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>\n"),
		})
	default:
		w.bend(out, r)
	}
}

func (w *wrapper) once(first bool, status int, out http.ResponseWriter, r *http.Request) {
	if first {
		send(out, w.vendor.Refusal(status, r.URL.Path))
		return
	}
	w.next.ServeHTTP(out, r)
}

// bend lets the lab answer and then changes the answer.
func (w *wrapper) bend(out http.ResponseWriter, r *http.Request) {
	kept := &keeper{header: http.Header{}}
	w.next.ServeHTTP(kept, r)
	answer := Answer{Status: kept.status, Header: kept.header, Body: kept.body.Bytes()}
	if kept.status != 0 && kept.status != http.StatusOK {
		send(out, answer)
		return
	}
	switch w.fault.Name {
	case LoopPage:
		answer = w.vendor.WithNext(answer, origin(r)+r.URL.RequestURI())
	case ForeignNextLink:
		answer = w.vendor.WithNext(answer, "https://"+ForeignHost+r.URL.RequestURI())
	case NullList:
		answer.Body = w.vendor.WithNullList(answer.Body)
	case Truncated:
		cut(out, answer)
	}
	send(out, answer)
}

// origin is the scheme and host that the caller used.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func send(out http.ResponseWriter, a Answer) {
	for name, values := range a.Header {
		out.Header()[name] = values
	}
	if a.Status != 0 {
		out.WriteHeader(a.Status)
	}
	// The peer may be gone already; a lab has nobody to tell.
	_, _ = out.Write(a.Body)
}

// cut promises the whole body, sends half of it and drops the connection.
func cut(out http.ResponseWriter, a Answer) {
	for name, values := range a.Header {
		out.Header()[name] = values
	}
	out.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	_, _ = out.Write(a.Body[:len(a.Body)/2])
	if f, ok := out.(http.Flusher); ok {
		f.Flush()
	}
	panic(http.ErrAbortHandler)
}

// keeper holds a response back.
type keeper struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (k *keeper) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *keeper) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter.
func (k *keeper) Write(b []byte) (int, error) { return k.body.Write(b) }
