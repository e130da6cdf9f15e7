package docs_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "github.com/rehome-iam/rehome/"

// budget is one measure of the whole tree. `make measures` prints all of them; the test fails where a limit is
// exceeded, or not reached.
type budget struct {
	name   string
	got    float64
	most   float64 // zero where the measure has a least
	wanted float64 // where the limit is not there yet: what it is on the way to; otherwise zero
	where  string  // who is the largest
	least  float64
}

func TestArchitecture_StaysWithinItsBudgets(t *testing.T) {
	house := measure(t)
	for _, b := range house.budgets() {
		verdict := ""
		if b.wanted != 0 {
			verdict = fmt.Sprintf(", wanted %g", b.wanted)
		}
		bound, limit, broken := "most", b.most, b.got > b.most
		if b.least != 0 {
			bound, limit, broken = "least", b.least, b.got < b.least
		}
		t.Logf("%-46s %8.2f, at %s %g%s  %s", b.name, b.got, bound, limit, verdict, b.where)
		if broken {
			t.Errorf("%s: %.2f, at %s %g are allowed (%s)", b.name, b.got, bound, limit, b.where)
		}
	}
}

func TestArchitecture_EveryPackageAndExportedNameIsCommented(t *testing.T) {
	for _, missing := range measure(t).uncommented {
		t.Errorf("%s has no comment", missing)
	}
}

func (h *house) budgets() []budget {
	largest, lines := h.most(func(p *room) int { return p.code }, func(p *room) bool {
		return p.path != "cmd/rehome/internal/view" && p.path != "cmd/rehome" // which has a measure of its own
	})
	names, exported := h.most(func(p *room) int { return p.exported }, func(*room) bool { return true })
	fan, out := h.most(func(p *room) int { return len(p.imports) }, func(p *room) bool {
		return !strings.HasPrefix(p.path, "cmd/")
	})
	chain := h.longestChain()
	p95, longest := h.functions()
	return []budget{
		{"code lines of cmd/rehome", float64(h.rooms["cmd/rehome"].code), 3500, 0, "", 0},
		{"code lines of the largest package", float64(lines), 3000, 0, largest, 0},
		{"packages in the longest import chain", float64(len(chain)), 9, 0, strings.Join(chain, " > "), 0},
		{"own packages that one outside cmd imports", float64(out), 12, 0, fan, 0},
		{"lines of a function, 95 of 100", float64(p95), 40, 0, "", 0},
		{"lines of the longest function", float64(longest.lines), 80, 0, longest.name, 0},
		{"exported names of a package", float64(exported), 70, 0, names, 0},
		{"lines over 120 characters, of 100", 100 * float64(h.long) / float64(h.lines), 0.5, 0, h.worstFile(), 0},
		{"lines of tests and test kits, per code line", h.testRatio(), 0, 0, "scripts and documents are not counted", 0.7},
	}
}

// isTestKit tells by its name whether a package is there for tests only, as httptest is: its lines are lines of tests.
func isTestKit(name string) bool { return strings.HasSuffix(name, "test") }

// testRatio is how many lines of tests there are for each line of code.
func (h *house) testRatio() float64 {
	code, tests := 0, h.tests
	for _, r := range h.rooms {
		if isTestKit(r.path) {
			tests += r.code
		} else {
			code += r.code
		}
	}
	return float64(tests) / float64(code)
}

// room is one package without its tests.
type room struct {
	path     string
	code     int // lines that hold more than a comment
	exported int
	imports  map[string]bool // own packages
}

type function struct {
	name  string
	lines int
}

type house struct {
	rooms       map[string]*room
	all         []function
	lines, long int
	tests       int            // lines of test files that hold more than a comment
	longIn      map[string]int // by file
	uncommented []string
	documented  map[string]bool // packages
}

func measure(t *testing.T) *house {
	t.Helper()
	h := &house{rooms: map[string]*room{}, longIn: map[string]int{}, documented: map[string]bool{}}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		return h.file(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range h.rooms {
		if !h.documented[name] {
			h.uncommented = append(h.uncommented, "package "+name)
		}
	}
	slices.Sort(h.uncommented)
	return h
}

func (h *house) file(name string) error {
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if ast.IsGenerated(file) {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		h.lines++
		if len([]rune(strings.TrimRight(line, "\n"))) > 120 {
			h.long++
			h.longIn[name]++
		}
	}
	if strings.HasSuffix(name, "_test.go") {
		h.tests += codeLines(text)
		return nil
	}
	where := path.Dir(name)
	if h.rooms[where] == nil {
		h.rooms[where] = &room{path: where, imports: map[string]bool{}}
	}
	if file.Doc != nil {
		h.documented[where] = true
	}
	h.rooms[where].add(file, set, text)
	h.declarations(h.rooms[where], file, set)
	return nil
}

func (r *room) add(file *ast.File, set *token.FileSet, text []byte) {
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if own, ours := strings.CutPrefix(imported, modulePath); err == nil && ours {
			r.imports[own] = true
		}
	}
	r.code += codeLines(text)
}

// codeLines counts the lines that hold more than a comment.
func codeLines(text []byte) int {
	var s scanner.Scanner
	code := token.NewFileSet().AddFile("", -1, len(text))
	s.Init(code, text, nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			break
		}
		if tok == token.SEMICOLON && literal == "\n" {
			continue
		}
		first := code.Line(pos)
		for i := range strings.Count(literal, "\n") + 1 {
			lines[first+i] = true
		}
	}
	return len(lines)
}

// declarations counts exported names and functions, and finds what has no comment. A method counts with its type.
func (h *house) declarations(r *room, file *ast.File, set *token.FileSet) {
	name := func(ident *ast.Ident, comments ...*ast.CommentGroup) {
		if !ident.IsExported() || file.Name.Name == "main" {
			return
		}
		r.exported++
		if !slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c != nil }) {
			h.uncommented = append(h.uncommented, r.path+"."+ident.Name)
		}
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			lines := set.Position(d.End()).Line - set.Position(d.Pos()).Line + 1
			h.all = append(h.all, function{r.path + "." + d.Name.Name, lines})
			if d.Recv == nil {
				name(d.Name, d.Doc)
			} else if d.Name.IsExported() && receiverIsExported(d) && d.Doc == nil {
				h.uncommented = append(h.uncommented, r.path+"."+d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					name(s.Name, d.Doc, s.Doc, s.Comment)
				case *ast.ValueSpec:
					for _, ident := range s.Names {
						name(ident, d.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
}

func receiverIsExported(d *ast.FuncDecl) bool {
	kind := d.Recv.List[0].Type
	for {
		switch k := kind.(type) {
		case *ast.StarExpr:
			kind = k.X
		case *ast.IndexExpr:
			kind = k.X
		case *ast.IndexListExpr:
			kind = k.X
		default:
			ident, is := kind.(*ast.Ident)
			return is && ident.IsExported()
		}
	}
}

// most finds the package with the largest measure.
func (h *house) most(measure func(*room) int, counts func(*room) bool) (string, int) {
	name, most := "", 0
	for _, r := range h.rooms {
		if n := measure(r); counts(r) && (n > most || n == most && r.path < name) {
			name, most = r.path, n
		}
	}
	return name, most
}

// longestChain is the longest way down, from the highest package to a leaf. Go allows no circle.
func (h *house) longestChain() []string {
	known := map[string][]string{}
	var below func(string) []string
	below = func(name string) []string {
		if chain, seen := known[name]; seen {
			return chain
		}
		var longest []string
		for _, imported := range sortedKeys(h.rooms[name].imports) {
			if h.rooms[imported] == nil {
				continue // generated code only
			}
			if chain := below(imported); len(chain) > len(longest) {
				longest = chain
			}
		}
		known[name] = append([]string{name}, longest...)
		return known[name]
	}
	var longest []string
	for _, name := range sortedKeys(h.rooms) {
		if chain := below(name); len(chain) > len(longest) {
			longest = chain
		}
	}
	return longest
}

func (h *house) functions() (p95 int, longest function) {
	slices.SortFunc(h.all, func(a, b function) int {
		return cmp.Or(cmp.Compare(a.lines, b.lines), cmp.Compare(a.name, b.name))
	})
	return h.all[len(h.all)*95/100].lines, h.all[len(h.all)-1]
}

func (h *house) worstFile() string {
	name := ""
	for file, n := range h.longIn {
		if most := h.longIn[name]; n > most || n == most && file < name {
			name = file
		}
	}
	return name
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// A kit that the program imported would be code, and count as none.
func TestArchitecture_OnlyTestsImportTestKits(t *testing.T) {
	for name, r := range measure(t).rooms {
		for imported := range r.imports {
			if isTestKit(imported) && !isTestKit(name) {
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
}
