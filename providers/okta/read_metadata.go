package okta

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/url"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// samlIdP is what the org is towards one SAML app. Everything in it is public.
type samlIdP struct {
	EntityID    string `json:"entity_id"`
	SignOnURL   string `json:"sso_url"`
	Certificate string `json:"certificate"` // base64 DER
}

// samlMetadata asks for what the owner of a SAML app has entered on his side: neither the app nor any list holds it, so
// it costs one request for each active app. It is wanted for the owner's sheet only: where it is refused or does not
// read, the sheet says where to look.
func (r *reader) samlMetadata(ctx context.Context, app reading.Node, found *assignments) error {
	if app.At("signOnMode").Text() != "SAML_2_0" || app.At("status").Text() != "ACTIVE" || found.gone ||
		isVendorApp(app.At("name").Text()) {
		return nil
	}
	id := app.At("id").Text()
	location := "/api/v1/apps/" + url.PathEscape(id) + "/sso/saml/metadata"
	if key := app.At("credentials", "signing", "kid").Text(); key != "" {
		location += "?kid=" + url.QueryEscape(key)
	}
	a, err := r.client.raw(ctx, "reading the SAML metadata of application "+id, location, "application/xml")
	var refused *refusal
	if errors.As(err, &refused) && refused.status/100 == 4 && refused.status != 401 && refused.status != 429 {
		return nil
	}
	var fault *contract.ProviderError
	if errors.As(err, &fault) && fault.Code == contract.ErrorInvalid {
		return nil
	}
	if err != nil {
		return r.client.problem("reading the SAML metadata of application "+id, scopeApps, err)
	}
	found.idp = parseMetadata(a.body)
	// The page keeps what was understood and nothing else: a document in another form than expected could hold anything.
	if a.body, err = json.Marshal(found.idp); err != nil {
		return err
	}
	_, err = r.record(ctx, a, 1)
	return err
}

// parseMetadata reads an entity descriptor; what is not there, or is no certificate, stays empty.
func parseMetadata(body []byte) samlIdP {
	var document struct {
		XMLName  xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
		EntityID string   `xml:"entityID,attr"`
		IdP      struct {
			Keys []struct {
				Use         string `xml:"use,attr"`
				Certificate string `xml:"KeyInfo>X509Data>X509Certificate"`
			} `xml:"KeyDescriptor"`
			SignOn []struct {
				Binding  string `xml:"Binding,attr"`
				Location string `xml:"Location,attr"`
			} `xml:"SingleSignOnService"`
		} `xml:"IDPSSODescriptor"`
	}
	if xml.Unmarshal(body, &document) != nil {
		return samlIdP{}
	}
	found := samlIdP{EntityID: document.EntityID}
	for _, key := range document.IdP.Keys {
		bare := strings.Join(strings.Fields(key.Certificate), "")
		der, err := base64.StdEncoding.DecodeString(bare)
		if err != nil || key.Use == "encryption" || found.Certificate != "" {
			continue
		}
		if _, err := x509.ParseCertificate(der); err == nil {
			found.Certificate = bare
		}
	}
	for _, service := range document.IdP.SignOn {
		if found.SignOnURL == "" || strings.HasSuffix(service.Binding, ":HTTP-Redirect") {
			found.SignOnURL = service.Location
		}
	}
	return found
}
