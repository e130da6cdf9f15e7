package switchover_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/switchover"
)

func fact(name, value string) observation.ConnectionFact {
	return observation.ConnectionFact{Name: name, Value: value}
}

// payroll is an application whose secret is new.
func payroll() switchover.Progress {
	return switchover.Progress{
		Item:      identity.Address{Source: "okta.corp", Kind: identity.KindApplication, ID: "0oa1"},
		Name:      "Payroll",
		Resource:  identity.ResourceID{Type: "client", Key: "payroll"},
		NewSecret: true,
	}
}

const newSecretNote = "It was given out once when the application was made, and is handed to you apart from this " +
	"sheet. Nobody can read it again."

func TestCompleteSheet_PutsBothSidesInOneOrderAndMarksWhatTheOwnerEnters(t *testing.T) {
	incumbent := []observation.ConnectionFact{
		fact(observation.ConnectionClientID, "payroll"), fact(observation.ConnectionIssuer, "https://corp.okta.example"),
		fact(observation.ConnectionClientSecret, ""), fact(observation.ConnectionScopes, "openid"),
		fact(observation.ConnectionClaims, "groups"), fact("tile_url", "https://corp.okta.example/tile"),
	}
	target := []observation.ConnectionFact{
		fact("realm_page", "https://id.example/acme"), fact(observation.ConnectionIssuer, "https://id.example/realms/acme"),
		fact(observation.ConnectionClientID, "payroll"), fact(observation.ConnectionClientSecret, "hidden"),
		fact(observation.ConnectionScopes, "openid profile"), fact(observation.ConnectionClaims, "groups, mail"),
		fact(observation.ConnectionTest, "https://id.example/try"),
	}
	got := switchover.CompleteSheet(switchover.Sheet{Confirm: []string{"Pay slips open"}}, payroll(), incumbent, target)
	want := switchover.Sheet{
		Address: "okta.corp/application/0oa1", Name: "Payroll", Resource: payroll().Resource,
		Confirm: []string{"Pay slips open"}, Digest: got.Digest,
		Lines: []switchover.SheetLine{
			{
				Name: "issuer", Label: "Issuer", Old: switchover.Side{Text: "https://corp.okta.example"},
				New: switchover.Side{Text: "https://id.example/realms/acme"}, Changed: true,
			},
			{Name: "client_id", Label: "Client ID", Old: switchover.Side{Text: "payroll"},
				New: switchover.Side{Text: "payroll"}},
			{
				Name: "client_secret", Label: "Client secret",
				New: switchover.Side{Text: "a new secret", Note: newSecretNote}, Changed: true,
			},
			{
				Name: "scopes", Label: "Scopes", Old: switchover.Side{Text: "openid"}, New: switchover.Side{Text: "openid profile"},
				Changed: true,
			},
			{Name: "claims", Label: "Claims", Old: switchover.Side{Text: "groups"}, New: switchover.Side{Text: "groups, mail"}},
			{Name: "test_url", Label: "Test address", New: switchover.Side{Text: "https://id.example/try"}},
			{Name: "realm_page", Label: "realm page", New: switchover.Side{Text: "https://id.example/acme"}},
			{Name: "tile_url", Label: "tile url", Old: switchover.Side{Text: "https://corp.okta.example/tile"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompleteSheet_AsksTheStandardQuestionsWhereTheConfigurationAsksNone(t *testing.T) {
	got := switchover.CompleteSheet(switchover.Sheet{}, payroll(), nil, nil)
	if len(got.Confirm) != 4 || len(got.Lines) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestCompleteSheet_SaysHowTheSecretArrives(t *testing.T) {
	cases := map[string]struct {
		change   func(*switchover.Progress)
		reported string
		want     switchover.SheetLine
	}{
		"a secret that moved": {
			func(p *switchover.Progress) { p.NewSecret, p.OldSecret = false, true }, "hidden",
			switchover.SheetLine{New: switchover.Side{
				Text: "the same secret as before", Note: "It moved with the application.",
			}},
		},
		"a secret that no run knows": {
			func(p *switchover.Progress) { p.NewSecret = false }, "hidden",
			switchover.SheetLine{New: switchover.Side{Text: "hidden"}, Changed: true},
		},
		"no secret at all": {
			func(*switchover.Progress) {}, "none: a public client",
			switchover.SheetLine{New: switchover.Side{Text: "none: a public client"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := payroll()
			c.change(&p)
			facts := []observation.ConnectionFact{fact(observation.ConnectionClientSecret, c.reported)}
			c.want.Name, c.want.Label = "client_secret", "Client secret"
			got := switchover.CompleteSheet(switchover.Sheet{}, p, nil, facts)
			if diff := cmp.Diff([]switchover.SheetLine{c.want}, got.Lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompleteSheet_ScopesThatTheIncumbentDoesNotTellAreNotEntered(t *testing.T) {
	got := switchover.CompleteSheet(switchover.Sheet{}, payroll(), nil,
		[]observation.ConnectionFact{fact(observation.ConnectionScopes, "openid")})
	if len(got.Lines) != 1 || got.Lines[0].Changed {
		t.Errorf("%+v", got.Lines)
	}
}

func TestCompleteSheet_SeveralCertificatesEndWithTheFirst(t *testing.T) {
	certificate := func(text, expires string) observation.ConnectionFact {
		return observation.ConnectionFact{Name: observation.ConnectionCertificate, Value: text, Expires: expires}
	}
	cases := map[string]struct {
		facts []observation.ConnectionFact
		want  switchover.Side
	}{
		"the later one first": {
			[]observation.ConnectionFact{certificate("A", day40), certificate("B", day5)},
			switchover.Side{Text: "A\nB", Expires: day5},
		},
		"the earlier one first": {
			[]observation.ConnectionFact{certificate("A", day5), certificate("B", day40)},
			switchover.Side{Text: "A\nB", Expires: day5},
		},
		"one whose end is not known": {
			[]observation.ConnectionFact{certificate("A", ""), certificate("B", day40), certificate("C", "")},
			switchover.Side{Text: "A\nB\nC", Expires: day40},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := switchover.CompleteSheet(switchover.Sheet{}, payroll(), nil, c.facts)
			if diff := cmp.Diff(c.want, got.Lines[0].New); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The digest tells a sheet that was delivered from one that says something else; when it was written does not count.
func TestCompleteSheet_TheDigestCoversWhatTheOwnerHasToKnow(t *testing.T) {
	facts := []observation.ConnectionFact{fact(observation.ConnectionIssuer, "https://id.example")}
	sheet := func(change func(*switchover.Sheet), target []observation.ConnectionFact) string {
		s := switchover.Sheet{Target: "portal"}
		change(&s)
		return switchover.CompleteSheet(s, payroll(), nil, target).Digest
	}
	first := sheet(func(*switchover.Sheet) {}, facts)
	for name, c := range map[string]struct {
		change func(*switchover.Sheet)
		target []observation.ConnectionFact
		same   bool
	}{
		"written later":    {func(s *switchover.Sheet) { s.WrittenAt = day5 }, facts, true},
		"another call":     {func(s *switchover.Sheet) { s.Back, s.Problem = "call Ana", "not told" }, facts, true},
		"another question": {func(s *switchover.Sheet) { s.Confirm = []string{"It opens"} }, facts, false},
		"another new value": {func(*switchover.Sheet) {}, []observation.ConnectionFact{fact("issuer", "https://x.example")},
			false},
	} {
		if same := sheet(c.change, c.target) == first; same != c.same {
			t.Errorf("%s: the same digest is %v", name, same)
		}
	}
}

func TestWarnings_NameCertificatesThatEndSoon(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	cases := map[string][]string{
		"":                     nil,
		"no time":              nil,
		"2026-11-22T11:00:00Z": {"The new signing certificate has ended on 2026-11-22."},
		"2026-11-22T12:00:00Z": {"The new signing certificate ends on 2026-11-22 already."},
		"2027-02-20T11:59:59Z": {"The new signing certificate ends on 2027-02-20 already."},
		"2027-02-20T12:00:00Z": nil, // 90 days to the second
	}
	for expires, want := range cases {
		s := switchover.Sheet{Lines: []switchover.SheetLine{{Label: "Signing certificate",
			New: switchover.Side{Expires: expires}}}}
		if diff := cmp.Diff(want, s.Warnings(now)); diff != "" {
			t.Errorf("%q: %s", expires, diff)
		}
	}
}
