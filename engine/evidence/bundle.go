package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/plan"
)

// FormatVersion of a bundle. A field never changes its meaning within a major version.
const FormatVersion = "1.0"

// Names of the documents. Manifest and Signature are made by Write.
const (
	FileManifest  = "manifest.json"
	FileSignature = "manifest.json.sig" // raw ed25519 over the bytes of the manifest
	FileSigner    = "signer.pem"
	FilePlan      = "plan.json"
	FileHashes    = "plan-steps.json"
	FileRun       = "run.json"
	FileJournal   = "journal.json"
	FileProbes    = "probes.json"
	FileChanges   = "changes.json" // only where the target's own record was looked at
	FileAudit     = "audit.json"
	FileReport    = "report.json"
)

// Manifest says what the bundle is about and what is in it.
type Manifest struct {
	FormatVersion string `json:"format_version"`
	Migration     string `json:"migration"`
	PlanHash      string `json:"plan_hash"`
	Run           string `json:"run"`
	AuditHead     string `json:"audit_head"`
	People        string `json:"people"` // named or pseudonyms
	Files         []File `json:"files"`  // sorted by name
}

// File is one document with its checksum.
type File struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// StepHashes is the content of FileHashes: the hashes that the plan hash is made of, and which parts of FilePlan do not
// have their own content, because people in it have pseudonyms.
type StepHashes struct {
	Header   string            `json:"header"`           // of what the plan says of itself, hex
	Impacts  map[string]string `json:"impacts"`          // impact id → hex
	Steps    map[string]string `json:"steps"`            // step id in FilePlan → hex
	Withheld []string          `json:"withheld"`         // step ids whose content was replaced by pseudonyms
	Masked   []string          `json:"masked,omitempty"` // impact ids of which that is so
	Veiled   bool              `json:"veiled,omitempty"` // that is so of the header
}

// Record is one record of the audit chain; Event is nil when it names a person.
type Record struct {
	Sequence int          `json:"sequence"`
	Previous string       `json:"previous"`
	Event    *audit.Event `json:"event"`
	Hash     string       `json:"hash"`
}

// RecordOf is a record of the audit chain as FileAudit holds it; a withheld one keeps its place and its hashes only.
func RecordOf(r audit.Record, withheld bool) Record {
	record := Record{Sequence: r.Sequence, Previous: r.Previous, Hash: r.Hash}
	if !withheld {
		record.Event = &r.Event
	}
	return record
}

// Steps makes the content of FileHashes. Shown is the plan as it goes into the bundle, with the same steps and impacts
// in the same order; what no longer has the content of the original is withheld.
func Steps(original, shown *plan.Plan) (StepHashes, error) {
	if len(original.Steps) != len(shown.Steps) || len(original.Impacts) != len(shown.Impacts) {
		return StepHashes{}, errors.New("the shown plan has other steps or impacts than the plan")
	}
	real, visible := plan.SumsOf(original), plan.SumsOf(shown)
	out := StepHashes{
		Header: hex.EncodeToString(real.Header[:]), Veiled: real.Header != visible.Header,
		Impacts: map[string]string{}, Steps: map[string]string{}, Withheld: []string{},
	}
	for i, step := range shown.Steps {
		sum := real.Steps[original.Steps[i].ID]
		out.Steps[step.ID] = hex.EncodeToString(sum[:])
		if visible.Steps[step.ID] != sum {
			out.Withheld = append(out.Withheld, step.ID)
		}
	}
	for i, impact := range shown.Impacts {
		sum := real.Impacts[original.Impacts[i].ID]
		out.Impacts[impact.ID] = hex.EncodeToString(sum[:])
		if visible.Impacts[impact.ID] != sum {
			out.Masked = append(out.Masked, impact.ID)
		}
	}
	slices.Sort(out.Withheld)
	slices.Sort(out.Masked)
	return out, nil
}

// sums are the hashes that a bundle states of the parts of a plan; what it does not state is not among them.
func (h StepHashes) sums() plan.Sums {
	stated := plan.Sums{Impacts: map[string][32]byte{}, Steps: map[string][32]byte{}}
	if sum, is := sumOf(h.Header); is {
		stated.Header = sum
	}
	for from, to := range map[*map[string]string]map[string][32]byte{&h.Steps: stated.Steps, &h.Impacts: stated.Impacts} {
		for id, text := range *from {
			if sum, is := sumOf(text); is {
				to[id] = sum
			}
		}
	}
	return stated
}

func sumOf(text string) ([32]byte, bool) {
	decoded, err := hex.DecodeString(text)
	if err != nil || len(decoded) != 32 {
		return [32]byte{}, false
	}
	return [32]byte(decoded), true
}

// Write writes the documents with their manifest, signed when there is a key. The same input gives the same bytes.
func Write(w io.Writer, manifest Manifest, documents map[string]any, key ed25519.PrivateKey) error {
	contents := map[string][]byte{}
	for name, document := range documents {
		encoded, err := encode(document)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", name, err)
		}
		contents[name] = encoded
	}
	if key != nil {
		signer, err := PublicPEM(key)
		if err != nil {
			return err
		}
		contents[FileSigner] = signer
	}
	manifest.FormatVersion, manifest.Files = FormatVersion, []File{}
	for name, content := range contents {
		manifest.Files = append(manifest.Files, File{Name: name, SHA256: digest(content), Bytes: len(content)})
	}
	slices.SortFunc(manifest.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	encoded, err := encode(manifest)
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	contents[FileManifest] = encoded
	if key != nil {
		contents[FileSignature] = ed25519.Sign(key, encoded)
	}
	return writeZip(w, contents)
}

func encode(document any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", " ")
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(document)
	return b.Bytes(), err
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// writeZip stores without compression, so that no version of a compressor changes the bytes.
func writeZip(w io.Writer, contents map[string][]byte) error {
	archive := zip.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		file, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return fmt.Errorf("writing %s into the bundle: %w", name, err)
		}
		if _, err := file.Write(contents[name]); err != nil {
			return fmt.Errorf("writing %s into the bundle: %w", name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("writing the bundle: %w", err)
	}
	return nil
}

// PublicPEM is the public half of a key, as openssl reads it.
func PublicPEM(key ed25519.PrivateKey) ([]byte, error) {
	encoded, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: encoded}), nil
}

// PrivatePEM is a key in the form that ParsePrivate and openssl read.
func PrivatePEM(key ed25519.PrivateKey) ([]byte, error) {
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), nil
}

// ParsePrivate reads an ed25519 key in PKCS #8 PEM.
func ParsePrivate(text []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("it holds no private key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("it is no ed25519 key")
	}
	return key, nil
}

// ParsePublic reads an ed25519 public key in PEM.
func ParsePublic(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("it holds no public key in PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	key, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return nil, errors.New("it is no ed25519 public key")
	}
	return key, nil
}

// Fingerprint names a public key: sha256:… of its raw bytes.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return "sha256:" + hex.EncodeToString(sum[:])
}
