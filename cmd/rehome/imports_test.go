package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"os/exec"
	"path/filepath"
	"slices"
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

// enginesOwn stands for the packages of engine that are not use cases.
const enginesOwn = "engine/... without use cases"

// useCaseTiers are the packages of engine that open what they work with: configuration, state and plugins. A use case
// may import those of the tiers before its own, and none of its own tier: what it needs of one beside it is a port of
// its input, which a command fills.
func useCaseTiers() [][]string {
	return [][]string{
		{"project", "diagnosis"},
		{"breakglass", "delivering", "recounting", "keeping", "reading", "surveying", "deciding", "cutover", "standing",
			"auditing", "attesting", "recording", "leasing", "scratch", "parity"},
		{"planning", "proving", "rotating"},
		{"undoing", "applying", "rehearsing"},
	}
}

// laterUseCases are those that stand on other use cases.
func laterUseCases() []string {
	var paths []string
	for _, name := range slices.Concat(useCaseTiers()[2:]...) {
		paths = append(paths, "module:engine/"+name)
	}
	return paths
}

func useCases() []string { return slices.Concat(useCaseTiers()...) }

func TestUseCases_DoNotImportEachOther(t *testing.T) {
	var lower []string
	for _, tier := range useCaseTiers() {
		for _, name := range tier {
			for _, line := range goList(t, "-f", `{{join .Imports "\n"}}`, module+"engine/"+name) {
				own, _ := strings.CutPrefix(line, module+"engine/")
				if isUseCase(line) && !slices.Contains(lower, own) {
					t.Errorf("engine/%s imports engine/%s, which is not below it: make it a port, or move what both need down", name,
						own)
				}
			}
		}
		lower = append(lower, tier...)
	}
}

func useCasePaths() []string {
	var paths []string
	for _, name := range useCases() {
		paths = append(paths, "module:engine/"+name)
	}
	return paths
}

func isUseCase(path string) bool {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, module+"engine/"), "/")
	return strings.HasPrefix(path, module+"engine/") && slices.Contains(useCases(), name)
}

var importRules = []importRule{
	{"engine/identity", []string{"module:", "github.com/"}, "the model is a leaf: the standard library only"},
	{"engine/fidelity", []string{"module:", "github.com/"},
		"the words for what is lost are a leaf: the standard library only"},
	{"engine/kinds", []string{"module:engine/contract", "module:engine/plan", "github.com/"},
		"what an item holds knows items only"},
	{"engine/contract", []string{"module:engine/plan", "module:engine/observation", "github.com/"},
		"what is said to a provider knows the model only"},
	{"engine/observation", []string{"module:engine/plan", "github.com/"}, "what is reported knows the model only"},
	{"engine/audit", []string{"module:", "github.com/"}, "a stranger's checker uses it: the standard library only"},
	{"engine/value", []string{"module:", "github.com/", "net", "os", "time", "log", "context"},
		"what is equal is a leaf: plugins and a stranger's checker use it"},
	{"engine/diag", []string{"module:", "github.com/"}, "diagnostics are a leaf: the standard library only"},
	{"engine/...", []string{"module:cmd", "github.com/hashicorp", "github.com/spf13", "go.etcd.io", "os/signal"},
		"nothing below the commands knows HCL, plugins, stores of others, or how a command is called and ended"},
	{enginesOwn, []string{"module:config", "module:providers", "module:state"},
		"the engine decides; only the use cases open configuration, state and plugins"},
	{"engine/project", []string{"module:state/bolt", "module:state/journal"},
		"the backend of a state is given by whoever calls"},
	{enginesOwn, useCasePaths(), "the use cases are last in the picture"},
	{"config", useCasePaths(), "the use cases are last in the picture"},
	{"state/sealing", []string{"module:engine", "module:state/journal", "os", "net"},
		"what encrypts values knows nothing of what they mean"},
	{"state/upgrade", []string{"module:engine/lifecycle", "module:engine/history", "module:engine/plan",
		"module:state/journal"},
		"records of an earlier format are read as they were, whatever they are today"},
	{"state/journal", []string{"module:state/bolt", "module:engine/project"},
		"a journal knows neither keys nor what a state makes of it"},
	{"state/...", useCasePaths(), "the use cases are last in the picture"},
	{"providers/...", useCasePaths(), "the use cases are last in the picture"},
	{"engine/authorization", []string{"module:", "net", "os", "math/rand", "time", "log", "context"},
		"a decision is made of values only"},
	{"engine/sorted", []string{"module:", "net", "os", "time", "log", "context"},
		"it pairs anything and knows nothing of it"},
	{"engine/assess", []string{"net", "os", "math/rand", "time", "log", "context"}, "the pure half repeats byte for byte"},
	{"engine/merge", []string{"net", "os", "math/rand", "time", "log", "context"}, "the pure half repeats byte for byte"},
	{"engine/rehearsal", []string{"net", "os", "math/rand", "time", "log", "context"},
		"the pure half repeats byte for byte"},
	{"engine/verify", []string{"net", "os", "log"}, "what it looks at comes through a Target"},
	{"engine/pseudonym", []string{"net", "os", "math/rand", "time", "log", "context"},
		"the same plan and key give the same pseudonyms"},
	{"engine/pseudonym", []string{"net", "os", "math/rand", "time", "log", "context"},
		"the same plan and key give the same pseudonyms"},
	{"engine/targetfile", []string{"net", "os", "math/rand", "log", "module:engine/plan"},
		"a stream is read and written; who encrypts it and how old it may be is decided elsewhere"},
	{"engine/plan", []string{"net", "os", "math/rand", "time", "log", "context", "module:engine/draft"},
		"the pure half repeats byte for byte; the document knows not how it is made"},
	{"engine/draft", []string{"net", "os", "math/rand", "time", "log", "context"}, "the pure half repeats byte for byte"},
	{"engine/changes", []string{"net", "os", "math/rand", "log", "context"},
		"a stranger comes to the same verdict from the file alone"},
	{"engine/evidence", []string{"net", "os", "math/rand", "time", "log", "context", "module:engine/pseudonym"},
		"a stranger's checker needs the file alone"},
	{"engine/handoff", []string{"net", "os", "math/rand", "log", "context"},
		"the pure half repeats byte for byte; the time is an argument"},
	{"engine/history", []string{"net", "os", "math/rand", "log", "context", "module:engine/plan", "module:engine/merge",
		"module:state"},
		"what runs did follows from what is recorded of them; what they were to do, a plan says"},
	{"engine/switchover", []string{"module:engine/plan", "module:engine/history", "net", "os", "math/rand", "log",
		"context"},
		"where an application stands follows from what is remembered and told; the time is an argument"},
	{"engine/declaration", []string{"module:config", "module:state", "module:engine/plan", "module:engine/rollback",
		"module:engine/handoff"},
		"what is declared stands below all: configuration, state and reports hold it"},
	{"engine/lifecycle", []string{"net", "os", "math/rand", "log", "context", "module:engine/plan"},
		"what may change follows from what is recorded; the time is an argument"},
	{"engine/rollback", []string{"net", "os", "math/rand", "time", "log", "context"},
		"the pure half repeats byte for byte"},
	{"config", []string{"module:engine/rollback", "module:engine/handoff", "module:engine/apply", "module:engine/verify"},
		"a configuration is read before anything is computed of it"},
	{"config", []string{"module:cmd", "module:state", "module:providers"},
		"configuration, state and providers never import each other"},
	{"config/functions", []string{"module:", "net", "time", "math/rand"},
		"what an expression calls gives the same every time, and knows no block"},
	{"state/...", []string{"module:cmd", "module:config", "module:providers", "github.com/hashicorp"},
		"configuration, state and providers never import each other"},
	{"providers/...", []string{"module:cmd/rehome/", "module:config", "module:state", "github.com/spf13",
		"github.com/hashicorp/hcl"}, "configuration, state and providers never import each other"},
	{"providers/sdk/...", []string{"module:providers/internal", "module:providers/okta", "module:providers/entra",
		"module:providers/keycloak", "module:providers/realmfile", "module:providers/client"},
		"the author of a provider elsewhere has what sdk has, and cannot import internal packages of ours"},
	{"providers/okta", []string{"module:providers/entra", "module:providers/keycloak", "module:providers/realmfile"},
		"no technology imports another"},
	{"providers/entra", []string{"module:providers/okta", "module:providers/keycloak", "module:providers/realmfile"},
		"no technology imports another"},
	{"providers/keycloak/...", []string{"module:providers/okta", "module:providers/entra", "module:providers/realmfile"},
		"no technology imports another"},
	{"providers/realmfile", []string{"module:providers/okta", "module:providers/entra", "module:providers/keycloak"},
		"no technology imports another"},
	{"examples/...", []string{"module:config", "module:state", "module:cmd", "module:providers/internal",
		"module:providers/client", "module:providers/protocol", "module:engine/plan", "module:engine/apply"},
		"a provider of somebody else has the public packages only"},
	{"cmd/rehome/internal/terminal", []string{"module:cmd", "module:config", "module:state", "github.com/spf13", "net"},
		"it asks and tells, and knows no command and no flag"},
	{"cmd/rehome/internal/view/...", laterUseCases(),
		"the view knows no use case that carries something out: what it renders of those is a value of a pure package"},
	{"cmd/rehome/internal/view/...", []string{"module:config", "module:state/", "module:providers", "module:engine/project",
		"context", "net", "os"}, "the view renders values, the records of the state among them, and opens nothing"},
}

func TestImports_GoOneWay(t *testing.T) {
	for _, rule := range importRules {
		t.Run(strings.ReplaceAll(rule.packages, "/", "_"), func(t *testing.T) {
			packages, own := strings.CutSuffix(rule.packages, strings.TrimPrefix(enginesOwn, "engine/..."))
			listed := goList(t, "-f", `{{.ImportPath}}|{{join .Imports ","}}`, module+packages)
			if own {
				listed = slices.DeleteFunc(listed, func(line string) bool {
					name, _, _ := strings.Cut(line, "|")
					return isUseCase(name)
				})
			}
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
		if strings.HasPrefix(path, module) {
			continue // "github.com/" means those of others
		}
		if path == prefix || strings.HasPrefix(path, prefix+"/") || (strings.HasSuffix(prefix, "/") &&
			strings.HasPrefix(path, prefix)) {
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

// TestUseCases_TouchNothingOfTheProcess finds what would tie a use case to one caller in one process: its streams, its
// environment, its folder, its end, and variables that two callers would share.
func TestUseCases_TouchNothingOfTheProcess(t *testing.T) {
	forbidden := map[string]bool{"os.Getenv": true, "os.LookupEnv": true, "os.Environ": true, "os.Setenv": true,
		"os.Stdout": true,
		"os.Stderr": true, "os.Stdin": true, "os.Exit": true, "os.Chdir": true, "os.Getwd": true, "os.Getpid": true,
		"os.Hostname": true,
		"fmt.Print":   true, "fmt.Printf": true, "fmt.Println": true, "context.Background": true, "context.TODO": true,
		"time.Now": true}
	seen := 0
	for _, name := range useCases() {
		for file := range sourceFiles(t, "../../engine/"+name) {
			seen++
			ast.Inspect(file.syntax, func(n ast.Node) bool {
				if selector, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := selector.X.(*ast.Ident); ok && forbidden[x.Name+"."+selector.Sel.Name] && !allowedInUseCases(file.path,
						x.Name+"."+selector.Sel.Name) {
						t.Errorf("%s uses %s.%s: take it from project.Settings or an argument", file.path, x.Name, selector.Sel.Name)
					}
				}
				return true
			})
			for _, declaration := range file.syntax.Decls {
				variables, ok := declaration.(*ast.GenDecl)
				if ok && variables.Tok == token.VAR && !constantInAllButName(variables) {
					t.Errorf("%s has a package variable: two projects in one process would share it", file.path)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// allowedInUseCases is where the one default of the clock is set.
func allowedInUseCases(path, what string) bool {
	return what == "time.Now" && strings.HasSuffix(path, "engine/project/project.go")
}

// constantInAllButName tells whether a declaration holds only what Go has no constants for: sentinel errors and
// compiled patterns.
func constantInAllButName(declaration *ast.GenDecl) bool {
	for _, spec := range declaration.Specs {
		for _, value := range spec.(*ast.ValueSpec).Values {
			call, ok := value.(*ast.CallExpr)
			if !ok {
				return false
			}
			called, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || called.Sel.Name != "New" && called.Sel.Name != "MustCompile" {
				return false
			}
		}
		if len(spec.(*ast.ValueSpec).Values) == 0 {
			return false
		}
	}
	return true
}

type sourceFile struct {
	path   string
	syntax *ast.File
}

// sourceFiles parses what is below a folder, tests aside. A folder that is not there yet has none.
func sourceFiles(t *testing.T, folder string) iter.Seq[sourceFile] {
	return func(yield func(sourceFile) bool) {
		_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.Contains(path, "test/") {
				return nil
			}
			syntax, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Error(err)
				return nil
			}
			if !yield(sourceFile{filepath.ToSlash(path), syntax}) {
				return fs.SkipAll
			}
			return nil
		})
	}
}
