package probing

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// strangeRedirect is an address that no client may be sent to; .invalid names nothing (RFC 2606).
const strangeRedirect = "https://rehome-probe.invalid/callback"

// someChallenge is a proof key challenge that nobody has the verifier of: no code is ever redeemed with it.
const someChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

// application tries a client from outside, as its application and a stranger would.
func (p *probing) application(ctx context.Context) {
	live, err := p.Realm.Application(ctx, p.request.Resource.Key)
	if err == nil && live == nil {
		p.try(ctx, "client_there", func(context.Context) (finding, error) {
			return failed("the client "+p.request.Resource.Key, "the client is not there"), nil
		})
		return
	}
	if err != nil {
		p.try(ctx, "client_there", func(context.Context) (finding, error) { return finding{}, err })
		return
	}
	saml := admin.Text(live, "protocol") == gating.ProtocolSAML
	if enabled, _ := live["enabled"].(bool); !enabled {
		p.try(ctx, "closed_until_enabled", func(ctx context.Context) (finding, error) { return p.closed(ctx, saml) })
		return
	}
	p.try(ctx, "names_not_own", p.namesNotOwn)
	if saml {
		p.try(ctx, "saml_metadata", p.samlMetadata)
		p.try(ctx, "saml_request", p.samlRequest)
		return
	}
	p.try(ctx, "oidc_discovery", p.discovery)
	p.try(ctx, "redirect_accepted", p.redirectAccepted)
	p.try(ctx, "redirect_refused", p.redirectRefused)
	p.try(ctx, "pkce_required", p.proofKey)
	p.try(ctx, "client_authentication", p.clientAuthentication)
	p.try(ctx, "claims", func(ctx context.Context) (finding, error) { return p.claims(ctx, admin.Text(live, "id")) })
	p.try(ctx, "token_audience", func(ctx context.Context) (finding, error) {
		return p.tokenAudience(ctx, admin.Text(live, "id"))
	})
}

// closed tries a client that is not open yet: it must let nobody begin a sign-in.
func (p *probing) closed(ctx context.Context, saml bool) (finding, error) {
	address := p.authorization(p.signInQuery(strangeRedirect))
	if saml {
		address = p.samlAddress("")
	}
	page, err := newVisitor(p.Realm).open(ctx, address, nil)
	if err != nil {
		return finding{}, err
	}
	if page.Status < http.StatusBadRequest {
		return failed("the client's switch Enabled", "the client is off in the Admin API, and still answers %d",
			page.Status), nil
	}
	return passed("the client is there and lets nobody in before client_enablement opens it").with("answer",
		fmt.Sprint(page.Status, " ", complaintOf(page))), nil
}

func (p *probing) discovery(ctx context.Context) (finding, error) {
	var document struct {
		Issuer        string `json:"issuer"`
		Authorization string `json:"authorization_endpoint"`
		Keys          string `json:"jwks_uri"`
	}
	if err := p.Get(ctx, p.Public(".well-known", "openid-configuration"), nil, &document); err != nil {
		return finding{}, err
	}
	var keys struct {
		Keys []any `json:"keys"`
	}
	if err := p.Get(ctx, p.Public("protocol", "openid-connect", "certs"), nil, &keys); err != nil {
		return finding{}, err
	}
	switch {
	case document.Issuer != p.issuer:
		return failed("hostname settings of the server and public_url of the target",
			"the realm calls itself %s, applications were told %s", admin.Printable(document.Issuer), p.issuer), nil
	case document.Authorization == "" || document.Keys == "" || len(keys.Keys) == 0:
		return failed("the realm's keys", "the discovery document names no endpoint or no key"), nil
	}
	return passed("the discovery document names the issuer that applications were told").with("issuer",
		admin.Printable(document.Issuer)).with("keys", fmt.Sprint(len(keys.Keys))), nil
}

func (p *probing) signInQuery(redirect string) url.Values {
	query := url.Values{
		"client_id": {p.request.Resource.Key}, "redirect_uri": {redirect}, "scope": {"openid"}, "state": {"rehome-probe"},
		"nonce":         {"rehome-probe"},
		"response_type": {"code"}, "code_challenge_method": {"S256"}, "code_challenge": {someChallenge},
	}
	if !p.flag("standard_flow") && p.flag("implicit_flow") {
		query.Set("response_type", "id_token")
		query.Del("code_challenge")
		query.Del("code_challenge_method")
	}
	return query
}

// redirectAccepted begins a sign-in without a page for each redirect URI: client, address and scope are all good when
// the browser is sent back with login_required.
func (p *probing) redirectAccepted(ctx context.Context) (finding, error) {
	if !p.flag("standard_flow") && !p.flag("implicit_flow") {
		return skipped("the client begins no sign-in in a browser"), nil
	}
	tried, left := 0, 0
	for _, redirect := range object.Texts(p.request.Attributes["redirect_uris"]) {
		if strings.Contains(redirect, "*") {
			left++
			continue
		}
		query := p.signInQuery(redirect)
		query.Set("prompt", "none")
		answer, err := newVisitor(p.Realm).open(ctx, p.authorization(query), nil)
		if err != nil {
			return finding{}, err
		}
		target := sentTo(answer)
		if target == nil || !strings.HasPrefix(target.String(), redirect) {
			return failed("Valid redirect URIs of the client", "%s is refused: %d %s", admin.Printable(redirect), answer.Status,
				complaintOf(answer)), nil
		}
		if reason := answerOf(target).Get("error"); reason != "login_required" && reason != "interaction_required" {
			return failed("the scopes and flows of the client", "%s is accepted, and the sign-in ends with %s",
				admin.Printable(redirect), admin.Printable(reason)), nil
		}
		tried++
	}
	if tried == 0 {
		return skipped("none of the %d redirect URIs is a plain address", left), nil
	}
	return passed("%d redirect URIs are accepted", tried).with("tried", fmt.Sprint(tried)).with("with_wildcard",
		fmt.Sprint(left)), nil
}

// answerOf are the parameters that an application gets, in the query or, for an implicit sign-in, in the fragment.
func answerOf(target *url.URL) url.Values {
	if values, err := url.ParseQuery(target.Fragment); err == nil && target.Fragment != "" {
		return values
	}
	return target.Query()
}

func (p *probing) redirectRefused(ctx context.Context) (finding, error) {
	if !p.flag("standard_flow") && !p.flag("implicit_flow") {
		return skipped("the client begins no sign-in in a browser"), nil
	}
	query := p.signInQuery(strangeRedirect)
	query.Set("prompt", "none")
	answer, err := newVisitor(p.Realm).open(ctx, p.authorization(query), nil)
	if err != nil {
		return finding{}, err
	}
	if answer.Status != http.StatusBadRequest || sentTo(answer) != nil {
		return failed("Valid redirect URIs of the client: one with a wildcard at its beginning",
			"a made-up redirect URI is not refused: %d", answer.Status), nil
	}
	return passed("a made-up redirect URI is refused").with("answer",
		fmt.Sprint(answer.Status, " ", complaintOf(answer))), nil
}

func (p *probing) proofKey(ctx context.Context) (finding, error) {
	attributes, _ := p.request.Attributes["attributes"].(map[string]any)
	if attributes["pkce.code.challenge.method"] != "S256" {
		return skipped("the client is not planned to demand a proof key"), nil
	}
	redirects := object.Texts(p.request.Attributes["redirect_uris"])
	if len(redirects) == 0 || strings.Contains(redirects[0], "*") {
		return skipped("there is no plain redirect URI to try it with"), nil
	}
	query := p.signInQuery(redirects[0])
	query.Del("code_challenge")
	query.Del("code_challenge_method")
	query.Set("prompt", "none")
	answer, err := newVisitor(p.Realm).open(ctx, p.authorization(query), nil)
	if err != nil {
		return finding{}, err
	}
	target := sentTo(answer)
	if target == nil || answerOf(target).Get("error") != "invalid_request" {
		return failed("Proof key for code exchange in the client's advanced settings",
			"a sign-in without a proof key is not refused"), nil
	}
	return passed("a sign-in without a proof key is refused"), nil
}

// clientAuthentication redeems a made-up code with a made-up secret: the server must refuse the client before it looks
// at the code.
func (p *probing) clientAuthentication(ctx context.Context) (finding, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {"rehome-probe"}, "redirect_uri": {strangeRedirect},
		"client_id": {p.request.Resource.Key}}
	if !p.flag("public") {
		form.Set("client_secret", "rehome-probe-wrong-secret")
	}
	answer, err := newVisitor(p.Realm).open(ctx, p.Public("protocol", "openid-connect", "token"), form)
	if err != nil {
		return finding{}, err
	}
	said := admin.Explain(answer.Body)
	if p.flag("public") {
		if answer.Status == http.StatusBadRequest {
			return passed("the public client is known and a made-up code is refused").with("answer",
				fmt.Sprint(answer.Status, " ", said)), nil
		}
		return failed("the switch Client authentication of the client",
			"the client is planned as public, and the server answers %d %s", answer.Status, said), nil
	}
	if answer.Status != http.StatusUnauthorized &&
		(answer.Status != http.StatusBadRequest || !strings.Contains(string(answer.Body), "client")) {
		return failed("the switch Client authentication of the client", "a wrong secret is not refused: %d %s",
			answer.Status, said), nil
	}
	return passed("a wrong secret is refused").with("answer", fmt.Sprint(answer.Status, " ", said)), nil
}

func (p *probing) samlMetadata(ctx context.Context) (finding, error) {
	answer, err := newVisitor(p.Realm).open(ctx, p.Public("protocol", "saml", "descriptor"), nil)
	if err != nil {
		return finding{}, err
	}
	var metadata struct {
		XMLName  xml.Name `xml:"EntityDescriptor"`
		EntityID string   `xml:"entityID,attr"`
		Provider struct {
			Keys []struct {
				Use         string `xml:"use,attr"`
				Certificate string `xml:"KeyInfo>X509Data>X509Certificate"`
			} `xml:"KeyDescriptor"`
		} `xml:"IDPSSODescriptor"`
	}
	if err := xml.Unmarshal(answer.Body, &metadata); err != nil || answer.Status != http.StatusOK {
		return failed("the realm's SAML descriptor", "the metadata does not read: %d", answer.Status), nil
	}
	if metadata.EntityID != p.issuer {
		return failed("hostname settings of the server and public_url of the target",
			"the metadata names %s, applications were told %s", admin.Printable(metadata.EntityID), p.issuer), nil
	}
	for _, key := range metadata.Provider.Keys {
		found := p.certificate(key.Certificate)
		if found.status != "" {
			return found, nil
		}
	}
	if len(metadata.Provider.Keys) == 0 {
		return failed("the realm's keys", "the metadata holds no signing certificate"), nil
	}
	return passed("the metadata names the entity id that applications were told, with a valid "+
		"certificate").with("entity_id", admin.Printable(metadata.EntityID)), nil
}

// certificate finds fault with a certificate (base64 DER); a finding without a status means none.
func (p *probing) certificate(text string) finding {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return failed("the certificate", "a certificate is not base64")
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return failed("the certificate", "a certificate does not read")
	}
	now := p.Now()
	if now.After(parsed.NotAfter) || now.Before(parsed.NotBefore) {
		return failed("the certificate", "the certificate of %s is valid from %s to %s only",
			admin.Printable(parsed.Subject.String()),
			parsed.NotBefore.UTC().Format(time.DateOnly), parsed.NotAfter.UTC().Format(time.DateOnly))
	}
	return finding{}
}
