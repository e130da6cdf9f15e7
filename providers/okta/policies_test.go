package okta

import (
	"testing"

	"github.com/rehome-iam/rehome/engine/kinds"
)

// What is known to ask for a password only is told from everything else: the rest may ask for more.
func TestConvertAuthPolicy_KnowsWhenAPasswordIsEnough(t *testing.T) {
	rule := func(status, access, method string) string {
		return `{"id":"r","name":"R","priority":0,"status":"` + status + `","actions":{"appSignOn":{"access":"` + access +
			`","verificationMethod":` + method + `}}}`
	}
	one, two := `{"factorMode":"1FA","type":"ASSURANCE"}`, `{"factorMode":"2FA","type":"ASSURANCE"}`
	for name, c := range map[string]struct {
		kind  string
		rules []string
		gaps  []string
		want  bool
	}{
		"one factor": {"ACCESS_POLICY", []string{rule("ACTIVE", "ALLOW", one)}, nil, true},
		"some are turned away": {"ACCESS_POLICY",
			[]string{rule("ACTIVE", "DENY", `null`), rule("ACTIVE", "ALLOW", one)}, nil, true},
		"two factors": {"ACCESS_POLICY", []string{rule("ACTIVE", "ALLOW", two)}, nil, false},
		"two factors for some": {"ACCESS_POLICY",
			[]string{rule("ACTIVE", "ALLOW", two), rule("ACTIVE", "ALLOW", one)}, nil, false},
		"a rule that is not in use": {"ACCESS_POLICY",
			[]string{rule("INACTIVE", "ALLOW", two), rule("ACTIVE", "ALLOW", one)}, nil, true},
		"one factor of a kind": {"ACCESS_POLICY", []string{rule("ACTIVE", "ALLOW",
			`{"factorMode":"1FA","constraints":[{"possession":{"phishingResistant":"REQUIRED"}}]}`)}, nil, false},
		"a chain of methods": {"ACCESS_POLICY",
			[]string{rule("ACTIVE", "ALLOW", `{"type":"AUTH_METHOD_CHAIN"}`)}, nil, false},
		"no rule":                  {"ACCESS_POLICY", nil, nil, false},
		"rules that were not read": {"ACCESS_POLICY", []string{rule("ACTIVE", "ALLOW", one)}, []string{"rules"}, false},
		"a policy of another type": {"MFA_ENROLL", []string{rule("ACTIVE", "ALLOW", one)}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			rules := ruleList{gaps: c.gaps}
			for _, text := range c.rules {
				rules.elements = append(rules.elements, element{body: parsed(t, text)})
			}
			item, err := convertAuthPolicy(parsed(t, `{"id":"p","name":"P","status":"ACTIVE","type":"`+c.kind+`"}`), rules)
			if err != nil {
				t.Fatal(err)
			}
			var p kinds.AuthPolicy
			if err := item.Decode(&p); err != nil || p.PasswordSuffices != c.want {
				t.Errorf("a password suffices: %t, %v", p.PasswordSuffices, err)
			}
		})
	}
}
