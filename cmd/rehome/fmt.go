package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/project"
)

func fmtCommand() Command {
	var check, showDiff, recursive bool
	return Command{
		Path: "fmt", Args: "[file or folder...]",
		Group:   groupProgram,
		Class:   classFree,
		Short:   "Format configuration files",
		Long:    "Fmt rewrites *.rehome.hcl and *.auto.vars.hcl in the usual layout. A single - reads standard input and writes standard output.",
		Example: "  rehome fmt\n  rehome fmt -check -diff",
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&check, "check", false, "change nothing; list files that are not formatted and exit with 1")
			f.BoolVar(&showDiff, "diff", false, "show what changes")
			f.BoolVar(&recursive, "recursive", false, "go into folders")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			f := formatter{s: s, check: check, diff: showDiff, recursive: recursive}
			return f.run(r.args)
		},
	}
}

type formatter struct {
	s                      *session
	check, diff, recursive bool
	unformatted            int
}

func (f *formatter) run(args []string) error {
	if len(args) == 1 && args[0] == "-" {
		return f.standardInput()
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	for _, arg := range args {
		if !filepath.IsAbs(arg) {
			arg = filepath.Join(f.s.folder, arg)
		}
		files, err := f.files(arg)
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := f.one(file); err != nil {
				return err
			}
		}
	}
	if f.check && f.unformatted > 0 {
		return &statusError{status: exitError, quiet: true}
	}
	return nil
}

func (f *formatter) files(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("formatting: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != path && (!f.recursive || strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir
		case !entry.IsDir() && (strings.HasSuffix(name, ".rehome.hcl") || strings.HasSuffix(name, ".auto.vars.hcl")):
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

func (f *formatter) standardInput() error {
	source, err := io.ReadAll(f.s.env.in)
	if err != nil {
		return fmt.Errorf("reading standard input: %w", err)
	}
	formatted, found := config.Format(source, "<stdin>")
	if found.HasErrors() {
		return found
	}
	_, err = f.s.env.out.Write(formatted)
	return err
}

func (f *formatter) one(path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("formatting: %w", err)
	}
	formatted, found := config.Format(source, path)
	if found.HasErrors() {
		return found
	}
	if bytes.Equal(source, formatted) {
		return nil
	}
	f.unformatted++
	fmt.Fprintln(f.s.env.out, path)
	if f.diff {
		f.show(source, formatted)
	}
	if f.check {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("formatting: %w", err)
	}
	if err := project.WriteDurably(path, formatted); err != nil {
		return fmt.Errorf("formatting %s: %w", path, err)
	}
	return errors.Join(os.Chmod(path, info.Mode().Perm()))
}

// show writes the changed lines, old ones with - and new ones with +.
func (f *formatter) show(before, after []byte) {
	style := f.s.env.style(f.s.global.noColor)
	lines := strings.Split(string(diff.Diff("before", before, "after", after)), "\n")
	for _, line := range lines[min(3, len(lines)):] { // the first three name the two sides
		switch {
		case strings.HasPrefix(line, "-"):
			fmt.Fprintln(f.s.env.out, paintLine(style.Color, "31", line))
		case strings.HasPrefix(line, "+"):
			fmt.Fprintln(f.s.env.out, paintLine(style.Color, "32", line))
		}
	}
}

func paintLine(color bool, code, text string) string {
	if !color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
