package labfault

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Spoil is what a Proxy does to one request.
type Spoil struct {
	// Status answers with it instead of what the server says; 0 leaves the status alone.
	Status int
	// Reset drops the connection instead of answering.
	Reset bool
	// Hang answers only when the client has gone away.
	Hang bool
	// Cut sends half of an answer and drops the connection.
	Cut bool
	// After lets the server do the request first, so that only its answer is lost.
	After bool
}

// Proxy passes requests on to a real server and spoils those that choose names. Choose gets the whole body and is
// called by many goroutines; the zero Spoil passes a request on.
func Proxy(server *url.URL, choose func(r *http.Request, body []byte) Spoil) http.Handler {
	p := &proxy{server: server, choose: choose, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	return http.HandlerFunc(p.serve)
}

type proxy struct {
	server *url.URL
	choose func(*http.Request, []byte) Spoil
	client *http.Client
}

func (p *proxy) serve(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	spoil := p.choose(r, body)
	spoilt := spoil != Spoil{}
	answer := Answer{Status: http.StatusOK, Body: []byte(`{"cut":"here, in its midst"}`)}
	if !spoilt || spoil.After {
		if answer, err = p.pass(r, body); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	switch {
	case spoil.Status != 0:
		send(out, Answer{Status: spoil.Status, Header: http.Header{"Content-Type": {"application/json"}},
			Body: []byte(`{"error":"spoilt"}`)})
	case spoil.Reset:
		reset(out)
	case spoil.Hang:
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
		panic(http.ErrAbortHandler)
	case spoil.Cut:
		if len(answer.Body) < 2 {
			answer.Body = []byte("{}  ")
			answer.Status = http.StatusOK // an empty answer cannot be cut
		}
		cut(out, answer)
	default:
		send(out, answer)
	}
}

// pass lets the server do the request and reads its whole answer.
func (p *proxy) pass(r *http.Request, body []byte) (Answer, error) {
	to := *r.URL
	to.Scheme, to.Host = p.server.Scheme, p.server.Host
	request, err := http.NewRequest(r.Method, to.String(), bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	request.Header, request.Host = r.Header.Clone(), r.Host
	request.Header.Del("Accept-Encoding")
	response, err := p.client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	header := response.Header.Clone()
	header.Del("Content-Length")
	header.Del("Transfer-Encoding")
	header.Del("Connection")
	return Answer{Status: response.StatusCode, Header: header, Body: content}, err
}

// reset ends the connection the hard way.
func reset(out http.ResponseWriter) {
	if taker, ok := out.(http.Hijacker); ok {
		if connection, _, err := taker.Hijack(); err == nil {
			if tcp, ok := connection.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = connection.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}
