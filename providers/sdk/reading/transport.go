package reading

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
)

// Defaults of Options.
const (
	DefaultBodyLimit = 64 << 20 // bytes
	DefaultTries     = 5
	DefaultDeadline  = 60 * time.Second // one try
	DefaultBudget    = 5 * time.Minute  // all tries of one request with the waits between them
)

// Options of a transport. Zero values mean the defaults.
type Options struct {
	Origin    string            // the one scheme://host[:port] that requests may go to
	Base      http.RoundTripper // what sends; nil means http.DefaultTransport's settings of its own
	BodyLimit int64             // bytes of a response body
	Tries     int               // requests sent for one GET, the first included
	Deadline  time.Duration     // of one try, reading of the body included
	Budget    time.Duration     // of all tries of a request
	Places    int               // requests under way at a time; 0 means no limit. One that waits holds no place
	RateShare float64           // part of the announced rate limit that may be used, 0 < share <= 1; 0 means all of it
	// Bucket names the rate limit that a request counts against; nil means one for all.
	Bucket func(*http.Request) string
	// Check looks at a whole response before the client sees it; its error is final. Nil accepts all.
	Check func(*http.Response) error
	// Alive hears of every try that ended and of every wait. It may be called by many goroutines. Nil means silence.
	Alive func(Sign)
	// Sleep waits; nil means a timer. Now tells the time; nil means the clock. Both are for tests.
	Sleep func(context.Context, time.Duration) error
	Now   func() time.Time
}

// Sign of life: a try that ended, or a wait that begins. It holds no query, header or body.
type Sign struct {
	Method string
	Path   string
	Status int           // 0 without a response
	Try    int           // counts from 1
	Wait   time.Duration // before the next try, 0 when there is none
	Reason string        // of the wait
}

// Transport makes a RoundTripper that hands out whole JSON responses of one origin only. Bodies are read to their end
// before the response is handed out. A GET is sent again after 429, 500, 502, 503, 504, a broken connection and a body
// cut short, with growing pauses or as long as the server asks. When tries or budget are used up the error is a *Fault.
// An Origin that is no URL makes every request fail.
func Transport(options Options) http.RoundTripper {
	t := &transport{options: options, pace: newPace(options.RateShare)}
	if options.Places > 0 {
		t.places = make(chan struct{}, options.Places)
	}
	if t.options.Base == nil {
		t.options.Base = NewBase()
	}
	if t.options.BodyLimit <= 0 {
		t.options.BodyLimit = DefaultBodyLimit
	}
	if t.options.Tries <= 0 {
		t.options.Tries = DefaultTries
	}
	if t.options.Deadline <= 0 {
		t.options.Deadline = DefaultDeadline
	}
	if t.options.Budget <= 0 {
		t.options.Budget = DefaultBudget
	}
	if t.options.Sleep == nil {
		t.options.Sleep = Sleep
	}
	if t.options.Now == nil {
		t.options.Now = time.Now
	}
	t.origin, t.invalid = ParseOrigin(options.Origin)
	return t
}

// NewBase is a plain HTTP transport with the proxy of the environment. The caller may set TLSClientConfig before first
// use.
func NewBase() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       60 * time.Second,
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
	}
}

// ParseOrigin reads scheme://host[:port] into a comparable form with the port filled in.
func ParseOrigin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", fmt.Errorf("origin %q is not scheme://host", Clean(text))
	}
	return originOf(u), nil
}

func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return strings.ToLower(u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port))
}

type transport struct {
	options Options
	origin  string
	invalid error
	pace    *pace
	places  chan struct{} // nil means no limit
}

// RoundTrip sends a request, again when that makes sense.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if t.invalid != nil {
		return nil, &Fault{Code: contract.ErrorInternal, Message: t.invalid.Error()}
	}
	if got := originOf(request.URL); got != t.origin {
		closeBody(request)
		return nil, &Fault{Code: contract.ErrorInvalid,
			Message: fmt.Sprintf("the server led to %s, but only %s may be asked", Clean(got), t.origin)}
	}
	bucket := ""
	if t.options.Bucket != nil {
		bucket = t.options.Bucket(request)
	}
	var last answer
	var stopped error
	retry := Retry{Tries: t.options.Tries, Budget: t.options.Budget, Sleep: t.options.Sleep, Now: t.options.Now}
	tries := retry.Do(request.Context(), func(try int) Attempt {
		if stopped = t.enter(request, bucket, try); stopped != nil {
			return Attempt{}
		}
		last = t.once(request)
		t.pace.learn(bucket, last.response, t.options.Now())
		t.leave()
		return last.attempt(request.Method)
	}, func(try int, pause time.Duration) {
		if stopped == nil {
			t.sign(request, last, try, pause)
		}
	})
	switch {
	case stopped != nil:
		return nil, stopped
	case last.whole():
		return t.checked(last.response)
	}
	return nil, last.fault(request, tries, t.options.Now())
}

// enter waits for the rate limit first and for a place then, so that requests of a bucket that is used up do not keep
// those of others from being sent. The bucket may be used up while it waits for a place: then it starts over.
func (t *transport) enter(request *http.Request, bucket string, try int) error {
	for {
		if err := t.hold(request, bucket, try); err != nil {
			return err
		}
		if t.places == nil {
			return nil
		}
		select {
		case t.places <- struct{}{}:
		case <-request.Context().Done():
			return &Fault{Code: contract.ErrorUnreachable, Message: "stopped while waiting to be sent: " +
				request.Context().Err().Error()}
		}
		if t.pace.wait(bucket, t.options.Now()) <= 0 {
			return nil
		}
		t.leave()
	}
}

func (t *transport) leave() {
	if t.places != nil {
		<-t.places
	}
}

// hold waits while the share of the rate limit is used up.
func (t *transport) hold(request *http.Request, bucket string, try int) error {
	for {
		wait := t.pace.wait(bucket, t.options.Now())
		if wait <= 0 {
			return nil
		}
		t.sign(request, answer{reason: t.pace.reason(bucket)}, try, wait)
		if err := t.options.Sleep(request.Context(), wait); err != nil {
			return &Fault{Code: contract.ErrorUnreachable, Message: "stopped while waiting for the rate limit: " + err.Error()}
		}
	}
}

func (t *transport) checked(response *http.Response) (*http.Response, error) {
	if t.options.Check == nil {
		return response, nil
	}
	if err := t.options.Check(response); err != nil {
		return nil, &Fault{Code: contract.ErrorInvalid, Status: response.StatusCode, Message: Clean(err.Error())}
	}
	return response, nil
}

func (t *transport) sign(request *http.Request, a answer, try int, wait time.Duration) {
	if t.options.Alive == nil {
		return
	}
	s := Sign{Method: request.Method, Path: request.URL.Path, Try: try, Wait: wait, Reason: a.reason}
	if a.response != nil {
		s.Status = a.response.StatusCode
	}
	t.options.Alive(s)
}

// answer of one try: a whole response, or the reason why there is none.
type answer struct {
	response *http.Response
	code     contract.ErrorCode
	reason   string
	final    bool // another try would not help
}

// whole tells whether it is a response that stands, whatever it says.
func (a answer) whole() bool { return a.response != nil && !retryable(a.response.StatusCode) }

// attempt says what another try would be worth. Only what reads is sent again.
func (a answer) attempt(method string) Attempt {
	made := Attempt{Again: !a.whole() && !a.final && method == http.MethodGet}
	if a.response != nil {
		made.Header, made.Limited = a.response.Header, a.response.StatusCode == http.StatusTooManyRequests
	}
	return made
}

func (a answer) fault(request *http.Request, tries int, now time.Time) *Fault {
	f := &Fault{Code: a.code, Tries: tries, Message: a.reason}
	if a.response != nil {
		f.Status = a.response.StatusCode
		f.Code = contract.ErrorUnreachable
		if f.Status == http.StatusTooManyRequests {
			f.Code = contract.ErrorRateLimited
		}
		f.Message = fmt.Sprintf("the server answered %d", f.Status) + Asked(a.response.Header, now)
	}
	if tries > 1 {
		f.Message += fmt.Sprintf(" (%d tries)", tries)
	}
	if err := request.Context().Err(); err != nil {
		f.Message += ": " + err.Error()
	}
	f.Message = Clean(f.Message)
	return f
}

// once sends the request and reads the whole body.
func (t *transport) once(request *http.Request) answer {
	ctx, cancel := context.WithTimeout(request.Context(), t.options.Deadline)
	defer cancel()
	response, err := t.options.Base.RoundTrip(request.Clone(ctx))
	if err != nil {
		return answer{code: contract.ErrorUnreachable, reason: plainReason(err), final: Certain(err)}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, t.options.BodyLimit+1))
	if err != nil {
		return answer{code: contract.ErrorUnreachable, reason: "the body was cut short: " + plainReason(err)}
	}
	if int64(len(body)) > t.options.BodyLimit {
		return answer{code: contract.ErrorInvalid, final: true, reason: fmt.Sprintf("the body is larger than %d bytes",
			t.options.BodyLimit)}
	}
	if response.ContentLength > int64(len(body)) && !response.Uncompressed {
		return answer{code: contract.ErrorUnreachable, reason: fmt.Sprintf("the body has %d of %d bytes", len(body),
			response.ContentLength)}
	}
	if wanted, is := form(request, response.Header.Get("Content-Type")); response.StatusCode/100 == 2 && len(body) > 0 &&
		!is {
		return answer{code: contract.ErrorInvalid, final: true, reason: fmt.Sprintf("the answer is %q and not %s",
			response.Header.Get("Content-Type"), wanted)}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = int64(len(body))
	response.Request = request
	return answer{response: response}
}

// form is the form that was asked for, XML where the request names it and else JSON, and whether the answer has it.
// What a proxy says is HTML.
func form(request *http.Request, contentType string) (wanted string, is bool) {
	if request.Header.Get("Accept") == "application/xml" {
		media, _, err := mime.ParseMediaType(contentType)
		return "XML", err == nil && (media == "application/xml" || media == "text/xml" || strings.HasSuffix(media, "+xml"))
	}
	return "JSON", isJSON(contentType)
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// Certain tells whether an error will come back however often the request is sent.
func Certain(err error) bool {
	var dns *net.DNSError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &dns):
		return dns.IsNotFound
	case errors.As(err, &verify), errors.As(err, &record), errors.As(err, &unknown), errors.As(err,
		&host), errors.As(err, &invalid):
		return true
	}
	// The alert of the other side and an answer that is no HTTP have no exported type (crypto/tls.alert,
	// net/http.badStringError).
	text := err.Error()
	return strings.Contains(text, "remote error: tls: ") || strings.Contains(text, "malformed HTTP")
}

func plainReason(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection was closed early"
	default:
		return err.Error()
	}
}

func closeBody(request *http.Request) {
	if request.Body != nil {
		request.Body.Close()
	}
}

// Sleep waits, or ends early with ctx's error.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
