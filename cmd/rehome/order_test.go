package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// floor is how high a file of this package stands: what texts and exits are, what a command is, the commands, the list
// of them, the program. A file uses those below its own; a command uses another one only where the files of a group
// share something, and never in a circle.
func floor(file string) int {
	floors := [][]string{
		{"args.go", "exit.go", "times.go", "usage.go"},
		{"environment.go"},
		{"command.go"},
		{}, // the commands
		{"commands.go"},
		{"root_help.go"},
		{"root.go"},
		{"main.go"},
	}
	for i, files := range floors {
		if slices.Contains(files, file) {
			return i
		}
	}
	return 3
}

// uses lists what each file of this package uses of the others: names of functions, types, variables, methods and
// fields, by file and by the file that has them.
func uses(t *testing.T) map[string]map[string][]string {
	t.Helper()
	set := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	exports := map[string]string{} // the compiler's own account of each package, as the build cache has it
	for _, line := range goList(t, "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", ".") {
		path, file, _ := strings.Cut(line, "=")
		exports[path] = file
	}
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	checker := types.Config{Importer: importer.ForCompiler(set, "gc", lookup)}
	own, err := checker.Check("rehome", set, files, info)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string][]string{}
	for ident, object := range info.Uses {
		if object.Pkg() != own {
			continue
		}
		from, to := set.Position(ident.Pos()).Filename, set.Position(object.Pos()).Filename
		if from == to {
			continue
		}
		if found[from] == nil {
			found[from] = map[string][]string{}
		}
		found[from][to] = append(found[from][to], object.Name())
	}
	return found
}

func TestFiles_UseWhatIsBelowThem(t *testing.T) {
	found := uses(t)
	if len(found["main.go"]["root.go"]) == 0 || len(found["commands.go"]) < 20 {
		t.Fatalf("the files are not read: %v", found)
	}
	for from, to := range found {
		for file, names := range to {
			if floor(file) > floor(from) {
				slices.Sort(names)
				t.Errorf("%s uses %s of %s, which stands above it", from, slices.Compact(names), file)
			}
		}
	}
	var walk func(file string, way []string)
	done := map[string]bool{}
	walk = func(file string, way []string) {
		if i := slices.Index(way, file); i >= 0 {
			t.Errorf("files use each other in a circle: %s", strings.Join(append(way[i:], file), " > "))
			return
		}
		if done[file] {
			return
		}
		for next := range found[file] {
			walk(next, append(slices.Clone(way), file))
		}
		done[file] = true
	}
	for file := range found {
		walk(file, nil)
	}
}
