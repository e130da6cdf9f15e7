package probing

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func FuzzReadAuthnRequest(f *testing.F) {
	f.Add(base64.StdEncoding.EncodeToString([]byte(`<AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:protocol"/>`)), false)
	f.Add("", true)
	f.Add(strings.Repeat("A", 64), true)
	f.Fuzz(func(t *testing.T, text string, deflated bool) {
		request, err := readAuthnRequest(text, deflated)
		if err == nil && bytes.Contains([]byte(request.XMLName.Local), []byte{0}) {
			t.Error("a name with a zero byte came through")
		}
	})
}
