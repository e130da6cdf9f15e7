package functions

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// stateFolder is the name of the folder with a state, its key and its journals.
const stateFolder = ".rehome"

// maxFileSize bounds what one file may bring into a configuration.
const maxFileSize = 4 << 20

// keyPrefix begins an age identity. A file that holds one is a key, wherever it lies.
const keyPrefix = "AGE-SECRET-KEY-"

// What a configuration may not read, whoever wrote it: a pull request changes expressions, and a plan shows what they
// give.
var (
	errOutside = errors.New("expressions read files below the folder of the configuration only")
	errState   = errors.New("it belongs to a state: nothing in a " + stateFolder + " folder, and no key of a state, " +
		"becomes part of a configuration")
)

// Reader reads what a configuration may see.
type Reader struct {
	Dir     string   // of the configuration
	Private []string // files with keys, wherever they are
}

func (r Reader) function() function.Function {
	return textFunc(func(path string) (string, error) {
		raw, err := r.below(path)
		if err == nil && !utf8.Valid(raw) {
			err = errors.New("the file is not UTF-8 text")
		}
		if err != nil {
			return "", fmt.Errorf("reading %s: %w", path, WithoutPath(err))
		}
		return string(raw), nil
	})
}

func (r Reader) existsFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path := args[0].AsString()
			real, err := r.resolve(path)
			if err == nil {
				var file *os.File
				if file, err = r.open(real); err == nil {
					err = file.Close()
				}
			}
			if errors.Is(err, errOutside) || errors.Is(err, errState) {
				return cty.UnknownVal(cty.Bool), function.NewArgErrorf(0, "looking for %s: %w", path, err)
			}
			return cty.BoolVal(err == nil), nil
		},
	})
}

// below reads a file that an expression names.
func (r Reader) below(path string) ([]byte, error) {
	real, err := r.resolve(path)
	if err != nil {
		return nil, err
	}
	return r.read(real)
}

// Named reads a file of the configuration itself, or one that a person named. Where it lies is theirs to say, as long
// as no link leads into a state: one with the right ending would show the key in the message about its syntax.
func (r Reader) Named(name string) ([]byte, error) {
	real, err := filepath.EvalSymlinks(r.within(name))
	if err != nil {
		return nil, err
	}
	if inState(real) && !inState(r.within(name)) {
		return nil, errState
	}
	return r.read(real)
}

func (r Reader) within(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.Dir, path)
}

// resolve follows every link. What is outside is refused alike whether it is there or not.
func (r Reader) resolve(path string) (string, error) {
	top, err := filepath.EvalSymlinks(r.Dir)
	if err == nil {
		top, err = filepath.Abs(top)
	}
	if err != nil {
		return "", err
	}
	real, missing := resolveExisting(r.within(path))
	if real, err = filepath.Abs(real); err != nil {
		return "", err
	}
	rel, err := filepath.Rel(top, real)
	switch {
	case err != nil || !filepath.IsLocal(rel):
		return "", errOutside
	case inState(rel):
		return "", errState
	}
	return real, missing
}

// resolveExisting follows the links of the part of a path that exists, and tells what is wrong with the rest.
func resolveExisting(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		return real, nil
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path, err
	}
	above, _ := resolveExisting(parent)
	return filepath.Join(above, filepath.Base(path)), err
}

// inState tells whether a folder on the path is one of a state; case does not part folders everywhere.
func inState(path string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(path), "/"), func(part string) bool {
		return strings.EqualFold(part, stateFolder)
	})
}

// open opens a regular file that is no key.
func (r Reader) open(real string) (*os.File, error) {
	info, err := os.Stat(real)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	for _, private := range r.Private {
		if key, err := os.Stat(private); err == nil && os.SameFile(key, info) {
			return nil, errState
		}
	}
	return os.Open(real)
}

func (r Reader) read(real string) ([]byte, error) {
	file, err := r.open(real)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	switch {
	case err != nil:
		return nil, err
	case len(raw) > maxFileSize:
		return nil, errors.New("the file is larger than 4 MiB")
	case bytes.Contains(bytes.ToUpper(raw), []byte(keyPrefix)):
		return nil, errState
	}
	return raw, nil
}

// Credential is the function that only source and target blocks may call.
const Credential = "credential"

// WithoutPath drops the path of a file error, which the caller names as the person wrote it.
func WithoutPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
