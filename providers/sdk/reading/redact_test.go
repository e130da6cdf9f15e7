package reading_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

func TestRedactReplacesSecretsAndNothingElse(t *testing.T) {
	cases := []struct{ name, in, out string }{
		{"by name", `{"client_secret":"x"}`, `{"client_secret":"(redacted)"}`},
		{"any case", `{"ClientSecret" : "x"}`, `{"ClientSecret" : "(redacted)"}`},
		{"by suffix", `{"webhookSecret":"x","hasPassword":true}`, `{"webhookSecret":"(redacted)","hasPassword":true}`},
		{"in lists", `[{"tokens":1,"token":["a","b"]}]`, `[{"tokens":1,"token":["(redacted)","(redacted)"]}]`},
		{"objects are walked", `{"password":{"minLength":8,"excludeAttributes":["firstName"],"value":"x"}}`,
			`{"password":{"minLength":8,"excludeAttributes":["firstName"],"value":"(redacted)"}}`},
		{"numbers and order", `{"b":9007199254740993.10,"a":1e400}`, `{"b":9007199254740993.10,"a":1e400}`},
		{"empty stays empty", `{"password":""}`, `{"password":""}`},
		{"escapes", `{"p\u0061ssword":"a\"b","x":"\u00e9"}`, `{"p\u0061ssword":"(redacted)","x":"\u00e9"}`},
		{"private keys", `{"x":"-----BEGIN RSA PRIVATE KEY-----\n"}`, `{"x":"(redacted)"}`},
		{"method name", `{"token_endpoint_auth_method":"none"}`, `{"token_endpoint_auth_method":"none"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := reading.Redact([]byte(c.in), reading.StandardRules())
			if err != nil || string(got) != c.out {
				t.Fatalf("got %s, %v", got, err)
			}
		})
	}
}

func TestRedactGivesNothingForABrokenBody(t *testing.T) {
	for _, body := range []string{"", "{", `{"a":1}x`, `[1]]`, `{"password":"x"`, "\xff",
		strings.Repeat("[", 5000) + strings.Repeat("]", 5000)} {
		if got, err := reading.Redact([]byte(body), reading.StandardRules()); err == nil || got != nil {
			t.Errorf("%q gave %q", body, got)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"password":"x"}]}`))
	f.Add([]byte(`["\u0000",1.0e5,null]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := reading.Redact(body, reading.StandardRules())
		if err == nil && !json.Valid(got) && json.Valid(body) {
			t.Fatalf("%q became %q", body, got)
		}
	})
}

func TestPagesNoticeAServerThatRepeatsItself(t *testing.T) {
	take := func(p *reading.Pages, body string) error {
		_, err := p.Take([]byte(body), "", reading.ElementID)
		return err
	}
	for name, body := range map[string]string{"null": "null", "empty": " ", "object": `{"a":1}`, "null element": "[null]",
		"no id":  "[{}]",
		"number": "[1]", "twice": `[{"id":"a"},{"id":"a"}]`} {
		t.Run(name, func(t *testing.T) {
			err := take(reading.NewPages("GET", "/things"), body)
			var known *contract.ProviderError
			if !errors.As(err, &known) || known.Page != "GET /things" || known.Code != contract.ErrorInvalid {
				t.Fatalf("got %v", err)
			}
		})
	}
	p := reading.NewPages("GET", "/things")
	if err := take(p, `[{"id":"a"}]`); err != nil {
		t.Fatal(err)
	}
	if err := p.Next("/things?after=a"); err != nil {
		t.Fatal(err)
	}
	if err := take(p, `[{"id":"a"}]`); err == nil || !strings.Contains(err.Error(), "same as the earlier page /things") {
		t.Fatalf("got %v", err)
	}
	if err := take(p, `[{"id":"b"},{"id":"a"}]`); err == nil || !strings.Contains(err.Error(), "/things?after=a") {
		t.Fatalf("got %v", err)
	}
	if err := p.Next("/things"); err == nil {
		t.Fatal("a loop was not noticed")
	}
}

func TestErrorsNameThePageAndThePermissionAndNoSecret(t *testing.T) {
	err := reading.Failure{Doing: "reading users", Method: "GET", Path: "/users?x=1", Status: 403, VendorCode: "E6",
		Summary: "no\x1b[31m for tok-123", Permission: "users.read", Secrets: []string{"tok-123"}}.ProviderError()
	if err.Code != contract.ErrorForbidden || err.Permission != "users.read" || err.Page != "GET /users?x=1" {
		t.Fatalf("got %+v", err)
	}
	if strings.Contains(err.Message, "tok-123") || strings.Contains(err.Message, "\x1b") ||
		!strings.Contains(err.Message, "users.read") {
		t.Fatalf("got %q", err.Message)
	}
}

func TestRedact_KeepsOfAFreeMapOnlyWhatIsNamed(t *testing.T) {
	rules := reading.StandardRules()
	rules.Free = []reading.Free{{Path: "settings.app", Open: []string{"realm_name", "password"},
		Addresses: []string{"url", "list"}}}
	cases := []struct{ name, body, want string }{
		{"texts and numbers go, flags and nothing stay",
			`{"settings":{"app":{"scimKey":"x","pin":4711,"on":true,"none":null,"empty":""},"other":"y"}}`,
			`{"settings":{"app":{"scimKey":"(redacted)","pin":"(redacted)","on":true,"none":null,"empty":""},"other":"y"}}`},
		{"what is named stays, however it is written", `{"settings":{"app":{"realmName":"r","RealmName":["a","b"]}}}`,
			`{"settings":{"app":{"realmName":"r","RealmName":["a","b"]}}}`},
		{"a secret stays one although it is named", `{"settings":{"app":{"password":"x"}}}`,
			`{"settings":{"app":{"password":"(redacted)"}}}`},
		{"inside of it too", `{"settings":{"app":{"deep":{"x":"s","realmName":"r"},"list2":["a",1]}}}`,
			`{"settings":{"app":{"deep":{"x":"(redacted)","realmName":"r"},"list2":["(redacted)","(redacted)"]}}}`},
		{"an address without what may hold a token",
			`{"settings":{"app":{"url":"https://u:p@h/a?token=t#f","list":["https://h/a","no address"]}}}`,
			`{"settings":{"app":{"url":"https://h/a?(redacted)","list":["https://h/a","(redacted)"]}}}`},
		{"another map of the name is none", `{"app":{"x":"y"},"profile":{"app":{"x":"y"}}}`,
			`{"app":{"x":"y"},"profile":{"app":{"x":"y"}}}`},
		{"after it all is as before", `[{"settings":{"app":{"x":"y"},"z":{"x":"y"}},"x":"y"}]`,
			`[{"settings":{"app":{"x":"(redacted)"},"z":{"x":"y"}},"x":"y"}]`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := reading.Redact([]byte(c.body), rules)
			if err != nil || string(got) != c.want {
				t.Errorf("got  %s (%v)\nwant %s", got, err, c.want)
			}
		})
	}
}
