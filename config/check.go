package config

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/rehome-iam/rehome/engine/diag"
)

// Check is a condition that a plan must meet.
type Check struct {
	Name  string
	Range diag.Range

	condition, message hcl.Expression
	scope              *scope
}

// planRoots are the parts of a plan as JSON that a condition may name.
func planRoots() map[string][]string {
	return map[string][]string{"access": nil, "summary": nil, "steps": nil, "impacts": nil, "migration": nil}
}

func (l *loader) check(block *hcl.Block) {
	f := l.content(block.Body, []string{"condition", "error_message"}, nil)
	if f.attributes["condition"] == nil || f.attributes["error_message"] == nil {
		return
	}
	c := Check{Name: block.Labels[0], Range: rangeOf(block.DefRange), scope: l.config.scope,
		condition: f.attributes["condition"].Expr, message: f.attributes["error_message"].Expr}
	l.add(c.scope.check(c.condition, planRoots()))
	l.add(c.scope.check(c.message, planRoots()))
	if p := c.scope.exposed(c.message, "error_message"); p != nil {
		l.add(hcl.Diagnostics{p})
	}
	l.config.Checks = append(l.config.Checks, c)
}

// Evaluate asks a plan as JSON. A part of the plan that was not computed fails the check, because unknown is never
// fine.
func (c Check) Evaluate(planJSON []byte) (ok bool, message string, err error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(planJSON, &parts); err != nil {
		return false, "", fmt.Errorf("reading the plan for check %q: %w", c.Name, err)
	}
	values := map[string]cty.Value{}
	for _, traversal := range append(c.condition.Variables(), c.message.Variables()...) {
		root := traversal.RootName()
		if _, isPart := planRoots()[root]; !isPart || values[root] != cty.NilVal {
			continue
		}
		if root == "access" && (len(parts[root]) == 0 || string(parts[root]) == "null") {
			return false, "The access of people was not computed, so the check cannot pass.", nil
		}
		if values[root], err = planValue(parts[root], root); err != nil {
			return false, "", fmt.Errorf("reading %s of the plan for check %q: %w", root, c.Name, err)
		}
	}
	ctx := c.scope.ctx.NewChild()
	ctx.Variables = values
	holds, problems := c.scope.value(c.condition, ctx, cty.Bool)
	if problems.HasErrors() {
		return false, "", fmt.Errorf("evaluating check %q: %s", c.Name, problems[0].Detail)
	}
	holds, _ = holds.Unmark()
	if !holds.IsNull() && holds.IsKnown() && holds.True() {
		return true, "", nil
	}
	return false, c.text(ctx), nil
}

// text is the error message, or a plain sentence where it cannot be made.
func (c Check) text(ctx *hcl.EvalContext) string {
	value, problems := c.scope.value(c.message, ctx, cty.String)
	if problems.HasErrors() || value.IsMarked() || value.IsNull() || !value.IsKnown() {
		return fmt.Sprintf("Check %q failed.", c.Name)
	}
	return value.AsString()
}

// planValue reads one part; lists that Go wrote as null are empty.
func planValue(raw json.RawMessage, root string) (cty.Value, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return cty.EmptyTupleVal, nil
	}
	if root == "access" {
		var access map[string]json.RawMessage
		if err := json.Unmarshal(raw, &access); err != nil {
			return cty.DynamicVal, err
		}
		for _, name := range []string{"gained", "lost"} {
			if string(access[name]) == "null" {
				access[name] = json.RawMessage("[]")
			}
		}
		encoded, err := json.Marshal(access)
		if err != nil {
			return cty.DynamicVal, err
		}
		raw = encoded
	}
	shape, err := ctyjson.ImpliedType(raw)
	if err != nil {
		return cty.DynamicVal, err
	}
	return ctyjson.Unmarshal(raw, shape)
}
