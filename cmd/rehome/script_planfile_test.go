package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planfile"
	"github.com/rehome-iam/rehome/state"
)

// readPlanFile reads a plan file with the identity of the folder that it lies in.
func readPlanFile(path string) (*plan.Plan, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	read, err := planfile.Open(file, path, func() ([]age.Identity, error) {
		return state.Identities("", filepath.Join(filepath.Dir(path), ".rehome", "identity.txt"))
	})
	return read.Plan, err
}

// nobody fails when a file names a user of the practice tenant, by login or by id.
func nobody(ts *testscript.TestScript, _ bool, args []string) {
	users, err := os.ReadFile(filepath.Join(mustAbs(ts, tenantFolder), "users.json"))
	ts.Check(err)
	found := regexp.MustCompile(`"(00u\w{14,})"|"([^"@\s]+)@[^"]+\.example"`).FindAllSubmatch(users, -1)
	if len(found) < 20 {
		ts.Fatalf("the practice tenant has only %d names", len(found))
	}
	for _, name := range args {
		content := strings.ToLower(ts.ReadFile(name))
		for _, match := range found {
			text := strings.ToLower(string(match[1]) + string(match[2]))
			if strings.Contains(content, text) {
				ts.Fatalf("%s names %s", name, text)
			}
		}
	}
}

// samePerson fails unless every pseudonym of the first file is in the second.
func samePerson(ts *testscript.TestScript, _ bool, args []string) {
	pseudonyms := regexp.MustCompile(`person-[a-z2-7]{10}`).FindAllString(ts.ReadFile(args[0]), -1)
	if len(pseudonyms) == 0 {
		ts.Fatalf("%s has no pseudonym", args[0])
	}
	other := ts.ReadFile(args[1])
	for _, text := range pseudonyms {
		if !strings.Contains(other, text) {
			ts.Fatalf("%s does not have %s", args[1], text)
		}
	}
}

// replaceText replaces plain text in a file; \n in NEW is a line break.
func replaceText(ts *testscript.TestScript, _ bool, args []string) {
	content := ts.ReadFile(args[2])
	if !strings.Contains(content, args[0]) {
		ts.Fatalf("%s does not hold %q", args[2], args[0])
	}
	replaced := strings.ReplaceAll(content, args[0], strings.ReplaceAll(args[1], `\n`, "\n"))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(replaced), 0o600))
}
