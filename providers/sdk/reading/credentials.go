package reading

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/kinds"
)

// Certificate describes a certificate, given as base64 DER, with its dates and whether it can be used at this time. It
// is named by the SHA-256 of its bytes.
func Certificate(use, text string, now time.Time) kinds.Credential {
	out := kinds.Credential{Use: use, Kind: "certificate", Status: kinds.CredentialUnreadable}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil || len(der) == 0 {
		return out
	}
	digest := sha256.Sum256(der)
	out.ID = hex.EncodeToString(digest[:])
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return out
	}
	out.Name = Clean(certificate.Subject.String())
	return Dated(out, certificate.NotBefore, certificate.NotAfter, now)
}

// Dated sets dates and status of a credential. A zero time means that there is no such limit.
func Dated(c kinds.Credential, from, until, now time.Time) kinds.Credential {
	c.Status = kinds.CredentialValid
	if !from.IsZero() {
		c.From = from.UTC().Format(time.RFC3339)
		if now.Before(from) {
			c.Status = kinds.CredentialNotYet
		}
	}
	if !until.IsZero() {
		c.Until = until.UTC().Format(time.RFC3339)
		if !now.Before(until) {
			c.Status = kinds.CredentialExpired
		}
	}
	return c
}
