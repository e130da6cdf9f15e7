package labentra

import (
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/internal/bucket"
	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
)

// The application that may ask for tokens, unless Options say otherwise. They open nothing but the lab.
const (
	DefaultClientID     = "5e9a1c3e-52b0-4a39-9d5e-0c1f2a7b6d10"
	DefaultClientSecret = "lab-entra-secret"
	DefaultTenantID     = "7c1d9b52-3f6e-4a8b-9b0e-2d4c6e8fa013"
)

// Options change how the lab behaves. The zero value is a well-behaved lab.
type Options struct {
	// ClientID and ClientSecret are the expected credentials; empty means the defaults.
	ClientID, ClientSecret string
	// TenantID is the directory id in the paths of the token endpoint; empty means the id of the organization in the
	// data, and DefaultTenantID where there is none.
	TenantID string
	// TokenLifetime is how long an access token is accepted; zero means one hour.
	TokenLifetime time.Duration
	// RatePerMinute is the size of the rate limit of Graph; zero means without limit.
	RatePerMinute int
	// RetryAfter is the wait, in seconds, that a 429 names; empty means the rest of the window. Fractions occur.
	RetryAfter string
	// PageCap lowers the largest page of every list, so that a small tenant has more than one page; zero leaves them.
	PageCap int
	// Forbidden are path prefixes that answer 403, for example /v1.0/identity/conditionalAccess.
	Forbidden []string
	// Fault is the fault to show; the zero value is none.
	Fault labfault.Fault
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Server is the lab. It is safe for many goroutines.
type Server struct {
	tenant   *tenant
	options  Options
	bucket   *bucket.Minute
	tokens   *tokens
	handler  http.Handler
	requests atomic.Int64
	writes   atomic.Int64
}

// New loads the tenant and returns the lab. A missing file is an empty list; a file that does not parse is an error.
func New(data fs.FS, options Options) (*Server, error) {
	now := options.Now
	if now == nil {
		now = time.Now
	}
	t, err := load(data, now())
	if err != nil {
		return nil, fmt.Errorf("loading the Entra tenant: %w", err)
	}
	s := &Server{tenant: t, options: withDefaults(options, t)}
	s.bucket = bucket.New(s.options.RatePerMinute)
	s.tokens = newTokens(s.options.TokenLifetime, s.options.Now)
	graph, signIn := s.guard(s.graph()), s.signIn()
	// The two live on different hosts at the vendor; here the first segment of the path tells them apart.
	both := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1.0/") || strings.HasPrefix(r.URL.Path, "/beta/") {
			graph.ServeHTTP(w, r)
			return
		}
		signIn.ServeHTTP(w, r)
	})
	s.handler = labfault.Wrap(s.options.Fault, vendor{}, both)
	return s, nil
}

func withDefaults(o Options, t *tenant) Options {
	if o.ClientID == "" {
		o.ClientID = DefaultClientID
	}
	if o.ClientSecret == "" {
		o.ClientSecret = DefaultClientSecret
	}
	if o.TenantID == "" && len(t.organization) > 0 {
		o.TenantID = t.organization[0].id
	}
	if o.TenantID == "" {
		o.TenantID = DefaultTenantID
	}
	if o.TokenLifetime == 0 {
		o.TokenLifetime = time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// TenantID is the directory id that the token endpoint answers to.
func (s *Server) TenantID() string { return s.options.TenantID }

// ClientID is the application that may ask for tokens.
func (s *Server) ClientID() string { return s.options.ClientID }

// Requests is the number of requests so far, to the token endpoint and to Graph, refused ones included.
func (s *Server) Requests() int64 { return s.requests.Load() }

// Writes is the number of requests so far with another method than GET, the ones for a token not counted.
// All of them were refused.
func (s *Server) Writes() int64 { return s.writes.Load() }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	forToken := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token")
	if r.Method != http.MethodGet && !forToken {
		s.writes.Add(1)
		refuse(w, http.StatusMethodNotAllowed, "Request_BadRequest",
			"Specified HTTP method is not allowed for the request target.")
		return
	}
	s.handler.ServeHTTP(w, r)
}

// guard checks token, rate and permission before Graph answers.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if problem := s.tokens.check(token); problem != "" {
			refuse(w, http.StatusUnauthorized, "InvalidAuthenticationToken", problem)
			return
		}
		if v := s.bucket.Take(s.options.Now()); !v.Allowed {
			w.Header().Set("Retry-After", s.retryAfter(v.Ends))
			refuse(w, http.StatusTooManyRequests, "TooManyRequests", "Please retry again later.")
			return
		}
		for _, prefix := range s.options.Forbidden {
			if strings.HasPrefix(r.URL.Path, prefix) {
				forbid(w, r.URL.Path)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) retryAfter(ends time.Time) string {
	if s.options.RetryAfter != "" {
		return s.options.RetryAfter
	}
	return strconv.Itoa(int(ends.Sub(s.options.Now())/time.Second) + 1)
}
