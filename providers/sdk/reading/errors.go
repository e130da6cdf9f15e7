package reading

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/rehome-iam/rehome/engine/contract"
)

// Fault is why the transport gave no response. It hides its cause from errors.Is on purpose: some clients retry for
// ever when they see an io.EOF.
type Fault struct {
	Code    contract.ErrorCode
	Status  int    // of the last response, 0 without one
	Tries   int    // requests sent
	Message string // what happened, without secrets
}

// Error is the message.
func (f *Fault) Error() string { return f.Message }

// Expired is the refusal of the address of a page that the server itself gave out: it had a time, and that is over.
type Expired struct{ *contract.ProviderError }

// Unwrap gives the provider error to errors.As.
func (e *Expired) Unwrap() error { return e.ProviderError }

// Failure is what is known of a request that went wrong.
type Failure struct {
	Doing      string // "reading applications"
	Method     string
	Path       string // with query
	Status     int    // 0 without a response
	VendorCode string // the vendor's error code, such as E0000006
	Summary    string // the vendor's own words
	Permission string // what to grant when it is forbidden
	Err        error  // cause when there is no response
	Secrets    []string
}

// ProviderError maps the failure: 401 to unauthorized, 403 to forbidden, 404 to not found, 429 to rate limited, 5xx and
// no connection to unreachable, a body that cannot be used to invalid. A *contract.ProviderError among the causes is
// kept.
func (f Failure) ProviderError() *contract.ProviderError {
	var known *contract.ProviderError
	if errors.As(f.Err, &known) {
		return known
	}
	page := strings.TrimSpace(f.Method + " " + f.Path)
	out := &contract.ProviderError{Code: f.code(), Page: page}
	if out.Code == contract.ErrorForbidden {
		out.Permission = f.Permission
	}
	out.Message = Clean(f.message(page), f.Secrets...)
	return out
}

func (f Failure) message(page string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s", f.Doing, page)
	if f.Status != 0 {
		fmt.Fprintf(&text, " answered %d", f.Status)
	}
	if f.VendorCode != "" {
		fmt.Fprintf(&text, " (%s)", f.VendorCode)
	}
	if f.Summary != "" {
		fmt.Fprintf(&text, ": %s", f.Summary)
	}
	if f.Err != nil {
		fmt.Fprintf(&text, ": %v", f.Err)
	}
	if f.Permission != "" && f.code() == contract.ErrorForbidden {
		fmt.Fprintf(&text, "; grant %s", f.Permission)
	}
	return text.String()
}

func (f Failure) code() contract.ErrorCode {
	var fault *Fault
	if errors.As(f.Err, &fault) {
		return fault.Code
	}
	switch {
	case f.Status == http.StatusUnauthorized:
		return contract.ErrorUnauthorized
	case f.Status == http.StatusForbidden:
		return contract.ErrorForbidden
	case f.Status == http.StatusNotFound:
		return contract.ErrorNotFound
	case f.Status == http.StatusTooManyRequests:
		return contract.ErrorRateLimited
	case f.Status >= 500:
		return contract.ErrorUnreachable
	case f.Status != 0:
		return contract.ErrorInvalid
	case errors.Is(f.Err, context.Canceled), errors.Is(f.Err, context.DeadlineExceeded):
		return contract.ErrorUnreachable
	default:
		return contract.ErrorInternal
	}
}

// Invalid is the error of a page that breaks the contract: a list that is null, a cursor that repeats.
func Invalid(method, path, format string, args ...any) *contract.ProviderError {
	page := method + " " + path
	return &contract.ProviderError{
		Code:    contract.ErrorInvalid,
		Message: Clean(page + ": " + fmt.Sprintf(format, args...)),
		Page:    page,
	}
}

// longestMessage keeps a hostile server from filling logs; in bytes.
const longestMessage = 2000

// Clean makes text of a server fit for a message: secrets become (redacted), control characters spaces, long text is
// cut.
func Clean(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, Redacted)
		}
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u202e' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
	if len(text) > longestMessage {
		text = strings.ToValidUTF8(text[:longestMessage], "") + " …"
	}
	return text
}
