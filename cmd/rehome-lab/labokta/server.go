package labokta

import (
	"crypto/subtle"
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

// DefaultToken is the API token of a lab that was given none. It opens nothing but the lab.
const DefaultToken = "lab-okta-token"

// DefaultRate is the number of requests a minute that a lab allows when not told otherwise.
const DefaultRate = 600

// Options change how the lab behaves. The zero value is a well-behaved lab.
type Options struct {
	// Token is the expected API token; empty means DefaultToken.
	Token string
	// RatePerMinute is the size of the rate limit; zero means DefaultRate, below zero means without limit.
	RatePerMinute int
	// PageCap lowers the largest page of every list, so that a small tenant has more than one page; zero leaves them.
	PageCap int
	// Forbidden are path prefixes that answer 403, for example /api/v1/groups.
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
	handler  http.Handler
	requests atomic.Int64
	writes   atomic.Int64
}

// New loads the tenant and returns the lab. A missing file is an empty list; a file that does not parse is an error.
func New(data fs.FS, options Options) (*Server, error) {
	if options.Token == "" {
		options.Token = DefaultToken
	}
	if options.RatePerMinute == 0 {
		options.RatePerMinute = DefaultRate
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	t, err := load(data, options.Now())
	if err != nil {
		return nil, fmt.Errorf("loading the Okta tenant: %w", err)
	}
	s := &Server{tenant: t, options: options, bucket: bucket.New(options.RatePerMinute)}
	s.handler = labfault.Wrap(options.Fault, vendor{now: options.Now}, s.guard(s.routes()))
	return s, nil
}

// Requests is the number of requests so far, refused ones included.
func (s *Server) Requests() int64 { return s.requests.Load() }

// Writes is the number of requests so far with another method than GET. All of them were refused.
func (s *Server) Writes() int64 { return s.writes.Load() }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if r.Method != http.MethodGet {
		s.writes.Add(1)
		refuse(w, http.StatusMethodNotAllowed, "E0000022", "The endpoint does not support the provided HTTP method")
		return
	}
	s.handler.ServeHTTP(w, r)
}

// guard checks token, rate and permission, in the order in which the vendor does.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/.well-known/") {
			next.ServeHTTP(w, r)
			return
		}
		if !s.authorized(r) {
			refuse(w, http.StatusUnauthorized, "E0000011", "Invalid token provided")
			return
		}
		if !s.admit(w) {
			refuse(w, http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.")
			return
		}
		for _, prefix := range s.options.Forbidden {
			if strings.HasPrefix(r.URL.Path, prefix) {
				refuse(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) authorized(r *http.Request) bool {
	want := "SSWS " + s.options.Token
	return subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(want)) == 1
}

// admit counts the request and writes the rate headers. Date comes from the same clock, because readers subtract the
// two.
func (s *Server) admit(w http.ResponseWriter) bool {
	now := s.options.Now()
	v := s.bucket.Take(now)
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	if v.Limit > 0 {
		w.Header().Set("X-Rate-Limit-Limit", strconv.Itoa(v.Limit))
		w.Header().Set("X-Rate-Limit-Remaining", strconv.Itoa(v.Remaining))
		w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(v.Ends.Unix(), 10))
	}
	return v.Allowed
}
