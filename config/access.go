package config

import (
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/rehome-iam/rehome/engine/diag"
)

// Where the facts are in a token unless claims says otherwise.
const (
	defaultTenantClaim      = "tenant"
	defaultPermissionsClaim = "permissions"
	defaultContextClaim     = "context"
)

// Access says whose tokens may use the migration. Without the block no token is asked for.
type Access struct {
	Issuer         string
	Audience       string
	OperatorTenant string   // empty: no token acts for another tenant
	Contexts       []string // words that the context of a token may hold, in lower case, sorted; none unless listed
	Claims         AccessClaims
	Range          diag.Range
}

// AccessClaims are dotted paths to the facts in a token.
type AccessClaims struct {
	Tenant      string
	Permissions string
	Context     string
}

func (l *loader) access(block *hcl.Block) {
	f := l.content(block.Body, []string{"issuer", "audience"}, []string{"operator_tenant", "claims", "contexts"})
	for _, name := range []string{"issuer", "audience", "operator_tenant"} {
		if f.attributes[name] != nil && f.text(name) == "" {
			l.report(codeArgumentInvalid, "Empty argument", f.attributes[name].Expr.Range(),
				"%s must be a text that is not empty.", name)
		}
	}
	a := &Access{Issuer: f.text("issuer"), Audience: f.text("audience"), OperatorTenant: f.text("operator_tenant"),
		Range:  rangeOf(block.DefRange),
		Claims: AccessClaims{Tenant: defaultTenantClaim, Permissions: defaultPermissionsClaim, Context: defaultContextClaim}}
	if a.Issuer != "" && !isIssuer(a.Issuer) {
		l.report(codeArgumentInvalid, "Invalid issuer", f.attributes["issuer"].Expr.Range(),
			"issuer is the address that stands in the tokens, such as \"https://id.acme.example/realms/acme\". http is for "+
				"loopback addresses only.")
	}
	f.claims(&a.Claims)
	for _, word := range f.list("contexts") {
		if len(strings.Fields(word)) != 1 || strings.TrimSpace(word) != word {
			l.report(codeArgumentInvalid, "Invalid context", f.attributes["contexts"].Expr.Range(),
				"%q is no context: a context is one word, as it stands in the token.", word)
			continue
		}
		a.Contexts = append(a.Contexts, strings.ToLower(word))
	}
	slices.Sort(a.Contexts)
	a.Contexts = slices.Compact(a.Contexts)
	l.config.Access = a
}

// claims reads the paths; one that is not named keeps its default.
func (f fields) claims(into *AccessClaims) {
	attribute := f.attributes["claims"]
	if attribute == nil {
		return
	}
	value, ok := f.value("claims", cty.Map(cty.String))
	if !ok {
		return
	}
	places := map[string]*string{"tenant": &into.Tenant, "permissions": &into.Permissions, "context": &into.Context}
	for name, element := range value.AsValueMap() {
		place, known := places[name]
		switch {
		case !known:
			f.l.report(codeArgumentUnknown, "Unsupported argument", attribute.Expr.Range(),
				"claims has tenant, permissions and context, not %q.%s", name, didYouMean(name, slices.Sorted(maps.Keys(places))))
		case element.IsNull() || element.AsString() == "":
			f.l.report(codeArgumentInvalid, "Empty argument", attribute.Expr.Range(),
				"The claim %s must name a place in the token, such as \"tenant\" or \"resource_access.rehome.roles\".", name)
		default:
			*place = element.AsString()
		}
	}
}

func isIssuer(text string) bool {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return false
	}
	if parsed.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(parsed.Hostname())
	return parsed.Scheme == "http" && (parsed.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}
