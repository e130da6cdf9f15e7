package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
)

func TestRebuilt_NamesTheFlowOfAPolicy(t *testing.T) {
	cfg, problems := load(t, `rebuilt "auth_policy" "two-factors" {
  where     = item.name == "Any two factors"
  flow      = "strong"
  reference = "CHG-7"
  upstream  = ["corp"]
}`, Inputs{})
	if problems.HasErrors() || len(cfg.Rebuilts) != 1 {
		t.Fatalf("%v %+v", problems, cfg.Rebuilts)
	}
	r := cfg.Rebuilts[0]
	if r.Kind != identity.KindAuthPolicy || r.Name != "two-factors" || r.Flow != "strong" || r.Reference != "CHG-7" ||
		!slices.Equal(r.Upstream, []string{"corp"}) || r.Range.Start.Line == 0 {
		t.Errorf("%+v", r)
	}
	for name, want := range map[string]bool{"Any two factors": true, "Password only": false} {
		item := identity.Item{Kind: identity.KindAuthPolicy, ID: "1", Name: name}
		if means, err := r.Where(item); err != nil || means != want {
			t.Errorf("it means %s: %t, %v", name, means, err)
		}
	}
	block := func(kind, arguments string) string {
		return `rebuilt "` + kind + "\" \"x\" {\n  where = true\n" + arguments + "}"
	}
	for text, want := range map[string]string{
		block("auth_policy", "  flow = \"strong\"\n"):                             "reference",
		block("auth_policy", "  reference = \"CHG-7\"\n"):                         "flow",
		block("auth_policy", "  flow = \"\"\n  reference = \"CHG-7\"\n"):          "flow must say something",
		block("auth_policy", "  flow = \"strong\"\n  reference = \"\"\n"):         "reference must say something",
		block("application", "  flow = \"strong\"\n  reference = \"CHG-7\"\n"):    "auth_policy",
		block("no_such_kind", "  flow = \"strong\"\n  reference = \"CHG-7\"\n"):   "no_such_kind",
		`rebuilt "auth_policy" { where = true }`:                                  "name",
		block("auth_policy", "  flow=\"f\"\n  reference=\"r\"\n  reason=\"x\"\n"): "reason",
	} {
		_, problems := load(t, text, Inputs{})
		if err := problems.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v", text, err)
		}
	}
}
