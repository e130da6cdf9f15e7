package reading_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

func TestElements_SaysWhyABodyIsNoList(t *testing.T) {
	cases := []struct{ name, body, field, want string }{
		{"empty", " \n", "", "the body is empty"},
		{"an object for a list", `{"a":1}`, "", "the body is no list"},
		{"a list for an object", `[1]`, "value", "the body is no object"},
		{"null for an object", `null`, "value", "the body is no object"},
		{"another member", `{"values":[]}`, "value", "the body has no list value"},
		{"a list that is null", `{"value":null}`, "value", "the list is null"},
		{"a member that is no list", `{"value":{}}`, "value", "the body is no list"},
		{"a list cut short", `[{"id":1}`, "", "the list is not JSON"},
		{"an element that is null", `[{"id":1}, null]`, "", "an element of the list is null"},
		{"a bare list", ` [1,{"id":2}] `, "", ""},
		{"a list in an object", `{"next":"x","value":[1,{"id":2}]}`, "value", ""},
		{"a list of nothing", `[]`, "", ""},
	}
	for _, c := range cases {
		elements, reason := reading.Elements([]byte(c.body), c.field)
		if reason != c.want || (c.want != "" && elements != nil) {
			t.Errorf("%s: %q, want %q", c.name, reason, c.want)
		}
		if c.name != "a list of nothing" && c.want == "" && (len(elements) != 2 || string(elements[1]) != `{"id":2}`) {
			t.Errorf("%s: elements are %s", c.name, elements)
		}
	}
}

func TestPages_AServerThatRepeatsItselfIsNoticed(t *testing.T) {
	book := reading.NewPages("GET", "/things")
	take := func(body string) error {
		_, err := book.Take([]byte(body), "", reading.ElementID)
		return err
	}
	if err := errors.Join(take(`[{"id":"a"},{"id":"b"}]`), book.Next("/things?after=b"), take(`[]`),
		book.Next("/things?after=c"), take(`[]`)); err != nil {
		t.Fatalf("two pages of nothing are no repetition: %v", err)
	}
	if book.Count() != 3 || book.Location() != "/things?after=c" {
		t.Errorf("%d pages, the last at %s", book.Count(), book.Location())
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{book.Next("/things?after=b"), "leads back to a page that was already read"},
		{take(`[{"id":"a"},{"id":"b"}]`), "the page is the same as the earlier page /things"},
		{take(`[{"id":"c"},{"id":"b"}]`), "element b was already in the list that starts at /things"},
		{take(`[{"name":"d"}]`), "element 0 has no id"},
		{take(`[{"id":4}]`), "element 0 cannot be read"},
		{take(``), "the body is empty"},
	} {
		var fault *contract.ProviderError
		if !errors.As(c.err, &fault) || fault.Code != contract.ErrorInvalid || !strings.Contains(c.err.Error(), c.want) ||
			fault.Page != "GET /things?after=c" {
			t.Errorf("got %v, want %q", c.err, c.want)
		}
	}
	if got, err := book.Take([]byte(`[1,1]`), "", nil); err != nil || len(got) != 2 {
		t.Errorf("elements without ids are %s, %v", got, err)
	}
}

func TestWildcardHost_LooksAtTheHostOnly(t *testing.T) {
	for address, want := range map[string]bool{
		"https://*.example/cb": true, "https://a.*.example": true, "https://a.example/*": false,
		"https://a.example/?x=*":   false,
		"https://*.example:%zz/cb": true, "https://a.example/%zz*": false, "*": false, "": false, "app://*": true,
	} {
		if got := reading.WildcardHost(address); got != want {
			t.Errorf("%q: %t", address, got)
		}
	}
}

func TestEvidence_IsOfWhatIsKept(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.FixedZone("", 3600))
	got := reading.Evidence("GET", "/things", "limit=2", 200, at, 2, 99, []byte("abc"))
	want := identity.PageEvidence{Method: "GET", Path: "/things", Query: "limit=2", Status: 200,
		At:        "2026-03-01T09:00:00Z",
		ItemCount: 2, Bytes: 99, Body: []byte("abc"),
		SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFailure_HasACodeAndAdvice(t *testing.T) {
	base := reading.Failure{Doing: "reading groups", Method: "GET", Path: "/groups?limit=2", Permission: "groups.read",
		Secrets: []string{"hunter2"}}
	cases := []struct {
		name    string
		change  func(*reading.Failure)
		code    contract.ErrorCode
		message string
	}{
		{"401", func(f *reading.Failure) { f.Status = 401 }, contract.ErrorUnauthorized, "GET /groups?limit=2 answered 401"},
		{"403", func(f *reading.Failure) { f.Status, f.VendorCode, f.Summary = 403, "E0000006", "No." },
			contract.ErrorForbidden,
			"reading groups: GET /groups?limit=2 answered 403 (E0000006): No.; grant groups.read"},
		{"404", func(f *reading.Failure) { f.Status = 404 }, contract.ErrorNotFound, "answered 404"},
		{"429", func(f *reading.Failure) { f.Status = 429 }, contract.ErrorRateLimited, "answered 429"},
		{"503", func(f *reading.Failure) { f.Status = 503 }, contract.ErrorUnreachable, "answered 503"},
		{"a redirect", func(f *reading.Failure) { f.Status = 302 }, contract.ErrorInvalid, "answered 302"},
		{"stopped", func(f *reading.Failure) { f.Err = fmt.Errorf("asking: %w", context.Canceled) },
			contract.ErrorUnreachable,
			"asking: context canceled"},
		{"a fault of the transport", func(f *reading.Failure) {
			f.Err = &reading.Fault{Code: contract.ErrorRateLimited, Message: "waited too long"}
		}, contract.ErrorRateLimited, "waited too long"},
		{"anything else", func(f *reading.Failure) { f.Err = errors.New("with hunter2 in it\nand a line") },
			contract.ErrorInternal,
			"with " + reading.Redacted + " in it and a line"},
		{"known already", func(f *reading.Failure) {
			f.Err = &contract.ProviderError{Code: contract.ErrorConflict, Message: "mine"}
		}, contract.ErrorConflict, "mine"},
	}
	for _, c := range cases {
		failure := base
		c.change(&failure)
		got := failure.ProviderError()
		if got.Code != c.code || !strings.Contains(got.Message, c.message) {
			t.Errorf("%s: %s: %s", c.name, got.Code, got.Message)
		}
		if (got.Permission != "") != (c.code == contract.ErrorForbidden) {
			t.Errorf("%s asks for the permission %q", c.name, got.Permission)
		}
	}
}

func TestCertificate_IsJudgedByItsDates(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"},
		NotBefore: day, NotAfter: day.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(der)
	wrapped := text[:40] + "\r\n  " + text[40:]
	for at, want := range map[time.Time]string{
		day.Add(-time.Second): kinds.CredentialNotYet, day: kinds.CredentialValid, day.AddDate(0, 6,
			0): kinds.CredentialValid,
		day.AddDate(1, 0, 0): kinds.CredentialExpired,
	} {
		got := reading.Certificate(kinds.CredentialRequest, wrapped, at)
		if got.Status != want || got.From != "2026-03-01T00:00:00Z" || got.Until != "2027-03-01T00:00:00Z" ||
			got.Name != "CN=app" || len(got.ID) != 64 || got.Use != kinds.CredentialRequest {
			t.Errorf("on %s it is %+v, want %s", at, got, want)
		}
	}
	for _, none := range []string{"", "   ", "no base64", base64.StdEncoding.EncodeToString([]byte("no certificate"))} {
		if got := reading.Certificate("", none, day); got.Status != kinds.CredentialUnreadable {
			t.Errorf("%q is %+v", none, got)
		}
	}
	if got := reading.Dated(kinds.Credential{}, time.Time{}, time.Time{}, day); got.Status != kinds.CredentialValid ||
		got.From+got.Until != "" {
		t.Errorf("without dates it is %+v", got)
	}
}

func TestSignIns_CountsPeopleOnceAndKeepsTheLast(t *testing.T) {
	var s reading.SignIns
	early, late := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s.Succeeded("b", late, "u1", "ada")
	s.Succeeded("b", early, "u1", "ada")
	s.Succeeded("b", early, "u2", "")
	s.Succeeded("b", early, "", "")
	s.Failed("a")
	s.Failed("unknown")
	got := s.Activities(func(application string, activity *observation.SignInActivity) bool {
		activity.Item = identity.ItemID{Kind: identity.KindApplication, ID: application}
		return application != "unknown"
	})
	want := []observation.SignInActivity{
		{Item: identity.ItemID{Kind: identity.KindApplication, ID: "a"}, Failures: 1},
		{Item: identity.ItemID{Kind: identity.KindApplication, ID: "b"}, Last: "2026-03-02T09:00:00Z", SignIns: 4,
			PeopleCount: 2,
			People:      []string{"ada", "u2"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var many reading.SignIns
	for person := range 150 {
		many.Succeeded("a", late, fmt.Sprint(person), fmt.Sprintf("p%03d", person))
	}
	all := many.Activities(func(string, *observation.SignInActivity) bool { return true })[0]
	if all.PeopleCount != 150 || len(all.People) != 100 || all.People[99] != "p099" {
		t.Errorf("of 150 people %d are counted and %d named, up to %s", all.PeopleCount, len(all.People), all.People[99])
	}
}

// FuzzParse holds a node to what reading JSON in one piece gives: all that is set is unread at first and read at last.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":null}],"c":"","d":{"e":false}}`, `[]`, `"x"`, `{"a":1}{`,
		`{"a":[[],[0,"y"]]}`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		node, err := reading.Parse(body)
		if (err == nil) != json.Valid(body) {
			t.Fatalf("valid is %t, and yet %v", json.Valid(body), err)
		}
		if err != nil {
			return
		}
		if unread := node.Unread("x"); (len(unread) > 0) != node.IsSet() {
			t.Errorf("set is %t, unread %q", node.IsSet(), unread)
		}
		readAll(node)
		if unread, mistyped := node.Unread("x"), node.Mistyped("x"); len(unread)+len(mistyped) > 0 {
			t.Errorf("after all was read, unread is %q, mistyped %q", unread, mistyped)
		}
	})
}

// readAll reads a node value by value, each as what it is.
func readAll(node reading.Node) {
	for _, element := range listOf(node) {
		readAll(element)
	}
	names := node.Names()
	for _, name := range names {
		readAll(node.At(name))
	}
	if !node.IsList() && len(names) == 0 {
		node.Plain()
	}
}

func listOf(node reading.Node) []reading.Node {
	if !node.IsList() {
		return nil
	}
	return node.List()
}

// FuzzElements holds the splitting of a list to what reading it in one piece gives.
func FuzzElements(f *testing.F) {
	for _, seed := range []string{`[1,{"id":"a"}]`, `{"value":[null]}`, `{"value":[]}`, ` [ ]x`, `[`, `null`} {
		f.Add([]byte(seed), "value")
		f.Add([]byte(seed), "")
	}
	f.Fuzz(func(t *testing.T, body []byte, field string) {
		elements, reason := reading.Elements(body, field)
		if reason != "" {
			return
		}
		want := json.RawMessage(body)
		if field != "" {
			var object map[string]json.RawMessage
			if err := json.Unmarshal(body, &object); err != nil {
				t.Fatalf("a list was found in what is no object: %v", err)
			}
			want = object[field]
		}
		var whole []any
		if err := json.Unmarshal(want, &whole); err != nil || len(whole) != len(elements) {
			t.Fatalf("%d elements of %d: %v", len(elements), len(whole), err)
		}
		for _, element := range elements {
			if !json.Valid(element) {
				t.Errorf("an element is no JSON: %q", element)
			}
		}
	})
}
