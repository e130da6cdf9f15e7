package okta

import "github.com/rehome-iam/rehome/providers/sdk/reading"

// secretRules adds the names of Okta to the standard ones. An identity provider's client secret comes in clear in its
// GET.
func secretRules() reading.Rules {
	rules := reading.StandardRules()
	rules.Names = append(rules.Names, "secret_hash", "sharedPassword", "apiKeySecret", "recovery_token",
		"activationToken", "stateToken",
		"sessionToken", "bindPassword")
	rules.Paths = append(rules.Paths, "credentials.recovery_question.answer", "credentials.password.hook",
		"authScheme.value")
	// What a catalogue app keeps is named by its vendor: keys, tokens and passcodes among host names. Only what is read
	// here is kept.
	rules.Free = append(rules.Free, reading.Free{Path: "settings.app", Open: []string{"audRestriction"},
		Addresses: []string{"url", "acsUrl"}})
	return rules
}
