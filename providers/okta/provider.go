package okta

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/args"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

const (
	modeAPIToken       = "api_token"
	defaultRateShare   = 0.5
	defaultConcurrency = 4
	mostConcurrency    = 32
	leastRateShare     = 0.01 // below it a list of a few pages takes an hour
)

// Source reads one org. Make it with New.
type Source struct {
	version  string
	log      hclog.Logger
	settings settings
	client   *client
}

// New makes a source that is not configured yet. Version is the plugin's own. It logs as reading.NewLog says.
func New(version string) sdk.Source {
	return &Source{version: version, log: reading.NewLog("okta")}
}

// Schema says which arguments the source block takes.
func (s *Source) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{
		Name: "okta", Version: s.version, Kinds: kindsRead(), Unread: unread(),
		Doc: "Reads an Okta org, classic or Identity Engine. It never writes.",
		Config: []contract.ConfigAttribute{
			{Name: "org_url", Type: "string", Required: true,
				Doc: "Address of the org, such as https://acme.okta.com, without -admin and without a path."},
			{Name: "connection_mode", Type: "string", Default: modeAPIToken, OneOf: []string{modeAPIToken},
				Doc: "How to sign in. Only api_token is supported."},
			{Name: "api_token", Type: "string", Required: true, Sensitive: true,
				Doc: "API token of an administrator who may read; Read-only Administrator is enough for all but client secrets."},
			{Name: "rate_share", Type: "number", Default: defaultRateShare, Min: leastRateShare, Max: 1,
				Doc: "Part of the org's rate limit that a collection may use, 0.01 to 1."},
			args.CAFileAttribute(),
			args.ConcurrencyAttribute(defaultConcurrency, mostConcurrency),
		},
	}
}

// Configure checks and keeps the arguments; it opens no connection.
func (s *Source) Configure(_ context.Context, config map[string]any) diag.List {
	given := args.Read(s.Schema(), config)
	out := settings{
		version: s.version, log: s.log, token: given.Text("api_token"), rateShare: given.Number("rate_share"),
		concurrency: given.Whole(args.Concurrency), roots: given.Roots(),
	}
	if strings.Contains(out.token, "{apiToken}") || strings.ContainsAny(out.token, " \t\r\n\x00") {
		given.Fail("api_token", "It is no token: it holds a placeholder or white space.")
	}
	out.orgURL, out.host = orgAddress(given)
	if given.Problems().HasErrors() {
		return given.Problems()
	}
	c, err := newClient(out)
	if err != nil {
		given.Fail("org_url", "The Okta client refused the arguments: %v.", err)
		return given.Problems()
	}
	s.settings, s.client = out, c
	return given.Problems()
}

// orgAddress returns scheme://host[:port] and host[:port]. It refuses what the SDK refuses, in words that say what to
// do.
func orgAddress(given *args.Args) (string, string) {
	const name = "org_url"
	text := given.Text(name)
	if strings.ContainsAny(text, "{}") {
		given.Fail(name, "It holds a placeholder in braces. Put the name of your org in its place.")
		return "", ""
	}
	address := given.Origin(name)
	host := strings.TrimPrefix(address, "https://")
	bare, _, _ := strings.Cut(host, ":")
	switch {
	case isAdminHost(bare):
		given.Fail(name, "It names the Admin Console (%s). Leave -admin out: %s.", host,
			strings.Replace(host, "-admin.", ".", 1))
	case strings.HasSuffix(bare, ".com.com"):
		given.Fail(name, "It ends in .com.com (%s), which is a slip of the pen.", host)
	default:
		return address, strings.TrimSuffix(host, ":443")
	}
	return "", ""
}

func isAdminHost(host string) bool {
	for _, suffix := range []string{"-admin.okta.com", "-admin.oktapreview.com", "-admin.okta-emea.com"} {
		if strings.Contains(host, suffix) {
			return true
		}
	}
	return false
}

// Identify lists one application: the cheapest call that proves address and token. A token that may not list
// applications is still a token of the org.
func (s *Source) Identify(ctx context.Context) (contract.SourceIdentity, error) {
	const doing = "identifying the org"
	if s.client == nil {
		return contract.SourceIdentity{}, notConfigured()
	}
	_, err := s.client.get(ctx, doing, "/api/v1/apps?limit=1")
	var r *refusal
	if errors.As(err, &r) && r.status == http.StatusForbidden {
		return contract.SourceIdentity{Tenant: s.tenant(), Detail: "the token may not list applications"}, nil
	}
	if err != nil {
		return contract.SourceIdentity{}, s.client.problem(doing, scopeApps, err)
	}
	return contract.SourceIdentity{Tenant: s.tenant()}, nil
}

// tenant is the host of the organisation; a port says where a server listens, and not whose it is.
func (s *Source) tenant() string {
	host, _, _ := strings.Cut(s.settings.host, ":")
	return host
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
	return &contract.ProviderError{Code: contract.ErrorInternal,
		Message: "the okta source is used before it is configured"}
}
