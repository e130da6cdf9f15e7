package okta

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	sdkokta "github.com/okta/okta-sdk-golang/v2/okta"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// settings are the checked arguments of a source block.
type settings struct {
	orgURL      string // https://host[:port], no slash at the end
	host        string
	token       string
	rateShare   float64
	roots       *x509.CertPool // nil means those of the machine
	concurrency int
	version     string
	log         hclog.Logger
}

// client asks one org, at most concurrency requests at a time. Safe for many goroutines.
type client struct {
	api   *sdkokta.Client
	token string
}

// newClient sets every field of the SDK's configuration: what is left out it would take from files and variables.
func newClient(s settings) (*client, error) {
	base := reading.NewBase()
	base.TLSClientConfig = &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	transport := reading.Transport(reading.Options{
		Origin: s.orgURL, Base: base, RateShare: s.rateShare, Places: s.concurrency, Bucket: bucket,
		Alive: reading.Telling(s.log),
		Check: func(response *http.Response) error { return tidyLinks(response, s.orgURL) },
	})
	_, api, err := sdkokta.NewClient(context.Background(),
		sdkokta.WithOrgUrl(s.orgURL), sdkokta.WithToken(s.token), sdkokta.WithAuthorizationMode("SSWS"),
		sdkokta.WithHttpClientPtr(&http.Client{Transport: transport}),
		sdkokta.WithCache(false), sdkokta.WithCacheTtl(0), sdkokta.WithCacheTti(0),
		sdkokta.WithConnectionTimeout(0), sdkokta.WithRequestTimeout(0),
		sdkokta.WithRateLimitMaxRetries(0), sdkokta.WithRateLimitMaxBackOff(0),
		sdkokta.WithProxyHost(""), sdkokta.WithProxyPort(0), sdkokta.WithProxyUsername(""), sdkokta.WithProxyPassword(""),
		sdkokta.WithClientId(""), sdkokta.WithClientAssertion(""), sdkokta.WithScopes(nil), sdkokta.WithPrivateKey(""),
		sdkokta.WithPrivateKeyId(""), sdkokta.WithPrivateKeySigner(nil),
		sdkokta.WithUserAgentExtra("rehome/"+s.version), sdkokta.WithTestingDisableHttpsCheck(false),
	)
	if err != nil {
		return nil, fmt.Errorf("setting up the client: %s", reading.Clean(err.Error(), s.token))
	}
	return &client{api: api, token: s.token}, nil
}

// bucket groups paths as Okta's rate limits do: by collection, and by whether one object is named.
func bucket(request *http.Request) string {
	parts := strings.Split(strings.TrimPrefix(request.URL.Path, "/api/v1/"), "/")
	if len(parts) > 1 {
		return parts[0] + "/*"
	}
	return parts[0]
}

// refusal is an answer that is no success.
type refusal struct {
	location string
	status   int
	code     string // Okta's error code, such as E0000006
	summary  string
}

// Error names the request and Okta's own words.
func (r *refusal) Error() string {
	return fmt.Sprintf("GET %s answered %d (%s): %s", r.location, r.status, r.code, r.summary)
}

// answer is one successful response.
type answer struct {
	location string
	status   int
	at       time.Time
	body     []byte // redacted, except for secret
	size     int    // bytes as they came
	next     string // path and query of the next page, empty when there is none
}

// get asks for a path with query and redacts the answer. The error is a *refusal or a *contract.ProviderError.
func (c *client) get(ctx context.Context, doing, location string) (answer, error) {
	a, err := c.raw(ctx, doing, location, "application/json")
	if err != nil {
		return answer{}, err
	}
	if a.body, err = reading.Redact(a.body, secretRules()); err != nil {
		return answer{}, reading.Invalid(http.MethodGet, location, "%s: the body is not one JSON value", doing)
	}
	return a, nil
}

// raw is get with the secrets in it; only Secret, and what picks single public fields out of it, may use its body.
func (c *client) raw(ctx context.Context, doing, location, accept string) (answer, error) {
	// A clone, because the shared executor carries the state of one request.
	executor := c.api.CloneRequestExecutor()
	executor = executor.WithAccept(accept)
	request, err := executor.NewRequest(http.MethodGet, location, nil)
	if err != nil {
		return answer{}, c.failure(doing, location, err)
	}
	var ignored json.RawMessage
	response, err := executor.Do(ctx, request, &ignored)
	if err != nil && (response == nil || response.Response == nil) {
		var fault *reading.Fault
		if errors.As(err, &fault) || ctx.Err() != nil {
			return answer{}, c.failure(doing, location, err)
		}
		return answer{}, reading.Invalid(http.MethodGet, location, "%s: the answer cannot be decoded: %s", doing,
			reading.Clean(err.Error(), c.token))
	}
	body, readErr := io.ReadAll(response.Body)
	if readErr != nil {
		return answer{}, c.failure(doing, location, readErr)
	}
	if response.StatusCode/100 != 2 {
		return answer{}, c.refused(location, response.StatusCode, body, err)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return answer{}, reading.Invalid(http.MethodGet, location, "%s: the body is empty", doing)
	}
	return answer{location: location, status: response.StatusCode, at: time.Now(), body: body, size: len(body),
		next: response.NextPage}, nil
}

func (c *client) refused(location string, status int, body []byte, err error) *refusal {
	r := &refusal{location: location, status: status}
	var vendor *sdkokta.Error
	if errors.As(err, &vendor) {
		r.code, r.summary = vendor.ErrorCode, vendor.ErrorSummary
		for _, cause := range vendor.ErrorCauses {
			if text, ok := cause["errorSummary"].(string); ok {
				r.summary += "; " + text
			}
		}
	} else if parsed, parseErr := reading.Parse(body); parseErr == nil {
		r.code, r.summary = parsed.At("errorCode").Text(), parsed.At("errorSummary").Text()
	}
	r.code, r.summary = reading.Clean(r.code, c.token), reading.Clean(r.summary, c.token)
	return r
}

// failure is a request without an answer.
func (c *client) failure(doing, location string, err error) *contract.ProviderError {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return reading.Failure{Doing: doing, Method: http.MethodGet, Path: location, Err: err,
		Secrets: []string{c.token}}.ProviderError()
}

// problem turns a refusal into the error of the provider; other errors are returned as they are.
func (c *client) problem(doing, permission string, err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	return reading.Failure{Doing: doing, Method: http.MethodGet, Path: r.location, Status: r.status, VendorCode: r.code,
		Summary: r.summary, Permission: permission, Secrets: []string{c.token}}.ProviderError()
}
