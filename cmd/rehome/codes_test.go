package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
)

// TestCodes_AreAllUsed finds codes that are listed though nothing gives them any more, and those that are listed twice.
func TestCodes_AreAllUsed(t *testing.T) {
	used := givenCodes(t, ".", "../../engine", "../../providers", "../../config", "../../state")
	listed := map[string]bool{}
	for _, c := range append(config.Codes(), diag.Codes()...) {
		if c.Code == "" || c.Cause == "" || c.Cure == "" {
			t.Errorf("the code %q is listed without its cause or cure", c.Code)
		}
		if listed[c.Code] {
			t.Errorf("the code %q is listed twice", c.Code)
		}
		if listed[c.Code] = true; !used[c.Code] {
			t.Errorf("nothing gives the code %q: take it out of its list", c.Code)
		}
	}
}

// givenCodes finds the texts that source code below the folders hands to something, sets as Code or returns, and the
// values of constants that are used somewhere. The lists themselves do not count.
func givenCodes(t *testing.T, folders ...string) map[string]bool {
	t.Helper()
	given, constants, names := map[string]bool{}, map[string]string{}, map[string]int{}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.HasSuffix(path, ".pb.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			if filepath.Base(path) != "codes.go" {
				ast.Inspect(file, func(n ast.Node) bool { return note(n, given, names) })
			}
			ast.Inspect(file, func(n ast.Node) bool { return constant(n, constants) })
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, code := range constants {
		given[code] = given[code] || names[name] > 0
	}
	return given
}

// note collects given texts, and how often a name is used beyond where it is declared.
func note(n ast.Node, given map[string]bool, names map[string]int) bool {
	add := func(expressions ...ast.Expr) {
		for _, e := range expressions {
			if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value)
				given[text] = true
			}
		}
	}
	switch n := n.(type) {
	case *ast.Ident:
		names[n.Name]++
	case *ast.ValueSpec:
		for _, name := range n.Names {
			names[name.Name]--
		}
	case *ast.CallExpr:
		add(n.Args...)
	case *ast.ReturnStmt:
		add(n.Results...)
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
			add(n.Value)
		}
	}
	return true
}

func constant(n ast.Node, constants map[string]string) bool {
	spec, ok := n.(*ast.ValueSpec)
	if !ok {
		return true
	}
	for i, name := range spec.Names {
		if i < len(spec.Values) {
			if literal, ok := spec.Values[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				constants[name.Name], _ = strconv.Unquote(literal.Value)
			}
		}
	}
	return true
}
