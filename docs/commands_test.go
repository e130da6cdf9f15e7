package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A line of a page that begins with "rehome " in a block of code, or a span of code that does, is typed by people.
// The reference is made of the commands themselves, so what it does not know does not exist.
func TestPages_NameOnlyCommandsThatExist(t *testing.T) {
	known := readReference(t)
	for _, name := range pages(t) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, typed := range typedCommands(string(text)) {
			if fault := known.fault(typed); fault != "" {
				t.Errorf("%s: %s: %s", name, typed, fault)
			}
		}
	}
}

func TestReference_Fault(t *testing.T) {
	known := reference{
		commands: map[string][]string{"run show": {"json"}, "apply": {"plan-hash"}},
		everyone: []string{"chdir"},
	}
	cases := map[string]string{
		"rehome run show":                          "",
		"rehome apply FILE --plan-hash=x -chdir=y": "",
		"rehome COMMAND -help":                     "",
		"rehome run":                               "",
		"rehome aply":                              "no such command",
		"rehome run shw":                           "no such command",
		"rehome apply -plan-hsh=x":                 "no flag plan-hsh",
	}
	got := map[string]string{}
	for typed := range cases {
		got[typed] = known.fault(typed)
	}
	if diff := cmp.Diff(cases, got); diff != "" {
		t.Error(diff)
	}
}

type reference struct {
	commands map[string][]string // by the words of the command: its flags
	everyone []string            // the flags of every command
}

var (
	referenceHeading = regexp.MustCompile(`^## (?:rehome )?([a-z-]+(?: [a-z-]+)*)?`)
	referenceFlag    = regexp.MustCompile("^\\| `-([a-z0-9-]+)`(?:, `-([a-z])`)?")
	typedInBlock     = regexp.MustCompile(`^\s*(?:- )?(?:run: )?(rehome [^#|]*)`)
	typedInSpan      = regexp.MustCompile("`(rehome [^`]*)`")
	typedFlag        = regexp.MustCompile(`^--?([a-z][a-z0-9-]*)`)
	commandWord      = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

func readReference(t *testing.T) reference {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "reference", "commands.md"))
	if err != nil {
		t.Fatal(err)
	}
	r := reference{commands: map[string][]string{}}
	command := ""
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "## rehome ") {
			command = referenceHeading.FindStringSubmatch(line)[1]
			r.commands[command] = nil
		}
		if m := referenceFlag.FindStringSubmatch(line); m != nil && command == "" {
			r.everyone = append(r.everyone, m[1:]...)
		} else if m != nil {
			r.commands[command] = append(r.commands[command], m[1:]...)
		}
	}
	if len(r.commands) < 20 || len(r.everyone) == 0 {
		t.Fatalf("the reference has %d commands and %d flags of every command", len(r.commands), len(r.everyone))
	}
	return r
}

func typedCommands(text string) []string {
	var typed []string
	inBlock := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			inBlock = !inBlock
			continue
		}
		pattern := typedInSpan
		if inBlock {
			pattern = typedInBlock
		}
		for _, m := range pattern.FindAllStringSubmatch(line, -1) {
			typed = append(typed, strings.TrimSpace(m[1]))
		}
	}
	return typed
}

// fault is empty where command and flags exist; a group of commands without the last word is one that exists too.
func (r reference) fault(typed string) string {
	words := strings.Fields(typed)[1:]
	command := ""
	for len(words) > 0 && commandWord.MatchString(words[0]) {
		longer := strings.TrimSpace(command + " " + words[0])
		if !r.begins(longer) {
			if _, takesArguments := r.commands[command]; takesArguments {
				break
			}
			return "no such command"
		}
		command, words = longer, words[1:]
	}
	for _, word := range words {
		m := typedFlag.FindStringSubmatch(word)
		if m == nil || m[1] == "help" || r.has(command, m[1]) {
			continue
		}
		return "no flag " + m[1]
	}
	return ""
}

func (r reference) begins(words string) bool {
	for command := range r.commands {
		if command == words || strings.HasPrefix(command, words+" ") {
			return true
		}
	}
	return false
}

func (r reference) has(command, flag string) bool {
	return slices.Contains(r.everyone, flag) || slices.Contains(r.commands[command], flag)
}
