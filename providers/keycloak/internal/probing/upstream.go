package probing

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// upstream tries an identity provider as far as the incumbent side is not needed: what would be sent there, and to
// where.
func (p *probing) upstream(ctx context.Context) {
	p.try(ctx, "provider_request", p.providerRequest)
	p.try(ctx, "provider_certificates", p.providerCertificates)
	p.try(ctx, "provider_behind_gate", p.providerBehindGate)
}

// providerRequest begins a sign-in and lets the realm send the browser to the provider. The address there is looked at,
// not opened.
func (p *probing) providerRequest(ctx context.Context) (finding, error) {
	if enabled, said := p.request.Attributes["enabled"].(bool); said && !enabled {
		return skipped("the provider is planned to be off"), nil
	}
	alias := p.request.Resource.Key
	person := newVisitor(p.Realm)
	query := url.Values{"client_id": {probeClient}, "redirect_uri": {p.consoleCallback()}, "response_type": {"code"},
		"scope": {"openid"}, "state": {"rehome-probe"},
		"code_challenge_method": {"S256"}, "code_challenge": {someChallenge}, "kc_idp_hint": {alias}}
	answer, err := person.open(ctx, p.authorization(query), nil)
	if err != nil {
		return finding{}, err
	}
	broker := sentTo(answer)
	if broker == nil || !strings.HasSuffix(broker.EscapedPath(), "/broker/"+url.PathEscape(alias)+"/login") {
		if answer.Status >= http.StatusBadRequest {
			return unknown("the built-in client %s does not begin a sign-in: %d %s", probeClient, answer.Status,
				complaintOf(answer)), nil
		}
		return failed("the switch Enabled of the provider, and the browser flow of the realm",
			"people are not sent to it"), nil
	}
	if answer, err = person.open(ctx, broker.String(), nil); err != nil {
		return finding{}, err
	}
	if p.text("protocol") == "saml" {
		return p.samlProviderRequest(answer), nil
	}
	return p.oidcProviderRequest(answer), nil
}

func (p *probing) oidcProviderRequest(answer admin.Reply) finding {
	target := sentTo(answer)
	if target == nil {
		return failed("the authorization URL of the provider", "the browser is not sent on: %d %s", answer.Status,
			complaintOf(answer))
	}
	if wanted := p.text("authorization_url"); wanted != "" &&
		!strings.HasPrefix(target.String(), strings.SplitN(wanted, "?", 2)[0]) {
		return failed("the authorization URL of the provider", "people are sent to %s, planned is %s",
			printableURL(target.String()), admin.Printable(wanted))
	}
	if wanted := p.text("client_id"); wanted != "" && target.Query().Get("client_id") != wanted {
		return failed("the client id of the provider", "the request names another client id than planned")
	}
	if back := target.Query().Get("redirect_uri"); back != p.brokerEndpoint() {
		return failed("hostname settings of the server and public_url of the target",
			"the provider would send people back to %s", admin.Printable(back))
	}
	return passed("people are sent to the provider with the planned client id").with("destination",
		printableURL(target.String())).with("redirect_uri", p.brokerEndpoint())
}

func (p *probing) brokerEndpoint() string {
	return p.issuer + "/broker/" + url.PathEscape(p.request.Resource.Key) + "/endpoint"
}

var requestField = regexp.MustCompile(`(?i)<input[^>]*name="SAMLRequest"[^>]*value="([^"]+)"`)

func (p *probing) samlProviderRequest(answer admin.Reply) finding {
	destination, encoded, deflated := "", "", false
	if target := sentTo(answer); target != nil {
		destination, encoded, deflated = target.String(), target.Query().Get("SAMLRequest"), true
	} else if match := requestField.FindSubmatch(answer.Body); match != nil {
		destination, encoded = formOf(answer), html.UnescapeString(string(match[1]))
	}
	if encoded == "" {
		return failed("the settings of the provider", "no SAML request is sent: %d %s", answer.Status, complaintOf(answer))
	}
	request, err := readAuthnRequest(encoded, deflated)
	if err != nil {
		return failed("the settings of the provider", "what is sent does not read: %v", err)
	}
	binding := "post"
	if deflated {
		binding = "redirect"
	}
	wantedIssuer := p.text("audience")
	if wantedIssuer == "" {
		wantedIssuer = p.issuer
	}
	switch {
	case p.text("sso_url") != "" && (printableURL(destination) != printableURL(p.text("sso_url")) ||
		request.Destination != p.text("sso_url")):
		return failed("the sign-on URL of the provider", "people are sent to %s, planned is %s", printableURL(destination),
			admin.Printable(p.text("sso_url")))
	case request.Issuer != wantedIssuer:
		return failed("the entity id that the upstream knows us by", "the request comes from %s, planned is %s",
			admin.Printable(request.Issuer), admin.Printable(wantedIssuer))
	case p.text("sso_binding") != "" && binding != p.text("sso_binding"):
		return failed("the binding of the provider", "the request goes by %s, planned is %s", binding,
			admin.Printable(p.text("sso_binding")))
	case request.ACS != p.brokerEndpoint():
		return failed("hostname settings of the server and public_url of the target", "the assertion would go to %s",
			admin.Printable(request.ACS))
	}
	return passed("people are sent to the provider with the planned issuer and binding").with("destination",
		printableURL(destination)).
		with("issuer", admin.Printable(request.Issuer)).with("binding", binding).
		with("assertion_consumer_url", p.brokerEndpoint())
}

func (p *probing) providerCertificates(context.Context) (finding, error) {
	certificates := object.Texts(p.request.Attributes["signing_certificates"])
	if len(certificates) == 0 {
		return skipped("the provider has no certificate of its own"), nil
	}
	valid := 0
	var worst finding
	for _, text := range certificates {
		if found := p.certificate(text); found.status != "" {
			worst = found
			continue
		}
		valid++
	}
	if valid == 0 {
		return worst, nil
	}
	if worst.status != "" {
		return passed("%d of %d certificates are valid; of the rest: %s", valid, len(certificates), worst.summary), nil
	}
	return passed("%d certificates are valid", valid), nil
}

// providerBehindGate looks for a way around the gates: the browser flow is not resumed after a sign-in with a provider.
func (p *probing) providerBehindGate(ctx context.Context) (finding, error) {
	wanted := p.text("post_broker_flow")
	if wanted == "" {
		return skipped("no gate is planned behind the provider"), nil
	}
	live, err := p.Provider(ctx, p.request.Resource.Key)
	if err != nil {
		return finding{}, err
	}
	if live == nil {
		return failed("the provider", "it is not there"), nil
	}
	if got := admin.Text(live, "postBrokerLoginFlowAlias"); got != wanted {
		return failed("Post login flow of the provider",
			"it runs %q after a sign-in, planned is %q: people would come around the gates", admin.Printable(got), wanted), nil
	}
	return passed("every sign-in with it runs through the gates").with("flow", wanted), nil
}

// routing tries an address of each domain that belongs to nobody, and sees where the realm sends it.
func (p *probing) routing(ctx context.Context) {
	for _, domain := range object.Texts(p.request.Attributes["domains"]) {
		p.try(ctx, "domain_routing", func(ctx context.Context) (finding, error) { return p.routed(ctx, domain) })
	}
}

func (p *probing) routed(ctx context.Context, domain string) (finding, error) {
	wanted := p.text("identity_provider")
	if redirect, said := p.request.Attributes["redirect"].(bool); wanted == "" || said && !redirect {
		return skipped("people of %s are not sent to a provider by themselves", admin.Printable(domain)), nil
	}
	address := "rehome-probe@" + strings.Replace(domain, "*.", "rehome-probe.", 1)
	person := newVisitor(p.Realm)
	query := url.Values{"client_id": {probeClient}, "redirect_uri": {p.consoleCallback()}, "response_type": {"code"},
		"scope": {"openid"}, "state": {"rehome-probe"},
		"code_challenge_method": {"S256"}, "code_challenge": {someChallenge}}
	page, err := person.open(ctx, p.authorization(query), nil)
	if err != nil {
		return finding{}, err
	}
	action := formOf(page)
	if page.Status != http.StatusOK || action == "" {
		return unknown("the built-in client %s does not begin a sign-in: %d %s", probeClient, page.Status,
			complaintOf(page)), nil
	}
	answer, err := person.open(ctx, action, url.Values{"username": {address}})
	if err != nil {
		return finding{}, err
	}
	target := sentTo(answer)
	if target == nil {
		return failed("the organization's domains and its linked provider",
			"%s is asked for a password or refused instead of being sent to %s", address, wanted), nil
	}
	parts := strings.Split(target.EscapedPath(), "/broker/")
	alias, _, _ := strings.Cut(parts[len(parts)-1], "/")
	if alias, err = url.PathUnescape(alias); err != nil || len(parts) < 2 || alias != wanted {
		return failed("the organization's domains and its linked provider", "%s is sent to %s, planned is %s", address,
			printableURL(target.String()), wanted), nil
	}
	return passed("%s is sent to %s", address, wanted).with("status", fmt.Sprint(answer.Status)), nil
}
