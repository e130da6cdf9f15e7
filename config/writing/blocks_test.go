package writing_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/config/writing"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

const base = `# kept as it is
migration "acme" {
  tenant = "acme"
  mode   = "merge_into_existing"
}
target "realmfile" "portal" {}`

func TestWrittenBlocks_CanBeLoadedAndLeaveTheRestAlone(t *testing.T) {
	src, list := writing.AppendMerge([]byte(base), "main.rehome.hcl", writing.MergeBlock{Kind: "group", Name: "e",
		Field: "name", Value: "a \"${b}", Source: "okta.corp", Decision: "reconcile", Target: "group:/e",
		Overwrite: []string{"name"}})
	if list != nil {
		t.Fatal(list)
	}
	if src, list = writing.AppendAcknowledge(src, "main.rehome.hcl", plan.Acknowledgement{ID: "ocm-1", Reason: "told",
		Reference: "CHG-1"}); list != nil {
		t.Fatal(list)
	}
	if !strings.HasPrefix(string(src), base+"\n\nmerge ") {
		t.Errorf("what was there is not left alone:\n%s", src)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.rehome.hcl"), src, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, list := config.Load(dir, config.Inputs{})
	if list.HasErrors() || len(cfg.Merges) != 1 || len(cfg.Acknowledgements) != 1 {
		t.Fatalf("%v\n%s", list, src)
	}
	for name, want := range map[string]bool{"a \"${b}": true, "a": false} {
		item := identity.Item{Source: "okta.corp", Kind: identity.KindGroup, ID: "1", Name: name}
		if means, err := cfg.Merges[0].Where(item); err != nil || means != want {
			t.Errorf("%q: %t, %v", name, means, err)
		}
	}
	if a := cfg.Acknowledgements[0]; a.ID != "ocm-1" || a.Reason != "told" || a.Reference != "CHG-1" {
		t.Errorf("%+v", a)
	}
}

func TestWrittenBlocks_NothingIsAddedToWhatDoesNotParse(t *testing.T) {
	for name, src := range map[string]string{"broken": "merge {", "an attribute that is none": base} {
		m := writing.MergeBlock{Kind: "group", Name: "e", Field: "name", Value: "a", Decision: "skip"}
		if name != "broken" {
			m.Field = "no attribute"
		}
		if out, list := writing.AppendMerge([]byte(src), "x.rehome.hcl", m); !list.HasErrors() || string(out) != src {
			t.Errorf("%s: %v\n%s", name, list, out)
		}
	}
}
