package admin

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

// Client speaks to one realm of one server: every address it asks is below its base address.
type Client struct {
	Base      *url.URL // without a slash at the end
	RealmName string
	ID        string
	secret    string
	http      *http.Client
	slots     chan struct{} // limits requests at the same time
	Now       func() time.Time
	Sleep     func(context.Context, time.Duration) error
	limit     time.Duration // of one try

	mutex   sync.Mutex // guards what follows
	token   string
	renewAt time.Time
}

// Settings are the arguments of the target block that the client needs.
type Settings struct {
	Base      *url.URL
	RealmName string
	ID        string
	Secret    string
	Roots     *x509.CertPool // nil means those of the machine
	Requests  int
	Timeout   time.Duration // of one try
}

// New makes a client; it asks nothing yet.
func New(settings Settings) *Client {
	transport := reading.NewBase()
	transport.ResponseHeaderTimeout = 0 // the timeout argument bounds each try, and may be longer for a large export
	transport.MaxIdleConnsPerHost = settings.Requests
	transport.TLSClientConfig = &tls.Config{RootCAs: settings.Roots, MinVersion: tls.VersionTLS12}
	plain := &http.Client{
		Transport: transport,
		// A redirect would carry the token to an address that nobody named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Client{
		Base: settings.Base, RealmName: settings.RealmName, ID: settings.ID, secret: settings.Secret, http: plain,
		slots: make(chan struct{}, settings.Requests), Now: time.Now, Sleep: reading.Sleep, limit: settings.Timeout,
	}
}

// Admin is the path of something in the realm for administrators; the segments are escaped.
func (c *Client) Admin(segments ...string) string {
	return joinPath(append([]string{"admin", "realms", c.RealmName}, segments...))
}

// Public is the path of something in the realm that everybody may ask.
func (c *Client) Public(segments ...string) string {
	return joinPath(append([]string{"realms", c.RealmName}, segments...))
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

// WithCounter makes a context that counts the requests made with it.
func WithCounter(ctx context.Context) (context.Context, *atomic.Int64) {
	counter := &atomic.Int64{}
	return context.WithValue(ctx, counterKey{}, counter), counter
}

func count(ctx context.Context) {
	if counter, ok := ctx.Value(counterKey{}).(*atomic.Int64); ok {
		counter.Add(1)
	}
}

// Call is one request of the Admin API.
type Call struct {
	Method string
	Path   string // escaped, below the base address
	Query  url.Values
	Body   any
	Safe   bool // a POST that changes nothing
}

// Get reads an object or a list into a pointer.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := c.Do(ctx, Call{Method: http.MethodGet, Path: path, Query: query}, into)
	return err
}

// Post creates something and returns the id that the server gave it, empty when it gave none.
func (c *Client) Post(ctx context.Context, path string, body any) (string, error) {
	header, err := c.Do(ctx, Call{Method: http.MethodPost, Path: path, Body: body}, nil)
	if err != nil {
		return "", err
	}
	return lastSegment(header.Get("Location")), nil
}

// Put replaces something.
func (c *Client) Put(ctx context.Context, path string, body any) error {
	_, err := c.Do(ctx, Call{Method: http.MethodPut, Path: path, Body: body}, nil)
	return err
}

// Delete deletes something; what is not there counts as deleted.
func (c *Client) Delete(ctx context.Context, path string, body any) error {
	_, err := c.Do(ctx, Call{Method: http.MethodDelete, Path: path, Body: body}, nil)
	if IsAbsent(err) {
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

// Do sends a call with a token and decodes the answer. A 401 renews the token once.
func (c *Client) Do(ctx context.Context, request Call, into any) (http.Header, error) {
	for attempt := 0; ; attempt++ {
		token, err := c.Bearer(ctx)
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

func (c *Client) once(ctx context.Context, request Call, token string, into any) (http.Header, error) {
	var encoded []byte
	if request.Body != nil {
		var err error
		if encoded, err = json.Marshal(request.Body); err != nil {
			return nil, fmt.Errorf("encoding the body of %s %s: %w", request.Method, request.Path, err)
		}
	}
	header := http.Header{"Authorization": {"Bearer " + token}, "Accept": {"application/json"}}
	if encoded != nil {
		header.Set("Content-Type", "application/json")
	}
	response, err := c.Send(ctx, request, header, encoded)
	if err != nil {
		return nil, err
	}
	if response.Status >= 300 {
		return nil, c.Refusal(request.Method, request.Path, response)
	}
	if into != nil {
		if err := decode(response.Body, into); err != nil {
			return nil, c.Invalid(request, "the answer is not the JSON that was expected: "+err.Error())
		}
	}
	return response.Header, nil
}

// Reply is an answer read to its end.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Bearer gives a token that lives for a while yet.
func (c *Client) Bearer(ctx context.Context) (string, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.token != "" && c.Now().Before(c.renewAt) {
		return c.token, nil
	}
	request := Call{Method: http.MethodPost, Path: c.Public("protocol", "openid-connect", "token"), Safe: true}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ID}, "client_secret": {c.secret}}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	asked := c.Now()
	response, err := c.Send(ctx, request, header, []byte(form.Encode()))
	if err != nil {
		return "", err
	}
	if response.Status != http.StatusOK {
		return "", c.noToken(request, response)
	}
	var answer struct {
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
	}
	if err := decode(response.Body, &answer); err != nil || answer.Token == "" {
		return "", c.Invalid(request, "the answer holds no token")
	}
	life := time.Duration(answer.Seconds) * time.Second
	c.token, c.renewAt = answer.Token, asked.Add(max(life-renewBefore, life/2))
	return c.token, nil
}

// forget drops a token that the server no longer takes, unless another request has renewed it already.
func (c *Client) forget(token string) {
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
func (c *Client) noToken(request Call, response Reply) error {
	code := contract.ErrorUnauthorized
	advice := "check client_id and client_secret, and that the client has a service account"
	switch {
	case response.Status == http.StatusNotFound:
		code, advice = contract.ErrorNotFound, fmt.Sprintf("check that realm %q is there", c.RealmName)
	case response.Status >= 500:
		code, advice = contract.ErrorUnreachable, "the server cannot answer now"
	}
	message := fmt.Sprintf("signing in to realm %q: %s answered %d: %s; %s", c.RealmName, request.Path, response.Status,
		Explain(response.Body), advice)
	return c.Failure(code, response.Status, request, message)
}
