package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/config/functions"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

const referenceFolder = "../../docs/reference"

// TestReference_IsWhatTheCodeSays compares docs/reference with what the code says. REHOME_UPDATE_DOCS=1 (make docs)
// writes it.
func TestReference_IsWhatTheCodeSays(t *testing.T) {
	pages := map[string]string{"commands.md": commandsPage(t), "items.md": itemsPage(),
		"diagnostics.md": diagnosticsPage(), "functions.md": functionsPage()}
	for name, want := range pages {
		path := filepath.Join(referenceFolder, name)
		if os.Getenv("REHOME_UPDATE_DOCS") != "" {
			if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s is not up to date (%v); run make docs", name, err)
		}
	}
}

func commandsPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# Commands\n\nGenerated from the code by `make docs`. Long flags take one dash or two.\n\n" + exitHelp +
		"\n")
	root := newRootCommand(testEnvironment(t))
	fmt.Fprintf(&b, "\n## Flags of every command\n\n%s", flagTable(root.PersistentFlags()))
	said := map[string]Command{}
	for _, c := range commands() {
		said[c.Path] = c
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if sub.Hidden || sub.Name() == "help" {
				continue
			}
			fmt.Fprintf(&b, "\n## %s\n\n%s.\n", strings.TrimSpace(sub.UseLine()), sub.Short)
			if sub.Long != "" {
				fmt.Fprintf(&b, "\n%s\n", sub.Long)
			}
			if table := flagTable(sub.LocalNonPersistentFlags()); table != "" {
				fmt.Fprintf(&b, "\n%s", table)
			}
			b.WriteString(accessLine(said[pathOf(sub)]))
			if sub.Example != "" {
				fmt.Fprintf(&b, "\n```\n%s\n```\n", sub.Example)
			}
			walk(sub)
		}
	}
	walk(root)
	return b.String()
}

// accessLine says what a token must allow, where an access block asks for one, and which diagnostics are the command's
// own.
func accessLine(c Command) string {
	var parts []string
	if c.Run != nil && c.Class != classFree {
		need := "Asks for a token that may " + map[commandClass]string{classBegin: "look, once rules are recorded",
			classRead:   "look",
			classManage: "manage"}[c.Class]
		for _, name := range slices.Sorted(maps.Keys(c.ClassWith)) {
			need += "; with `-" + name + "` " + map[commandClass]string{classRead: "look",
				classManage: "manage"}[c.ClassWith[name]]
		}
		parts = append(parts, need+".")
	}
	var own []string
	for _, code := range c.Codes {
		own = append(own, "`"+code+"`")
	}
	if len(own) > 0 {
		parts = append(parts, "Diagnostics of its own: "+strings.Join(own, ", ")+".")
	}
	if len(parts) == 0 {
		return ""
	}
	return "\n" + strings.Join(parts, " ") + "\n"
}

func flagTable(flags *pflag.FlagSet) string {
	var b strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		if b.Len() == 0 {
			b.WriteString("| flag | meaning | default |\n| --- | --- | --- |\n")
		}
		names := "`-" + f.Name + "`"
		if f.Shorthand != "" {
			names += ", `-" + f.Shorthand + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", names, f.Usage, f.DefValue)
	})
	return b.String()
}

func itemsPage() string {
	var b strings.Builder
	b.WriteString("# Items\n\nWhat `item` holds in a `where` or `set` expression, by kind. Generated from the code by " +
		"`make docs`. Every kind also has `id`, `kind`, `source` and `refs`.\n\n" +
		"`map` says what a map block may do: `yes` it sets the field; `access`, `identity` or `status` it does, and " +
		"where the source says otherwise " +
		"that is an impact of high severity to acknowledge; `no` it is refused.\n")
	for _, kind := range identity.Kinds() {
		fmt.Fprintf(&b, "\n## %s\n\n| attribute | type | map | meaning |\n| --- | --- | --- | --- |\n", kind)
		for _, field := range kinds.Fields(kind) {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", field.Name, field.Type, cmp.Or(string(field.Map), "yes"),
				strings.ReplaceAll(field.Doc, "|", "\\|"))
		}
	}
	return b.String()
}

func diagnosticsPage() string {
	var b strings.Builder
	b.WriteString("# Diagnostics\n\nEvery message has a stable code. Generated from the code by `make docs`.\n\n" +
		"| code | cause | cure |\n| --- | --- | --- |\n")
	for _, c := range append(config.Codes(), diag.Codes()...) {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Code, c.Cause, c.Cure)
	}
	return b.String()
}

func functionsPage() string {
	return "# Functions\n\nThe functions of expressions, with the meaning that Terraform users know. Generated from the code by `make docs`.\n\n`" +
		strings.Join(functions.Names(), "`, `") + "`\n"
}

// TestCodes_AreAllListed finds every code that the source uses and looks for it in the lists.
func TestCodes_AreAllListed(t *testing.T) {
	listed := map[string]bool{}
	for _, c := range append(config.Codes(), diag.Codes()...) {
		listed[c.Code] = true
	}
	pattern := regexp.MustCompile(`(?:Errorf|Warningf)\("([a-z]+(?:-[a-z]+)+)", "`)
	for _, root := range []string{".", "../../engine", "../../providers", "../../config", "../../state"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, match := range pattern.FindAllSubmatch(source, -1) {
				if code := string(match[1]); !listed[code] {
					t.Errorf("%s uses the code %q, which no list has", path, code)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestHelp_OfTheRootListsEveryCommandOnce(t *testing.T) {
	var b bytes.Buffer
	root := newRootCommand(testEnvironment(t))
	root.SetOut(&b)
	if err := root.Help(); err != nil {
		t.Fatal(err)
	}
	for _, c := range root.Commands() {
		if n := strings.Count(b.String(), "\n  "+c.Name()+" "); n != 1 {
			t.Errorf("%s is listed %d times", c.Name(), n)
		}
	}
	for _, title := range groups() {
		if !strings.Contains(b.String(), "\n"+string(title)+":\n  ") {
			t.Errorf("nothing stands below %q", title)
		}
	}
}

func TestHelp_FitsAScreenAndShowsAnExample(t *testing.T) {
	var walk func(*cobra.Command)
	env := testEnvironment(t)
	root := newRootCommand(env)
	walk = func(c *cobra.Command) {
		if c.Name() != "help" && c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		var out bytes.Buffer
		c.SetOut(&out)
		if err := c.Help(); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(out.String(), "\n"); lines > 50 {
			t.Errorf("the help of %s has %d lines", c.CommandPath(), lines)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
