package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/engine/authorization"
)

func TestAccess_EveryCommandHasAClass(t *testing.T) {
	classes := commandClasses()
	seen := map[string]bool{}
	for _, c := range allCommands(newRootCommand(systemEnvironment())) {
		path := strings.TrimPrefix(c.CommandPath(), "rehome ")
		switch {
		case path == "help":
		case c.Run != nil:
			t.Errorf("%s has Run: use RunE, so that the guard stands before it", path)
		case c.RunE == nil && !c.HasSubCommands():
			t.Errorf("%s does nothing", path)
		case c.RunE == nil:
		case classes[path] == "":
			t.Errorf("%s is not classified: say in access_commands.go whether it reads, manages, or is free (touches neither state nor target)", path)
		}
		if c.PersistentPreRun != nil || c.PersistentPreRunE != nil {
			t.Errorf("%s runs something before the guard", path)
		}
		seen[path] = true
	}
	for path := range classes {
		if !seen[path] {
			t.Errorf("there is no command %q any more: remove its class", path)
		}
	}
}

func allCommands(root *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, c := range root.Commands() {
		all = append(append(all, c), allCommands(c)...)
	}
	return all
}

const guarded = `
migration "acme" {
  tenant = "acme"
  mode   = "first_run_adoption"
}
target "realmfile" "portal" {
  path  = "acme.json"
  realm = "acme"
}
access {
  issuer   = "https://127.0.0.1:1/"
  audience = "rehome"
}
`

// TestAccess_NoCommandStartsWithoutAToken runs every command that reads or changes something, in a folder with an access block, and
// demands that it is stopped before its own code.
func TestAccess_NoCommandStartsWithoutAToken(t *testing.T) {
	t.Chdir(t.TempDir())
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "main.rehome.hcl"), []byte(guarded), 0o600); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for path, class := range commandClasses() {
		if class == classRead || class == classManage {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			if !deniedWithSomeArguments(t, folder, path) {
				t.Error("the command went on without a token")
			}
		})
	}
}

// deniedWithSomeArguments tries none to three arguments: how many a command takes is its own affair.
func deniedWithSomeArguments(t *testing.T, folder, path string) bool {
	for n := range 4 {
		args := append([]string{"-chdir=" + folder}, strings.Fields(path)...)
		for range n {
			args = append(args, "x")
		}
		var out, talk bytes.Buffer
		env := systemEnvironment()
		env.in, env.out, env.err, env.terminal, env.asks = strings.NewReader(""), &out, &talk, false, false
		env.variable = []string{"REHOME_STATE_KEY=" + testIdentity}
		if status := run(context.Background(), args, env); status == exitDone {
			t.Errorf("%v ended with status 0", args)
		}
		if strings.Contains(out.String()+talk.String(), "access-token-missing") {
			return true
		}
	}
	return false
}

// testIdentity is an age identity of this test only.
const testIdentity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"

func TestVerifyToken_RefusesWhatIsNotItsOwn(t *testing.T) {
	f := newFakeIssuer()
	defer f.server.Close()
	rules := &authorization.Rules{Issuer: f.server.URL, Audience: "rehome"}
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	cases := map[string]struct {
		claims    map[string]any
		algorithm string
		says      string // empty: it verifies
	}{
		"RS256":                       {nil, "RS256", ""},
		"ES256":                       {nil, "ES256", ""},
		"one of several audiences":    {map[string]any{"aud": []string{"account", "rehome"}}, "RS256", ""},
		"expired within the leeway":   {map[string]any{"exp": in(-10 * time.Second)}, "RS256", ""},
		"expired":                     {map[string]any{"exp": in(-2 * time.Minute)}, "RS256", "expired"},
		"no expiry":                   {map[string]any{"exp": nil}, "RS256", "expired"},
		"another issuer":              {map[string]any{"iss": "https://elsewhere"}, "RS256", "different provider"},
		"another audience":            {map[string]any{"aud": "account"}, "RS256", "audience"},
		"not valid yet":               {map[string]any{"nbf": in(time.Hour)}, "RS256", "not before"},
		"a key that is not published": {nil, "foreign", "signature"},
		"a public key used as secret": {nil, "HS256", "signature algorithm"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			token, err := f.mint(c.claims, c.algorithm)
			if err != nil {
				t.Fatal(err)
			}
			claims, err := verifyToken(t.Context(), rules, token, time.Now)
			if c.says == "" {
				if err != nil || claims["sub"] != "alice" {
					t.Errorf("%v %v", claims, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), token) {
				t.Errorf("wanted an error that says %q, got %v", c.says, err)
			}
		})
	}
	for name, token := range map[string]string{"text": "planted", "unsigned": "eyJhbGciOiJub25lIn0.e30.", "empty parts": ".."} {
		t.Run(name, func(t *testing.T) {
			if _, err := verifyToken(t.Context(), rules, token, time.Now); err == nil || strings.Contains(err.Error(), "planted") {
				t.Errorf("got %v", err)
			}
		})
	}
}
