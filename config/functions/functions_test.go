package functions

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// evaluate computes an expression with every function, and some variables.
func evaluate(t testing.TB, reader Reader, text string) (cty.Value, hcl.Diagnostics) {
	t.Helper()
	expr, problems := hclsyntax.ParseExpression([]byte(text), "test.hcl", hcl.InitialPos)
	if problems.HasErrors() {
		t.Fatalf("%s: %v", text, problems)
	}
	return expr.Value(&hcl.EvalContext{Functions: All(reader), Variables: map[string]cty.Value{
		"secret":  cty.StringVal("planted").Mark("sensitive"),
		"secrets": cty.ListVal([]cty.Value{cty.StringVal("planted").Mark("sensitive"), cty.StringVal("open")}),
		"hidden":  cty.True.Mark("sensitive"),
		"later":   cty.UnknownVal(cty.String),
		"laters":  cty.UnknownVal(cty.List(cty.String)),
		"maybe":   cty.ListVal([]cty.Value{cty.UnknownVal(cty.Bool)}),
		"none":    cty.NullVal(cty.String),
		"any":     cty.DynamicVal,
		"object":  cty.ObjectVal(map[string]cty.Value{"a": cty.UnknownVal(cty.String), "b": cty.True}),
		"nobody":  cty.ListValEmpty(cty.Bool),
	}})
}

// asJSON is how a value reads, "unknown" where it has none yet.
func asJSON(t *testing.T, value cty.Value) string {
	t.Helper()
	value, _ = value.UnmarkDeep()
	if !value.IsWhollyKnown() {
		return "unknown"
	}
	encoded, err := ctyjson.Marshal(value, value.Type())
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func TestFunctions_GiveWhatTheirNamesPromise(t *testing.T) {
	for text, want := range map[string]string{
		`alltrue([])`: `true`, `alltrue([true, true])`: `true`, `alltrue([true, false])`: `false`,
		`anytrue([])`: `false`, `anytrue([false, true])`: `true`, `anytrue([false, false])`: `false`,
		`alltrue(["true", "false"])`: `false`, `alltrue(nobody)`: `true`,
		// a null is not true
		`alltrue([true, null])`: `false`, `anytrue([null])`: `false`,
		`alltrue(maybe)`: `unknown`, `anytrue(maybe)`: `unknown`,
		`base64encode("a✓")`: `"YeKckw=="`, `base64decode("YeKckw==")`: `"a✓"`, `base64decode("")`: `""`,
		`sha256("")`:                       `"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`,
		`sha256("abc")`:                    `"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`,
		`startswith("staff-it", "staff-")`: `true`, `startswith("staff", "Staff")`: `false`, `startswith("x", "")`: `true`,
		`endswith("staff-it", "-it")`: `true`, `endswith("it", "staff-it")`: `false`,
		`strcontains("staff-it", "ff-")`: `true`, `strcontains("", "a")`: `false`,
		`length("a✓é")`: `3`, `length([1, 2])`: `2`, `length({ a = 1 })`: `1`, `length(toset(["a", "a"]))`: `1`,
		`length("")`: `0`, `length([])`: `0`,
		// what is inside need not be known to be counted
		`length(object)`: `2`, `length(any)`: `unknown`, `length(later)`: `unknown`, `length(laters)`: `unknown`,
		`replace("a.b.c", ".", "-")`: `"a-b-c"`, `replace("a1b22", "/[0-9]+/", "#")`: `"a#b#"`,
		`replace("a-b", "/(.)-(.)/", "$2$1")`: `"ba"`,
		// slashes alone are no pattern
		`replace("a/b", "/", "-")`: `"a-b"`, `replace("a//b", "//", "-")`: `"a-b"`, `replace("a/b/c", "/b", "")`: `"a/c"`,
		`tostring(5)`: `"5"`, `tonumber("5")`: `5`, `tobool("true")`: `true`, `tolist(["a", 1])`: `["a","1"]`,
		`tomap({ a = 1, b = "x" })`: `{"a":"1","b":"x"}`, `toset(["b", "a", "b"])`: `["a","b"]`,
		`can(tonumber("x"))`: `false`, `can(tonumber("1"))`: `true`, `try(tonumber("x"), 7)`: `7`,
		`upper(later)`: `unknown`, `startswith(later, "a")`: `unknown`, `sha256(later)`: `unknown`,
		`file(later)`: `unknown`, `fileexists(later)`: `unknown`,
	} {
		value, problems := evaluate(t, Reader{Dir: t.TempDir()}, text)
		if problems.HasErrors() || asJSON(t, value) != want {
			t.Errorf("%s is %s, wanted %s: %v", text, asJSON(t, value), want, problems)
		}
	}
}

func TestFunctions_ThatAreRefusedSayWhyAndWhere(t *testing.T) {
	for text, says := range map[string]string{
		`base64decode("%%")`:          "the text is not base64",
		`base64decode("/w==")`:        "the decoded bytes are not UTF-8 text",
		`replace("a", "/(/", "")`:     "error parsing regexp",
		`replace("a", "/(?!x)/", "")`: "error parsing regexp", // Go has no lookahead; it must not be taken literally
		`tonumber("x")`:               "",
		`length(5)`:                   "",
		`length(null)`:                "",
		`sha256(none)`:                "",
		`alltrue("true")`:             "",
		`alltrue(["yes"])`:            "",
		`startswith("a")`:             "",
		`sha256("a", "b")`:            "",
		`file("none.txt")`:            "reading none.txt: no such file or directory",
		`file("")`:                    "it is not a regular file",
	} {
		_, problems := evaluate(t, Reader{Dir: t.TempDir()}, text)
		if !problems.HasErrors() || !strings.Contains(problems.Error(), says) || problems[0].Subject == nil ||
			problems[0].Subject.Filename != "test.hcl" || problems[0].Subject.Start.Line != 1 {
			t.Errorf("%s: wanted %q, got %v", text, says, problems)
		}
	}
}

// Whatever is made of what must not be shown must not be shown either.
func TestFunctions_KeepTheMarkOfWhatIsSensitive(t *testing.T) {
	for _, text := range []string{
		`base64encode(secret)`, `base64decode(base64encode(secret))`, `sha256(secret)`, `startswith(secret, "p")`,
		`startswith("planted", secret)`, `endswith(secret, "d")`, `strcontains(secret, "x")`, `length(secret)`,
		`length([secret])`, `length({ a = secret })`,
		`replace(secret, "p", "q")`, `replace("x", "x", secret)`, `replace("x", secret, "y")`, `replace(secret, "/p/", "q")`,
		`alltrue([hidden])`, `anytrue([true, hidden])`, `tostring(secret)`, `tolist([secret])`, `join(",", secrets)`,
		`upper(secret)`, `jsonencode({ a = secret })`, `try(secret, "x")`, `try(tonumber(secret), "x")`,
		`can(tonumber(secret))`,
		`can(secret.none)`, `try(1, secret)`, `[for s in secrets : can(tonumber(s))]`, `can(secrets[9])`,
		`format("%s", secret)`, `lookup({ a = secret }, "a", "")`, `coalesce(secret, "x")`, `keys({ "${secret}" = 1 })`,
		`contains(secrets, "open")`, `element(secrets, 0)`, `merge({ a = secret }, { b = 1 })`, `regexall("x", secret)`,
	} {
		value, problems := evaluate(t, Reader{Dir: t.TempDir()}, text)
		if problems.HasErrors() {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		if !value.ContainsMarked() {
			t.Errorf("%s may be shown: %#v", text, value)
		}
	}
}

// A reader is asked for files of a pull request: what it reads must be text of the folder and no key.
func TestReader_ReadsTextOfTheFolderOnly(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "tenant")
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(top, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("tenant/own.txt", "own\n")
	write("tenant/empty.txt", "")
	write("tenant/..own.txt", "two dots begin a name")
	write("tenant/latin1.txt", "caf\xe9")
	write("tenant/key.txt", "# public key\nage-secret-key-1planted")
	write("tenant/large.txt", strings.Repeat("x", maxFileSize+1))
	write("tenant/full.txt", strings.Repeat("x", maxFileSize))
	write("tenant/.ReHome/state.db", "planted")
	write("tenant-b/secret.txt", "planted")
	private := filepath.Join(dir, "private.txt")
	write("tenant/private.txt", "planted")
	reader := Reader{Dir: dir, Private: []string{filepath.Join(top, "gone"), private}}
	for _, c := range []struct {
		path   string
		says   string // of file; empty where it reads
		exists string // of fileexists; empty where it is refused
	}{
		{"own.txt", "", "true"},
		{"empty.txt", "", "true"},
		{"..own.txt", "", "true"},
		{"full.txt", "", "true"},
		{filepath.Join(dir, "own.txt"), "", "true"},
		{"latin1.txt", "the file is not UTF-8 text", "true"},
		{"large.txt", "larger than 4 MiB", "true"},
		{"none.txt", "no such file or directory", "false"},
		{"own.txt/below", "not a directory", "false"},
		{".", "not a regular file", "false"},
		{"key.txt", "belongs to a state", "true"},
		{"private.txt", "belongs to a state", ""},
		{".rehome/none.txt", "belongs to a state", ""},
		{".ReHome/state.db", "belongs to a state", ""},
		// a folder whose name begins as ours does is another one, and whether it is there is nobody's business
		{"../tenant-b/secret.txt", "below the folder of the configuration only", ""},
		{"../tenant-b/none.txt", "below the folder of the configuration only", ""},
		{"../tenant/../none", "below the folder of the configuration only", ""},
		{"/", "below the folder of the configuration only", ""},
		{"own\x00.txt", "invalid", "false"},
	} {
		quoted := asJSON(t, cty.StringVal(c.path))
		value, problems := evaluate(t, reader, "file("+quoted+")")
		if problems.HasErrors() == (c.says == "") || !strings.Contains(problems.Error(), c.says) {
			t.Errorf("file of %q: wanted %q, got %v", c.path, c.says, problems)
		}
		if strings.Contains(problems.Error(), "planted") || strings.Contains(problems.Error(), top) &&
			!strings.Contains(c.path, top) {
			t.Errorf("file of %q shows more than it may: %v", c.path, problems)
		}
		if c.says == "" && !value.IsWhollyKnown() {
			t.Errorf("file of %q has no value", c.path)
		}
		value, problems = evaluate(t, reader, "fileexists("+quoted+")")
		if problems.HasErrors() != (c.exists == "") || c.exists != "" && asJSON(t, value) != c.exists {
			t.Errorf("fileexists of %q: wanted %q, got %s %v", c.path, c.exists, asJSON(t, value), problems)
		}
	}
}

func TestReader_ReadsNamedFilesWhereverTheyAreButNoKeys(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "tenant")
	for name, content := range map[string]string{"tenant/own.vars.hcl": "a = 1", "other/named.vars.hcl": "b = 2",
		"tenant/.rehome/identity.txt": "planted", "other/key.txt": "AGE-SECRET-KEY-1PLANTED"} {
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(".rehome/identity.txt", filepath.Join(dir, "linked.vars.hcl")); err != nil {
		t.Fatal(err)
	}
	reader := Reader{Dir: dir}
	for name, want := range map[string]string{
		"own.vars.hcl": "a = 1", "../other/named.vars.hcl": "b = 2", filepath.Join(top, "other", "named.vars.hcl"): "b = 2",
	} {
		if content, err := reader.Named(name); err != nil || string(content) != want {
			t.Errorf("%s: %q %v", name, content, err)
		}
	}
	for _, name := range []string{"linked.vars.hcl", "../other/key.txt", "none.hcl"} {
		if content, err := reader.Named(name); err == nil {
			t.Errorf("%s was read: %q", name, content)
		}
	}
}

func TestNames_AreSortedAndEachCanBeCalled(t *testing.T) {
	names := Names()
	if last := names[len(names)-1]; last != Credential || !slices.IsSorted(names[:len(names)-1]) {
		t.Errorf("%v", names)
	}
	all := All(Reader{})
	for _, name := range names[:len(names)-1] {
		if f, is := all[name]; !is || len(f.Params()) == 0 && f.VarParam() == nil {
			t.Errorf("%s takes nothing, so it cannot tell anything", name)
		}
	}
	// These would make a configuration mean something else each time, or on each machine.
	for _, name := range []string{"timestamp", "uuid", "env", "abspath", "pathexpand", "bcrypt"} {
		if slices.Contains(names, name) {
			t.Errorf("%s gives another value each time", name)
		}
	}
}

// FuzzFunctions: no text makes a function panic, and what is made of a sensitive text stays sensitive.
func FuzzFunctions(f *testing.F) {
	for _, seed := range [][2]string{{"a", "b"}, {"/[/", "x"}, {"/a(/", "$1"}, {"../x", ".rehome"}, {"\xff", "é"},
		{"%%", "%!s"}, {"1e999", "-0"}} {
		f.Add(seed[0], seed[1])
	}
	all := All(Reader{Dir: f.TempDir()})
	f.Fuzz(func(t *testing.T, a, b string) {
		plain := []cty.Value{cty.StringVal(a), cty.StringVal(b), cty.StringVal("c")}
		for name, function := range all {
			if n := len(function.Params()); n > 0 && n <= len(plain) {
				marked := slices.Clone(plain[:n])
				marked[0] = marked[0].Mark("sensitive")
				value, err := function.Call(marked)
				if err == nil && !value.ContainsMarked() {
					t.Errorf("%s of a sensitive %q may be shown", name, a)
				}
			}
		}
	})
}
