package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/rehome-iam/rehome/engine/diag"
)

// stableCode travels in hcl.Diagnostic.Extra.
type stableCode string

func problem(code, summary string, subject *hcl.Range, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: subject,
		Extra: stableCode(code),
	}
}

// sourceFiles keeps the parsed files, so that a diagnostic can show their lines.
type sourceFiles struct {
	files   map[string]*hcl.File
	secrets *secretSet // lines that hold one of these are not shown; may be nil
}

// convert turns diagnostics of HCL into ours. fallback is the code of those that HCL itself made.
func (s *sourceFiles) convert(problems hcl.Diagnostics, fallback string) diag.List {
	var list diag.List
	for _, p := range problems {
		list = append(list, s.convertOne(p, fallback))
	}
	return list
}

func (s *sourceFiles) convertOne(p *hcl.Diagnostic, fallback string) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Code: codeOf(p, fallback), Summary: p.Summary, Detail: p.Detail}
	if p.Severity == hcl.DiagWarning {
		d.Severity = diag.Warning
	}
	if p.Subject != nil {
		place := rangeOf(*p.Subject)
		d.Subject = &place
		d.Snippet = s.snippet(*p.Subject)
	}
	return d
}

func codeOf(p *hcl.Diagnostic, fallback string) string {
	if code, ok := p.Extra.(stableCode); ok {
		return string(code)
	}
	switch {
	case p.Summary == "Unsupported argument":
		return codeArgumentUnknown
	case p.Summary == "Unsupported block type", strings.HasPrefix(p.Summary, "Unexpected \""):
		return codeBlockUnknown
	case p.Summary == "Missing required argument":
		return codeArgumentMissing
	case p.Summary == "Attribute redefined":
		return codeArgumentDuplicate
	case strings.HasPrefix(p.Summary, "Extraneous label for "):
		return codeBlockLabels
	case strings.HasPrefix(p.Summary, "Missing ") && strings.Contains(p.Summary, " for "):
		return codeBlockLabels
	case p.Summary == "Call to unknown function":
		return codeFunctionUnknown
	}
	return fallback
}

func rangeOf(r hcl.Range) diag.Range {
	return diag.Range{File: r.Filename, Start: positionOf(r.Start), End: positionOf(r.End)}
}

func positionOf(p hcl.Pos) diag.Position {
	return diag.Position{Line: p.Line, Column: p.Column, Byte: p.Byte}
}

// snippetLines is how many lines of a long range are shown.
const snippetLines = 5

// snippet shows whole lines. Files of variables are not in files, because their lines may hold secrets.
func (s *sourceFiles) snippet(r hcl.Range) *diag.Snippet {
	file := s.files[r.Filename]
	if file == nil || r.Start.Byte > len(file.Bytes) || r.End.Byte > len(file.Bytes) || r.End.Byte < r.Start.Byte {
		return nil
	}
	text := string(file.Bytes)
	from := strings.LastIndexByte(text[:r.Start.Byte], '\n') + 1
	to := r.Start.Byte
	for range min(r.End.Line-r.Start.Line+1, snippetLines) {
		next := strings.IndexByte(text[to:], '\n')
		if next < 0 {
			to = len(text) + 1
			break
		}
		to += next + 1
	}
	to = max(from, to-1)
	code := strings.TrimSuffix(text[from:to], "\r")
	if s.secrets.within(code) {
		return nil
	}
	return &diag.Snippet{
		Context: contextOf(file, r.Start), Code: code, Line: r.Start.Line,
		From: min(r.Start.Byte-from, len(code)), To: min(r.End.Byte-from, len(code)),
	}
}

// contextOf names the outermost block at a place, such as merge "group" "engineering".
func contextOf(file *hcl.File, at hcl.Pos) string {
	block := file.OutermostBlockAtPos(at)
	if block == nil {
		return ""
	}
	return blockTitle(block)
}

func blockTitle(block *hcl.Block) string {
	parts := []string{block.Type}
	for _, label := range block.Labels {
		parts = append(parts, fmt.Sprintf("%q", label))
	}
	return strings.Join(parts, " ")
}

// didYouMean is " Did you mean …?" or nothing.
func didYouMean(given string, known []string) string {
	if near := nearest(given, known); near != "" {
		return fmt.Sprintf(" Did you mean %q?", near)
	}
	return ""
}

// nearest returns the known word with the smallest distance, the first by name when there are several.
func nearest(given string, known []string) string {
	sorted := append([]string(nil), known...)
	slices.Sort(sorted)
	best, bestDistance := "", 3
	if len(given) <= 3 {
		bestDistance = 2
	}
	for _, word := range sorted {
		if distance := levenshtein.Distance(given, word, nil); distance < bestDistance {
			best, bestDistance = word, distance
		}
	}
	return best
}

func quotedList[T ~string](words []T) string {
	quoted := make([]string, 0, len(words))
	for _, word := range words {
		quoted = append(quoted, fmt.Sprintf("%q", word))
	}
	return strings.Join(quoted, ", ")
}

// attributeRange is the place of a name within a traversal step, without the dot.
func attributeRange(step hcl.Traverser) hcl.Range {
	r := step.SourceRange()
	if _, dotted := step.(hcl.TraverseAttr); dotted && r.End.Byte-r.Start.Byte > 1 {
		r.Start.Byte++
		r.Start.Column++
	}
	return r
}

// functionCalls lists the calls in an expression, inner ones included.
func functionCalls(expr hcl.Expression) []*hclsyntax.FunctionCallExpr {
	node, ok := expr.(hclsyntax.Node)
	if !ok {
		return nil
	}
	var calls []*hclsyntax.FunctionCallExpr
	// VisitAll never returns diagnostics of its own, and the visitor makes none.
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, isCall := n.(*hclsyntax.FunctionCallExpr); isCall {
			calls = append(calls, call)
		}
		return nil
	})
	return calls
}

// WithSnippets adds the source line to problems that were found after loading and name a place in the configuration.
func (c *Config) WithSnippets(list diag.List) diag.List {
	shown := append(diag.List(nil), list...)
	for i, d := range shown {
		if d.Subject == nil || d.Snippet != nil || c.sources == nil {
			continue
		}
		shown[i].Snippet = c.sources.lineSnippet(d.Subject.File, d.Subject.Start.Line)
	}
	return shown
}

// lineSnippet shows one line, counted from 1, without a mark.
func (s *sourceFiles) lineSnippet(name string, line int) *diag.Snippet {
	file := s.files[name]
	if file == nil || line < 1 {
		return nil
	}
	at := 0
	for range line - 1 {
		next := strings.IndexByte(string(file.Bytes[at:]), '\n')
		if next < 0 {
			return nil
		}
		at += next + 1
	}
	start := hcl.Pos{Line: line, Column: 1, Byte: at}
	found := s.snippet(hcl.Range{Filename: name, Start: start, End: start})
	if found != nil {
		found.From, found.To = 0, 0
	}
	return found
}
