package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/rehome-iam/rehome/engine/diag"
)

// Format returns the source in canonical form. Source that is not valid HCL comes back unchanged with its problems.
func Format(src []byte, filename string) ([]byte, diag.List) {
	if list := syntaxProblems(src, filename); list.HasErrors() {
		return src, list
	}
	return hclwrite.Format(src), nil
}

func syntaxProblems(src []byte, filename string) diag.List {
	file, problems := hclsyntax.ParseConfig(src, filename, hcl.InitialPos)
	files := &sourceFiles{files: map[string]*hcl.File{filename: file}}
	return files.convert(problems, codeSyntax)
}
