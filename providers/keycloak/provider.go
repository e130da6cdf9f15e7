package keycloak

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/observing"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/args"
)

const (
	defaultWorkers = 4
	defaultTimeout = 120 // seconds: a server that writes a large export may need minutes
	mostTimeout    = 600
	mostWorkers    = 8 // more workers gain nothing and double the waiting time of each request
)

// Target writes one realm of a running Keycloak.
type Target struct {
	observing.Observer // what it tells without writing

	version   string
	client    *current.Realm
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
func (t *Target) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{
		Name: "keycloak", Version: t.version, Resources: realm.Resources(),
		Doc: "A realm of a running Keycloak 26.7 or later, written through its Admin API.",
		Config: []contract.ConfigAttribute{
			{Name: "url", Type: "string", Required: true,
				Doc: "Base address of the server, such as https://id.example.com. http is allowed for loopback addresses only."},
			{Name: "realm", Type: "string", Required: true, Doc: "Name of the realm. It must be there."},
			{Name: "client_id", Type: "string", Required: true,
				Doc: "Confidential client of the realm with a service account that holds roles of realm-management."},
			{Name: "client_secret", Type: "string", Required: true, Sensitive: true, Doc: "Secret of the client."},
			{Name: "public_url", Type: "string",
				Doc: "Address that people see, when it is not url. It must be the one that the realm's discovery document names."},
			args.CAFileAttribute(),
			args.ConcurrencyAttribute(defaultWorkers, mostWorkers),
			{Name: "timeout", Type: "number", Default: float64(defaultTimeout), Whole: true, Min: 1, Max: mostTimeout,
				Doc: "Seconds to wait for an answer before a request counts as lost, 1 to 600."},
		},
	}
}

// Configure checks and keeps the arguments. It opens no connection.
func (t *Target) Configure(_ context.Context, config map[string]any) diag.List {
	given := args.Read(t.Schema(), config)
	base, public := given.Base("url"), given.Base("public_url")
	name := given.Text("realm")
	if strings.ContainsAny(name, "/") || name == ".." || name == "." {
		given.Fail("realm", "It must be the name of a realm.")
	}
	roots := given.Roots()
	if given.Problems().HasErrors() {
		return given.Problems()
	}
	t.publicURL = ""
	if public != nil {
		t.publicURL = public.String()
	}
	t.client = current.New(admin.New(admin.Settings{
		Base: base, RealmName: name, ID: given.Text("client_id"), Secret: given.Text("client_secret"), Roots: roots,
		Requests: given.Whole(args.Concurrency), Timeout: time.Duration(given.Whole("timeout")) * time.Second,
	}), t.publicURL)
	t.Observer = observing.Observer{Live: t.client, Issuer: t.issuer()}
	return given.Problems()
}

// Identify proves that the realm is there, that the service account may read it, and that public_url is the address
// that the realm gives out.
func (t *Target) Identify(ctx context.Context) (contract.TargetIdentity, error) {
	if err := t.configured(); err != nil {
		return contract.TargetIdentity{}, err
	}
	var live map[string]any
	if err := t.client.Get(ctx, t.client.Admin(), nil, &live); err != nil {
		return contract.TargetIdentity{}, admin.Outward("reading the realm", err)
	}
	var discovery struct {
		Issuer string `json:"issuer"`
	}
	if err := t.client.Get(ctx, t.client.Public(".well-known", "openid-configuration"), nil, &discovery); err != nil {
		return contract.TargetIdentity{}, admin.Outward("reading the discovery document", err)
	}
	issuer := t.issuer()
	if t.publicURL != "" && discovery.Issuer != issuer {
		return contract.TargetIdentity{}, &contract.ProviderError{Code: contract.ErrorInvalid, Message: fmt.Sprintf(
			"public_url makes %q the issuer of the realm, but the realm calls itself %q", issuer,
			admin.Printable(discovery.Issuer))}
	}
	summary, err := t.summary(ctx)
	if err != nil {
		return contract.TargetIdentity{}, err
	}
	return contract.TargetIdentity{Identity: issuer, Summary: summary}, nil
}

// summary names server and realm, with what is to be said of the version.
func (t *Target) summary(ctx context.Context) (string, error) {
	var info struct {
		System struct {
			Version string `json:"version"`
		} `json:"systemInfo"`
	}
	if err := t.client.Get(ctx, "/admin/serverinfo", nil, &info); err != nil && !admin.IsForbidden(err) &&
		!admin.IsAbsent(err) {
		return "", admin.Outward("asking for the version of the server", err)
	}
	version := info.System.Version
	note, err := judgeVersion(version)
	if err != nil {
		return "", err
	}
	summary := fmt.Sprintf("%s, realm %s", strings.TrimSpace("Keycloak "+admin.Printable(version)), t.client.RealmName)
	if note != "" {
		summary += " (" + note + ")"
	}
	return summary, nil
}

// issuer is the address of the realm as people see it.
func (t *Target) issuer() string {
	base := t.publicURL
	if base == "" {
		base = t.client.Base.String()
	}
	return base + t.client.Public()
}

func (t *Target) configured() error {
	if t.client == nil {
		return &contract.ProviderError{Code: contract.ErrorInternal, Message: "the target is used before it is configured"}
	}
	return nil
}
