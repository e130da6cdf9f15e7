package config

import (
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
)

func TestARehearsalBlockIsDecodedAsATarget(t *testing.T) {
	c, found := load(t, `
rehearsal "realmfile" "scratch" {
  path = "copy.json"
}
`, Inputs{})
	if found.HasErrors() {
		t.Fatal(found)
	}
	schema := contract.ProviderSchema{Config: []contract.ConfigAttribute{{Name: "path", Type: "string", Required: true}}}
	values, found := c.DecodeProvider(c.Rehearsal, schema)
	if found.HasErrors() || values["path"] != "copy.json" {
		t.Errorf("values %v, problems %v", values, found)
	}
	block := *c.Rehearsal
	block.Replaced = map[string]any{"path": "/tmp/other"}
	if values, _ := c.DecodeProvider(&block, schema); values["path"] != "/tmp/other" {
		t.Errorf("values %v", values)
	}
	if values, _ := c.DecodeProvider(c.Rehearsal, schema); values["path"] != "copy.json" {
		t.Errorf("the block of the configuration was changed: %v", values)
	}
}

func TestThereIsOneRehearsal(t *testing.T) {
	_, found := load(t, "rehearsal \"realmfile\" \"a\" {}\nrehearsal \"realmfile\" \"b\" {}\n", Inputs{})
	if len(found) != 1 || found[0].Code != codeBlockDuplicate {
		t.Errorf("found %v", found)
	}
}
