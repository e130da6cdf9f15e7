package config

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
)

func TestMovedFrom_IsOfASourceAndNotOfItsPlugin(t *testing.T) {
	cfg, problems := load(t, `source "okta" "corp" {
  org_url    = "https://new.example"
  moved_from = "old.example"
}`, Inputs{})
	if problems.HasErrors() || cfg.Sources[0].MovedFrom != "old.example" {
		t.Fatalf("%v %+v", problems, cfg.Sources)
	}
	schema := contract.ProviderSchema{Config: []contract.ConfigAttribute{{Name: "org_url", Type: "string"}}}
	values, problems := cfg.DecodeProvider(&cfg.Sources[0], schema)
	if problems.HasErrors() || len(values) != 1 || values["org_url"] != "https://new.example" {
		t.Errorf("the plugin gets %v, %v", values, problems)
	}
	cfg, _ = load(t, "rehearsal \"okta\" \"x\" {\n  moved_from = \"old.example\"\n}", Inputs{})
	if _, problems := cfg.DecodeProvider(cfg.Rehearsal, schema); !strings.Contains(problems.Error(), "moved_from") {
		t.Errorf("another block takes it: %v", problems)
	}
	_, problems = load(t, "variable \"s\" {\n  type = string\n  sensitive = true\n  default = \"x\"\n}\n"+
		"source \"okta\" \"corp\" {\n  moved_from = var.s\n}", Inputs{})
	if !strings.Contains(problems.Error(), "moved_from") {
		t.Errorf("a sensitive value may be shown: %v", problems)
	}
}
