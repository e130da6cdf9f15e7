package okta

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/kinds"
)

// routed converts rules in their order and gives which earlier ones each names.
func routed(tb testing.TB, rules []string) [][]string {
	tb.Helper()
	policy := parsed(tb, `{"status":"ACTIVE"}`)
	var taken domainsTaken
	out := make([][]string, 0, len(rules))
	for _, text := range rules {
		item, err := convertRoutingRule(policy, &taken, parsed(tb, text))
		if err != nil {
			tb.Fatal(err)
		}
		var rule kinds.RoutingRule
		if err := item.Decode(&rule); err != nil {
			tb.Fatal(err)
		}
		out = append(out, rule.Earlier)
	}
	return out
}

func routingRule(name, more string, domains ...string) string {
	patterns := make([]string, 0, len(domains))
	for _, domain := range domains {
		patterns = append(patterns, fmt.Sprintf(`{"matchType":"SUFFIX","value":%q}`, domain))
	}
	return fmt.Sprintf(`{"id":%q,"name":%q,"status":"ACTIVE"%s,"conditions":{"userIdentifier":{"type":"IDENTIFIER","patterns":[%s]}},
		"actions":{"idp":{"providers":[{"id":"0oa1"}]}}}`, name, name, more, strings.Join(patterns, ","))
}

func TestEarlierRulesAreThoseThatMayCatchTheSamePeople(t *testing.T) {
	got := routed(t, []string{
		routingRule("sub", "", ".acme.example"), routingRule("deep", "", "eu.acme.example"), routingRule("other", "",
			"other.example"),
		routingRule("open", ""), routingRule("off", `,"status":"INACTIVE"`, "acme.example"), routingRule("system",
			`,"system":true`, "acme.example"),
		routingRule("acme", "", "acme.example"), routingRule("lookalike", "", "notacme.example"), routingRule("two", "",
			"other.example", "x.eu.acme.example"),
	})
	want := map[int][]string{1: {"sub"}, 2: nil, 6: {"sub", "deep", "open"}, 7: {"open"},
		8: {"sub", "deep", "other", "open", "acme"}}
	for index, names := range want {
		if !slices.Equal(got[index], names) {
			t.Errorf("rule %d: earlier are %q, want %q", index, got[index], names)
		}
	}
}

// BenchmarkConvert_RoutingRules reads a policy of 2,000 rules of a domain each. Compared with each other they would be
// two million pairs.
func BenchmarkConvert_RoutingRules(b *testing.B) {
	rules := make([]string, 0, 2000)
	for n := range cap(rules) {
		rules = append(rules, routingRule(fmt.Sprintf("rule %d", n), "", fmt.Sprintf("partner-%d.example", n)))
	}
	for b.Loop() {
		routed(b, rules)
	}
}
