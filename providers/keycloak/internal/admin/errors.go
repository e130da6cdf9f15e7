package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

const longestExplanation = 500

// failure is a provider error with the HTTP status it came from, 0 when there was no answer.
type failure struct {
	*contract.ProviderError
	status int
}

// Unwrap gives the provider error to errors.As.
func (f *failure) Unwrap() error { return f.ProviderError }

// Failure makes an error of a request; the secret of the credential never stands in it.
func (c *Client) Failure(code contract.ErrorCode, status int, request Call, message string) *failure {
	if c.secret != "" {
		message = strings.ReplaceAll(message, c.secret, "(redacted)")
	}
	return &failure{status: status, ProviderError: &contract.ProviderError{
		Code: code, Message: message, Page: request.Method + " " + request.Path,
	}}
}

// unreachable is a request without an answer.
func (c *Client) unreachable(request Call, cause error) error {
	return c.Failure(contract.ErrorUnreachable, 0, request,
		fmt.Sprintf("%s %s got no answer: %v", request.Method, request.Path, cause))
}

// Invalid is an answer that cannot be understood.
func (c *Client) Invalid(request Call, what string) error {
	return c.Failure(contract.ErrorInvalid, http.StatusOK, request,
		fmt.Sprintf("%s %s: %s", request.Method, request.Path, what))
}

// Refusal makes an error of an answer that is no success.
func (c *Client) Refusal(method, path string, response Reply) error {
	message := fmt.Sprintf("%s %s answered %d: %s", method, path, response.Status, Explain(response.Body))
	code := contract.ErrorInvalid
	permission := ""
	switch {
	case response.Status == http.StatusUnauthorized:
		code = contract.ErrorUnauthorized
	case response.Status == http.StatusForbidden:
		code, permission = contract.ErrorForbidden, c.permission(method, path)
		message += "; give the service account the realm-management role " + permission
	case response.Status == http.StatusNotFound:
		code = contract.ErrorNotFound
	case response.Status == http.StatusConflict:
		code = contract.ErrorConflict
	case response.Status == http.StatusTooManyRequests:
		code = contract.ErrorRateLimited
		message += reading.Asked(response.Header, c.Now())
	case response.Status == http.StatusBadGateway, response.Status == http.StatusServiceUnavailable:
		code = contract.ErrorUnreachable
	case response.Status >= 500:
		code = contract.ErrorInternal
	}
	fault := c.Failure(code, response.Status, Call{Method: method, Path: path}, message)
	fault.Permission = permission
	return fault
}

// permission is the realm-management role that a request needs.
func (c *Client) permission(method, path string) string {
	part := strings.TrimPrefix(path, c.Admin())
	reads := method == http.MethodGet
	choose := func(read, write string) string {
		if reads {
			return read
		}
		return write
	}
	switch {
	case strings.HasPrefix(part, "/identity-provider"):
		return choose("view-identity-providers", "manage-identity-providers")
	case strings.HasPrefix(part, "/organizations"):
		return choose("view-organizations", "manage-organizations")
	case strings.HasPrefix(part, "/groups"):
		return choose("query-groups and view-users", "manage-users")
	case strings.HasPrefix(part, "/events"), strings.HasPrefix(part, "/admin-events"):
		return "view-events"
	case strings.HasPrefix(part, "/clients"), strings.HasPrefix(part, "/client-scopes"):
		return choose("view-clients", "manage-clients")
	default:
		return choose("view-realm", "manage-realm")
	}
}

// Explain finds what Keycloak says about an error. The order matters: answers may hold several of these members.
func Explain(body []byte) string {
	var answer struct {
		ErrorMessage     string            `json:"errorMessage"`
		Field            string            `json:"field"`
		Params           []any             `json:"params"`
		Errors           []json.RawMessage `json:"errors"`
		ErrorDescription string            `json:"error_description"`
		Error            string            `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "no explanation"
	}
	text := answer.ErrorDescription
	switch {
	case answer.ErrorMessage != "" && answer.Field != "":
		text = fmt.Sprintf("%s: %s %v", answer.Field, answer.ErrorMessage, answer.Params)
	case answer.ErrorMessage != "":
		text = answer.ErrorMessage
	case len(answer.Errors) > 0:
		parts := make([]string, 0, len(answer.Errors))
		for _, each := range answer.Errors {
			parts = append(parts, Explain(each))
		}
		text = strings.Join(parts, ", ")
	case text == "":
		text = answer.Error
	}
	if text == "" {
		return "no explanation"
	}
	return Printable(text)
}

// Printable makes text of a server fit for one line of a message.
func Printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) > longestExplanation {
		text = strings.ToValidUTF8(text[:longestExplanation], "") + " …"
	}
	return text
}

// Is tells steps what became of a request.
func (f *failure) Is(target error) bool {
	switch target {
	case steps.ErrAbsent:
		return f.status == http.StatusNotFound && f.Code == contract.ErrorNotFound
	case steps.ErrTaken:
		return f.status == http.StatusConflict
	case steps.ErrLost:
		return f.lost()
	}
	return false
}

// lost tells whether it is unknown what became of a request: no answer, or one of something in between.
func (f *failure) lost() bool {
	switch f.status {
	case 0, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// IsAbsent tells whether an object was not there.
func IsAbsent(err error) bool { return errors.Is(err, steps.ErrAbsent) }

// IsTaken tells whether a create failed because the key is in use.
func IsTaken(err error) bool { return errors.Is(err, steps.ErrTaken) }

// IsLost tells whether it is unknown what became of a request.
func IsLost(err error) bool { return errors.Is(err, steps.ErrLost) }

// Outward is the form in which an error leaves the provider.
func Outward(doing string, err error) error {
	if err == nil {
		return nil
	}
	var known *contract.ProviderError
	if errors.As(err, &known) {
		out := *known
		if doing != "" {
			out.Message = doing + ": " + out.Message
		}
		return &out
	}
	code := contract.ErrorInternal
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		code = contract.ErrorUnreachable
	}
	return &contract.ProviderError{Code: code, Message: doing + ": " + err.Error()}
}
