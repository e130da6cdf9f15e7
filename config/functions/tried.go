package functions

import (
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// marked makes can and try keep the marks of everything that their expressions read. Of an expression that fails HCL
// keeps none; but that it failed tells something of a sensitive value, and asked often enough tells all of it.
func marked(inner function.Function) function.Function {
	return function.New(&function.Spec{
		Params: inner.Params(), VarParam: inner.VarParam(),
		Type: inner.ReturnTypeForValues,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			value, err := inner.Call(args)
			if err != nil {
				return value, err
			}
			marks := cty.ValueMarks{}
			for _, arg := range args {
				closure := customdecode.ExpressionClosureFromVal(arg)
				for _, traversal := range closure.Expression.Variables() {
					maps.Copy(marks, marksOf(traversal, closure.EvalContext))
				}
			}
			return value.WithMarks(marks), nil
		},
	})
}

// marksOf are the marks of what a traversal leads to or, where it leads nowhere, of what it begins with.
func marksOf(traversal hcl.Traversal, ctx *hcl.EvalContext) cty.ValueMarks {
	value, problems := traversal.TraverseAbs(ctx)
	if problems.HasErrors() {
		if value, problems = traversal[:1].TraverseAbs(ctx); problems.HasErrors() {
			return nil
		}
	}
	_, marks := value.UnmarkDeep()
	return marks
}
