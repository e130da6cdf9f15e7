package view

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/phrase"
)

// certificates replaces base64 certificates by what a person compares: fingerprint, subject, end. Other values stay.
func certificates(name string, value any) any {
	if !strings.Contains(name, "certificate") {
		return value
	}
	switch v := value.(type) {
	case string:
		return certificate(v)
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = certificates(name, element)
		}
		return out
	default:
		return value
	}
}

func certificate(text string) string {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return text
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return text
	}
	sum := sha256.Sum256(der)
	return fmt.Sprintf("SHA-256 %02x:%02x:%02x:%02x:… CN=%s, ends %s", sum[0], sum[1], sum[2], sum[3],
		phrase.Clean(parsed.Subject.CommonName), phrase.Day(parsed.NotAfter))
}
