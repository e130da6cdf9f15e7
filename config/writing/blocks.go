package writing

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/plan"
)

// MergeBlock is a decision to be written. The item is found by the attribute Field having the text Value, in Source
// unless that is empty. A nil Overwrite is not written.
type MergeBlock struct {
	Kind, Name   string
	Field, Value string
	Source       string
	Decision     string
	Target       string
	Rename       string
	Overwrite    []string
}

// AppendMerge adds a merge block at the end of a file.
func AppendMerge(src []byte, filename string, m MergeBlock) ([]byte, diag.List) {
	if !hclsyntax.ValidIdentifier(m.Field) {
		return src, diag.List{diag.Errorf("name-invalid", "Invalid name", "%q is no attribute of an item.", m.Field)}
	}
	return appendBlock(src, filename, "merge", []string{m.Kind, m.Name}, func(body *hclwrite.Body) {
		where := hclwrite.Tokens{{Type: hclsyntax.TokenIdent, Bytes: []byte("item." + m.Field + " == ")}}
		where = append(where, hclwrite.TokensForValue(cty.StringVal(m.Value))...)
		if m.Source != "" {
			where = append(where, &hclwrite.Token{Type: hclsyntax.TokenIdent, Bytes: []byte(" && item.source == ")})
			where = append(where, hclwrite.TokensForValue(cty.StringVal(m.Source))...)
		}
		body.SetAttributeRaw("where", where)
		setTexts(body, [][2]string{{"decision", m.Decision}, {"target", m.Target}, {"rename", m.Rename}})
		if m.Overwrite != nil {
			body.SetAttributeValue("overwrite", texts(m.Overwrite))
		}
	})
}

func texts(list []string) cty.Value {
	if len(list) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	values := make([]cty.Value, 0, len(list))
	for _, text := range list {
		values = append(values, cty.StringVal(text))
	}
	return cty.ListVal(values)
}

// AppendAcknowledge adds an acknowledge block at the end of a file.
func AppendAcknowledge(src []byte, filename string, a plan.Acknowledgement) ([]byte, diag.List) {
	return appendBlock(src, filename, "acknowledge", []string{a.ID}, func(body *hclwrite.Body) {
		setTexts(body, [][2]string{{"reason", a.Reason}, {"reference", a.Reference}})
	})
}

func setTexts(body *hclwrite.Body, pairs [][2]string) {
	for _, pair := range pairs {
		if pair[1] != "" {
			body.SetAttributeValue(pair[0], cty.StringVal(pair[1]))
		}
	}
}

// appendBlock leaves what is there as it is, comments and spacing included.
func appendBlock(src []byte, filename, blockType string, labels []string, fill func(*hclwrite.Body)) ([]byte,
	diag.List) {
	if list := problems(src, filename); list.HasErrors() {
		return src, list
	}
	block := hclwrite.NewEmptyFile()
	fill(block.Body().AppendNewBlock(blockType, labels).Body())
	addition := hclwrite.Format(block.Bytes())
	out := append([]byte(nil), src...)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	if len(out) > 0 {
		out = append(out, '\n')
	}
	out = append(out, addition...)
	if list := problems(out, filename); list.HasErrors() {
		return src, append(list, diag.Errorf("syntax-invalid", "Block not written", "%s",
			fmt.Sprintf("The %s block would not be valid HCL.", blockType)))
	}
	return out, nil
}

func problems(src []byte, filename string) diag.List {
	_, list := config.Format(src, filename)
	return list
}
