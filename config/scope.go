package config

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/rehome-iam/rehome/config/functions"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// mark is the type of the marks on values.
type mark string

// sensitive marks what must not be shown.
const sensitive mark = "sensitive"

// secretSet collects sensitive texts. It is safe for concurrent use.
type secretSet struct {
	mu    sync.Mutex
	texts map[string]bool
}

func (s *secretSet) add(text string) {
	if text == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[text] = true
}

// within tells whether a text holds one of the secrets. Very short ones are everywhere and do not count.
func (s *secretSet) within(text string) bool {
	if s == nil {
		return false
	}
	for _, secret := range s.list() {
		if len(secret) > 3 && strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

func (s *secretSet) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.texts))
}

// scope is what expressions see: variables, local values and functions.
type scope struct {
	ctx         *hcl.EvalContext
	names       map[string][]string // var and local with the names below them
	functions   map[string]function.Function
	credentials func(string) (Credential, error)
	secrets     *secretSet
}

// check reports unknown references and functions without evaluating. roots adds names such as item; a nil list below a
// root means that anything may follow it.
func (s *scope) check(expr hcl.Expression, roots map[string][]string, extraFunctions ...string) hcl.Diagnostics {
	var problems hcl.Diagnostics
	for _, traversal := range expr.Variables() {
		if p := s.checkTraversal(traversal, roots); p != nil {
			problems = append(problems, p)
		}
	}
	for _, call := range functionCalls(expr) {
		if _, known := s.functions[call.Name]; known || slices.Contains(extraFunctions, call.Name) {
			continue
		}
		place := call.NameRange
		hint := didYouMean(call.Name, slices.Sorted(maps.Keys(s.functions)))
		if call.Name == functions.Credential {
			hint = " Credentials can be used in source and target blocks only."
		}
		problems = append(problems, problem(codeFunctionUnknown, "Unknown function", &place,
			"There is no function %q here.%s", call.Name, hint))
	}
	return problems
}

func (s *scope) checkTraversal(traversal hcl.Traversal, roots map[string][]string) *hcl.Diagnostic {
	root := traversal.RootName()
	below, isRoot := roots[root]
	if !isRoot {
		below, isRoot = s.names[root]
	}
	if !isRoot {
		place := traversal[0].SourceRange()
		if root == phaseRoot {
			return problem(codeReferenceUnknown, "Unknown reference", &place,
				"rehome.phase is known in source and target blocks only: elsewhere a plan would depend on the command.")
		}
		known := append(slices.Sorted(maps.Keys(s.names)), slices.Sorted(maps.Keys(roots))...)
		return problem(codeReferenceUnknown, "Unknown reference", &place, "There is nothing called %q here; known are %s.%s",
			root, quotedList(known), didYouMean(root, known))
	}
	name, step := stepName(traversal)
	if (below == nil && s.names[root] == nil) || step == nil || slices.Contains(below, name) {
		return nil
	}
	place := attributeRange(step)
	if root == "item" {
		return problem(codeItemAttribute, "Unknown attribute", &place, "There is no attribute %q.%s", name,
			didYouMean(name, below))
	}
	what := map[string]string{"var": "variable", "local": "local value", phaseRoot: "value"}[root]
	return problem(codeReferenceUnknown, "Unknown reference", &place, "There is no %s %q.%s", what, name,
		didYouMean(name, below))
}

// stepName returns the first name after the root: item.name and item["name"] alike.
func stepName(traversal hcl.Traversal) (string, hcl.Traverser) {
	if len(traversal) < 2 {
		return "", nil
	}
	switch step := traversal[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, step
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
			return step.Key.AsString(), step
		}
	}
	return "", nil
}

// value evaluates and converts. Details of problems around sensitive values are left out.
func (s *scope) value(expr hcl.Expression, ctx *hcl.EvalContext, want cty.Type) (cty.Value, hcl.Diagnostics) {
	value, problems := expr.Value(ctx)
	if problems.HasErrors() {
		return cty.DynamicVal, withoutSecrets(problems, expr, ctx)
	}
	converted, err := convert.Convert(value, want)
	if err != nil {
		place := expr.Range()
		return cty.DynamicVal, withoutSecrets(hcl.Diagnostics{problem(codeArgumentInvalid, "Wrong type of value", &place,
			"The value must be %s: %s.", want.FriendlyName(), err)}, expr, ctx)
	}
	return converted, nil
}

func withoutSecrets(problems hcl.Diagnostics, expr hcl.Expression, ctx *hcl.EvalContext) hcl.Diagnostics {
	if !touchesSecret(expr, ctx) {
		return problems
	}
	for i, p := range problems {
		hidden := *p
		hidden.Detail = "The expression uses a sensitive value, so the message is left out."
		problems[i] = &hidden
	}
	return problems
}

func touchesSecret(expr hcl.Expression, ctx *hcl.EvalContext) bool {
	for _, call := range functionCalls(expr) {
		if call.Name == functions.Credential {
			return true
		}
	}
	for _, traversal := range expr.Variables() {
		value, problems := traversal.TraverseAbs(ctx)
		if problems.HasErrors() {
			value, _ = traversal[:1].TraverseAbs(ctx)
		}
		if value.ContainsMarked() {
			return true
		}
	}
	return false
}

// exposed is the problem of an expression whose value would be shown although something in it is sensitive. A part that
// does not decide about the value counts too: what is sensitive is told by the declarations, not by the day's values.
func (s *scope) exposed(expr hcl.Expression, name string) *hcl.Diagnostic {
	if !touchesSecret(expr, s.ctx) {
		return nil
	}
	place := expr.Range()
	return problem(codeSensitiveUse, "Sensitive value exposed", &place,
		"A sensitive value in %s would be shown by plans, reports or the state. Use one that is not sensitive.", name)
}

// credential makes the function of source and target blocks, and notes what it hands out. Failures go to failed too: a
// message about an expression with a secret is left out, but why a credential cannot be had is no secret.
func (s *scope) credential(used map[string]Credential, failed *error) function.Function {
	if s.credentials == nil {
		return s.credentialUse(nil)
	}
	return s.credentialUse(func(name string) (string, error) {
		kept, err := s.credentials(name)
		if err != nil {
			*failed = err
			return "", err
		}
		used[name] = kept
		s.secrets.add(kept.Value)
		return kept.Value, nil
	})
}

// credentialUse is credential() over whatever hands out the values; without one they are unknown.
func (s *scope) credentialUse(ask func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "name", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if ask == nil {
				return cty.UnknownVal(cty.String).Mark(sensitive), nil
			}
			text, err := ask(args[0].AsString())
			if err != nil {
				return cty.UnknownVal(cty.String), err
			}
			return cty.StringVal(text).Mark(sensitive), nil
		},
	})
}

// remember adds every text of a sensitive value to the secrets.
func (s *scope) remember(value cty.Value) {
	plain, _ := value.UnmarkDeep()
	// The callback never fails.
	_ = cty.Walk(plain, func(_ cty.Path, v cty.Value) (bool, error) {
		if v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
			s.secrets.add(v.AsString())
		}
		return true, nil
	})
}

func fieldNames(kind identity.Kind) []string {
	names := []string{"id", "kind", "source", "name", "refs"}
	for _, field := range kinds.Fields(kind) {
		if field.Name != "name" {
			names = append(names, field.Name)
		}
	}
	return names
}

// kindTitle is "An application", "A group": how a sentence begins.
func kindTitle(kind identity.Kind) string {
	words := strings.ReplaceAll(string(kind), "_", " ")
	if words != "" && strings.ContainsRune("aeio", rune(words[0])) {
		return "An " + words
	}
	return "A " + words
}
