package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/evidence"
)

func evidenceVerifyCommand() Command {
	var public, head string
	return Command{
		Path: "evidence verify", Args: "FILE",
		Class: classFree,
		Codes: []config.Code{
			{Code: "evidence-broken", Cause: "An evidence bundle was changed, or does not prove what it says.", Cure: "Ask for the original."},
			{Code: "evidence-damaged", Cause: "The file is no evidence bundle, or does not read.", Cure: "Fetch it anew."},
		},
		Short: "Check an evidence bundle, offline",
		Long: `Verify checks an evidence bundle with nothing but the file: every checksum, the signature, the audit chain, and that the steps of the plan give
its hash. It names each file that was changed, is missing or was added, and says what the bundle leaves unproven.`,
		Example: "  rehome evidence verify evidence.zip -public-key=evidence.key.pub",
		Takes: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("verify takes one bundle, such as evidence.zip; see rehome evidence verify -help")
			}
			return nil
		},
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&head, "audit-head", "", "the audit chain must hold this head, which apply printed")
			f.StringVar(&public, "public-key", "", "the bundle must be signed by the key of this file")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runEvidenceVerify(s, r.args[0], public, head)
		},
	}
}

func runEvidenceVerify(s *session, name, publicFile, head string) error {
	expected := evidence.Expected{Head: head}
	if publicFile != "" {
		content, err := os.ReadFile(s.path(publicFile))
		if err != nil {
			return fmt.Errorf("reading the public key: %w", err)
		}
		if expected.Public, err = evidence.ParsePublic(content); err != nil {
			return diag.Errorf("evidence-key", "Key does not read", "%s: %v. rehome evidence keygen writes the public key beside the key, as FILE.pub.", publicFile, err)
		}
	}
	verdict, err := checkBundle(s.path(name), expected)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the bundle: %w", err)
	}
	if err != nil {
		return diag.Errorf("evidence-damaged", "Bundle does not read", "%s is no evidence bundle, or is damaged: %v.", name, err)
	}
	if s.global.json {
		encoded, err := encodeDocument(map[string]any{"format_version": evidence.FormatVersion, "verdict": verdict})
		if err != nil {
			return err
		}
		if _, err := s.env.out.Write(encoded); err != nil {
			return err
		}
	}
	if len(verdict.Problems) > 0 {
		return &statusError{status: exitError, quiet: s.global.json, err: brokenBundle(name, verdict)}
	}
	if !s.global.json {
		printVerdict(s, name, verdict)
	}
	return nil
}

func checkBundle(path string, expected evidence.Expected) (evidence.Verdict, error) {
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

func brokenBundle(name string, verdict evidence.Verdict) error {
	lines := []string{fmt.Sprintf("%s does not prove what it says:", view.Clean(name))}
	for i, p := range verdict.Problems {
		if i == 20 {
			lines = append(lines, fmt.Sprintf("  … and %d more", len(verdict.Problems)-i))
			break
		}
		lines = append(lines, view.Clean(fmt.Sprintf("  %s   %s: %s", p.File, p.Change, p.Detail)))
	}
	lines = append(lines, "Ask whoever gave it to you for the original.")
	return diag.Errorf("evidence-broken", "Bundle is not whole", "%s", strings.Join(lines, "\n"))
}

func printVerdict(s *session, name string, v evidence.Verdict) {
	w := s.env.out
	fmt.Fprintf(w, "%s is whole.\n", view.Clean(name))
	fmt.Fprintf(w, "Plan      %s of migration %s: %s give this hash\n", view.Clean(v.Manifest.PlanHash), view.Clean(v.Manifest.Migration), view.Plural(v.Steps, "step", "steps"))
	fmt.Fprintf(w, "Run       %s\n", view.Clean(v.Manifest.Run))
	fmt.Fprintf(w, "Audit     %s in one chain, head %s\n", view.Plural(v.Records, "record", "records"), view.Clean(v.Manifest.AuditHead))
	if v.Changes != nil {
		fmt.Fprintf(w, "Record    %s\n", view.ChangesLine(*v.Changes))
	}
	if v.Signer != "" {
		fmt.Fprintf(w, "Signed    by %s\n", v.Signer)
	}
	for _, note := range v.Notes {
		fmt.Fprintf(w, "Note      %s\n", view.Clean(note))
	}
}

func evidenceKeygenCommand() Command {
	var out string
	return Command{
		Path:  "evidence keygen",
		Class: classFree,
		Short: "Make a key to sign evidence bundles with",
		Long: `Keygen writes an ed25519 key (PKCS #8 PEM, mode 0600) and, beside it, its public half as FILE.pub for those who check. It never writes over a
file. openssl can check a signature too: openssl pkeyutl -verify -pubin -inkey FILE.pub -rawin -in manifest.json -sigfile manifest.json.sig`,
		Example: "  rehome evidence keygen -out=evidence.key",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&out, "out", "", "write the key here (required)")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			if out == "" {
				return misuse("-out is missing: name the file to write, such as -out=evidence.key")
			}
			return runEvidenceKeygen(s, out)
		},
	}
}

func runEvidenceKeygen(s *session, out string) error {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	private, err := evidence.PrivatePEM(key)
	if err != nil {
		return err
	}
	open, err := evidence.PublicPEM(key)
	if err != nil {
		return err
	}
	if err := writeNew(s.path(out), private, 0o600); err != nil {
		return err
	}
	if err := writeNew(s.path(out)+".pub", open, 0o644); err != nil {
		return err
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": evidence.FormatVersion, "key": out, "public_key": out + ".pub", "fingerprint": evidence.Fingerprint(public)})
	}
	fmt.Fprintf(s.env.out, "Key       %s: keep it secret\nPublic    %s.pub, %s: give it to those who check\n", out, out, evidence.Fingerprint(public))
	return nil
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
