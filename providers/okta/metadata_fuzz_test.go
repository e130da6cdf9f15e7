package okta

import (
	"strings"
	"testing"
)

// FuzzParseMetadata: whatever a server sends, what is kept is a certificate that reads, or none.
func FuzzParseMetadata(f *testing.F) {
	f.Add([]byte(`<md:EntityDescriptor entityID="http://www.okta.com/exk1" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:IDPSSODescriptor>` +
		`<md:KeyDescriptor use="signing"><KeyInfo><X509Data><X509Certificate>MIID</X509Certificate></X509Data></KeyInfo></md:KeyDescriptor>` +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://x/sso/saml"/></md:IDPSSODescriptor></md:EntityDescriptor>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		found := parseMetadata(body)
		if found.Certificate == "" {
			return
		}
		if text, expires := readCertificate(found.Certificate); !strings.HasPrefix(text, "-----BEGIN CERTIFICATE-----") ||
			expires == "" {
			t.Errorf("kept %q, which is no certificate", found.Certificate)
		}
	})
}
