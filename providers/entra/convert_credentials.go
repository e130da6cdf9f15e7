package entra

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// federatedCredential lets tokens of another issuer sign an application in. Subject is empty where an expression
// decides.
type federatedCredential struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Issuer     string   `json:"issuer"`
	Subject    string   `json:"subject"`
	Audiences  []string `json:"audiences"`
	Expression *struct {
		Value string `json:"value"`
	} `json:"claimsMatchingExpression"`
}

// allCredentials notes each key, secret and federated credential of the registration with its dates. What is carried is
// marked by those who carry it.
func (j *joining) allCredentials() {
	for _, password := range j.body.PasswordCredentials {
		j.note(dated(kinds.Credential{Use: kinds.CredentialClient, Kind: "secret", ID: password.KeyID, Name: password.Name},
			password.Start, password.End, j.now))
	}
	for _, key := range verifyKeys(j.body.KeyCredentials) {
		j.note(j.keyCredential(key))
	}
	for _, one := range j.federated {
		credential := kinds.Credential{Use: kinds.CredentialClient, Kind: "federated", ID: one.ID, Name: one.Name, Issuer: one.Issuer,
			Subject: one.Subject, Status: kinds.CredentialValid}
		if one.Expression != nil && one.Subject == "" {
			credential.Subject = one.Expression.Value
		}
		j.note(credential)
	}
}

func (j *joining) note(c kinds.Credential) { j.out.Credentials = append(j.out.Credentials, c) }

// keyCredential judges a key by its certificate and by the dates that Entra keeps for it: both must allow it.
func (j *joining) keyCredential(key keyCredential) kinds.Credential {
	listed := dated(kinds.Credential{Use: kinds.CredentialClient, Kind: "certificate", ID: key.KeyID, Name: key.Name}, key.Start, key.End, j.now)
	if j.body.TokenEncryptionKeyID == key.KeyID && key.KeyID != "" {
		listed.Use = kinds.CredentialEncryption
	}
	if key.Key == "" {
		return listed // a gap of its own
	}
	own := reading.Certificate(listed.Use, key.Key, j.now)
	if listed.Status == kinds.CredentialValid {
		listed.Status = own.Status
	}
	if listed.From == "" {
		listed.From = own.From
	}
	if listed.Until == "" {
		listed.Until = own.Until
	}
	if listed.Name == "" {
		listed.Name = own.Name
	}
	return listed
}

func dated(c kinds.Credential, from, until *time.Time, now time.Time) kinds.Credential {
	var start, end time.Time
	if from != nil {
		start = *from
	}
	if until != nil {
		end = *until
	}
	return reading.Dated(c, start, end, now)
}

// validKeys are the keys that Entra accepts today. One whose bytes were not told is kept: it is a gap, and no reason to
// do without.
func (j *joining) validKeys() []keyCredential {
	return slices.DeleteFunc(verifyKeys(j.body.KeyCredentials), func(key keyCredential) bool {
		return j.keyCredential(key).Status != kinds.CredentialValid && j.keyCredential(key).Status != kinds.CredentialUnreadable
	})
}

// validPasswords counts the secrets that Entra accepts today.
func (j *joining) validPasswords() int {
	count := 0
	for _, password := range j.body.PasswordCredentials {
		if dated(kinds.Credential{}, password.Start, password.End, j.now).Status == kinds.CredentialValid {
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
