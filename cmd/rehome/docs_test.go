package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestDocs_ShowCommandLinesThatAreThere reads every command line of the pages for people and looks its command and
// flags up.
func TestDocs_ShowCommandLinesThatAreThere(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	readmes, err := filepath.Glob("../../examples/*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, page := range append(append(pages, readmes...), "../../README.md", "../../examples/demo.sh") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, command := range commandLines(line) {
				seen++
				if problem := unknownWord(newRootCommand(testEnvironment(t)), command); problem != "" {
					t.Errorf("%s:%d: %s: %s", page, i+1, command, problem)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d command lines were found", seen)
	}
}

// commandLines finds what begins with rehome at the start of a command: of a line, of code in a sentence, after && or
// run.
func commandLines(line string) []string {
	begin := regexp.MustCompile("(?:^\\s*|`|&& |- run: |run |- |\\()(rehome [a-z][^`|>#]*)")
	var found []string
	for _, match := range begin.FindAllStringSubmatch(line, -1) {
		command, _, _ := strings.Cut(match[1], " && ")
		found = append(found, strings.TrimSpace(command))
	}
	return found
}

func unknownWord(root *cobra.Command, command string) string {
	words := strings.Fields(command)[1:]
	c, _, err := root.Find(words)
	if err != nil || c == root {
		return "there is no such command"
	}
	for _, word := range words {
		if !strings.HasPrefix(word, "-") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		name = strings.TrimRight(name, ".,;:)]")
		if len(name) == 1 && c.Flags().ShorthandLookup(name) != nil {
			continue
		}
		if c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil {
			return "no flag -" + name
		}
	}
	return ""
}
