package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/rehome-iam/rehome/config/functions"
	"github.com/rehome-iam/rehome/engine/diag"
)

// LockFileName is the name of the lock file in the folder of the configuration.
const LockFileName = ".rehome.lock.hcl"

// LockFile says which plugin versions are used and what their files hash to.
type LockFile struct {
	Providers map[string]LockedProvider
}

// LockedProvider is one plugin. Hashes are "platform:sha256:hex", for example linux_amd64:sha256:….
type LockedProvider struct {
	Version string
	Hashes  []string
}

// Set records a version. Hashes of other platforms are kept when the version is the same.
func (f *LockFile) Set(name, version string, hashes []string) {
	kept := append([]string(nil), hashes...)
	replaced := map[string]bool{}
	for _, hash := range hashes {
		replaced[platformOf(hash)] = true
	}
	if old := f.Providers[name]; old.Version == version {
		for _, hash := range old.Hashes {
			if !replaced[platformOf(hash)] {
				kept = append(kept, hash)
			}
		}
	}
	slices.Sort(kept)
	if f.Providers == nil {
		f.Providers = map[string]LockedProvider{}
	}
	f.Providers[name] = LockedProvider{Version: version, Hashes: kept}
}

func platformOf(hash string) string {
	platform, _, _ := strings.Cut(hash, ":")
	return platform
}

// ReadLock reads a lock file; one that is not there is empty.
func ReadLock(path string) (*LockFile, diag.List) {
	lock := &LockFile{Providers: map[string]LockedProvider{}}
	source, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return lock, nil
	}
	if err != nil {
		return lock, diag.List{diag.Errorf(codeFileUnreadable, "Unreadable file", "Reading %s: %s.", LockFileName,
			functions.WithoutPath(err))}
	}
	file, problems := hclsyntax.ParseConfig(source, LockFileName, hcl.InitialPos)
	files := &sourceFiles{files: map[string]*hcl.File{LockFileName: file}}
	if problems.HasErrors() {
		return lock, files.convert(problems, codeLockInvalid)
	}
	l := &loader{config: &Config{scope: &scope{}}}
	content, problems := file.Body.Content(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "provider",
		LabelNames: []string{"name"}}}})
	l.add(problems)
	for _, block := range content.Blocks {
		f := l.content(block.Body, []string{"version", "hashes"}, nil)
		lock.Providers[block.Labels[0]] = LockedProvider{Version: f.text("version"), Hashes: f.list("hashes")}
	}
	return lock, files.convert(l.problems, codeLockInvalid)
}

// WriteLock writes a lock file in one piece: a reader sees the old one or the new one.
func WriteLock(path string, lock *LockFile) error {
	file := hclwrite.NewEmptyFile()
	for i, name := range slices.Sorted(maps.Keys(lock.Providers)) {
		if i > 0 {
			file.Body().AppendNewline()
		}
		body := file.Body().AppendNewBlock("provider", []string{name}).Body()
		body.SetAttributeValue("version", cty.StringVal(lock.Providers[name].Version))
		body.SetAttributeRaw("hashes", hashTokens(lock.Providers[name].Hashes))
	}
	return replaceFile(path, hclwrite.Format(file.Bytes()))
}

// hashTokens puts one hash a line, so that a merge of two branches is easy to read.
func hashTokens(hashes []string) hclwrite.Tokens {
	var text strings.Builder
	text.WriteString("[")
	for _, hash := range hashes {
		text.WriteString("\n" + string(hclwrite.TokensForValue(cty.StringVal(hash)).Bytes()) + ",")
	}
	if len(hashes) > 0 {
		text.WriteString("\n")
	}
	text.WriteString("]")
	return hclwrite.Tokens{{Type: hclsyntax.TokenIdent, Bytes: []byte(text.String())}}
}

func replaceFile(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), LockFileName+".*")
	if err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	defer os.Remove(temporary.Name()) // after the rename there is nothing to remove
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Sync(), temporary.Close())
	if err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	return nil
}
