package keycloak

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

const (
	largestBody = 256 << 20 // an export of a realm with thousands of clients has some tens of megabytes
	renewBefore = 20 * time.Second
)

// client speaks to one realm of one server: every address it asks is below its base address.
type client struct {
	base   *url.URL // without a slash at the end
	realm  string
	id     string
	secret string
	http   *http.Client
	slots  chan struct{} // limits requests at the same time
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	limit  time.Duration // of one try

	mutex   sync.Mutex // guards what follows
	token   string
	renewAt time.Time

	exchangers exchangers
}

// clientSettings are the arguments of the target block that the client needs.
type clientSettings struct {
	base     *url.URL
	realm    string
	id       string
	secret   string
	roots    *x509.CertPool // nil means those of the machine
	requests int
	timeout  time.Duration // of one try
}

func newClient(settings clientSettings) *client {
	transport := reading.NewBase()
	transport.ResponseHeaderTimeout = 0 // the timeout argument bounds each try, and may be longer for a large export
	transport.MaxIdleConnsPerHost = settings.requests
	transport.TLSClientConfig = &tls.Config{RootCAs: settings.roots, MinVersion: tls.VersionTLS12}
	plain := &http.Client{
		Transport: transport,
		// A redirect would carry the token to an address that nobody named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &client{
		base: settings.base, realm: settings.realm, id: settings.id, secret: settings.secret, http: plain,
		slots: make(chan struct{}, settings.requests), now: time.Now, sleep: reading.Sleep, limit: settings.timeout,
	}
}

// admin is the path of something in the realm for administrators; the segments are escaped.
func (c *client) admin(segments ...string) string {
	return joinPath(append([]string{"admin", "realms", c.realm}, segments...))
}

// public is the path of something in the realm that everybody may ask.
func (c *client) public(segments ...string) string {
	return joinPath(append([]string{"realms", c.realm}, segments...))
}

func joinPath(segments []string) string {
	escaped := make([]string, len(segments))
	for i, segment := range segments {
		escaped[i] = url.PathEscape(segment)
	}
	return "/" + strings.Join(escaped, "/")
}

// counterKey is where a context keeps the count of requests made with it.
type counterKey struct{}

// withCounter makes a context that counts the requests made with it.
func withCounter(ctx context.Context) (context.Context, *atomic.Int64) {
	counter := &atomic.Int64{}
	return context.WithValue(ctx, counterKey{}, counter), counter
}

func count(ctx context.Context) {
	if counter, ok := ctx.Value(counterKey{}).(*atomic.Int64); ok {
		counter.Add(1)
	}
}

// call is one request of the Admin API.
type call struct {
	method string
	path   string // escaped, below the base address
	query  url.Values
	body   any
	safe   bool // a POST that changes nothing
}

// get reads an object or a list into a pointer.
func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := c.do(ctx, call{method: http.MethodGet, path: path, query: query}, into)
	return err
}

// post creates something and returns the id that the server gave it, empty when it gave none.
func (c *client) post(ctx context.Context, path string, body any) (string, error) {
	header, err := c.do(ctx, call{method: http.MethodPost, path: path, body: body}, nil)
	if err != nil {
		return "", err
	}
	return lastSegment(header.Get("Location")), nil
}

// put replaces something.
func (c *client) put(ctx context.Context, path string, body any) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: path, body: body}, nil)
	return err
}

// remove deletes something; what is not there counts as deleted.
func (c *client) remove(ctx context.Context, path string, body any) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: path, body: body}, nil)
	if isAbsent(err) {
		return nil
	}
	return err
}

func lastSegment(location string) string {
	parsed, err := url.Parse(location)
	if err != nil || location == "" {
		return ""
	}
	return path.Base(parsed.Path)
}

// do sends a call with a token and decodes the answer. A 401 renews the token once.
func (c *client) do(ctx context.Context, request call, into any) (http.Header, error) {
	for attempt := 0; ; attempt++ {
		token, err := c.bearer(ctx)
		if err != nil {
			return nil, err
		}
		header, err := c.once(ctx, request, token, into)
		var fault *failure
		if attempt == 0 && errors.As(err, &fault) && fault.status == http.StatusUnauthorized {
			c.forget(token)
			continue
		}
		return header, err
	}
}

func (c *client) once(ctx context.Context, request call, token string, into any) (http.Header, error) {
	var encoded []byte
	if request.body != nil {
		var err error
		if encoded, err = json.Marshal(request.body); err != nil {
			return nil, fmt.Errorf("encoding the body of %s %s: %w", request.method, request.path, err)
		}
	}
	header := http.Header{"Authorization": {"Bearer " + token}, "Accept": {"application/json"}}
	if encoded != nil {
		header.Set("Content-Type", "application/json")
	}
	response, err := c.send(ctx, request, header, encoded)
	if err != nil {
		return nil, err
	}
	if response.status >= 300 {
		return nil, c.refusal(request.method, request.path, response)
	}
	if into != nil {
		if err := decode(response.body, into); err != nil {
			return nil, c.invalid(request, "the answer is not the JSON that was expected: "+err.Error())
		}
	}
	return response.header, nil
}

// reply is an answer read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// bearer gives a token that lives for a while yet.
func (c *client) bearer(ctx context.Context) (string, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.token != "" && c.now().Before(c.renewAt) {
		return c.token, nil
	}
	request := call{method: http.MethodPost, path: c.public("protocol", "openid-connect", "token"), safe: true}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.id}, "client_secret": {c.secret}}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	asked := c.now()
	response, err := c.send(ctx, request, header, []byte(form.Encode()))
	if err != nil {
		return "", err
	}
	if response.status != http.StatusOK {
		return "", c.noToken(request, response)
	}
	var answer struct {
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
	}
	if err := decode(response.body, &answer); err != nil || answer.Token == "" {
		return "", c.invalid(request, "the answer holds no token")
	}
	life := time.Duration(answer.Seconds) * time.Second
	c.token, c.renewAt = answer.Token, asked.Add(max(life-renewBefore, life/2))
	return c.token, nil
}

// forget drops a token that the server no longer takes, unless another request has renewed it already.
func (c *client) forget(token string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.token == token {
		c.token = ""
	}
}

// decode reads JSON and keeps numbers as they are written.
func decode(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// noToken explains why the token endpoint refused.
func (c *client) noToken(request call, response reply) error {
	code := contract.ErrorUnauthorized
	advice := "check client_id and client_secret, and that the client has a service account"
	switch {
	case response.status == http.StatusNotFound:
		code, advice = contract.ErrorNotFound, fmt.Sprintf("check that realm %q is there", c.realm)
	case response.status >= 500:
		code, advice = contract.ErrorUnreachable, "the server cannot answer now"
	}
	message := fmt.Sprintf("signing in to realm %q: %s answered %d: %s; %s", c.realm, request.path, response.status,
		explain(response.body), advice)
	return c.failure(code, response.status, request, message)
}
