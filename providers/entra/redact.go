package entra

import (
	"encoding/json"
	"fmt"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// redact takes secrets out of a page before anything else sees it. Graph never returns secretText on GET, but a private
// server or a changed one might. hint is the beginning of a secret. A key of a credential stays only where all of the
// page are certificates: a symmetric one is a secret itself.
func redact(body []byte) ([]byte, error) {
	rules := reading.StandardRules()
	rules.Names = append(rules.Names, "hint", "secretText")
	if holdsPrivateKeys(body) {
		rules.Paths = append(rules.Paths, "keyCredentials.key")
	}
	clean, err := reading.Redact(body, rules)
	if err != nil {
		return nil, fmt.Errorf("the body cannot be used: %w", err)
	}
	return clean, nil
}

// holdsPrivateKeys tells whether a page has key material that is no public certificate. It errs to the safe side.
func holdsPrivateKeys(body []byte) bool {
	type holder struct {
		Keys []struct {
			Type  string          `json:"type"`
			Usage string          `json:"usage"`
			Key   json.RawMessage `json:"key"`
		} `json:"keyCredentials"`
	}
	var page struct {
		Value []holder `json:"value"`
		holder
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return true
	}
	for _, h := range append(page.Value, page.holder) {
		for _, key := range h.Keys {
			public := key.Type == "AsymmetricX509Cert" && key.Usage != "Sign"
			if !public && len(key.Key) > 0 && string(key.Key) != "null" {
				return true
			}
		}
	}
	return false
}
