package translation

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// parseCertificate reads base64 DER, with or without PEM armour, and gives it back as plain base64.
func parseCertificate(text string) (string, *x509.Certificate, error) {
	// The armour may have lost its line breaks on the way.
	if parts := strings.Split(text, "-----"); len(parts) == 5 {
		text = parts[2]
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return "", nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return "", nil, err
	}
	return base64.StdEncoding.EncodeToString(der), certificate, nil
}

// checkCertificates reads certificates; it gives back those that can be used now. One good one is enough, as
// upstreams keep the old one beside the new.
func checkCertificates(field string, texts []string, now time.Time) ([]string, []fidelity.Finding) {
	var good []string
	var findings []fidelity.Finding
	expired := 0
	for _, text := range texts {
		encoded, certificate, err := parseCertificate(text)
		if err != nil {
			findings = append(findings, invalid(field, "a certificate cannot be read",
				"Take the certificate from the other side's metadata, and state it in a map block."))
			continue
		}
		if now.After(certificate.NotAfter) {
			expired++
			continue
		}
		good = append(good, encoded)
	}
	if len(good) == 0 && expired > 0 {
		findings = append(findings, invalid(field, "every certificate has expired",
			"Ask the other side for its new certificate, and state it in a map block."))
	} else if expired > 0 {
		findings = append(findings, lost(field, "an expired certificate is left out"))
	}
	return good, findings
}

// signingKeys makes the key set that Keycloak wants: every key with its use, none that is switched off, no fields of
// the vendor.
func signingKeys(text string) (string, bool) {
	var keys struct {
		Keys []map[string]any `json:"keys"`
	}
	if json.Unmarshal([]byte(text), &keys) != nil {
		return "", false
	}
	kept := []map[string]any{}
	for _, key := range keys.Keys {
		if status, _ := key["status"].(string); strings.EqualFold(status, "inactive") {
			continue
		}
		if use, _ := key["use"].(string); use == "enc" {
			continue
		}
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "id", "status", "created", "lastUpdated",
			"_links"} {
			delete(key, private)
		}
		key["use"] = "sig"
		if key["kty"] == "RSA" {
			delete(key, "alg") // one RSA key signs with RS256 and PS256, and an algorithm that is said is demanded
		}
		kept = append(kept, key)
	}
	kept = append(kept, withoutID(kept)...)
	if len(kept) == 0 {
		return "", false
	}
	encoded, err := json.Marshal(map[string]any{"keys": kept})
	return string(encoded), err == nil
}

// withoutID gives the first key of each kind once more without an id, under each of its algorithms: an assertion that
// names no key is checked with that one.
func withoutID(keys []map[string]any) []map[string]any {
	var more []map[string]any
	seen := map[any]bool{}
	for _, key := range keys {
		if key["kid"] == nil || seen[key["kty"]] {
			seen[key["kty"]] = true
			continue
		}
		seen[key["kty"]] = true
		bare := maps.Clone(key)
		delete(bare, "kid")
		algorithms := []any{key["alg"]}
		if key["kty"] == "RSA" {
			algorithms = []any{"RS256", "PS256"}
		}
		for _, algorithm := range algorithms {
			copied := maps.Clone(bare)
			if algorithm != nil {
				copied["alg"] = algorithm
			}
			more = append(more, copied)
		}
	}
	return more
}

func isDomain(domain string) bool {
	domain = strings.TrimPrefix(domain, "*.")
	if len(domain) == 0 || len(domain) > 253 || !strings.Contains(domain, ".") {
		return false
	}
	for _, label := range strings.Split(domain, ".") {
		if label == "" || len(label) > 63 || strings.ContainsAny(label, " \t/@*:\\\"'<>,;()[]") {
			return false
		}
	}
	return true
}

// checkClientID looks at what becomes the clientId.
func checkClientID(field, id string) []fidelity.Finding {
	switch {
	case id == "":
		return []fidelity.Finding{missing(field, "not known", "State it in a map block.")}
	case !realm.Fits(realm.TypeClient, "client_id", id):
		return realm.TooLong(realm.TypeClient, "client_id", field, id)
	case realm.IsReservedClient(id):
		return []fidelity.Finding{invalid(field, "Keycloak makes a client of this id itself",
			"Choose another one in a map block, and tell the application's owner.")}
	}
	return nil
}
