package config

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

func TestKeys_OfConditions(t *testing.T) {
	const declared = "variable \"who\" {\n default = \"eng\"\n}\nlocals {\n names = [\"eng\", \"ops\"]\n}\n"
	for where, want := range map[string]string{
		`item.name == "eng"`:  "[{name eng}]",
		`"eng" == item.name`:  "[{name eng}]",
		`(item["id"] == "1")`: "[{id 1}]",
		`item.name == var.who && item.type == "OKTA_GROUP"`:    "[{name eng}]",
		`item.name == "a-${var.who}"`:                          "[{name a-eng}]",
		`item.name == upper(var.who)`:                          "[{name ENG}]",
		`item.name == "a" || item.id == "2" || item.id == "3"`: "[{name a} {id 2} {id 3}]",
		`contains(local.names, item.name)`:                     "[{name eng} {name ops}]",
		`contains(toset(["x"]), item.id) && false`:             "[{id x}]",
		`item.type == "OKTA_GROUP" && item.name == "eng"`:      "[]",
		`item.name == "a" || item.type == "x"`:                 "[]",
		`item.name != "a"`:                                     "[]",
		`!(item.name == "a")`:                                  "[]",
		`item.name == item.id`:                                 "[]",
		`item.name == 5`:                                       "[]",
		`item.name == null`:                                    "[]",
		`item.name == ["a"]`:                                   "[]",
		`contains(["a", null], item.name)`:                     "[]",
		`contains([], item.name)`:                              "[]",
		`contains(item.parent_groups, item.id)`:                "[]",
		`contains(["a", item.id], item.name)`:                  "[]",
		`lower(item.name) == "a"`:                              "[]",
		`true`:                                                 "[]",
	} {
		c, list := load(t, declared+"skip \"group\" \"a\" {\n where = "+where+"\n reason = \"r\"\n}", Inputs{})
		if list.HasErrors() || len(c.Skips) != 1 {
			t.Errorf("%s: %v", where, list)
			continue
		}
		if got := fmt.Sprint(c.Skips[0].Keys); got != want {
			t.Errorf("%s: keys are %s, not %s", where, got, want)
		}
	}
}

func TestGuards_OfConditions(t *testing.T) {
	c, list := load(t, "locals {\n names = [\"eng\", \"ops\"]\n}\n", Inputs{})
	if list.HasErrors() {
		t.Fatal(list)
	}
	for where, want := range map[string]string{
		`item.name == "eng"`: "exact",
		`lower(item.name) != upper(item.id) && !startswith(item.id, "x")`:   "exact",
		`contains(local.names, item.name) || strcontains(item.source, "x")`: "exact",
		`(item.kind == "group") == true`:                                    "none",
		`true`:                                                              "exact",
		`item.name == "eng" && item.type == "x"`:                            "beginning",
		`(item.name == "a" && item.type == "x") || item.id == "b"`:          "beginning",
		`(item.name == "a" && item.type == "x") && item.id == "b"`:          "beginning",
		`!(item.name == "a" && item.type == "x")`:                           "none",
		`item.type == "x" && item.name == "eng"`:                            "none",
		`item.type == "x" || item.name == "eng"`:                            "none",
		`item.name == 5`:                                                    "none",
		`contains("x", item.name)`:                                          "none",
		`null`:                                                              "none",
	} {
		expr, _ := hclsyntax.ParseExpression([]byte(where), "where", hcl.InitialPos)
		compiled, problems := c.scope.itemExpression(identity.KindGroup, expr)
		got := "none"
		if compiled.guard != nil {
			got = map[bool]string{true: "exact", false: "beginning"}[compiled.guard.exact]
		}
		if got != want || problems.HasErrors() {
			t.Errorf("%s: %s, not %s %v", where, got, want, problems)
		}
	}
}

// FuzzConditions asks conditions by their guard and by the language alone: the answer must be the same, and so must
// whether there is one. Where the item has none of the keys, the language must say no.
func FuzzConditions(f *testing.F) {
	for _, where := range []string{
		`item.name == "x"`, `"x" == item.id || item.name == "y"`,
		`contains(["x", "y"], item.name) && item.description == "d"`,
		`item.name == "x" && tonumber(item.description) > 1`, `item.name == "x" || tonumber(item.description) > 1`,
		`tonumber(item.description) > 1 && item.name == "y"`,
		`!(startswith(item.name, "x") || endswith(lower(item.id), "X"))`,
		`contains("x", item.name)`, `(item.name == "x" || item.id == "x") && item.parent_groups[0] == "g"`,
		`item.name == "Cafe` + "\u0301" + `"`,
		`(item.name == "x" && tonumber(item.description) > 1) && item.id == "2"`, `false && tonumber(item.description) > 1`,
		`item.name != item.source`,
		`strcontains(upper(item.name), "\u00c9")`, `true || null`, `item.name == null`, `!null`,
	} {
		f.Add(where, "x", "1")
		f.Add(where, "Caf\u00e9", "x")
	}
	c, list := load(f, "", Inputs{})
	if list.HasErrors() {
		f.Fatal(list)
	}
	f.Fuzz(func(t *testing.T, where, name, id string) {
		expr, problems := hclsyntax.ParseExpression([]byte(where), "where", hcl.InitialPos)
		if problems.HasErrors() || len(where) > 200 {
			return
		}
		compiled, problems := c.scope.itemExpression(identity.KindGroup, expr)
		if problems.HasErrors() {
			return
		}
		plain := *compiled
		plain.guard = nil
		item := group(t, name)
		item.ID = id
		got, err := compiled.predicate(item)
		want, failed := plain.predicate(item)
		if got != want || (err == nil) != (failed == nil) || err != nil && err.Error() != failed.Error() {
			t.Errorf("%s of %q %q: %v %v by its guard, %v %v by the language", where, name, id, got, err, want, failed)
		}
		own := []merge.Key{merge.NewKey(merge.KeyName, name), merge.NewKey(merge.KeyID, id)}
		admitted := len(compiled.keys) == 0 || slices.Contains(compiled.keys, own[0]) ||
			slices.Contains(compiled.keys, own[1])
		if !admitted && (want || failed != nil) {
			t.Errorf("%s of %q %q: %v %v, though its keys are %v", where, name, id, want, failed, compiled.keys)
		}
	})
}

// BenchmarkRules takes 100,000 items of which a thousand blocks mean some, by the path of rehome plan: from the files
// through the picker (twice, as the desired resources and the plan pick each), and to the plan, in which nothing is
// made of the items. The blocks are those that people write: most name one item, some a few or an id, and one in
// fifty names none, so that it is asked of every item.
func BenchmarkRules(b *testing.B) {
	const items, blocks, prefixes = 100_000, 1_000, 1_000 / 50
	var text strings.Builder
	for i := range blocks {
		where := fmt.Sprintf("item.name == \"group-%d\"", i*7)
		switch {
		case i%50 == 9:
			where = fmt.Sprintf("startswith(item.name, \"none-%d-\") && item.type == \"OKTA_GROUP\"", i)
		case i%10 == 3:
			where += " && item.type == \"OKTA_GROUP\""
		case i%10 == 5:
			where = fmt.Sprintf("contains([\"group-%d\", \"team-%d\"], item.name)", i*7, i)
		case i%10 == 8:
			where = fmt.Sprintf("item.id == \"%d\" || item.name == \"other-%d\"", i*7, i)
		}
		fmt.Fprintf(&text, "merge \"group\" \"g%d\" {\n  where    = %s\n  decision = \"skip\"\n}\n", i, where)
	}
	input := draft.Input{Migration: plan.Migration{Name: "m", Tenant: "t", Mode: merge.ModeMerge}}
	for i := range items {
		item := group(b, fmt.Sprintf("group-%d", i))
		item.Source, item.ID = "okta.corp", fmt.Sprint(i)
		result := assess.Result{Class: assess.ClassVisibility, Rationale: "listed"}
		input.Items = append(input.Items, draft.AssessedItem{Item: item, Result: result})
	}
	b.Run("pick", func(b *testing.B) {
		benchCPU(b, func() {
			c, list := load(b, text.String(), Inputs{})
			picked := 0
			for range 2 {
				picker := merge.NewPicker(c.Merges, c.Skips)
				for i := range input.Items {
					rule, problems := picker.Merge(input.Items[i].Item)
					skip, more := picker.Skip(input.Items[i].Item)
					if rule != nil && skip == nil && problems == nil && more == nil {
						picked++
					}
				}
			}
			if list.HasErrors() || picked != 2*(blocks-prefixes) {
				b.Fatal(picked, list)
			}
		})
	})
	b.Run("plan", func(b *testing.B) {
		benchCPU(b, func() {
			c, list := load(b, text.String(), Inputs{})
			input.Rules, input.Skips = c.Merges, c.Skips
			desired, _ := draft.Desired(input)
			p, problems := draft.Build(input)
			if list.HasErrors() || problems.HasErrors() || len(desired) != 0 || p.Summary.Skipped != blocks-prefixes {
				b.Fatal(list, problems, p.Summary)
			}
		})
	})
}

// benchCPU reports the processor time beside the clock: other work of the machine does not count.
func benchCPU(b *testing.B, work func()) {
	b.Helper()
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		work()
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(used)/1e9/float64(b.N), "cpu-s/op")
}
