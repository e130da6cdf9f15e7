package main

import (
	"encoding/json"
	"regexp"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// sameRealm fails when two realm files differ in more than the marker of rehome and in sections that hold nothing.
func sameRealm(ts *testscript.TestScript, _ bool, args []string) {
	read := func(name string) any {
		var doc map[string]any
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(name)), &doc))
		return withoutMarker(doc)
	}
	if diff := cmp.Diff(read(args[1]), read(args[0])); diff != "" {
		ts.Fatalf("%s is not %s (-%s +%s):\n%s", args[0], args[1], args[1], args[0], diff)
	}
}

func withoutMarker(doc map[string]any) any {
	clients, _ := doc["clients"].([]any)
	doc["clients"] = slices.DeleteFunc(clients, func(c any) bool {
		client, _ := c.(map[string]any)
		return client["clientId"] == "rehome-marker"
	})
	return withoutEmpty(doc)
}

// withoutEmpty drops null, empty lists and empty objects at every depth.
func withoutEmpty(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, each := range v {
			if v[name] = withoutEmpty(each); v[name] == nil {
				delete(v, name)
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = withoutEmpty(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	}
	return value
}

var rollbackPlanLine = regexp.MustCompile(`(?m)^Plan  .*$`)

// sameSummary fails when the summary lines of two shown plans differ.
func sameSummary(ts *testscript.TestScript, _ bool, args []string) {
	a, b := rollbackPlanLine.FindString(ts.ReadFile(args[0])), rollbackPlanLine.FindString(ts.ReadFile(args[1]))
	if a == "" || a != b {
		ts.Fatalf("%s says %q, %s says %q", args[0], a, args[1], b)
	}
}
