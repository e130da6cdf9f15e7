package okta

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

var _ sdk.SourceConnector = (*Source)(nil)

// Connection tells how an application is connected to the org now. It asks nothing: what the item does not hold is left
// without a value, with a note that says where to look.
func (s *Source) Connection(_ context.Context, item identity.Item) ([]observation.ConnectionFact, error) {
	if s.client == nil {
		return nil, notConfigured()
	}
	var app kinds.Application
	if err := item.Decode(&app); err != nil {
		return nil, &contract.ProviderError{Code: contract.ErrorInvalid,
			Message: fmt.Sprintf("describing the connection of %s: %v", item.ID, err)}
	}
	raw, err := reading.Parse(item.Raw)
	if err != nil {
		raw = reading.Node{}
	}
	sheet := &oldConnection{}
	switch app.Protocol {
	case "oidc":
		s.oldOIDC(app, sheet)
	case "saml":
		s.oldSAML(item.ID, app, raw, sheet)
	default:
		return nil, &contract.ProviderError{Code: contract.ErrorUnsupported,
			Message: fmt.Sprintf("%s does not sign in by a protocol that can be moved (%s)", item.Name, app.Mode)}
	}
	for _, link := range raw.At("_links", "appLinks").List() {
		sheet.note(observation.ConnectionTest, link.At("href").Text(), "the link on the dashboard")
		break
	}
	return sheet.facts, nil
}

// oldConnection gathers facts.
type oldConnection struct{ facts []observation.ConnectionFact }

// add leaves a fact without a value out.
func (c *oldConnection) add(name, value string) { c.note(name, value, "") }

func (c *oldConnection) note(name, value, note string) {
	if value != "" {
		c.facts = append(c.facts, observation.ConnectionFact{Name: name, Value: value, Note: note})
	}
}

// unknown is a fact that exists and that the item does not hold.
func (c *oldConnection) unknown(name, where string) {
	c.facts = append(c.facts, observation.ConnectionFact{Name: name, Note: where})
}

// known is a fact that exists; where the item does not hold it, the sheet says where to look.
func (c *oldConnection) known(name, value, where string) {
	if value == "" {
		c.unknown(name, where)
		return
	}
	c.add(name, value)
}

// readCertificate gives a base64 DER certificate as PEM, with the day it ends; empty when it is none.
func readCertificate(bare string) (text, expires string) {
	der, err := base64.StdEncoding.DecodeString(bare)
	if err != nil || bare == "" {
		return "", ""
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return "", ""
	}
	return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE",
		Bytes: der}))), certificate.NotAfter.UTC().Format(time.RFC3339)
}

func (s *Source) oldOIDC(app kinds.Application, sheet *oldConnection) {
	org := s.settings.orgURL
	const otherServer = "or the address of the custom authorization server or domain that the application is " +
		"configured with"
	sheet.add(observation.ConnectionProtocol, "OpenID Connect")
	sheet.note(observation.ConnectionIssuer, org, otherServer)
	sheet.note(observation.ConnectionDiscovery, org+"/.well-known/openid-configuration", otherServer)
	sheet.add(observation.ConnectionAuthorization, org+"/oauth2/v1/authorize")
	sheet.add(observation.ConnectionToken, org+"/oauth2/v1/token")
	sheet.add(observation.ConnectionKeys, org+"/oauth2/v1/keys")
	sheet.add(observation.ConnectionLogout, org+"/oauth2/v1/logout")
	sheet.add(observation.ConnectionClientID, app.ClientID)
	switch app.ClientAuthentication {
	case "none":
		sheet.add(observation.ConnectionClientSecret, "none: a public client")
	case "private_key_jwt":
		sheet.add(observation.ConnectionClientSecret, "none: the client signs with its own key")
	default:
		sheet.add(observation.ConnectionClientSecret, "the one that the application holds; keep it for going back")
	}
	sheet.add(observation.ConnectionRedirects, strings.Join(app.RedirectURIs, "\n"))
	sheet.unknown(observation.ConnectionScopes, "see what the application asks for; the org keeps no list")
	sheet.unknown(observation.ConnectionClaims, "the authorization server makes them; compare a token of each side")
}

func (s *Source) oldSAML(id string, app kinds.Application, raw reading.Node, sheet *oldConnection) {
	const inMetadata = "in the metadata of the application: Admin Console, Applications, the application, Sign On, " +
		"Metadata URL"
	sheet.add(observation.ConnectionProtocol, "SAML 2.0")
	metadata := s.settings.orgURL + "/api/v1/apps/" + id + "/sso/saml/metadata"
	if key := raw.At("credentials", "signing", "kid").Text(); key != "" {
		metadata += "?kid=" + key
	}
	sheet.note(observation.ConnectionMetadata, metadata,
		"for administrators; the public address stands in the Admin Console under Sign On")
	issuer := app.IdPEntityID
	if stated := raw.At("settings", "signOn", "idpIssuer").Text(); issuer == "" && !strings.Contains(stated, "${") {
		issuer = stated
	}
	sheet.known(observation.ConnectionEntityID, issuer, inMetadata)
	sheet.known(observation.ConnectionSignOn, app.IdPSignOnURL, inMetadata)
	certificate, expires := readCertificate(app.IdPCertificate)
	sheet.known(observation.ConnectionCertificate, certificate, inMetadata)
	sheet.facts[len(sheet.facts)-1].Expires = expires
	sheet.add(observation.ConnectionAudience, app.EntityID)
	sheet.add(observation.ConnectionACS, strings.Join(app.RedirectURIs, "\n"))
	sheet.add(observation.ConnectionNameID, nameIDURN(app.NameIDFormat))
	if !app.ClaimsKnown {
		sheet.unknown(observation.ConnectionClaims,
			"the org does not tell the attributes of a catalogue application; compare an assertion of each side")
		return
	}
	lines := []string{"NameID: " + app.NameIDSource}
	for _, statement := range app.AttributeStatements {
		value := strings.Join(statement.Values, ", ")
		if statement.Type == "GROUP" {
			value = "groups " + statement.FilterType + " " + statement.FilterValue
		}
		lines = append(lines, statement.Name+": "+value)
	}
	sheet.note(observation.ConnectionClaims, strings.Join(lines, "\n"), "where each value comes from")
}

// nameIDURN is the whole name of a format that items hold by its last part.
func nameIDURN(short string) string {
	switch short {
	case "emailAddress", "unspecified":
		return "urn:oasis:names:tc:SAML:1.1:nameid-format:" + short
	case "persistent", "transient":
		return "urn:oasis:names:tc:SAML:2.0:nameid-format:" + short
	}
	return short
}
