package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/merge"
)

const base = `
migration "acme" {
  tenant = "acme"
  mode   = "merge_into_existing"
}
target "keycloak" "portal" {
  url           = "https://id.acme.example"
  client_secret = credential("keycloak-portal")
}
`

func load(t testing.TB, text string, inputs Inputs) (*Config, diag.List) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.rehome.hcl"), []byte(base+text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(dir, inputs)
}

func group(t testing.TB, name string) identity.Item {
	t.Helper()
	item, err := identity.NewItem(identity.KindGroup, "1", name, kinds.Group{Name: name, Type: "OKTA_GROUP"})
	if err != nil {
		t.Fatal(err)
	}
	return item
}

// skipsOf and mergesOf pick as a plan does: an item that a block means, and what is wrong with the conditions.
func skipsOf(c *Config, item identity.Item) ([]string, error) {
	skip, problems := merge.NewPicker(nil, c.Skips).Skip(item)
	if skip == nil {
		return nil, problems.Err()
	}
	return []string{skip.Name}, problems.Err()
}

func mergesOf(c *Config, item identity.Item) ([]string, error) {
	rule, problems := merge.NewPicker(c.Merges, nil).Merge(item)
	if rule == nil {
		return nil, problems.Err()
	}
	return []string{rule.Name}, problems.Err()
}

func TestMistakesAreNamedWithTheirCode(t *testing.T) {
	cases := map[string]struct{ text, code, says string }{
		"item attribute": {`skip "group" "a" {` + "\n where = item.nmae == \"x\"\n reason = \"r\"\n}", codeItemAttribute,
			`Did you mean "name"?`},
		"block":    {"mergee \"group\" \"a\" {}", codeBlockUnknown, "merge"},
		"argument": {"rollback {\n summary = \"s\"\n steps = []\n ownr = 1\n}", codeArgumentUnknown, "owner"},
		"rollback until": {"rollback {\n summary = \"s\"\n owner = \"o\"\n steps = []\n until = \"soon\"\n}",
			codeArgumentInvalid, "2026-12-31"},
		"evidence": {"evidence {\n follow_up_reveiwed = true\n}", codeArgumentUnknown, "follow_up_reviewed"},
		"kind": {`skip "grup" "a" {` + "\n where = true\n reason = \"r\"\n}", codeKindUnknown,
			`Did you mean "group"?`},
		"decision": {`merge "group" "a" {` + "\n where = true\n decision = \"skipp\"\n}", codeValueUnknown,
			`Did you mean "skip"?`},
		"target missing": {`merge "group" "a" {` + "\n where = true\n decision = \"map_to_existing\"\n}",
			codeArgumentMissing, "target"},
		"rename": {`merge "group" "a" {` + "\n where = true\n decision = \"skip\"\n rename = \"x\"\n}",
			codeArgumentConflict, "create_new"},
		"variable": {"locals {\n a = var.tokn\n}\nvariable \"token\" {\n default = 1\n}", codeReferenceUnknown,
			`Did you mean "token"?`},
		"missing variable": {"variable \"token\" {}", codeVariableMissing, "REHOME_VAR_token"},
		"cycle":            {"locals {\n a = local.b\n b = local.a\n}", codeLocalCycle, "itself"},
		"function":         {"locals {\n a = uper(\"x\")\n}", codeFunctionUnknown, `"upper"`},
		"credential":       {"locals {\n a = credential(\"x\")\n}", codeFunctionUnknown, "source and target"},
		"second migration": {"migration \"b\" {\n tenant = \"b\"\n mode = \"merge_into_existing\"\n}", codeBlockDuplicate,
			"main.rehome.hcl line 2"},
		"syntax": {"locals {", codeSyntax, ""},
		"set": {`map "group" "a" {` + "\n where = true\n set = { descripton = \"x\" }\n}", codeItemAttribute,
			`Did you mean "description"?`},
		"what is judged": {`map "application" "a" {` + "\n where = true\n set = { undecided = \"\" }\n}", codeItemAttribute,
			"it is not for a map block to set"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, list := load(t, c.text, Inputs{})
			for _, d := range list {
				if d.Code == c.code && strings.Contains(d.Detail, c.says) {
					return
				}
			}
			t.Fatalf("no %s that says %q in %+v", c.code, c.says, list)
		})
	}
}

func TestAnUnknownAttributeIsMarkedInItsLine(t *testing.T) {
	_, list := load(t, "merge \"group\" \"payroll\" {\n  where    = item.nmae == \"x\"\n  decision = "+
		"\"skip\"\n}", Inputs{})
	if len(list) != 1 || list[0].Snippet == nil {
		t.Fatalf("got %+v", list)
	}
	s := list[0].Snippet
	if s.Code[s.From:s.To] != "nmae" || s.Context != `merge "group" "payroll"` || s.Line != 11 {
		t.Fatalf("got %+v", s)
	}
}

func TestRulesFindTheirItems(t *testing.T) {
	c, list := load(t, `
variable "prefix" { default = "sand" }
locals { full = "${var.prefix}box-" }
skip "group" "sandboxes" {
  where  = startswith(item.name, local.full) && length(item.parent_groups) == 0
  reason = "rebuilt"
}
map "group" "d" {
  where = item.type == "OKTA_GROUP"
  set   = { description = "from ${item.name}" }
}
`, Inputs{})
	if list != nil {
		t.Fatal(list)
	}
	if found, err := skipsOf(c, group(t, "sandbox-1")); err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if found, err := skipsOf(c, group(t, "Engineering")); err != nil || len(found) != 0 {
		t.Fatal(found, err)
	}
	set, err := c.Maps[0].Set(group(t, "Engineering"))
	if err != nil || set["description"] != "from Engineering" {
		t.Fatal(set, err)
	}
}

func TestTheExampleOfTheDesignLoads(t *testing.T) {
	text, err := os.ReadFile("../../shared/design.md")
	if err != nil {
		t.Skip("the shared design is not here")
	}
	_, after, _ := strings.Cut(string(text), "```hcl\n")
	example, _, _ := strings.Cut(after, "```")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.rehome.hcl"), []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	c, list := Load(dir, Inputs{Vars: []string{"okta_token=x"}})
	if list != nil || len(c.Merges) != 3 || len(c.Sources) != 2 {
		t.Fatal(list)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if found, err := mergesOf(c, group(t, "Engineering")); err != nil || len(found) != 1 {
				t.Error(found, err)
			}
		})
	}
	wait.Wait()
}

func TestLaterInputsOfVariablesWin(t *testing.T) {
	c, list := load(t, "variable \"n\" {\n type = string\n}\nrehome {\n required_version = var.n\n}",
		Inputs{Environ: []string{"REHOME_VAR_n=env"}, Vars: []string{"n=argument"}})
	if list != nil || c.Rehome.RequiredVersion != "argument" {
		t.Fatal(c.Rehome, list)
	}
}

func TestSecretsStayOutOfDiagnostics(t *testing.T) {
	const planted = "planted-secret"
	c, list := load(t, "variable \"s\" {\n type = string\n sensitive = true\n}\nlocals {\n a = "+
		"tonumber(var.s)\n}\nsource \"okta\" \"c\" {\n rate = var.s\n}",
		Inputs{Vars: []string{"s=" + planted}})
	_, more := c.DecodeProvider(&c.Sources[0], contract.ProviderSchema{Config: []contract.ConfigAttribute{{Name: "rate",
		Type: "number"}}})
	if all := append(list, more...); !all.HasErrors() || strings.Contains(fmt.Sprintf("%+v", all), planted) {
		t.Fatal(all)
	}
	if got := c.SensitiveValues(); !reflect.DeepEqual(got, []string{planted}) {
		t.Fatal(got)
	}
}

func TestProviderArgumentsFollowTheSchema(t *testing.T) {
	c, list := load(t, "", Inputs{Credentials: func(name string) (Credential, error) {
		return Credential{Value: "s3cret-" + name, For: []string{"https://id.acme.example"}}, nil
	}})
	if list != nil {
		t.Fatal(list)
	}
	schema := contract.ProviderSchema{Config: []contract.ConfigAttribute{{Name: "url", Type: "string", Required: true},
		{Name: "client_secret", Type: "string", Sensitive: true}, {Name: "limit", Type: "number", Default: 5}}}
	values, list := c.DecodeProvider(c.Target, schema)
	want := map[string]any{"url": "https://id.acme.example", "client_secret": "s3cret-keycloak-portal", "limit": 5.0}
	if list != nil || !reflect.DeepEqual(values, want) {
		t.Fatal(values, list)
	}
	schema.Config[0].Name = "urll"
	if _, list = c.DecodeProvider(c.Target, schema); !list.HasErrors() || !strings.Contains(list.Error(), "Did you mean") {
		t.Fatal(list)
	}
}

func TestAnUncomputedAccessFailsItsCheck(t *testing.T) {
	c, list := load(t, "check \"admins\" {\n condition = length([for a in access.gained : a if a.privileged]) == 0\n "+
		"error_message = \"An administrator appears.\"\n}", Inputs{})
	if list != nil {
		t.Fatal(list)
	}
	for plan, want := range map[string]bool{`{"access":null}`: false, `{"access":{"gained":null}}`: true,
		`{"access":{"gained":[{"privileged":true}]}}`: false} {
		if ok, message, err := c.Checks[0].Evaluate([]byte(plan)); err != nil || ok != want || ok == (message != "") {
			t.Fatal(plan, ok, message, err)
		}
	}
}

func TestTheLockKeepsOtherPlatforms(t *testing.T) {
	path := filepath.Join(t.TempDir(), LockFileName)
	lock := &LockFile{}
	lock.Set("okta", "0.1.0", []string{"darwin_arm64:sha256:aa"})
	lock.Set("okta", "0.1.0", []string{"linux_amd64:sha256:bb"})
	if err := WriteLock(path, lock); err != nil {
		t.Fatal(err)
	}
	read, list := ReadLock(path)
	if list != nil || !reflect.DeepEqual(read, lock) {
		t.Fatal(read, list)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("skip \"group\" \"a\" {\n where = item.name == \"x\"\n reason = \"r\"\n}")
	f.Fuzz(func(t *testing.T, text string) {
		c, _ := load(t, text, Inputs{})
		_, _ = skipsOf(c, group(t, "x"))
	})
}

func BenchmarkTenThousandMergeBlocks(b *testing.B) {
	var text strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&text, "merge \"group\" \"g%d\" {\n  where    = item.name == \"g%d\"\n  decision = \"skip\"\n}\n", i, i)
	}
	for b.Loop() {
		if c, list := load(b, text.String(), Inputs{}); list != nil || len(c.Merges) != 10000 {
			b.Fatal(list)
		}
	}
}

func TestWithSnippets_ShowsTheLineOfAProblemFoundLater(t *testing.T) {
	c, list := load(t, "\nskip \"group\" \"x\" {\n  where  = true\n  reason = \"r\"\n}\n", Inputs{})
	if list.HasErrors() {
		t.Fatal(list)
	}
	d := diag.Errorf("x", "X", "x")
	d.Subject = &c.Skips[0].Range
	d.Subject.Start.Byte = 0
	shown := c.WithSnippets(diag.List{d, diag.Errorf("y", "Y", "y")})
	if shown[0].Snippet == nil || shown[0].Snippet.Code != `skip "group" "x" {` || shown[1].Snippet != nil {
		t.Errorf("%+v", shown)
	}
}
