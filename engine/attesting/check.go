package attesting

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
)

// CheckInput names a bundle and what the checker knows from elsewhere. Files are relative to the project's folder.
type CheckInput struct {
	Bundle string
	Public string // file of the key that must have signed it; empty for any
	Head   string // of the audit chain, as apply printed it, or its beginning; empty for any
}

// CheckReport is what checking a bundle found.
type CheckReport struct {
	FormatVersion string           `json:"format_version"`
	Verdict       evidence.Verdict `json:"verdict"`
}

// CheckBundle checks an evidence bundle with nothing but the file. What is wrong inside it is in the report; the error
// says that it is no bundle at all.
func CheckBundle(p *project.Project, in CheckInput) (*CheckReport, error) {
	expected := evidence.Expected{Head: in.Head}
	if in.Public != "" {
		content, err := os.ReadFile(p.Path(in.Public))
		if err != nil {
			return nil, fmt.Errorf("reading the public key: %w", err)
		}
		if expected.Public, err = evidence.ParsePublic(content); err != nil {
			return nil, diag.Errorf("evidence-key", "Key does not read",
				"%s: %v. rehome evidence keygen writes the public key beside the key, as FILE.pub.", in.Public, err)
		}
	}
	verdict, err := checkFile(p.Path(in.Bundle), expected)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the bundle: %w", err)
	}
	if err != nil {
		return nil, diag.Errorf("evidence-damaged", "Bundle does not read", "%s is no evidence bundle, or is damaged: %v.",
			in.Bundle, err)
	}
	return &CheckReport{FormatVersion: evidence.FormatVersion, Verdict: verdict}, nil
}

func checkFile(path string, expected evidence.Expected) (evidence.Verdict, error) {
	f, err := os.Open(path)
	if err != nil {
		return evidence.Verdict{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return evidence.Verdict{}, err
	}
	return evidence.Check(f, info.Size(), expected)
}

// mostProblems is how many problems of a bundle an error names.
const mostProblems = 20

// Broken says what is wrong with a bundle, or nil.
func (r *CheckReport) Broken(name string) error {
	if len(r.Verdict.Problems) == 0 {
		return nil
	}
	lines := []string{phrase.Clean(name) + " does not prove what it says:"}
	for i, p := range r.Verdict.Problems {
		if i == mostProblems {
			lines = append(lines, fmt.Sprintf("  … and %d more", len(r.Verdict.Problems)-i))
			break
		}
		lines = append(lines, phrase.Clean(fmt.Sprintf("  %s   %s: %s", p.File, p.Change, p.Detail)))
	}
	lines = append(lines, "Ask whoever gave it to you for the original.")
	return diag.Errorf("evidence-broken", "Bundle is not whole", "%s", strings.Join(lines, "\n"))
}

// KeyReport names a new key.
type KeyReport struct {
	FormatVersion string `json:"format_version"`
	Key           string `json:"key"`
	PublicKey     string `json:"public_key"`
	Fingerprint   string `json:"fingerprint"`
}

// Keygen makes a key to sign bundles with, and its public half beside it. It writes over nothing.
func Keygen(p *project.Project, out string) (*KeyReport, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	private, err := evidence.PrivatePEM(key)
	if err != nil {
		return nil, err
	}
	open, err := evidence.PublicPEM(key)
	if err != nil {
		return nil, err
	}
	if err := writeNew(p.Path(out), private, 0o600); err != nil {
		return nil, err
	}
	if err := writeNew(p.Path(out)+".pub", open, 0o644); err != nil {
		return nil, err
	}
	return &KeyReport{
		FormatVersion: evidence.FormatVersion, Key: out, PublicKey: out + ".pub", Fingerprint: evidence.Fingerprint(public),
	}, nil
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, content []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("writing the key: %w", err)
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}
