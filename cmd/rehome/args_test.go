package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNormalise_OneDashIsAsGoodAsTwo(t *testing.T) {
	root := newRootCommand(testEnvironment(t))
	cases := []struct {
		name     string
		in, want []string
	}{
		{"a long flag with one dash", []string{"plan", "-json"}, []string{"plan", "--json"}},
		{"a long flag with a value", []string{"plan", "-out=x", "-var", "a=b"}, []string{"plan", "--out=x", "--var", "a=b"}},
		{"two dashes stay", []string{"plan", "--json"}, []string{"plan", "--json"}},
		{"a short flag stays", []string{"plan", "-v"}, []string{"plan", "-v"}},
		{"an unknown word stays, so that cobra names it", []string{"plan", "-nope"}, []string{"plan", "-nope"}},
		{"a single dash is standard input", []string{"fmt", "-"}, []string{"fmt", "-"}},
		{"nothing after two dashes is touched", []string{"show", "--", "-json"}, []string{"show", "--", "-json"}},
		{"a global flag before the command", []string{"-chdir=x", "plan"}, []string{"--chdir=x", "plan"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, normalise(root, c.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDefaultFlags_ComeFromTheEnvironmentBehindTheCommand(t *testing.T) {
	environment := map[string]string{"REHOME_CLI_ARGS": "-no-color", "REHOME_CLI_ARGS_plan": "-out=p.rehome -refresh"}
	got := defaultFlags([]string{"-chdir=x", "plan", "-json"}, func(name string) string { return environment[name] })
	want := []string{"-chdir=x", "plan", "-no-color", "-out=p.rehome", "-refresh", "-json"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
