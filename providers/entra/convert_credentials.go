package entra

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// allCredentials notes each key, secret and federated credential of the registration with its dates. What is carried is
// marked by those who carry it.
func (j *joining) allCredentials() {
	for _, password := range j.passwords() {
		j.note(j.listed(password, "secret"))
	}
	for _, key := range j.keys() {
		j.note(j.keyCredential(key))
	}
	for _, one := range j.federated {
		credential := kinds.Credential{Use: kinds.CredentialClient, Kind: "federated", ID: one.id(),
			Name:   one.At("name").Text(),
			Issuer: one.At("issuer").Text(), Subject: one.At("subject").Text(), Status: kinds.CredentialValid}
		if credential.Subject == "" { // an expression decides
			credential.Subject = one.At("claimsMatchingExpression", "value").Text()
		}
		j.note(credential)
	}
}

func (j *joining) passwords() []reading.Node { return j.At("passwordCredentials").List() }

func (j *joining) keys() []reading.Node { return verifyKeys(j.Node) }

// verifyKeys are the keys that the application signs with. Those of another usage are Entra's own.
func verifyKeys(registration reading.Node) []reading.Node {
	keys := slices.DeleteFunc(registration.At("keyCredentials").List(), func(key reading.Node) bool {
		return key.At("usage").Text() != "Verify"
	})
	slices.SortFunc(keys, func(a, b reading.Node) int { return strings.Compare(keyID(a), keyID(b)) })
	return keys
}

func keyID(credential reading.Node) string { return credential.At("keyId").Text() }

func (j *joining) note(c kinds.Credential) { j.out.Credentials = append(j.out.Credentials, c) }

// keyCredential judges a key by its certificate and by the dates that Entra keeps for it: both must allow it.
func (j *joining) keyCredential(key reading.Node) kinds.Credential {
	listed := j.listed(key, "certificate")
	if listed.ID != "" && j.At("tokenEncryptionKeyId").Is(listed.ID) {
		listed.Use = kinds.CredentialEncryption
	}
	text := key.At("key").Text()
	if text == "" {
		return listed // a gap of its own
	}
	own := reading.Certificate(listed.Use, text, j.now)
	if listed.Status == kinds.CredentialValid && own.Status != kinds.CredentialValid {
		listed.Status, listed.From, listed.Until = own.Status, own.From, own.Until // the dates that say why
	}
	listed.From, listed.Until = cmp.Or(listed.From, own.From), cmp.Or(listed.Until, own.Until)
	listed.Name = cmp.Or(listed.Name, own.Name)
	return listed
}

// listed is a credential by what Entra keeps of it.
func (j *joining) listed(credential reading.Node, kind string) kinds.Credential {
	out := kinds.Credential{Use: kinds.CredentialClient, Kind: kind, ID: keyID(credential),
		Name: credential.At("displayName").Text()}
	return reading.Dated(out, credential.At("startDateTime").Time(), credential.At("endDateTime").Time(), j.now)
}

// validKeys are the keys that Entra accepts today. One whose bytes were not told is kept: it is a gap, and no reason to
// do without.
func (j *joining) validKeys() []reading.Node {
	return slices.DeleteFunc(j.keys(), func(key reading.Node) bool {
		status := j.keyCredential(key).Status
		return status != kinds.CredentialValid && status != kinds.CredentialUnreadable
	})
}

// validPasswords counts the secrets that Entra accepts today.
func (j *joining) validPasswords() int {
	count := 0
	for _, password := range j.passwords() {
		if j.listed(password, "secret").Status == kinds.CredentialValid {
			count++
		}
	}
	return count
}

// carried marks a key that stands in a field of the application.
func (j *joining) carried(use, id string) {
	for i := range j.out.Credentials {
		if c := &j.out.Credentials[i]; c.ID == id && c.Kind == "certificate" {
			c.Carried, c.Use = true, use
		}
	}
}

// thumbprint is how Entra names a certificate where people see it.
func thumbprint(digest []byte) string { return strings.ToUpper(hex.EncodeToString(digest)) }
