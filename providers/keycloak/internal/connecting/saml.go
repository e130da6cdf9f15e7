package connecting

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

func (t connector) connectSAML(ctx context.Context, live object.Object, sheet *connection) error {
	found, err := t.Descriptor(ctx)
	if err != nil {
		return err
	}
	attributes := admin.Part(live, "attributes")
	issuer := t.Outside(found.EntityID)
	metadata := issuer + "/protocol/saml/descriptor"
	sheet.add(observation.ConnectionProtocol, "SAML 2.0")
	sheet.add(observation.ConnectionMetadata, metadata)
	sheet.add(observation.ConnectionEntityID, issuer)
	sheet.add(observation.ConnectionSignOn, t.Outside(current.Location(found.Provider.SignOn)))
	if admin.Text(attributes, "saml_single_logout_service_url_post") != "" ||
		admin.Text(attributes, "saml_single_logout_service_url_redirect") != "" {
		sheet.add(observation.ConnectionLogout, t.Outside(current.Location(found.Provider.Logout)))
	}
	if err := certificates(t.Realm, found, sheet); err != nil {
		return err
	}
	sheet.add(observation.ConnectionAudience, admin.Text(live, "clientId"))
	sheet.add(observation.ConnectionACS, strings.Join(consumerURLs(live), "\n"))
	sheet.add(observation.ConnectionNameID, nameIDURN(live))
	sheet.note(observation.ConnectionClaims, samlSample(live), "made-up values")
	if err := t.wireSAML(ctx, live, sheet); err != nil {
		return err
	}
	if name := admin.Text(attributes, "saml_idp_initiated_sso_url_name"); name != "" {
		sheet.note(observation.ConnectionTest, issuer+"/protocol/saml/clients/"+name,
			"signs in and sends the assertion to the application")
	} else {
		sheet.note(observation.ConnectionTest, admin.Text(live, "baseUrl"), "begins at the application, once it is connected")
	}
	return nil
}

// consumerURLs lists the default assertion consumer URL first.
func consumerURLs(live object.Object) []string {
	var urls []string
	if first := admin.Text(admin.Part(live, "attributes"), "saml_assertion_consumer_url_post"); first != "" {
		urls = append(urls, first)
	}
	for _, uri := range object.Texts(live["redirectUris"]) {
		if len(urls) == 0 || uri != urls[0] {
			urls = append(urls, uri)
		}
	}
	return urls
}

// certificates adds every signing certificate that applications must trust. A realm that changes its keys names
// several.
func certificates(c *current.Realm, found current.Descriptor, sheet *connection) error {
	request := admin.Call{Method: http.MethodGet, Path: c.Public("protocol", "saml", "descriptor")}
	for _, key := range found.Provider.Keys {
		if key.Use != "" && key.Use != "signing" {
			continue
		}
		for _, text := range key.Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				return c.Invalid(request, "a signing certificate is no base64")
			}
			parsed, err := x509.ParseCertificate(der)
			if err != nil {
				return c.Invalid(request, "a signing certificate does not read")
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
func nameIDURN(live object.Object) string {
	const prefix = "urn:oasis:names:tc:SAML:"
	switch admin.Text(admin.Part(live, "attributes"), "saml_name_id_format") {
	case "email":
		return prefix + "1.1:nameid-format:emailAddress"
	case "persistent":
		return prefix + "2.0:nameid-format:persistent"
	case "transient":
		return prefix + "2.0:nameid-format:transient"
	}
	return prefix + "1.1:nameid-format:unspecified"
}
