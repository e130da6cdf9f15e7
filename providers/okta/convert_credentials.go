package okta

import (
	"encoding/json"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// carryCertificate notes every certificate of a holder and returns the one that is carried: the first that is valid
// today, as the signer's own stands before those of its issuers. Empty when none is.
func carryCertificate(a *kinds.Application, use string, holder reading.Node, now time.Time) string {
	carried := ""
	for _, text := range holder.At("x5c").Texts() {
		bare := bareBase64(text)
		credential := reading.Certificate(use, bare, now)
		if credential.Status == kinds.CredentialValid && carried == "" {
			carried, credential.Carried = bare, true
		}
		a.Credentials = append(a.Credentials, credential)
	}
	return carried
}

// fillKeys takes over the keys that the org accepts today: a key that was switched off would be accepted by the target.
func fillKeys(a *kinds.Application, jwks reading.Node) {
	kept := []json.RawMessage{}
	for _, key := range jwks.At("keys").List() {
		credential := kinds.Credential{
			Use: kinds.CredentialClient, Kind: "key", ID: firstText(key.At("kid").Text(), key.At("id").Text()),
			Status: kinds.CredentialValid, Carried: true,
		}
		if state := key.At("status").Text(); state != "" && state != "ACTIVE" {
			credential.Status, credential.Carried = kinds.CredentialInactive, false
		} else {
			kept = append(kept, json.RawMessage(key.Plain()))
		}
		key.Settled()
		a.Credentials = append(a.Credentials, credential)
	}
	if len(kept) == 0 {
		return
	}
	if encoded, err := json.Marshal(map[string]any{"keys": kept}); err == nil {
		a.JWKS = string(encoded)
	}
}

// convertSecret is what the org keeps of a client secret beside its value.
func convertSecret(body reading.Node) kinds.Credential {
	out := kinds.Credential{Use: kinds.CredentialClient, Kind: "secret", ID: body.At("id").Text(),
		From: body.At("created").Text(), Status: kinds.CredentialInactive}
	if status(body) == identity.StatusActive {
		out.Status = kinds.CredentialValid
	}
	return out
}

// markCarried marks the secret that applicationSecret fetches: the newest that is active.
func markCarried(secrets []kinds.Credential) {
	newest := -1
	for i, s := range secrets {
		if s.Status == kinds.CredentialValid && (newest < 0 || s.From >= secrets[newest].From) {
			newest = i
		}
	}
	if newest >= 0 {
		secrets[newest].Carried = true
	}
}
