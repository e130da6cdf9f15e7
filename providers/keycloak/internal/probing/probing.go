package probing

import (
	"context"
	"fmt"
	"net/url"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

// probeClient is a client that every realm has: probes that need some client to begin a sign-in use it.
const probeClient = "account"

// finding is what one probe saw.
type finding struct {
	status   observation.ProbeStatus
	summary  string
	lookAt   string
	evidence map[string]string
}

func passed(format string, args ...any) finding {
	return finding{status: observation.ProbePassed, summary: fmt.Sprintf(format, args...)}
}

func failed(lookAt, format string, args ...any) finding {
	return finding{status: observation.ProbeFailed, summary: fmt.Sprintf(format, args...), lookAt: lookAt}
}

func skipped(format string, args ...any) finding {
	return finding{status: observation.ProbeSkipped, summary: fmt.Sprintf(format, args...)}
}

func unknown(format string, args ...any) finding {
	return finding{status: observation.ProbeUnknown, summary: fmt.Sprintf(format, args...)}
}

func (f finding) with(name, value string) finding {
	evidence := map[string]string{name: value}
	for k, v := range f.evidence {
		evidence[k] = v
	}
	f.evidence = evidence
	return f
}

// probing is one request to probe, with what its probes found.
type probing struct {
	*current.Realm
	issuer  string
	request observation.ProbeRequest
	results []observation.ProbeResult
}

// try runs one probe. A probe that cannot look is a question, not a pass and not a failure.
func (p *probing) try(ctx context.Context, name string, look func(context.Context) (finding, error)) {
	ctx, requests := admin.WithCounter(ctx)
	found, err := look(ctx)
	if err != nil {
		found = unknown("it could not be tried: %v", err)
	}
	p.results = append(p.results, observation.ProbeResult{
		Probe: name, Resource: p.request.Resource, Status: found.status, Summary: found.summary, LookAt: found.lookAt,
		Evidence: found.evidence, Requests: int(requests.Load()),
	})
}

// Probe tries one resource the way people and applications use it. It reads, begins sign-ins without finishing them
// and, where the request allows it, impersonates the named people; those sessions are ended again. Issuer is the
// address that applications were told.
func Probe(ctx context.Context, c *current.Realm, issuer string,
	request observation.ProbeRequest) ([]observation.ProbeResult, error) {
	p := &probing{Realm: c, issuer: issuer, request: request}
	if probe := probes()[request.Resource.Type]; probe != nil {
		probe(p, ctx)
	}
	return p.results, ctx.Err()
}

// probes are what is tried, one row a type; a type that is not in it has nothing to try.
func probes() map[string]func(*probing, context.Context) {
	return map[string]func(*probing, context.Context){
		realm.TypeClient:           (*probing).application,
		realm.TypeProvider:         (*probing).upstream,
		realm.TypeOrganization:     (*probing).routing,
		observation.BreakGlassType: (*probing).breakGlass,
		realm.TypeGate:             (*probing).gateHolds,
	}
}

// text is a planned attribute.
func (p *probing) text(name string) string {
	value, _ := p.request.Attributes[name].(string)
	return value
}

func (p *probing) flag(name string) bool {
	value, _ := p.request.Attributes[name].(bool)
	return value
}

// authorization is the address at which a client begins a sign-in.
func (p *probing) authorization(query url.Values) string {
	return p.Public("protocol", "openid-connect", "auth") + "?" + query.Encode()
}

// consoleCallback is a redirect address that the built-in account client accepts.
func (p *probing) consoleCallback() string { return p.issuer + "/account/" }

// printableURL is an address without its query, which may hold codes.
func printableURL(text string) string {
	parsed, err := url.Parse(text)
	if err != nil {
		return "(not an address)"
	}
	parsed.RawQuery, parsed.Fragment = "", ""
	return admin.Printable(parsed.String())
}
