package main

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/rehome-iam/rehome/"

// importRule says what the packages below a path may never import, and why. A rule whose packages are gone fails too.
type importRule struct {
	packages  string   // path below the module; /... for all below
	forbidden []string // prefixes; "module:" before a path of ours
	why       string
}

var importRules = []importRule{
	{"engine/identity", []string{"module:", "github.com/"}, "the model is a leaf: the standard library only"},
	{"engine/audit", []string{"module:", "github.com/"}, "a stranger's checker uses it: the standard library only"},
	{"engine/value", []string{"module:", "github.com/", "net", "os", "time", "log", "context"}, "what is equal is a leaf: plugins and a stranger's checker use it"},
	{"engine/diag", []string{"module:", "github.com/"}, "diagnostics are a leaf: the standard library only"},
	{"engine/...", []string{"module:cmd", "module:config", "module:providers", "module:state", "github.com/hashicorp", "github.com/spf13", "go.etcd.io"}, "the engine decides and knows neither HCL, plugins nor the store"},
	{"engine/authorization", []string{"module:", "net", "os", "math/rand", "time", "log", "context"}, "a decision is made of values only"},
	{"engine/sorted", []string{"module:engine/inventory", "module:engine/assess", "net", "os", "time", "log", "context"}, "it pairs anything and knows nothing of it"},
	{"engine/assess", []string{"net", "os", "math/rand", "time", "log", "context"}, "the pure half repeats byte for byte"},
	{"engine/merge", []string{"net", "os", "math/rand", "time", "log", "context"}, "the pure half repeats byte for byte"},
	{"engine/rehearsal", []string{"net", "os", "math/rand", "time", "log", "context"}, "the pure half repeats byte for byte"},
	{"engine/verify", []string{"net", "os", "log"}, "what it looks at comes through a Target"},
	{"engine/pseudonym", []string{"net", "os", "math/rand", "time", "log", "context"}, "the same plan and key give the same pseudonyms"},
	{"engine/pseudonym", []string{"net", "os", "math/rand", "time", "log", "context"}, "the same plan and key give the same pseudonyms"},
	{"engine/targetfile", []string{"net", "os", "math/rand", "log", "module:engine/plan"}, "a stream is read and written; who encrypts it and how old it may be is decided elsewhere"},
	{"engine/plan", []string{"net", "os", "math/rand", "time", "log", "context"}, "the pure half repeats byte for byte"},
	{"engine/changes", []string{"net", "os", "math/rand", "log", "context"}, "a stranger comes to the same verdict from the file alone"},
	{"engine/evidence", []string{"net", "os", "math/rand", "time", "log", "context", "module:engine/pseudonym"}, "a stranger's checker needs the file alone"},
	{"engine/handoff", []string{"net", "os", "math/rand", "log", "context"}, "the pure half repeats byte for byte; the time is an argument"},
	{"engine/lifecycle", []string{"net", "os", "math/rand", "log", "context"}, "what may change follows from what is recorded; the time is an argument"},
	{"engine/rollback", []string{"net", "os", "math/rand", "time", "log", "context"}, "the pure half repeats byte for byte"},
	{"config", []string{"module:cmd", "module:state", "module:providers"}, "configuration, state and providers never import each other"},
	{"state/...", []string{"module:cmd", "module:config", "module:providers", "github.com/hashicorp"}, "configuration, state and providers never import each other"},
	{"providers/...", []string{"module:cmd/rehome/", "module:config", "module:state", "github.com/spf13", "github.com/hashicorp/hcl"}, "configuration, state and providers never import each other"},
	{"providers/sdk/...", []string{"module:providers/internal", "module:providers/okta", "module:providers/entra", "module:providers/keycloak", "module:providers/realmfile", "module:providers/client"},
		"the author of a provider elsewhere has what sdk has, and cannot import internal packages of ours"},
	{"providers/okta", []string{"module:providers/entra", "module:providers/keycloak", "module:providers/realmfile"}, "no technology imports another"},
	{"providers/entra", []string{"module:providers/okta", "module:providers/keycloak", "module:providers/realmfile"}, "no technology imports another"},
	{"providers/keycloak", []string{"module:providers/okta", "module:providers/entra", "module:providers/realmfile"}, "no technology imports another"},
	{"providers/realmfile", []string{"module:providers/okta", "module:providers/entra", "module:providers/keycloak"}, "no technology imports another"},
	{"cmd/rehome/internal/view", []string{"module:config", "module:state", "module:providers"}, "the view renders engine values only"},
}

func TestImports_GoOneWay(t *testing.T) {
	for _, rule := range importRules {
		t.Run(strings.ReplaceAll(rule.packages, "/", "_"), func(t *testing.T) {
			listed := goList(t, "-f", `{{.ImportPath}}|{{join .Imports ","}}`, module+rule.packages)
			if len(listed) == 0 {
				t.Fatalf("no package is left below %s: remove the rule", rule.packages)
			}
			for _, line := range listed {
				name, imports, _ := strings.Cut(line, "|")
				for _, path := range strings.Split(imports, ",") {
					if forbidden(rule, path) {
						t.Errorf("%s imports %s: %s", name, path, rule.why)
					}
				}
			}
		})
	}
}

func forbidden(rule importRule, path string) bool {
	for _, prefix := range rule.forbidden {
		if own, ok := strings.CutPrefix(prefix, "module:"); ok {
			if strings.HasPrefix(path, module+own) {
				return true
			}
			continue
		}
		if path == prefix || strings.HasPrefix(path, prefix+"/") || (strings.HasSuffix(prefix, "/") && strings.HasPrefix(path, prefix)) {
			return true
		}
	}
	return false
}

func TestImports_TheBinaryLinksNoVendorSDK(t *testing.T) {
	cases := map[string][]string{
		"cmd/rehome":                   {"github.com/okta/", "github.com/microsoftgraph/", "github.com/Azure/"},
		"cmd/rehome-lab":               {"github.com/okta/", "github.com/microsoftgraph/", "github.com/Azure/"},
		"cmd/rehome-provider-okta":     {"github.com/microsoftgraph/", "github.com/Azure/"},
		"cmd/rehome-provider-entra":    {"github.com/okta/"},
		"cmd/rehome-provider-keycloak": {"github.com/okta/", "github.com/microsoftgraph/", "github.com/Azure/"},
	}
	for name, vendors := range cases {
		t.Run(name, func(t *testing.T) {
			for _, path := range goList(t, "-deps", module+name) {
				for _, vendor := range vendors {
					if strings.HasPrefix(path, vendor) {
						t.Errorf("%s links %s", name, path)
					}
				}
			}
		})
	}
}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.Fields(string(out))
}
