package view_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/switchover"
)

func sampleSheet() switchover.Sheet {
	progress := switchover.Progress{Item: identity.Address{Source: "okta.corp", Kind: identity.KindApplication, ID: "1"},
		Name:     "Pay<script>roll | `x`\x1b[2J",
		Resource: identity.ResourceID{Type: "client", Key: "payroll"}, NewSecret: true,
		Enabled: &switchover.Mark{At: "2026-11-21T09:00:00Z"}, Tell: []string{"Enter it <b>all</b>."}}
	old := []observation.ConnectionFact{
		{Name: observation.ConnectionIssuer, Value: "https://old.example"},
		{Name: observation.ConnectionCertificate, Note: "in the metadata"},
		{Name: observation.ConnectionClientID, Value: "payroll"}, {Name: "custom_fact", Value: "1"},
	}
	now := []observation.ConnectionFact{
		{Name: observation.ConnectionIssuer, Value: "https://new.example"},
		{Name: observation.ConnectionCertificate, Value: "PEM-1", Expires: "2036-01-01T00:00:00Z"},
		{Name: observation.ConnectionCertificate, Value: "PEM-2", Expires: "2026-12-24T00:00:00Z"},
		{Name: observation.ConnectionClientID, Value: "payroll"},
		{Name: observation.ConnectionClientSecret, Value: "a secret; it is handed over apart"},
		{Name: observation.ConnectionRedirects, Value: "https://a.example/cb|1\nhttps://b.example/`cb`"},
		{Name: observation.ConnectionClaims, Value: "{\n  \"a\": \"```\"\n}"},
	}
	return switchover.CompleteSheet(switchover.Sheet{Target: "https://new.example", Incumbent: "okta.corp", Owner: "Ana <b>",
		Back: "on-call", WrittenAt: "2026-11-22T10:00:00Z"}, progress, old, now)
}

var sheetNow = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func TestSheet_HoldsBothSidesAndEscapesWhatComesFromOutside(t *testing.T) {
	for name, render := range map[string]func(*bytes.Buffer) error{
		"markdown": func(b *bytes.Buffer) error { return view.SheetMarkdown(b, sampleSheet(), sheetNow) },
		"html":     func(b *bytes.Buffer) error { return view.SheetHTML(b, sampleSheet(), sheetNow) },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := render(&b); err != nil {
				t.Fatal(err)
			}
			page := b.String()
			for _, want := range []string{"https://old.example", "https://new.example", "PEM-1", "PEM-2", "ends 24 Dec 2026",
				"in the metadata", "a new secret", "apart from this sheet",
				"custom fact", "not agreed yet", "Call on-call", "ends on 2026-12-24 already", "Sheet sha256:", "turned away",
				"What to mind", "Opened", "21 Nov 2026"} {
				if !strings.Contains(page, want) {
					t.Errorf("%q is not on the page:\n%s", want, page)
				}
			}
			for _, never := range []string{"<script>", "\x1b", "<b>"} {
				if strings.Contains(page, never) {
					t.Errorf("the page holds %q", never)
				}
			}
		})
	}
}

func TestSheet_TablesKeepTheirShape(t *testing.T) {
	var b bytes.Buffer
	if err := view.SheetMarkdown(&b, sampleSheet(), sheetNow); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		if cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); cells != 4 {
			t.Errorf("%d bars in %s", cells, line)
		}
	}
	if !strings.Contains(b.String(), "````\n{") {
		t.Error("the fence of the sample is no longer than the one inside it")
	}
}

func TestSheet_TheDigestIsOfWhatTheOwnerEnters(t *testing.T) {
	first, second := sampleSheet(), sampleSheet()
	if first.Digest != second.Digest || first.Digest == "" {
		t.Errorf("%q and %q", first.Digest, second.Digest)
	}
	progress := switchover.Progress{}
	a := switchover.CompleteSheet(switchover.Sheet{WrittenAt: "1"}, progress, nil,
		[]observation.ConnectionFact{{Name: "issuer", Value: "x"}})
	b := switchover.CompleteSheet(switchover.Sheet{WrittenAt: "2", Problem: "p"}, progress, nil,
		[]observation.ConnectionFact{{Name: "issuer", Value: "x"}})
	c := switchover.CompleteSheet(switchover.Sheet{WrittenAt: "1"}, progress, nil,
		[]observation.ConnectionFact{{Name: "issuer", Value: "y"}})
	if a.Digest != b.Digest || a.Digest == c.Digest {
		t.Error("the digest covers the time, or not the values")
	}
}
