package main

import (
	"regexp"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"
)

// acknowledgeAll writes an acknowledge block for every impact that a file names.
func acknowledgeAll(ts *testscript.TestScript, _ bool, args []string) {
	ids := regexp.MustCompile(`ocm-[0-9a-f]+`).FindAllString(ts.ReadFile(args[0]), -1)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		ts.Fatalf("%s names no impact", args[0])
	}
	ts.Check(ts.Exec("rehome", append(append([]string{"acknowledge"}, ids...), "-reason=test", "-reference=T-1")...))
}
