package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
)

// TestCommands_SayAllThatIsNeeded demands of every command what help, access and the reference are made of.
func TestCommands_SayAllThatIsNeeded(t *testing.T) {
	made := map[string]Command{}
	for _, c := range commands() {
		above := ""
		if at := strings.LastIndexByte(c.Path, ' '); at > 0 {
			above = c.Path[:at]
		}
		parent, known := made[above]
		switch {
		case made[c.Path].Path != "":
			t.Errorf("%s is there twice", c.Path)
		case above != "" && !known:
			t.Errorf("%s stands before the command above it", c.Path)
		case above != "" && parent.Run == nil && parent.Takes != nil && parent.Takes(nil, nil) != nil:
			t.Errorf("%s, above %s, does nothing and wants arguments", above, c.Path)
		}
		for _, lack := range lacks(c) {
			t.Errorf("%s %s", c.Path, lack)
		}
		made[c.Path] = c
	}
	for _, c := range allCommands(newRootCommand(systemEnvironment())) {
		if path := pathOf(c); path != "help" && made[path].Path == "" {
			t.Errorf("%s is in the tree and not in commands", path)
		}
		if c.PersistentPreRun != nil || c.PersistentPreRunE != nil || c.PreRunE != nil || c.Run != nil &&
			pathOf(c) != "help" {
			t.Errorf("%s runs something before its token is checked", pathOf(c))
		}
	}
}

// lacks is what a command does not say of itself, or should not.
func lacks(c Command) []string {
	var found []string
	say := func(wrong bool, text string) {
		if wrong {
			found = append(found, text)
		}
	}
	classes := []commandClass{classFree, classBegin, classRead, classManage}
	top := !strings.Contains(c.Path, " ")
	say(c.Run != nil && !slices.Contains(classes, c.Class),
		"is not classified: does it read, manage, or is it free (touches neither state nor target)?")
	say(c.Run == nil && c.Class != "", "has a class and does nothing")
	say(top && !slices.Contains(groups(), c.Group), "has no group in the help of the root")
	say(!top && c.Group != "", "is not in the help of the root and has a group")
	say(c.Short == "" || strings.HasSuffix(c.Short, "."),
		"says in no short line what it does, or ends that with a full stop")
	say(c.Example == "", "shows no example")
	say(top && c.Long == "" && c.Path != "version", "has no help of more than a line")
	say(c.Phase != "" && c.Phase != config.PhasePlan && c.Phase != config.PhaseApply, "has a phase that is none")
	for name, class := range c.ClassWith {
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		c.Flags(flags)
		say(flags.Lookup(name) == nil || flags.Lookup(name).DefValue != "false",
			"has a class with -"+name+", which is no switch of it")
		say(class == c.Class, "is of the same class with -"+name)
	}
	for name, why := range c.Needs {
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		c.Flags(flags)
		say(flags.Lookup(name) == nil || flags.Lookup(name).DefValue != "" || why == "",
			"needs -"+name+", which has no empty default, or does not say why")
	}
	for _, code := range c.Codes {
		say(!slices.ContainsFunc(diag.Codes(), func(known diag.Code) bool { return known.Code == code }),
			"has the code "+code+", which engine/diag does not explain")
	}
	return found
}

func TestCommands_ATestFindsWhatTheyDoNotSay(t *testing.T) {
	whole := versionCommand()
	if found := lacks(whole); len(found) > 0 {
		t.Fatal(found)
	}
	for name, spoil := range map[string]func(c *Command){
		"class": func(c *Command) { c.Class = "" }, "group": func(c *Command) { c.Group = "" },
		"short":   func(c *Command) { c.Short = "" },
		"example": func(c *Command) { c.Example = "" }, "phase": func(c *Command) { c.Phase = "always" },
		"codes": func(c *Command) { c.Codes = []string{"no-such-code"} }, "run": func(c *Command) { c.Run = nil },
		"need": func(c *Command) {
			c.Flags, c.Needs = func(*pflag.FlagSet) {}, map[string]string{"out": "name the file"}
		},
		"switch": func(c *Command) {
			c.Flags, c.ClassWith = func(*pflag.FlagSet) {}, map[string]commandClass{"list": classRead}
		},
	} {
		c := whole
		spoil(&c)
		if len(lacks(c)) == 0 {
			t.Errorf("a command without its %s is not found", name)
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

// pathOf is the name of a command without that of the program: credentials set.
func pathOf(c *cobra.Command) string { return strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ") }

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

// TestAccess_NoCommandStartsWithoutAToken runs every command that reads or changes something, in a folder with an
// access block, and demands that it is stopped before its own code.
func TestAccess_NoCommandStartsWithoutAToken(t *testing.T) {
	t.Chdir(t.TempDir())
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "main.rehome.hcl"), []byte(guarded), 0o600); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, c := range commands() {
		if c.Class == classRead || c.Class == classManage {
			paths = append(paths, c.Path)
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
		if status := execute(context.Background(), args, env); status == exitDone {
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
