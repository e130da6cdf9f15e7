package entra

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/args"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// New is the source for Microsoft Entra ID. Version is what Schema reports. It logs as reading.NewLog says.
func New(version string) sdk.Source {
	return &source{version: version, settings: settings{alive: reading.Telling(reading.NewLog("entra"))}}
}

type source struct {
	version string

	mu       sync.Mutex
	settings settings
	client   *client // made at first use
}

// settings are the arguments of the source block.
type settings struct {
	tenantID, clientID, clientSecret string
	graphEndpoint, authorityHost     string
	roots                            *x509.CertPool // nil means those of the machine
	concurrency                      int
	conditionalAccess                bool

	sleep func(context.Context, time.Duration) error // nil waits for real
	alive func(reading.Sign)                         // hears of waits; nil for nobody
}

const (
	defaultGraph       = "https://graph.microsoft.com"
	defaultAuthority   = "https://login.microsoftonline.com"
	defaultConcurrency = 4
	mostConcurrency    = 16
)

// Schema of the source block.
func (s *source) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{
		Name: "entra", Version: s.version, Kinds: readKinds(), Unread: unread(),
		Doc: "Reads applications, federation, groups, people, assignments and conditional access of a Microsoft Entra " +
			"ID tenant.",
		Config: []contract.ConfigAttribute{
			{Name: "tenant_id", Type: "string", Required: true, Doc: "Tenant: its id, or one of its verified domains."},
			{Name: "client_id", Type: "string", Required: true, Doc: "Application (client) id that rehome signs in with."},
			{Name: "client_secret", Type: "string", Required: true, Sensitive: true,
				Doc: "Value of a client secret of that application."},
			{Name: "graph_endpoint", Type: "string", Default: defaultGraph,
				Doc: "Microsoft Graph, https only: national clouds and private servers."},
			{Name: "authority_host", Type: "string", Default: defaultAuthority, Doc: "Where tokens come from, https only."},
			args.CAFileAttribute(),
			args.ConcurrencyAttribute(defaultConcurrency, mostConcurrency),
			{Name: "read_conditional_access", Type: "bool", Default: true,
				Doc: "Read conditional access policies. Without them every sign-in policy is a gap."},
		},
	}
}

// Configure keeps the arguments. Nothing is opened.
func (s *source) Configure(_ context.Context, config map[string]any) diag.List {
	given := args.Read(s.Schema(), config)
	read := settings{
		tenantID: given.Text("tenant_id"), clientID: given.Text("client_id"), clientSecret: given.Text("client_secret"),
		graphEndpoint: given.Origin("graph_endpoint"), authorityHost: given.Origin("authority_host"), roots: given.Roots(),
		concurrency: given.Whole(args.Concurrency), conditionalAccess: given.Flag("read_conditional_access"),
	}
	if read.tenantID != "" && !tenantPattern().MatchString(read.tenantID) {
		given.Fail("tenant_id", "It is the id of a tenant or one of its domains, without https:// and slashes.")
	}
	if given.Problems().HasErrors() {
		return given.Problems()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	read.sleep, read.alive = s.settings.sleep, s.settings.alive
	s.settings, s.client = read, nil
	return given.Problems()
}

func tenantPattern() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*$`) }

// connect makes the client once.
func (s *source) connect() (*client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settings.tenantID == "" {
		return nil, &contract.ProviderError{Code: contract.ErrorInternal, Message: "the source entra is not configured"}
	}
	if s.client != nil {
		return s.client, nil
	}
	made, err := newClient(s.settings)
	if err != nil {
		return nil, &contract.ProviderError{Code: contract.ErrorInvalid, Message: err.Error()}
	}
	s.client = made
	return made, nil
}

// Identify asks for the organization.
func (s *source) Identify(ctx context.Context) (contract.SourceIdentity, error) {
	c, err := s.connect()
	if err != nil {
		return contract.SourceIdentity{}, err
	}
	tenant, _, err := c.organization(ctx)
	if err != nil {
		return contract.SourceIdentity{}, asProviderError(err)
	}
	return contract.SourceIdentity{Tenant: tenant.ID, Detail: tenant.Name}, nil
}

// Secret always fails: Entra hands out a secret once, when it is made, and never again.
func (s *source) Secret(_ context.Context, item identity.ItemID, field string) (string, error) {
	return "", &contract.ProviderError{Code: contract.ErrorForbidden,
		Message: fmt.Sprintf("reading %s of %s: Entra does not hand out secrets that exist", field, item)}
}

type organizationBody struct {
	ID   string `json:"id"`
	Name string `json:"displayName"`
}

// organization reads which tenant this is, and refuses another one than the block names.
func (c *client) organization(ctx context.Context) (organizationBody, page, error) {
	r := organizationResource()
	request, err := c.organizationRequest(ctx, r)
	if err != nil {
		return organizationBody{}, page{}, fmt.Errorf("making the request for %s: %w", r.name, err)
	}
	var found organizationBody
	var first page
	count := 0
	err = c.each(ctx, list{resource: r, first: request}, func(p page) error {
		for _, element := range p.elements {
			count++
			if err := json.Unmarshal(element, &found); err != nil {
				return invalidElement(p, err)
			}
		}
		first = p
		return nil
	})
	if err != nil {
		return organizationBody{}, page{}, err
	}
	if count != 1 {
		return organizationBody{}, page{}, &contract.ProviderError{Code: contract.ErrorInvalid, Page: first.name(),
			Message: fmt.Sprintf("%s: a tenant has one organization, the answer has %d", first.name(), count)}
	}
	if isGUID(c.settings.tenantID) && !strings.EqualFold(c.settings.tenantID, found.ID) {
		return organizationBody{}, page{}, &contract.ProviderError{Code: contract.ErrorNotFound, Page: first.name(),
			Message: fmt.Sprintf("%s %s: the token is for tenant %s and not for %s", http.MethodGet, first.path, found.ID,
				c.settings.tenantID)}
	}
	return found, first, nil
}

func isGUID(text string) bool {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`).MatchString(text)
}
