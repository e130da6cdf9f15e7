package keycloak

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

const bindingPost = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

// descriptor is what an application needs of the realm's SAML metadata.
type descriptor struct {
	EntityID string `xml:"entityID,attr"`
	Provider struct {
		Keys []struct {
			Use          string   `xml:"use,attr"`
			Certificates []string `xml:"KeyInfo>X509Data>X509Certificate"`
		} `xml:"KeyDescriptor"`
		SignOn []service `xml:"SingleSignOnService"`
		Logout []service `xml:"SingleLogoutService"`
	} `xml:"IDPSSODescriptor"`
}

type service struct {
	Binding  string `xml:"Binding,attr"`
	Location string `xml:"Location,attr"`
}

// location is the address for the POST binding, or the first one.
func location(services []service) string {
	for _, s := range services {
		if s.Binding == bindingPost {
			return s.Location
		}
	}
	if len(services) > 0 {
		return services[0].Location
	}
	return ""
}

func (t *Target) connectSAML(ctx context.Context, live realm.Object, sheet *connection) error {
	found, err := t.client.descriptor(ctx)
	if err != nil {
		return err
	}
	attributes := object(live, "attributes")
	issuer := t.outside(found.EntityID)
	metadata := issuer + "/protocol/saml/descriptor"
	sheet.add(observation.ConnectionProtocol, "SAML 2.0")
	sheet.add(observation.ConnectionMetadata, metadata)
	sheet.add(observation.ConnectionEntityID, issuer)
	sheet.add(observation.ConnectionSignOn, t.outside(location(found.Provider.SignOn)))
	sheet.add(observation.ConnectionLogout, t.outside(location(found.Provider.Logout)))
	if err := t.client.certificates(found, sheet); err != nil {
		return err
	}
	sheet.add(observation.ConnectionAudience, field(live, "clientId"))
	sheet.add(observation.ConnectionACS, strings.Join(consumerURLs(live), "\n"))
	sheet.add(observation.ConnectionNameID, nameIDURN(live))
	sheet.note(observation.ConnectionClaims, samlSample(live), "made-up values")
	if name := field(attributes, "saml_idp_initiated_sso_url_name"); name != "" {
		sheet.note(observation.ConnectionTest, issuer+"/protocol/saml/clients/"+name,
			"signs in and sends the assertion to the application")
	} else {
		sheet.note(observation.ConnectionTest, field(live, "baseUrl"), "begins at the application, once it is connected")
	}
	return nil
}

// consumerURLs lists the default assertion consumer URL first.
func consumerURLs(live realm.Object) []string {
	var urls []string
	if first := field(object(live, "attributes"), "saml_assertion_consumer_url_post"); first != "" {
		urls = append(urls, first)
	}
	for _, uri := range realm.Texts(live["redirectUris"]) {
		if len(urls) == 0 || uri != urls[0] {
			urls = append(urls, uri)
		}
	}
	return urls
}

// descriptor reads the realm's public SAML metadata.
func (c *client) descriptor(ctx context.Context) (descriptor, error) {
	request := call{method: http.MethodGet, path: c.public("protocol", "saml", "descriptor")}
	var found descriptor
	response, err := c.send(ctx, request, http.Header{"Accept": {"application/xml"}}, nil)
	if err != nil {
		return found, err
	}
	if response.status != http.StatusOK {
		return found, c.refusal(request.method, request.path, response)
	}
	if err := xml.Unmarshal(response.body, &found); err != nil || found.EntityID == "" || len(found.Provider.SignOn) == 0 {
		return found, c.invalid(request, "the answer is no SAML metadata")
	}
	return found, nil
}

// certificates adds every signing certificate that applications must trust. A realm that changes its keys names
// several.
func (c *client) certificates(found descriptor, sheet *connection) error {
	request := call{method: http.MethodGet, path: c.public("protocol", "saml", "descriptor")}
	for _, key := range found.Provider.Keys {
		if key.Use != "" && key.Use != "signing" {
			continue
		}
		for _, text := range key.Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				return c.invalid(request, "a signing certificate is no base64")
			}
			parsed, err := x509.ParseCertificate(der)
			if err != nil {
				return c.invalid(request, "a signing certificate does not read")
			}
			sheet.facts = append(sheet.facts, observation.ConnectionFact{
				Name:    observation.ConnectionCertificate,
				Value:   strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
				Expires: parsed.NotAfter.UTC().Format(time.RFC3339),
			})
		}
	}
	return nil
}

// nameIDURN is the format that the client's assertions carry.
func nameIDURN(live realm.Object) string {
	const prefix = "urn:oasis:names:tc:SAML:"
	switch field(object(live, "attributes"), "saml_name_id_format") {
	case "email":
		return prefix + "1.1:nameid-format:emailAddress"
	case "persistent":
		return prefix + "2.0:nameid-format:persistent"
	case "transient":
		return prefix + "2.0:nameid-format:transient"
	}
	return prefix + "1.1:nameid-format:unspecified"
}
