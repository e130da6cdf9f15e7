package keycloak

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk"
)

const (
	defaultWorkers = 4
	defaultTimeout = 120 // seconds: a server that writes a large export may need minutes
	mostTimeout    = 600
	mostWorkers    = 8 // more workers gain nothing and double the waiting time of each request
)

// Target writes one realm of a running Keycloak.
type Target struct {
	version   string
	client    *client
	publicURL string // without a slash at the end, empty when not given
	locks     keyedLocks
}

var (
	_ sdk.Target            = (*Target)(nil)
	_ sdk.OfflineConfigurer = (*Target)(nil)
)

// New makes a target that is not configured yet. Version is that of the plugin.
func New(version string) *Target { return &Target{version: version} }

// Schema says what the target is and which arguments it takes.
func (t *Target) Schema() identity.ProviderSchema {
	return identity.ProviderSchema{
		Name: "keycloak", Version: t.version, Resources: realm.Resources(),
		Doc: "A realm of a running Keycloak 26.7 or later, written through its Admin API.",
		Config: []identity.ConfigAttribute{
			{Name: "url", Type: "string", Required: true, Doc: "Base address of the server, such as https://id.example.com. http is allowed for loopback addresses only."},
			{Name: "realm", Type: "string", Required: true, Doc: "Name of the realm. It must be there."},
			{Name: "client_id", Type: "string", Required: true, Doc: "Confidential client of the realm with a service account that holds roles of realm-management."},
			{Name: "client_secret", Type: "string", Required: true, Sensitive: true, Doc: "Secret of the client."},
			{Name: "public_url", Type: "string", Doc: "Address that people see, when it is not url. It must be the one that the realm's discovery document names."},
			{Name: "ca_file", Type: "string", Doc: "PEM file with further certificates to trust."},
			{Name: "workers", Type: "number", Default: defaultWorkers, Doc: "Requests at the same time, 1 to 8."},
			{Name: "timeout", Type: "number", Default: defaultTimeout, Doc: "Seconds to wait for an answer before a request counts as lost, 1 to 600."},
		},
	}
}

// Configure checks and keeps the arguments. It opens no connection.
func (t *Target) Configure(_ context.Context, config map[string]any) diag.List {
	var problems diag.List
	complain := func(argument, format string, args ...any) {
		problem := diag.Errorf("provider-argument", "Invalid argument", format, args...)
		problem.Address = argument
		problems = append(problems, problem)
	}
	text := func(name string) string { value, _ := config[name].(string); return value }
	for _, name := range []string{"url", "realm", "client_id", "client_secret"} {
		if text(name) == "" {
			complain(name, "%s must be a text that is not empty", name)
		}
	}
	base, reason := address(text("url"))
	if reason != "" && text("url") != "" {
		complain("url", "url %s", reason)
	}
	public := text("public_url")
	if public != "" {
		parsed, reason := address(public)
		if reason != "" {
			complain("public_url", "public_url %s", reason)
		} else {
			public = parsed.String()
		}
	}
	if strings.ContainsAny(text("realm"), "/") || text("realm") == ".." || text("realm") == "." {
		complain("realm", "realm must be the name of a realm")
	}
	workers, ok := wholeNumber(config["workers"], defaultWorkers, mostWorkers)
	if !ok {
		complain("workers", "workers must be a whole number from 1 to %d", mostWorkers)
	}
	timeout, ok := wholeNumber(config["timeout"], defaultTimeout, mostTimeout)
	if !ok {
		complain("timeout", "timeout must be a whole number of seconds from 1 to %d", mostTimeout)
	}
	if problems.HasErrors() {
		return problems
	}
	made, err := newClient(clientSettings{
		base: base, realm: text("realm"), id: text("client_id"), secret: text("client_secret"), caFile: text("ca_file"), requests: workers, timeout: time.Duration(timeout) * time.Second,
	})
	if err != nil {
		complain("ca_file", "ca_file: %v", err)
		return problems
	}
	t.client, t.publicURL = made, public
	return problems
}

// ConfigureOffline takes nothing: what a realm makes of an item does not depend on where the realm is. Every call that would connect
// fails afterwards.
func (t *Target) ConfigureOffline(context.Context, map[string]any) diag.List { return nil }

// address checks a base address. The reason is empty when it is good.
func address(text string) (*url.URL, string) {
	parsed, err := url.Parse(text)
	switch {
	case err != nil || parsed.Host == "":
		return nil, "must be an address such as https://id.example.com"
	case parsed.User != nil:
		return nil, "must not hold a name or password"
	case parsed.RawQuery != "" || parsed.Fragment != "":
		return nil, "must not hold a query or fragment"
	case parsed.Scheme == "http" && !isLoopback(parsed.Hostname()):
		return nil, "must begin with https: http is for loopback addresses only"
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return nil, "must begin with https"
	}
	parsed.Path, parsed.RawPath = strings.TrimRight(parsed.Path, "/"), ""
	return parsed, ""
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// wholeNumber reads a number from 1 to most, or otherwise where none is given.
func wholeNumber(value any, otherwise, most int) (int, bool) {
	if value == nil {
		return otherwise, true
	}
	number, ok := value.(float64)
	count := int(number)
	return count, ok && float64(count) == number && count >= 1 && count <= most
}

// Identify proves that the realm is there, that the service account may read it, and that public_url is the address that the
// realm gives out.
func (t *Target) Identify(ctx context.Context) (identity.TargetIdentity, error) {
	if err := t.configured(); err != nil {
		return identity.TargetIdentity{}, err
	}
	var live realm.Object
	if err := t.client.get(ctx, t.client.admin(), nil, &live); err != nil {
		return identity.TargetIdentity{}, outward("reading the realm", err)
	}
	var discovery struct {
		Issuer string `json:"issuer"`
	}
	if err := t.client.get(ctx, t.client.public(".well-known", "openid-configuration"), nil, &discovery); err != nil {
		return identity.TargetIdentity{}, outward("reading the discovery document", err)
	}
	issuer := t.issuer()
	if t.publicURL != "" && discovery.Issuer != issuer {
		return identity.TargetIdentity{}, &identity.ProviderError{Code: identity.ErrorInvalid, Message: fmt.Sprintf(
			"public_url makes %q the issuer of the realm, but the realm calls itself %q", issuer, printable(discovery.Issuer))}
	}
	var info struct {
		System struct {
			Version string `json:"version"`
		} `json:"systemInfo"`
	}
	summary := fmt.Sprintf("Keycloak, realm %s", t.client.realm)
	if err := t.client.get(ctx, "/admin/serverinfo", nil, &info); err == nil && info.System.Version != "" {
		summary = fmt.Sprintf("Keycloak %s, realm %s", printable(info.System.Version), t.client.realm)
	}
	return identity.TargetIdentity{Identity: issuer, Summary: summary}, nil
}

// issuer is the address of the realm as people see it.
func (t *Target) issuer() string {
	base := t.publicURL
	if base == "" {
		base = t.client.base.String()
	}
	return base + t.client.public()
}

func (t *Target) configured() error {
	if t.client == nil {
		return &identity.ProviderError{Code: identity.ErrorInternal, Message: "the target is used before it is configured"}
	}
	return nil
}

// Translate says what a realm makes of one item.
func (t *Target) Translate(item identity.Item) identity.Translation { return realm.Translate(item) }

// Check looks at the whole desired set next to the live one.
func (t *Target) Check(desired, live []identity.Resource) []identity.CheckFinding {
	return append(realm.Check(desired, live), t.ownClient(desired)...)
}

// ownClient blocks what would change the client that rehome signs in with: a run must never shut itself out.
func (t *Target) ownClient(desired []identity.Resource) []identity.CheckFinding {
	var found []identity.CheckFinding
	for _, r := range desired {
		if r.Type == realm.TypeClient && t.client != nil && r.Key == t.client.id {
			found = append(found, identity.CheckFinding{Resource: r.ID(), Finding: identity.Finding{
				Type: identity.FindingBlocked, Field: "client_id", Summary: "this is the client that rehome itself signs in with",
				Action: "Give the application another client id with rename in a merge block, or rehome another client."}})
		}
	}
	return found
}
