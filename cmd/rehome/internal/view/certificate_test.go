package view

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestCertificates_AreShownByFingerprintSubjectAndEnd(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fs.acme.example"},
		NotAfter: time.Date(2028, 3, 2, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	list, ok := certificates("signing_certificates", []any{base64.StdEncoding.EncodeToString(der), "garbage"}).([]any)
	if !ok || len(list) != 2 || list[1] != "garbage" {
		t.Fatalf("%v", list)
	}
	if text, _ := list[0].(string); !strings.HasPrefix(text, "SHA-256 ") ||
		!strings.HasSuffix(text, "CN=fs.acme.example, ends 2 Mar 2028") {
		t.Error(text)
	}
	if got := certificates("name", "AAAA"); got != "AAAA" {
		t.Errorf("another attribute was changed: %v", got)
	}
}
