package okta

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk"
)

const (
	modeAPIToken       = "api_token"
	defaultRateShare   = 0.5
	defaultConcurrency = 4
	mostConcurrency    = 32
)

// Source reads one org. Make it with New.
type Source struct {
	version  string
	log      hclog.Logger
	settings settings
	client   *client
}

// New makes a source that is not configured yet. Version is the plugin's own. It logs to what is os.Stderr now, so call it before
// the plugin is served: later that is a pipe which nobody may read.
func New(version string) sdk.Source {
	log := hclog.New(&hclog.LoggerOptions{Name: "okta", Output: os.Stderr, JSONFormat: true, Level: hclog.Info})
	return &Source{version: version, log: log}
}

// Schema says which arguments the source block takes.
func (s *Source) Schema() identity.ProviderSchema {
	return identity.ProviderSchema{
		Name: "okta", Version: s.version, Kinds: kindsRead(), Unread: unread(),
		Doc: "Reads an Okta org, classic or Identity Engine. It never writes.",
		Config: []identity.ConfigAttribute{
			{Name: "org_url", Type: "string", Required: true, Doc: "Address of the org, such as https://acme.okta.com, without -admin and without a path."},
			{Name: "connection_mode", Type: "string", Default: modeAPIToken, OneOf: []string{modeAPIToken}, Doc: "How to sign in. Only api_token is supported."},
			{Name: "api_token", Type: "string", Required: true, Sensitive: true, Doc: "API token of an administrator who may read; Read-only Administrator is enough for all but client secrets."},
			{Name: "rate_share", Type: "number", Default: defaultRateShare, Doc: "Part of the org's rate limit that a collection may use, above 0 and at most 1."},
			{Name: "ca_file", Type: "string", Doc: "PEM file with the certificates to trust instead of the machine's own."},
			{Name: "concurrency", Type: "number", Default: float64(defaultConcurrency), Doc: "Requests at a time, 1 to 32."},
		},
	}
}

// Configure checks and keeps the arguments; it opens no connection.
func (s *Source) Configure(_ context.Context, config map[string]any) diag.List {
	check := &checker{config: config}
	out := settings{version: s.version, log: s.log}
	out.orgURL, out.host = check.orgURL()
	if mode := check.text("connection_mode"); mode != "" && mode != modeAPIToken {
		check.fail("connection_mode", "Unsupported connection mode", "connection_mode is %q, but only %q is supported.", mode, modeAPIToken)
	}
	out.token = strings.TrimSpace(check.text("api_token"))
	switch {
	case out.token == "":
		check.fail("api_token", "Missing API token", "api_token is required: create one in the Admin Console under Security, API, Tokens.")
	case strings.Contains(out.token, "{apiToken}"), strings.ContainsAny(out.token, " \t\r\n\x00"):
		check.fail("api_token", "Invalid API token", "api_token is no token: it holds a placeholder or white space.")
	}
	out.rateShare = check.number("rate_share", defaultRateShare)
	if !(out.rateShare > 0 && out.rateShare <= 1) {
		check.fail("rate_share", "Invalid rate share", "rate_share must be above 0 and at most 1.")
	}
	workers := check.number("concurrency", defaultConcurrency)
	if !(workers >= 1 && workers <= mostConcurrency) || workers != float64(int(workers)) {
		check.fail("concurrency", "Invalid concurrency", "concurrency must be a whole number from 1 to %d.", mostConcurrency)
	}
	out.concurrency = int(workers)
	out.roots = check.roots("ca_file")
	if check.found.HasErrors() {
		return check.found
	}
	c, err := newClient(out)
	if err != nil {
		check.fail("org_url", "Unusable configuration", "The Okta client refused the arguments: %v.", err)
		return check.found
	}
	s.settings, s.client = out, c
	return check.found
}

// Identify lists one application: the cheapest call that proves address and token. A token that may not list applications is still
// a token of the org.
func (s *Source) Identify(ctx context.Context) (identity.SourceIdentity, error) {
	const doing = "identifying the org"
	if s.client == nil {
		return identity.SourceIdentity{}, notConfigured()
	}
	_, err := s.client.get(ctx, doing, "/api/v1/apps?limit=1")
	var r *refusal
	if errors.As(err, &r) && r.status == http.StatusForbidden {
		return identity.SourceIdentity{Tenant: s.settings.host, Detail: "the token may not list applications"}, nil
	}
	if err != nil {
		return identity.SourceIdentity{}, s.client.problem(doing, scopeApps, err)
	}
	return identity.SourceIdentity{Tenant: s.settings.host}, nil
}

// Secret fetches the client secret of an identity provider or of a confidential OIDC client.
func (s *Source) Secret(ctx context.Context, item identity.ItemID, field string) (string, error) {
	if s.client == nil {
		return "", notConfigured()
	}
	if field != fieldClientSecret {
		return "", unknownSecret(item, field)
	}
	switch item.Kind {
	case identity.KindIdentityProvider:
		return s.client.providerSecret(ctx, item.ID)
	case identity.KindApplication:
		return s.client.applicationSecret(ctx, item.ID)
	default:
		return "", unknownSecret(item, field)
	}
}

func notConfigured() error {
	return &identity.ProviderError{Code: identity.ErrorInternal, Message: "the okta source is used before it is configured"}
}

// checker collects what is wrong with the arguments.
type checker struct {
	config map[string]any
	found  diag.List
}

func (c *checker) fail(argument, summary, format string, args ...any) {
	d := diag.Errorf("okta-config", summary, format, args...)
	d.Address = argument
	c.found = append(c.found, d)
}

func (c *checker) text(name string) string {
	value, present := c.config[name]
	if !present || value == nil {
		return ""
	}
	text, ok := value.(string)
	if !ok {
		c.fail(name, "Wrong argument type", "%s must be a string.", name)
	}
	return text
}

func (c *checker) number(name string, otherwise float64) float64 {
	value, present := c.config[name]
	if !present || value == nil {
		return otherwise
	}
	switch v := value.(type) {
	case float64:
		return v
	case int:
		return float64(v)
	}
	c.fail(name, "Wrong argument type", "%s must be a number.", name)
	return otherwise
}

// orgURL returns scheme://host[:port] and host[:port]. It refuses what the SDK refuses, in words that say what to do.
func (c *checker) orgURL() (string, string) {
	const name, summary = "org_url", "Invalid org URL"
	text := strings.TrimSpace(c.text(name))
	u, err := url.Parse(text)
	switch {
	case text == "":
		c.fail(name, "Missing org URL", "org_url is required, such as https://acme.okta.com.")
	case err != nil || u.Host == "" || u.Hostname() == "":
		c.fail(name, summary, "org_url is no URL: write it as https://acme.okta.com.")
	case u.Scheme != "https":
		c.fail(name, summary, "org_url must begin with https://; the token would travel in clear otherwise. For a private certificate authority set ca_file.")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		c.fail(name, summary, "org_url must name the host only, such as https://acme.okta.com: no path, query or user.")
	case isAdminHost(u.Hostname()):
		c.fail(name, summary, "org_url names the Admin Console (%s). Leave -admin out: %s.", u.Host, strings.Replace(u.Host, "-admin.", ".", 1))
	case strings.HasSuffix(strings.ToLower(u.Hostname()), ".com.com"):
		c.fail(name, summary, "org_url ends in .com.com (%s), which is a slip of the pen.", u.Host)
	case strings.ContainsAny(text, "{}"):
		c.fail(name, summary, "org_url holds a placeholder in braces. Put the name of your org in its place.")
	default:
		host := strings.ToLower(u.Host)
		return "https://" + host, strings.TrimSuffix(host, ":443")
	}
	return "", ""
}

func isAdminHost(host string) bool {
	host = strings.ToLower(host)
	for _, suffix := range []string{"-admin.okta.com", "-admin.oktapreview.com", "-admin.okta-emea.com"} {
		if strings.Contains(host, suffix) {
			return true
		}
	}
	return false
}

func (c *checker) roots(name string) *x509.CertPool {
	path := c.text(name)
	if path == "" {
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		c.fail(name, "Unreadable CA file", "ca_file cannot be read: %v.", err)
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		c.fail(name, "Unusable CA file", "ca_file %s holds no PEM certificate.", path)
		return nil
	}
	return pool
}
