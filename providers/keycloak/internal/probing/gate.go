package probing

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

// gateHolds re-reads every part of a gate and every way around it; with impersonation it tries a member and a stranger.
func (p *probing) gateHolds(ctx context.Context) {
	p.try(ctx, "gate_intact", p.gateIntact)
	p.try(ctx, "gate_side_doors", p.sideDoors)
	p.try(ctx, "direct_holders", p.directHolders)
	p.try(ctx, "gate_admits_member", func(ctx context.Context) (finding,
		error) {
		return p.impersonated(ctx, p.request.Member, true)
	})
	p.try(ctx, "gate_refuses_stranger", func(ctx context.Context) (finding,
		error) {
		return p.impersonated(ctx, p.request.Stranger, false)
	})
}

func (p *probing) gateIntact(ctx context.Context) (finding, error) {
	live, err := p.Realm.Application(ctx, p.request.Resource.Key)
	if err != nil {
		return finding{}, err
	}
	if live == nil {
		return failed("the client", "its client is not there"), nil
	}
	gate, exists, err := p.Gate(ctx, live)
	if err != nil {
		return finding{}, err
	}
	if whole, _ := gate.Attributes["intact"].(bool); !exists || !whole {
		return failed("the client's flow overrides, its marker scopes and the flows that begin with \"rehome gate\"",
			"a part of the gate is missing: people may get in, or nobody does"), nil
	}
	role, _, err := p.ClientRole(ctx, p.request.Resource.Key, gating.AccessRole)
	if err != nil && !admin.IsAbsent(err) {
		return finding{}, err
	}
	if role == nil {
		return failed("the client role "+gating.AccessRole, "the role that opens the gate is not there: nobody gets in"), nil
	}
	return passed("marker scopes, sub-flows, flow overrides and role are in place"), nil
}

// directHolders counts people who hold the role that opens the gate without a group: no run gives it to them.
func (p *probing) directHolders(ctx context.Context) (finding, error) {
	live, err := p.Realm.Application(ctx, p.request.Resource.Key)
	if err != nil || live == nil {
		return unknown("its client is not there"), err
	}
	var people []object.Object
	path := p.Admin("clients", admin.Text(live, "id"), "roles", gating.AccessRole, "users")
	if err := p.Get(ctx, path, url.Values{"max": {"101"}, "briefRepresentation": {"true"}}, &people); err != nil {
		return finding{}, err
	}
	if len(people) > 0 {
		return unknown("%d or more people hold the role %s themselves: no run gave it to them, so somebody must know why",
			len(people), gating.AccessRole), nil
	}
	return passed("nobody holds the role but through a group"), nil
}

// sideDoors asks of every way in whether it leads around the gate.
func (p *probing) sideDoors(ctx context.Context) (finding, error) {
	live, err := p.Realm.Application(ctx, p.request.Resource.Key)
	if err != nil {
		return finding{}, err
	}
	if live == nil {
		return failed("the client", "its client is not there"), nil
	}
	// Whether the gate itself is whole is a probe of its own.
	situation, err := p.Situation(ctx, live, identity.Attributes{"intact": true})
	if err != nil {
		return finding{}, err
	}
	if open := realm.OpenDoors(situation); len(open) > 0 {
		return failed(open[0].Action, "%s", admin.Printable(open[0].Why)).with("open", fmt.Sprint(len(open))), nil
	}
	return passed("no way in leads around it").with("providers", fmt.Sprint(len(situation.Providers))), nil
}

// impersonated signs in as a person without a password and asks for the application without a page. The session is
// ended again.
func (p *probing) impersonated(ctx context.Context, name string, may bool) (result finding, err error) {
	switch {
	case !p.request.Impersonate:
		return skipped("the configuration does not allow to act as somebody"), nil
	case name == "":
		return skipped("the configuration names nobody to try"), nil
	case p.text("protocol") == gating.ProtocolSAML:
		return skipped("a SAML application answers with a page that says the same for many reasons"), nil
	}
	live, err := p.Realm.Application(ctx, p.request.Resource.Key)
	if err != nil || live == nil {
		return finding{}, err
	}
	if enabled, _ := live["enabled"].(bool); !enabled {
		return skipped("the client is not open yet"), nil
	}
	redirects := object.Texts(live["redirectUris"])
	if len(redirects) == 0 || strings.Contains(redirects[0], "*") {
		return skipped("there is no plain redirect URI to try it with"), nil
	}
	person, session, err := p.actAs(ctx, name)
	if err != nil {
		return finding{}, err
	}
	defer func() {
		if ended := p.Delete(context.WithoutCancel(ctx), p.Admin("sessions", session), nil); ended != nil && err == nil {
			result, err = failed("the sessions of "+name, "the session of the probe could not be ended: %v", ended), nil
		}
	}()
	query := p.signInQuery(redirects[0])
	query.Set("prompt", "none")
	answer, err := person.open(ctx, p.authorization(query), nil)
	if err != nil {
		return finding{}, err
	}
	return p.judge(answer, redirects[0], may), nil
}

func (p *probing) judge(answer admin.Reply, redirect string, may bool) finding {
	target := sentTo(answer)
	if target == nil || !strings.HasPrefix(target.String(), redirect) {
		return failed("the redirect URIs of the client", "the sign-in ends on a page: %d %s", answer.Status,
			complaintOf(answer))
	}
	got := answerOf(target)
	in := got.Get("code") != "" || got.Get("id_token") != ""
	switch {
	case in && may:
		return passed("a member gets a code").with("result", "code")
	case !in && !may && got.Get("error") == "login_required":
		return passed("somebody without the role is refused").with("result", "login_required")
	case in:
		return failed("the gate of the client", "somebody who should not may use the application").with("result", "code")
	case got.Get("error") == "interaction_required":
		return unknown("a required action or a consent waits for the person, so that the gate alone cannot be told").
			with("result", "interaction_required")
	}
	return failed("the role assignments of the client", "a member is refused: %s",
		admin.Printable(got.Get("error"))).with("result", admin.Printable(got.Get("error")))
}

// actAs impersonates a person and tells the id of the session that was made.
func (p *probing) actAs(ctx context.Context, name string) (*visitor, string, error) {
	id, err := p.person(ctx, name)
	if err != nil {
		return nil, "", err
	}
	header, err := p.Do(ctx, admin.Call{Method: http.MethodPost, Path: p.Admin("users", id, "impersonation"),
		Body: object.Object{}}, nil)
	if err != nil {
		return nil, "", err
	}
	person := newVisitor(p.Realm)
	for _, cookie := range (&http.Response{Header: header}).Cookies() {
		person.cookies[cookie.Name] = cookie.Value
	}
	var sessions []object.Object
	if err := p.Get(ctx, p.Admin("users", id, "sessions"), nil, &sessions); err != nil {
		return nil, "", err
	}
	newest, started := "", int64(-1)
	for _, session := range sessions {
		number, _ := session["start"].(json.Number)
		if at, err := number.Int64(); err == nil && at >= started {
			newest, started = admin.Text(session, "id"), at
		}
	}
	if newest == "" {
		return nil, "", p.Invalid(admin.Call{Method: http.MethodPost, Path: p.Admin("users", id, "impersonation")},
			"no session was made")
	}
	return person, newest, nil
}

// person is the id of a user by login name.
func (p *probing) person(ctx context.Context, name string) (string, error) {
	var rows []object.Object
	if err := p.Get(ctx, p.Admin("users"), url.Values{"username": {name}, "exact": {"true"}}, &rows); err != nil {
		return "", err
	}
	if len(rows) != 1 {
		return "", p.Invalid(admin.Call{Method: http.MethodGet, Path: p.Admin("users")},
			fmt.Sprintf("there are %d people called %s", len(rows), admin.Printable(name)))
	}
	return admin.Text(rows[0], "id"), nil
}

// claims lets the server show the token of the member and looks for each planned claim in it.
func (p *probing) claims(ctx context.Context, clientID string) (finding, error) {
	if p.request.Member == "" {
		return skipped("the configuration names no member whose token could be looked at"), nil
	}
	id, err := p.person(ctx, p.request.Member)
	if err != nil {
		return finding{}, err
	}
	var token map[string]any
	path := p.Admin("clients", clientID, "evaluate-scopes", "generate-example-id-token")
	if err := p.Get(ctx, path, url.Values{"userId": {id}, "scope": {"openid"}}, &token); err != nil {
		return finding{}, err
	}
	var exists, absent []string
	for _, mapper := range object.Objects(p.request.Attributes["protocol_mappers"]) {
		config, _ := mapper["config"].(map[string]any)
		name, _ := config["claim.name"].(string)
		if name == "" || config["id.token.claim"] != "true" {
			continue
		}
		if _, found := lookUp(token, claimPath(name)); found {
			exists = append(exists, name)
		} else {
			absent = append(absent, name)
		}
	}
	switch {
	case len(absent) > 0:
		return unknown("the token has no %s: the person has no value for it, or the mapper does not work",
			admin.Printable(strings.Join(absent, ", "))).with("present", admin.Printable(strings.Join(exists, ", "))), nil
	case len(exists) == 0:
		return skipped("no claim of its own is planned"), nil
	}
	return passed("the token holds the planned claims").with("present", admin.Printable(strings.Join(exists, ", "))), nil
}

// tokenAudience looks whether an access token of a member is good for another application than its own, or tells by
// which roles he came.
func (p *probing) tokenAudience(ctx context.Context, clientID string) (finding, error) {
	switch {
	case !p.flag("own_audience"):
		return skipped("the client is not planned to have tokens for itself alone"), nil
	case p.request.Member == "":
		return skipped("the configuration names no member whose token could be looked at"), nil
	}
	id, err := p.person(ctx, p.request.Member)
	if err != nil {
		return finding{}, err
	}
	var token map[string]any
	path := p.Admin("clients", clientID, "evaluate-scopes", "generate-example-access-token")
	if err := p.Get(ctx, path, url.Values{"userId": {id}, "scope": {"openid"}}, &token); err != nil {
		return finding{}, err
	}
	planned := []string{p.request.Resource.Key}
	for _, mapper := range object.Objects(p.request.Attributes["protocol_mappers"]) {
		planned = append(planned, admin.Text(admin.Part(mapper, "config"), "included.custom.audience"))
	}
	named := object.Texts(token["aud"])
	if one, single := token["aud"].(string); single {
		named = []string{one}
	}
	if more := current.Missing(named, planned); len(more) > 0 {
		return failed("the default client scopes and the mappers of the client",
			"a token of a member is good for others as well: %s", admin.Printable(strings.Join(more, ", "))), nil
	}
	if !slices.Contains(named, p.request.Resource.Key) {
		return failed("the mapper own audience of the client", "a token of a member does not name the client itself"), nil
	}
	for _, claim := range []string{"resource_access", "realm_access"} {
		if token[claim] != nil {
			return failed("the default client scopes of the client", "a token of a member tells his roles in %s", claim), nil
		}
	}
	return passed("a token of a member is for this application alone").with("audience",
		admin.Printable(strings.Join(named, ", "))), nil
}

// claimPath splits a claim name at its dots, but for those that are escaped.
func claimPath(name string) []string {
	parts := strings.Split(strings.ReplaceAll(name, `\.`, "\x00"), ".")
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], "\x00", ".")
	}
	return parts
}

func lookUp(token map[string]any, path []string) (any, bool) {
	value, exists := token[path[0]]
	if !exists || len(path) == 1 {
		return value, exists
	}
	inner, _ := value.(map[string]any)
	return lookUp(inner, path[1:])
}
