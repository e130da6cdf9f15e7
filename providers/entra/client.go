package entra

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abs "github.com/microsoft/kiota-abstractions-go"
	kauth "github.com/microsoft/kiota-authentication-azure-go"
	khttp "github.com/microsoft/kiota-http-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// client sends requests to one Graph endpoint. It is safe for many goroutines.
type client struct {
	adapter  abs.RequestAdapter
	base     string // endpoint with the version: https://graph.microsoft.com/v1.0
	origin   string // comparable form of the endpoint
	settings settings
}

// newClient builds token and request pipelines of the SDK on one transport of ours, which alone repeats requests: the
// SDK's own retry handler gives up on 500, 502 and broken bodies, and cuts the fraction of Retry-After.
func newClient(s settings) (*client, error) {
	base := reading.NewBase()
	base.TLSClientConfig = &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	origin, err := reading.ParseOrigin(s.graphEndpoint)
	if err != nil {
		return nil, fmt.Errorf("reading graph_endpoint: %w", err)
	}
	credential, err := newCredential(s, base)
	if err != nil {
		return nil, err
	}
	adapter, err := newAdapter(s, credential, base)
	if err != nil {
		return nil, err
	}
	version := strings.TrimSuffix(s.graphEndpoint, "/") + "/v1.0"
	adapter.SetBaseUrl(version)
	return &client{adapter: adapter, base: version, origin: origin, settings: s}, nil
}

// newCredential asks the configured authority only: instance discovery would ask a host of the public cloud first.
func newCredential(s settings, base http.RoundTripper) (azcore.TokenCredential, error) {
	transport := observer{authority: true, next: reading.Transport(reading.Options{Origin: s.authorityHost, Base: base,
		Tries: 1})}
	options := &azidentity.ClientSecretCredentialOptions{DisableInstanceDiscovery: true}
	options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: strings.TrimSuffix(s.authorityHost, "/") + "/"}
	options.Transport = &http.Client{Transport: transport, CheckRedirect: noRedirect}
	options.Retry = policy.RetryOptions{MaxRetries: 2}
	options.Telemetry = policy.TelemetryOptions{Disabled: true}
	credential, err := azidentity.NewClientSecretCredential(s.tenantID, s.clientID, s.clientSecret, options)
	if err != nil {
		return nil, fmt.Errorf("preparing the credential: %w", err)
	}
	return credential, nil
}

func newAdapter(s settings, credential azcore.TokenCredential, base http.RoundTripper) (*core.GraphRequestAdapterBase,
	error) {
	endpoint, err := url.Parse(s.graphEndpoint)
	if err != nil {
		return nil, fmt.Errorf("reading graph_endpoint: %w", err)
	}
	// Valid hosts are compared without the port; with one, the token is left out silently.
	provider, err := kauth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(credential,
		[]string{scopeOf(endpoint.Hostname())}, []string{endpoint.Hostname()})
	if err != nil {
		return nil, fmt.Errorf("preparing authentication: %w", err)
	}
	options := core.GraphClientOptions{}
	transport := observer{next: reading.Transport(reading.Options{Origin: s.graphEndpoint, Base: base,
		Places: s.concurrency, Sleep: s.sleep, Alive: s.alive})}
	pipeline := khttp.NewCustomTransportWithParentTransport(transport,
		core.NewGraphTelemetryHandler(&options), khttp.NewParametersNameDecodingHandler())
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(provider,
		options,
		nil, nil, &http.Client{Transport: pipeline, CheckRedirect: noRedirect})
	if err != nil {
		return nil, fmt.Errorf("preparing the request adapter: %w", err)
	}
	return adapter, nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// scopeOf names the token audience. National clouds have their own; a private server stands in for the public one.
func scopeOf(host string) string {
	switch host {
	case "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn":
		return "https://" + host + "/.default"
	}
	return "https://graph.microsoft.com/.default"
}

// send returns the exact bytes of a response with status 200.
func (c *client) send(ctx context.Context, r resource, request *abs.RequestInformation) ([]byte, error) {
	address, err := request.GetUri()
	if err != nil {
		return nil, fmt.Errorf("making the request for %s: %w", r.name, err)
	}
	seen := &exchange{}
	result, err := c.adapter.SendPrimitive(context.WithValue(ctx, exchangeKey{}, seen), request, "[]byte", nil)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	path, query := locate(address)
	if query != "" {
		path += "?" + query
	}
	if err != nil || seen.status != http.StatusOK {
		return nil, c.failure(r, path, seen, err)
	}
	body, _ := result.([]byte)
	return body, nil
}

// exchange is what the transport saw of one send: the SDK's errors lose status, code or body on some paths.
type exchange struct {
	authority bool // the last request went to the token endpoint
	status    int
	body      []byte // of an unsuccessful response
	fault     *reading.Fault
}

type exchangeKey struct{}

// observer notes what comes back, for the exchange in the request's context.
type observer struct {
	authority bool
	next      http.RoundTripper
}

// RoundTrip passes the request on.
func (o observer) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := o.next.RoundTrip(request)
	seen, ok := request.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return response, err
	}
	*seen = exchange{authority: o.authority}
	if err != nil {
		errors.As(err, &seen.fault)
		return response, err
	}
	seen.status = response.StatusCode
	if response.StatusCode != http.StatusOK {
		// The transport below has read the whole body into memory already.
		seen.body, err = io.ReadAll(response.Body)
		response.Body = io.NopCloser(bytes.NewReader(seen.body))
	}
	return response, err
}
