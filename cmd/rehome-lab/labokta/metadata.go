package labokta

import (
	"bytes"
	"encoding/json"
	"net/http"
	"text/template"
)

// entityDescriptor has the form of the metadata that the org makes for one SAML app.
const entityDescriptor = `<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor entityID="http://www.okta.com/{{.Key}}" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` +
	`<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
	`{{range .Certificates}}<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{{.}}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>{{end}}` +
	`<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>` +
	`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{{.SignOn}}"/>` +
	`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{{.SignOn}}"/>` +
	`</md:IDPSSODescriptor></md:EntityDescriptor>`

// metadata answers what an app's owner enters on his side. Only SAML apps have it; kid chooses the key.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	app, found := find(s.tenant.apps, r.PathValue("id"))
	var body struct {
		Name       string `json:"name"`
		SignOnMode string `json:"signOnMode"`
	}
	if !found || json.Unmarshal(app.body, &body) != nil || body.SignOnMode != "SAML_2_0" {
		notFound(w, r.PathValue("id"), "AppInstance")
		return
	}
	var key struct {
		Certificates []string `json:"x5c"`
	}
	if kid := r.URL.Query().Get("kid"); kid != "" {
		signing, known := find(s.tenant.appKeys, kid)
		if !known || json.Unmarshal(signing.body, &key) != nil {
			notFound(w, kid, "KeyCredential")
			return
		}
	}
	external := "exk" + app.key[min(len(app.key), 3):]
	var out bytes.Buffer
	err := template.Must(template.New("metadata").Parse(entityDescriptor)).Execute(&out, map[string]any{
		"Key": external, "Certificates": key.Certificates,
		"SignOn": origin(r) + "/app/" + body.Name + "/" + external + "/sso/saml",
	})
	if err != nil {
		refuse(w, http.StatusInternalServerError, "E0000009", "Internal Server Error")
		return
	}
	w.Header().Set("Content-Type", "application/xml;charset=ISO-8859-1")
	_, _ = w.Write(out.Bytes())
}
