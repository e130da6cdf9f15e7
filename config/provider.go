package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/rehome-iam/rehome/config/functions"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
)

// The phases in which a provider block is used, as rehome.phase in its expressions.
const (
	PhasePlan  = "plan"  // everything that only reads the target
	PhaseApply = "apply" // what writes to it
)

const phaseRoot = "rehome"

// providerRoots are the names that only source and target blocks see.
func providerRoots() map[string][]string { return map[string][]string{phaseRoot: {"phase"}} }

// InPhase is the same configuration with source and target blocks evaluated for another phase; Load gives that of
// PhasePlan.
func (c *Config) InPhase(phase string) *Config {
	other := *c
	other.phase = phase
	return &other
}

// DecodeProvider evaluates the arguments of a source or target block: string, bool, float64 or []any of string by name.
// Absent and null arguments are not in the map. Values of sensitive arguments are added to SensitiveValues.
func (c *Config) DecodeProvider(block *ProviderBlock, schema contract.ProviderSchema) (map[string]any, diag.List) {
	return c.decodeProvider(block, schema, func(contract.ConfigAttribute, *hcl.Attribute) bool { return true })
}

// DecodeOffline is DecodeProvider without anything secret: sensitive arguments, and those that are made of a credential
// or a sensitive variable, are neither evaluated nor in the map.
func (c *Config) DecodeOffline(block *ProviderBlock, schema contract.ProviderSchema) (map[string]any, diag.List) {
	return c.decodeProvider(block, schema, func(a contract.ConfigAttribute, attribute *hcl.Attribute) bool {
		return !a.Sensitive && !touchesSecret(attribute.Expr, c.scope.ctx)
	})
}

func (c *Config) decodeProvider(block *ProviderBlock, schema contract.ProviderSchema,
	wanted func(contract.ConfigAttribute, *hcl.Attribute) bool) (map[string]any, diag.List) {
	body := &hcl.BodySchema{}
	for _, a := range schema.Config {
		body.Attributes = append(body.Attributes, hcl.AttributeSchema{Name: a.Name, Required: a.Required && a.Default == nil})
	}
	content, problems := block.body.Content(body)
	var failed error
	used := map[string]Credential{}
	ctx := c.providerContext(c.scope.credential(used, &failed))
	values := map[string]any{}
	for _, a := range schema.Config {
		attribute := content.Attributes[a.Name]
		if attribute == nil {
			if a.Default != nil {
				values[a.Name] = plainDefault(a.Default)
			}
			continue
		}
		if !wanted(a, attribute) {
			continue
		}
		value, p := c.argument(a, attribute, ctx)
		if failed != nil {
			place := attribute.Expr.Range()
			p, failed = hcl.Diagnostics{problem(codeCredential, "Credential unavailable", &place, "%s",
				capitalised(failed.Error()))}, nil
		}
		problems = append(problems, p...)
		if value == nil && a.Default != nil {
			value = plainDefault(a.Default)
		}
		if value != nil {
			values[a.Name] = value
		}
	}
	if wrong := c.misdirected(block, used, content.Attributes, values); wrong != nil {
		return nil, c.sources.convert(append(wrong, problems...), codeExpression)
	}
	for name, value := range block.Replaced {
		values[name] = value
	}
	return values, c.sources.convert(problems, codeExpression)
}

func (c *Config) argument(a contract.ConfigAttribute, attribute *hcl.Attribute, ctx *hcl.EvalContext) (any,
	hcl.Diagnostics) {
	place := attribute.Expr.Range()
	if problems := c.scope.check(attribute.Expr, providerRoots(), functions.Credential); problems.HasErrors() {
		return nil, problems
	}
	types := map[string]cty.Type{"string": cty.String, "number": cty.Number, "bool": cty.Bool,
		"list(string)": cty.List(cty.String)}
	want, known := types[a.Type]
	if !known {
		return nil, hcl.Diagnostics{problem(codeArgumentInvalid, "Unknown type of argument", &place,
			"The plugin gives %s the type %q, which rehome does not know.", a.Name, a.Type)}
	}
	marked, problems := c.scope.value(attribute.Expr, ctx, want)
	if a.Sensitive {
		// The text may be a literal; whatever it is worth, its line is not shown.
		if literal, p := attribute.Expr.Value(ctx); !p.HasErrors() {
			c.scope.remember(literal)
		}
	}
	if problems.HasErrors() {
		return nil, problems
	}
	if a.Sensitive || marked.ContainsMarked() {
		c.scope.remember(marked)
	}
	value, _ := marked.UnmarkDeep()
	if !value.IsWhollyKnown() {
		return nil, hcl.Diagnostics{problem(codeCredential, "Credential unavailable", &place,
			"%s needs a stored credential or a variable without a value.", a.Name)}
	}
	if value.IsNull() {
		if a.Required && a.Default == nil {
			return nil, hcl.Diagnostics{problem(codeArgumentMissing, "Missing required argument", &place,
				"The argument %q is required, and its value is null.", a.Name)}
		}
		return nil, nil
	}
	if text := value; len(a.OneOf) > 0 && want == cty.String && !slices.Contains(a.OneOf, text.AsString()) {
		hint := ""
		if !a.Sensitive && !marked.ContainsMarked() {
			hint = didYouMean(text.AsString(), a.OneOf)
		}
		return nil, hcl.Diagnostics{problem(codeValueUnknown, "Unknown value", &place, "%s must be one of %s.%s", a.Name,
			quotedList(a.OneOf), hint)}
	}
	plain, err := plainValue(value)
	if err != nil {
		return nil, hcl.Diagnostics{problem(codeArgumentInvalid, "Wrong type of value", &place,
			"%s cannot be passed to the plugin.", a.Name)}
	}
	return plain, nil
}

// plainDefault gives a default the same Go type that a decoded value has.
func plainDefault(value any) any {
	switch v := value.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case []string:
		list := make([]any, 0, len(v))
		for _, text := range v {
			list = append(list, text)
		}
		return list
	case string, bool, float64, []any:
		return v
	}
	return fmt.Sprint(value)
}

// Locate gives diagnostics of a plugin, which name an argument in Address, the place of that argument.
func (c *Config) Locate(block *ProviderBlock, list diag.List) diag.List {
	// Problems of the body were reported when it was decoded.
	attributes, _ := block.body.JustAttributes()
	located := make(diag.List, 0, len(list))
	for _, d := range list {
		if d.Subject == nil {
			place := block.Range
			d.Subject = &place
			if attribute := attributes[d.Address]; attribute != nil {
				r := rangeOf(attribute.Expr.Range())
				d.Subject, d.Snippet = &r, c.sources.snippet(attribute.Expr.Range())
			}
		}
		located = append(located, d)
	}
	return located
}

// capitalised makes a sentence of an error.
func capitalised(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + strings.TrimRight(text[1:], ".\n") + "."
}
