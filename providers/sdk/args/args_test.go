package args_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/sdk/args"
)

func schema() contract.ProviderSchema {
	return contract.ProviderSchema{Name: "acme", Config: []contract.ConfigAttribute{
		{Name: "url", Type: "string", Required: true},
		{Name: "mode", Type: "string", Default: "token", OneOf: []string{"token", "key"}},
		{Name: "share", Type: "number", Default: 0.5, Min: 0.01, Max: 1},
		{Name: "free", Type: "number"},
		{Name: "deep", Type: "bool", Default: true},
		{Name: "names", Type: "list(string)"},
		args.CAFileAttribute(),
		args.ConcurrencyAttribute(4, 8),
	}}
}

func TestRead_RefusesWhatTheSchemaForbidsOnceWithTheName(t *testing.T) {
	cases := []struct {
		name, argument string
		value          any
		says           string
	}{
		{"a required argument is missing", "url", nil, "must be set and not empty"},
		{"a required argument is blank", "url", "  ", "must be set and not empty"},
		{"a number where text belongs", "url", 7.0, "must be text"},
		{"a word that is not allowed", "mode", "oauth", "token or key"},
		{"text where a number belongs", "share", "1", "a number from 0.01 to 1"},
		{"too little", "share", 0.0, "from 0.01 to 1"},
		{"too much", "share", 1.5, "from 0.01 to 1"},
		{"no number at all", "share", math.NaN(), "from 0.01 to 1"},
		{"a fraction of a request", "concurrency", 1.5, "whole number from 1 to 8"},
		{"more requests than allowed", "concurrency", 9.0, "whole number from 1 to 8"},
		{"text where a flag belongs", "deep", "yes", "true or false"},
		{"a list with a number in it", "names", []any{"a", 1.0}, "list of texts"},
		{"an argument that is not there", "workers", 4.0, "acme has no such argument"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			given := args.Read(schema(), map[string]any{"url": "https://id.example.test", c.argument: c.value})
			problems := given.Problems()
			if len(problems) != 1 || problems[0].Address != c.argument || problems[0].Code != args.Code {
				t.Fatalf("got %v", problems)
			}
			if !strings.Contains(problems[0].Detail, c.says) {
				t.Errorf("it says %q, want %q in it", problems[0].Detail, c.says)
			}
			given.Fail(c.argument, "Something that follows from the first mistake.")
			if len(given.Problems()) != 1 {
				t.Error("one argument is told twice")
			}
		})
	}
}

func TestArgs_ReadValuesAndDefaults(t *testing.T) {
	given := args.Read(schema(), map[string]any{"url": " https://ID.example.test:8443/ ", "share": 1,
		"names": []any{"a", "b"}, "mode": ""})
	if problems := given.Problems(); len(problems) != 0 {
		t.Fatal(problems)
	}
	if got := given.Origin("url"); got != "https://id.example.test:8443" {
		t.Errorf("url is %q", got)
	}
	if given.Text("mode") != "token" || given.Number("share") != 1 || given.Whole("concurrency") != 4 ||
		!given.Flag("deep") {
		t.Errorf("defaults: %q %v %d %t", given.Text("mode"), given.Number("share"), given.Whole("concurrency"),
			given.Flag("deep"))
	}
	if got := given.Texts("names"); len(got) != 2 || got[1] != "b" {
		t.Errorf("names are %v", got)
	}
	if given.Given("mode") || !given.Given("share") {
		t.Error("a blank argument counts as given, or a set one as not given")
	}
	refused := args.Read(schema(), map[string]any{"url": "x", "share": 2.0})
	if refused.Number("share") != 0.5 {
		t.Error("a refused value is read instead of the default")
	}
}

func TestOrigin_RefusesWhatWouldCarryASecretAway(t *testing.T) {
	for _, text := range []string{"http://id.example.test", "https://", "id.example.test", "https://a:b@id.example.test",
		"https://id.example.test/path", "https://id.example.test?x=1", "https://id.example.test#x", "://"} {
		given := args.Read(schema(), map[string]any{"url": text})
		if got := given.Origin("url"); got != "" || len(given.Problems()) != 1 {
			t.Errorf("%s gave %q and %v", text, got, given.Problems())
		}
	}
}

func TestBase_AllowsPlainHTTPForThisMachineOnly(t *testing.T) {
	for text, want := range map[string]string{
		"http://127.0.0.1:8080/auth/": "http://127.0.0.1:8080/auth", "http://localhost": "http://localhost",
		"http://[::1]:8080": "http://[::1]:8080", "https://id.example.test/x": "https://id.example.test/x",
		"http://id.example.test": "", "ftp://id.example.test": "", "https://a:b@h": "", "https://h?x=1": "", "id": "",
	} {
		given := args.Read(schema(), map[string]any{"url": text})
		got := ""
		if base := given.Base("url"); base != nil {
			got = base.String()
		}
		if got != want || (want == "") != given.Problems().HasErrors() {
			t.Errorf("%s gave %q and %v", text, got, given.Problems())
		}
	}
}

func TestRoots_AreTheFileBesidesThoseOfTheMachine(t *testing.T) {
	folder := t.TempDir()
	machine := filepath.Join(folder, "machine.pem")
	write(t, machine, authority(t, "machine"))
	t.Setenv("SSL_CERT_FILE", machine)
	file := filepath.Join(folder, "own.pem")
	own := authority(t, "own")
	write(t, file, own)
	given := args.Read(schema(), map[string]any{"url": "x", "ca_file": file})
	if roots := given.Roots(); roots == nil || given.Problems().HasErrors() {
		t.Fatalf("no roots: %v", given.Problems())
	} else if alone := poolOf(own); roots.Equal(alone) {
		t.Error("ca_file replaces what the machine trusts")
	}
	if none := args.Read(schema(), map[string]any{"url": "x"}); none.Roots() != nil {
		t.Error("without a file the pool must be nil, which means that of the machine")
	}
	empty := filepath.Join(folder, "empty.pem")
	write(t, empty, []byte("no certificate"))
	for _, path := range []string{empty, filepath.Join(folder, "gone.pem")} {
		given := args.Read(schema(), map[string]any{"url": "x", "ca_file": path})
		if given.Roots() != nil || len(given.Problems()) != 1 || given.Problems()[0].Address != args.CAFile {
			t.Errorf("%s gave %v", path, given.Problems())
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
