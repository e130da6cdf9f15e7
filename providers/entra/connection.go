package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk"
)

var _ sdk.SourceConnector = (*source)(nil)

// tenantID is the form of a tenant's id; the block may name a domain instead, of which an entity id cannot be made.
var tenantID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Connection tells how an application is connected to the tenant now, from the item and the configuration. What Graph
// does not tell is left without a value, with a note that says where to look.
func (s *source) Connection(_ context.Context, item identity.Item) ([]identity.ConnectionFact, error) {
	if s.settings.tenantID == "" {
		return nil, &identity.ProviderError{Code: identity.ErrorInternal, Message: "the source entra is not configured"}
	}
	var app identity.Application
	if err := item.Decode(&app); err != nil {
		return nil, &identity.ProviderError{Code: identity.ErrorInvalid, Message: fmt.Sprintf("describing the connection of %s: %v", item.ID, err)}
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
		return nil, &identity.ProviderError{Code: identity.ErrorUnsupported, Message: item.Name + " does not sign in by a protocol that can be moved"}
	}
	if raw.AppID != "" {
		sheet.add(identity.ConnectionTest, "https://myapps.microsoft.com/signin/"+raw.AppID+"?tenantId="+url.QueryEscape(s.settings.tenantID), "")
	}
	return sheet.facts, nil
}

// connection gathers facts. Base is the authority with the tenant.
type connection struct {
	base  string
	facts []identity.ConnectionFact
}

// add leaves out what has neither value nor note.
func (c *connection) add(name, value, note string) {
	if value != "" || note != "" {
		c.facts = append(c.facts, identity.ConnectionFact{Name: name, Value: value, Note: note})
	}
}

func (c *connection) oidc(app identity.Application) {
	c.add(identity.ConnectionProtocol, "OpenID Connect", "")
	c.add(identity.ConnectionIssuer, c.base+"/v2.0", "tokens of version 1 say https://sts.windows.net/ and the tenant's id instead")
	c.add(identity.ConnectionDiscovery, c.base+"/v2.0/.well-known/openid-configuration", "")
	c.add(identity.ConnectionAuthorization, c.base+"/oauth2/v2.0/authorize", "")
	c.add(identity.ConnectionToken, c.base+"/oauth2/v2.0/token", "")
	c.add(identity.ConnectionKeys, c.base+"/discovery/v2.0/keys", "")
	c.add(identity.ConnectionLogout, c.base+"/oauth2/v2.0/logout", "")
	c.add(identity.ConnectionClientID, app.ClientID, "")
	if app.ClientType == "public" {
		c.add(identity.ConnectionClientSecret, "none: a public client", "")
	} else {
		c.add(identity.ConnectionClientSecret, "the one that the application holds; keep it for going back", "")
	}
	c.add(identity.ConnectionRedirects, strings.Join(app.RedirectURIs, "\n"), "")
	c.add(identity.ConnectionScopes, "", "see what the application asks for")
	c.add(identity.ConnectionClaims, "", "compare a token of each side; the subject is another one for each application and cannot be kept")
}

func (c *connection) saml(app identity.Application, tenant, appID string) {
	const inPortal = "in the portal: Enterprise applications, the application, Single sign-on"
	c.add(identity.ConnectionProtocol, "SAML 2.0", "")
	metadata := c.base + "/federationmetadata/2007-06/federationmetadata.xml"
	if appID != "" {
		metadata += "?appid=" + appID
	}
	c.add(identity.ConnectionMetadata, metadata, "")
	if tenantID.MatchString(tenant) {
		c.add(identity.ConnectionEntityID, "https://sts.windows.net/"+strings.ToLower(tenant)+"/", "")
	} else {
		c.add(identity.ConnectionEntityID, "", inPortal)
	}
	c.add(identity.ConnectionSignOn, c.base+"/saml2", "")
	c.add(identity.ConnectionLogout, c.base+"/saml2", "")
	c.add(identity.ConnectionCertificate, "", "at the metadata address, or "+inPortal)
	c.add(identity.ConnectionAudience, app.EntityID, "")
	c.add(identity.ConnectionACS, strings.Join(app.RedirectURIs, "\n"), "")
	nameID := app.NameIDFormat
	if nameID == "emailAddress" || nameID == "unspecified" {
		nameID = "urn:oasis:names:tc:SAML:1.1:nameid-format:" + nameID
	}
	c.add(identity.ConnectionNameID, nameID, "the vendor's default; what was changed in the portal cannot be read")
	c.add(identity.ConnectionClaims, "", "Graph does not tell the attributes; see them "+inPortal)
}
