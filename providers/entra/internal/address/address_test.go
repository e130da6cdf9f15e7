package address

import (
	"slices"
	"testing"
)

func TestForms_AreThoseThatEntraTakes(t *testing.T) {
	for address, want := range map[string][]string{
		"https://app.example":                {"https://app.example", "https://app.example/"},
		"https://app.example/":               {"https://app.example", "https://app.example/"},
		"http://localhost":                   {"http://localhost", "http://localhost/"},
		"http://localhost:3000/":             {"http://localhost:3000", "http://localhost:3000/"},
		"https://app.example/cb":             {"https://app.example/cb"},
		"https://app.example/cb/":            {"https://app.example/cb/"},
		"https://App.Example/Cb":             {"https://App.Example/Cb", "https://app.example/Cb"},
		"https://app.example/?tenant=a&x=1":  {"https://app.example/?tenant=a&x=1"},
		"https://münchen.example/cb":         {"https://münchen.example/cb", "https://xn--mnchen-3ya.example/cb"},
		"https://app.example/café":           {"https://app.example/café", "https://app.example/caf%C3%A9"},
		"com.example.app:/oauth2redirect":    {"com.example.app:/oauth2redirect"},
		"urn:ietf:wg:oauth:2.0:oob":          {"urn:ietf:wg:oauth:2.0:oob"},
		"https://*.app.example/cb":           {"https://*.app.example/cb"},
		"https://a b":                        {"https://a b"},
		"msauth://com.example/AbC%2Fd%3D":    {"msauth://com.example/AbC%2Fd%3D"},
		"https://app.example/a%2Fb":          {"https://app.example/a%2Fb"},
		"https://app.example:8443":           {"https://app.example:8443", "https://app.example:8443/"},
		"https://under_score.app.example/cb": {"https://under_score.app.example/cb"},
	} {
		got := Forms([]string{address, address})
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s has the forms %q, want %q", address, got, want)
		}
	}
}
