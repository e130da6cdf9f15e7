package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/sdk"
)

var _ sdk.SourceConnector = (*source)(nil)

// tenantID is the form of a tenant's id; the block may name a domain instead, of which an entity id cannot be made.
var tenantID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Connection tells how an application is connected to the tenant now, from the item and the configuration. What Graph
// does not tell is left without a value, with a note that says where to look.
func (s *source) Connection(_ context.Context, item identity.Item) ([]observation.ConnectionFact, error) {
	if s.settings.tenantID == "" {
		return nil, &contract.ProviderError{Code: contract.ErrorInternal, Message: "the source entra is not configured"}
	}
	var app kinds.Application
	if err := item.Decode(&app); err != nil {
		return nil, &contract.ProviderError{Code: contract.ErrorInvalid,
			Message: fmt.Sprintf("describing the connection of %s: %v", item.ID, err)}
	}
	var raw struct{ AppID string }
	if err := json.Unmarshal(item.Raw, &raw); err != nil || raw.AppID == "" {
		raw.AppID = app.ClientID
	}
	sheet := &connection{base: strings.TrimSuffix(s.settings.authorityHost, "/") + "/" + s.settings.tenantID}
	switch app.Protocol {
	case "oidc":
		sheet.oidc(app)
	case "saml":
		sheet.saml(app, s.settings.tenantID, raw.AppID)
	default:
		return nil, &contract.ProviderError{Code: contract.ErrorUnsupported, Message: item.Name +
			" does not sign in by a protocol that can be moved"}
	}
	if raw.AppID != "" {
		sheet.add(observation.ConnectionTest,
			"https://myapps.microsoft.com/signin/"+raw.AppID+"?tenantId="+url.QueryEscape(s.settings.tenantID), "")
	}
	return sheet.facts, nil
}

// connection gathers facts. Base is the authority with the tenant.
type connection struct {
	base  string
	facts []observation.ConnectionFact
}

// add leaves out what has neither value nor note.
func (c *connection) add(name, value, note string) {
	if value != "" || note != "" {
		c.facts = append(c.facts, observation.ConnectionFact{Name: name, Value: value, Note: note})
	}
}

func (c *connection) oidc(app kinds.Application) {
	c.add(observation.ConnectionProtocol, "OpenID Connect", "")
	c.add(observation.ConnectionIssuer, c.base+"/v2.0",
		"tokens of version 1 say https://sts.windows.net/ and the tenant's id instead")
	c.add(observation.ConnectionDiscovery, c.base+"/v2.0/.well-known/openid-configuration", "")
	c.add(observation.ConnectionAuthorization, c.base+"/oauth2/v2.0/authorize", "")
	c.add(observation.ConnectionToken, c.base+"/oauth2/v2.0/token", "")
	c.add(observation.ConnectionKeys, c.base+"/discovery/v2.0/keys", "")
	c.add(observation.ConnectionLogout, c.base+"/oauth2/v2.0/logout", "")
	c.add(observation.ConnectionClientID, app.ClientID, "")
	if app.ClientType == "public" {
		c.add(observation.ConnectionClientSecret, "none: a public client", "")
	} else {
		c.add(observation.ConnectionClientSecret, "the one that the application holds; keep it for going back", "")
	}
	c.add(observation.ConnectionRedirects, strings.Join(app.RedirectURIs, "\n"), "")
	c.add(observation.ConnectionScopes, "", "see what the application asks for")
	c.add(observation.ConnectionClaims, "",
		"compare a token of each side; the subject is another one for each application and cannot be kept")
}

func (c *connection) saml(app kinds.Application, tenant, appID string) {
	const inPortal = "in the portal: Enterprise applications, the application, Single sign-on"
	c.add(observation.ConnectionProtocol, "SAML 2.0", "")
	metadata := c.base + "/federationmetadata/2007-06/federationmetadata.xml"
	if appID != "" {
		metadata += "?appid=" + appID
	}
	c.add(observation.ConnectionMetadata, metadata, "")
	if tenantID.MatchString(tenant) {
		c.add(observation.ConnectionEntityID, "https://sts.windows.net/"+strings.ToLower(tenant)+"/", "")
	} else {
		c.add(observation.ConnectionEntityID, "", inPortal)
	}
	c.add(observation.ConnectionSignOn, c.base+"/saml2", "")
	c.add(observation.ConnectionLogout, c.base+"/saml2", "")
	c.add(observation.ConnectionCertificate, "", "at the metadata address, or "+inPortal)
	c.add(observation.ConnectionAudience, app.EntityID, "")
	c.add(observation.ConnectionACS, strings.Join(app.RedirectURIs, "\n"), "")
	nameID := app.NameIDFormat
	if nameID == "emailAddress" || nameID == "unspecified" {
		nameID = "urn:oasis:names:tc:SAML:1.1:nameid-format:" + nameID
	}
	c.add(observation.ConnectionNameID, nameID, "the vendor's default; what was changed in the portal cannot be read")
	c.add(observation.ConnectionClaims, "", "Graph does not tell the attributes; see them "+inPortal)
}
