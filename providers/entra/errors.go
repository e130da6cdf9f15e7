package entra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// failure makes the error of one request from what the transport saw.
func (c *client) failure(r resource, path string, seen *exchange, err error) error {
	if seen.authority {
		return c.tokenFailure(seen, err)
	}
	f := reading.Failure{Doing: "reading " + r.name, Method: http.MethodGet, Path: path, Status: seen.status,
		Permission: r.permission,
		Secrets:    []string{c.settings.clientSecret}}
	f.VendorCode, f.Summary = graphError(seen.body)
	switch {
	case f.VendorCode == codeNotOffered:
		f.Permission, f.Summary = "", "not in this tenant's edition: "+f.Summary
	case seen.fault != nil:
		f.Err, f.Status = seen.fault, seen.fault.Status
	case seen.status == http.StatusUnauthorized && f.Summary == "":
		f.Summary = "the token was not accepted"
	case seen.status == 0 || seen.status == http.StatusOK:
		f.Err = err
	case seen.status < 400 && f.Summary == "":
		f.Summary = "only 200 is an answer to a list"
	}
	if f.VendorCode == codeExpired || f.Status == http.StatusGone {
		return &reading.Expired{ProviderError: f.ProviderError()}
	}
	return f.ProviderError()
}

// codeExpired refuses a page whose token is no longer good, with status 400 (seen in the issues of
// microsoftgraph/msgraph-sdk-dotnet, 2254).
const codeExpired = "Directory_ExpiredPageToken"

// codeNotOffered refuses what a tenant has no licence for, with status 403, whatever the token may do (seen in the
// issues of microsoftgraph/microsoft-graph-docs).
const codeNotOffered = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"

func graphError(body []byte) (code, message string) {
	var answer struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", ""
	}
	return answer.Error.Code, answer.Error.Message
}

// tokenFailure says in one line why there is no token. The library's own text has many lines and repeats the whole
// answer.
func (c *client) tokenFailure(seen *exchange, err error) error {
	out := &contract.ProviderError{Code: contract.ErrorUnreachable, Page: "token of tenant " + c.settings.tenantID}
	var message string
	switch {
	case seen.fault != nil:
		out.Code = seen.fault.Code
		message = seen.fault.Message
	case seen.status >= 500:
		message = fmt.Sprintf("the token endpoint answered %d", seen.status)
	case seen.status == http.StatusTooManyRequests:
		out.Code, message = contract.ErrorRateLimited, "the token endpoint answered 429"
	case seen.status == http.StatusOK:
		out.Code, message = contract.ErrorInvalid, firstLine(err.Error())
	default:
		out.Code = contract.ErrorUnauthorized
		message = tokenAnswer(seen)
	}
	text := fmt.Sprintf("asking for a token as client %s: %s", c.settings.clientID, message)
	out.Message = reading.Clean(text, c.settings.clientSecret)
	return out
}

// tokenAnswer reads the other error form, that of the token endpoint.
func tokenAnswer(seen *exchange) string {
	var answer struct {
		Error       string `json:"error"`
		Codes       []int  `json:"error_codes"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(seen.body, &answer); err != nil || answer.Error == "" {
		return fmt.Sprintf("the token endpoint answered %d", seen.status)
	}
	text := answer.Error
	if len(answer.Codes) > 0 {
		text = fmt.Sprintf("AADSTS%d (%s)", answer.Codes[0], answer.Error)
		if cure := tokenCure(answer.Codes[0]); cure != "" {
			return text + ": " + cure
		}
	}
	description, _, _ := strings.Cut(answer.Description, " Trace ID:")
	_, plain, found := strings.Cut(description, ": ")
	if !found {
		plain = description
	}
	return strings.TrimSuffix(text+": "+firstLine(plain), ": ")
}

// tokenCure explains the answers that a wrong configuration gives (vendor's list of AADSTS codes).
func tokenCure(code int) string {
	switch code {
	case 7000215:
		return "the client secret is wrong; the value is needed, not the id of the secret"
	case 7000222:
		return "the client secret has expired; make a new one"
	case 700016:
		return "the tenant has no application with this client_id"
	case 90002, 900023:
		return "there is no tenant with this tenant_id"
	case 7000112:
		return "the application is disabled"
	}
	return ""
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}
