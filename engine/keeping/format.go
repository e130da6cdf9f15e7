package keeping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/project"
)

// FormatInput says what to format.
type FormatInput struct {
	Paths     []string // files and folders; none is the folder of the project
	Recursive bool     // go into folders below, those that begin with a dot aside
	Check     bool     // change nothing
}

// Reformatted is a file that was not in the usual layout.
type Reformatted struct {
	Path          string // as it was named
	Before, After []byte
}

// Format rewrites configuration files in the usual layout and tells those that were not in it.
func Format(p *project.Project, in FormatInput) ([]Reformatted, error) {
	paths := in.Paths
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var changed []Reformatted
	for _, path := range paths {
		files, err := configurationFiles(p, path, in.Recursive)
		if err != nil {
			return changed, err
		}
		for _, file := range files {
			one, err := formatFile(p.Path(file), file, in.Check)
			if err != nil {
				return changed, err
			}
			if one != nil {
				changed = append(changed, *one)
			}
		}
	}
	return changed, nil
}

// FormatStream formats what is piped in.
func FormatStream(in io.Reader, out io.Writer) error {
	source, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading standard input: %w", err)
	}
	formatted, found := config.Format(source, "<stdin>")
	if found.HasErrors() {
		return found
	}
	_, err = out.Write(formatted)
	return err
}

// configurationFiles are the file itself, or those of a folder.
func configurationFiles(p *project.Project, path string, recursive bool) ([]string, error) {
	root := p.Path(path)
	info, err := os.Stat(root)
	if err != nil {
		return nil, fmt.Errorf("formatting: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && (!recursive || strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir
		case !entry.IsDir() && (strings.HasSuffix(name, ".rehome.hcl") || strings.HasSuffix(name, ".auto.vars.hcl")):
			below, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			files = append(files, filepath.Join(path, below))
		}
		return nil
	})
	return files, err
}

// formatFile formats one file, which a person knows by name; nil says that it was in the usual layout.
func formatFile(path, name string, check bool) (*Reformatted, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("formatting: %w", err)
	}
	formatted, found := config.Format(source, name)
	if found.HasErrors() {
		return nil, found
	}
	if bytes.Equal(source, formatted) {
		return nil, nil
	}
	changed := &Reformatted{Path: name, Before: source, After: formatted}
	if check {
		return changed, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("formatting: %w", err)
	}
	if err := project.WriteDurably(path, formatted); err != nil {
		return nil, fmt.Errorf("formatting %s: %w", path, err)
	}
	return changed, errors.Join(os.Chmod(path, info.Mode().Perm()))
}
