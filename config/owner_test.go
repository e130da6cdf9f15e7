package config

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

func app(t *testing.T, name string) identity.Item {
	t.Helper()
	item, err := identity.NewItem(identity.KindApplication, name, name, kinds.Application{Name: name, Protocol: "saml"})
	if err != nil {
		t.Fatal(err)
	}
	return item
}

const owners = `
application "payroll" {
  where     = item.name == "Payroll"
  owner     = "Payroll team"
  contact   = "payroll@acme.example"
  switch_on = "2026-12-05"
  confirm   = ["Pay slips open"]
}
application "saml" {
  where = item.protocol == "saml" && startswith(item.name, "S")
  owner = "SAML people"
}
application "all-s" {
  where = item.name == "Sales"
  owner = "Sales"
}
`

func TestApplicationOf_FindsTheOwner(t *testing.T) {
	cfg, found := load(t, owners, Inputs{})
	if found.HasErrors() {
		t.Fatal(found)
	}
	payroll, err := cfg.ApplicationOf(app(t, "Payroll"))
	if err != nil || payroll == nil || payroll.Owner != "Payroll team" || payroll.SwitchOn != "2026-12-05" ||
		len(payroll.Confirm) != 1 {
		t.Errorf("Payroll: %+v, %v", payroll, err)
	}
	if none, err := cfg.ApplicationOf(app(t, "Wiki")); none != nil || err != nil {
		t.Errorf("Wiki has an owner: %+v, %v", none, err)
	}
	if _, err := cfg.ApplicationOf(app(t, "Sales")); err == nil || !strings.Contains(err.Error(), "saml") ||
		!strings.Contains(err.Error(), "all-s") {
		t.Errorf("two owners: %v", err)
	}
}

func TestApplication_MistakesAreNamed(t *testing.T) {
	cases := map[string]struct{ text, code string }{
		"no owner":       {"application \"a\" {\n where = true\n}", codeArgumentMissing},
		"an empty owner": {"application \"a\" {\n where = true\n owner = \"\"\n}", codeArgumentInvalid},
		"a date in words": {"application \"a\" {\n where = true\n owner = \"o\"\n switch_on = \"friday\"\n}",
			codeArgumentInvalid},
		"an unknown field": {"application \"a\" {\n where = item.nmae == \"x\"\n owner = \"o\"\n}", codeItemAttribute},
		"a block twice": {"application \"a\" {\n where = true\n owner = \"o\"\n}\napplication \"a\" {\n where = " +
			"true\n owner = \"o\"\n}", codeBlockDuplicate},
		"an endless wait": {"rehome {\n retire_after = \"never\"\n}", codeArgumentInvalid},
		"a wrong argument": {"application \"a\" {\n where = true\n owner = \"o\"\n date = \"2026-12-05\"\n}",
			codeArgumentUnknown},
		"a label too many":  {"application \"application\" \"a\" {\n where = true\n owner = \"o\"\n}", codeBlockLabels},
		"a missing where":   {"application \"a\" {\n owner = \"o\"\n}", codeArgumentMissing},
		"a where of number": {"application \"a\" {\n where = item.nope\n owner = \"o\"\n}", codeItemAttribute},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, found := load(t, c.text, Inputs{})
			for _, d := range found {
				if d.Code == c.code {
					return
				}
			}
			t.Errorf("want %s, got %v", c.code, found)
		})
	}
}
