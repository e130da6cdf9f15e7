package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/changes"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Limits of a bundle: what is larger is refused before it is held. What a bundle consists of, digests and names, does not
// compress far, so a small file cannot unpack to much.
const (
	maxFiles    = 64
	maxBytes    = 512 << 20
	maxRatio    = 32
	smallBundle = 16 << 20 // what any file may unpack to
)

type limits struct {
	files int
	bytes int64
}

// limitsOf a file of a size.
func limitsOf(size int64) limits {
	return limits{files: maxFiles, bytes: min(smallBundle+maxRatio*size, maxBytes)}
}

// Problem is one thing that is wrong with a bundle.
type Problem struct {
	File   string `json:"file"`
	Change string `json:"change"` // changed, missing, added, unsigned, foreign, broken
	Detail string `json:"detail"`
}

// Verdict is what checking a bundle found. Notes are what the bundle leaves unproven, or what a reader should know.
type Verdict struct {
	Manifest Manifest  `json:"manifest"`
	Signer   string    `json:"signer,omitempty"` // fingerprint of the key that signed it
	Records  int       `json:"records"`          // of the audit chain
	Steps    int       `json:"steps"`
	Problems []Problem `json:"problems"`
	Notes    []string  `json:"notes"`

	Changes *changes.Verdict `json:"changes,omitempty"` // what the target's own record says of the run, found again here

	withheld bool                         // some records of the audit chain have no content
	reported reported                     // what the audit chain tells of the run
	planned  map[string]bool              // step ids of the plan
	proofs   map[string]map[string]string // verification → facts that the audit chain has of it
}

// Expected is what the checker knows from elsewhere; both may be empty.
type Expected struct {
	Public ed25519.PublicKey // the bundle must be signed by this key
	Head   string            // the audit head that apply printed, or its beginning: the chain must hold it
}

// Check reads a bundle and checks everything in it. The error says that the file is no bundle at all; what is wrong
// inside a bundle is in the verdict.
func Check(r io.ReaderAt, size int64, expected Expected) (Verdict, error) {
	contents, err := readZip(r, size, limitsOf(size))
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Problems: []Problem{}, Notes: []string{}, proofs: map[string]map[string]string{}}
	encoded, found := contents[FileManifest]
	if !found {
		return v, errors.New("it has no manifest")
	}
	if err := json.Unmarshal(encoded, &v.Manifest); err != nil {
		return v, fmt.Errorf("its manifest does not read: %w", err)
	}
	if v.Manifest.FormatVersion != FormatVersion {
		return v, fmt.Errorf("its format %q is not %q", v.Manifest.FormatVersion, FormatVersion)
	}
	v.files(contents)
	v.signature(contents, expected.Public)
	v.audit(contents[FileAudit], expected.Head)
	v.plan(contents)
	v.run(contents[FileRun])
	v.journal(contents[FileJournal])
	v.changes(contents)
	v.parts(contents)
	return v, nil
}

func readZip(r io.ReaderAt, size int64, most limits) (map[string][]byte, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("it is not a zip file: %w", err)
	}
	if len(archive.File) > most.files {
		return nil, fmt.Errorf("it has %d files, more than a bundle has", len(archive.File))
	}
	contents, left := map[string][]byte{}, most.bytes
	for _, file := range archive.File {
		if _, twice := contents[file.Name]; twice {
			return nil, fmt.Errorf("it has %s twice", file.Name)
		}
		content, err := readEntry(file, left)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file.Name, err)
		}
		if left -= int64(len(content)); left < 0 {
			return nil, fmt.Errorf("it unpacks to more than %d bytes, and no bundle of its size does", most.bytes)
		}
		contents[file.Name] = content
	}
	return contents, nil
}

// readEntry takes an entry whose checksum of the zip does not fit too: the manifest names it as changed. Of one that is
// larger than may be held it reads a byte too many.
func readEntry(file *zip.File, most int64) ([]byte, error) {
	entry, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer entry.Close()
	content, err := io.ReadAll(io.LimitReader(entry, most+1))
	if err != nil && !errors.Is(err, zip.ErrChecksum) {
		return nil, err
	}
	return content, nil
}

func (v *Verdict) problem(file, change, format string, args ...any) {
	v.Problems = append(v.Problems, Problem{File: file, Change: change, Detail: fmt.Sprintf(format, args...)})
}

func (v *Verdict) files(contents map[string][]byte) {
	listed := map[string]bool{FileManifest: true, FileSignature: true}
	for _, file := range v.Manifest.Files {
		listed[file.Name] = true
		content, found := contents[file.Name]
		switch {
		case !found:
			v.problem(file.Name, "missing", "the manifest lists it")
		case digest(content) != file.SHA256:
			v.problem(file.Name, "changed", "its SHA-256 is not that of the manifest")
		}
	}
	var added []string
	for name := range contents {
		if !listed[name] {
			added = append(added, name)
		}
	}
	slices.Sort(added)
	for _, name := range added {
		v.problem(name, "added", "the manifest does not list it")
	}
	for _, name := range []string{FilePlan, FileHashes, FileAudit, FileRun} {
		if !listed[name] {
			v.problem(name, "missing", "every bundle has it")
		}
	}
}

func (v *Verdict) signature(contents map[string][]byte, public ed25519.PublicKey) {
	signature, signed := contents[FileSignature]
	if !signed {
		if public != nil {
			v.problem(FileSignature, "unsigned", "a public key was given, and the bundle is not signed")
			return
		}
		v.Notes = append(v.Notes,
			"It is not signed: whoever has the file could have made it anew. Compare its audit head with the one that apply "+
				"printed.")
		return
	}
	signer, err := ParsePublic(contents[FileSigner])
	if err != nil {
		v.problem(FileSigner, "broken", "%v", err)
		return
	}
	if !ed25519.Verify(signer, contents[FileManifest], signature) {
		v.problem(FileManifest, "changed", "the signature does not fit it")
		return
	}
	v.Signer = Fingerprint(signer)
	switch {
	case public == nil:
		v.Notes = append(v.Notes, "The signature fits the key inside the bundle; give -public-key to know whose key that is.")
	case !public.Equal(signer):
		v.problem(FileSigner, "foreign", "it is signed by %s, and not by the key that was given, %s", v.Signer,
			Fingerprint(public))
	}
}

// audit checks the chain. A withheld record keeps its place: the hashes around it must fit, its own content is not
// proven.
func (v *Verdict) audit(content []byte, head string) {
	var records []Record
	if err := json.Unmarshal(content, &records); err != nil {
		v.problem(FileAudit, "broken", "it does not read: %v", err)
		return
	}
	v.Records = len(records)
	previous, withheld, seen := "", 0, head == ""
	for i, r := range records {
		if r.Sequence != i+1 || r.Previous != previous {
			v.problem(FileAudit, "changed", "record %d does not follow the one before it", i+1)
			return
		}
		previous = r.Hash
		if head != "" && strings.HasPrefix(r.Hash, head) {
			seen, v.reported.vouched = true, i+1
		}
		if r.Event == nil {
			withheld++
			continue
		}
		hash, err := audit.Record{Sequence: r.Sequence, Previous: r.Previous, Event: *r.Event}.Digest()
		if err != nil || hash != r.Hash {
			v.problem(FileAudit, "changed", "the content of record %d does not have its hash", i+1)
			return
		}
		if r.Event.Name == EventVerified {
			v.proofs[r.Event.Target] = r.Event.Facts
		}
		v.reported.note(r.Sequence, *r.Event, v.Manifest.Run)
	}
	if previous != v.Manifest.AuditHead {
		v.problem(FileAudit, "changed",
			"its last record is not the head that the manifest names: records are missing at its end")
	}
	if !seen {
		v.problem(FileAudit, "foreign",
			"no record has the head %s that was given: the chain is another one, or was cut before it", head)
	}
	v.withheld, v.reported.withheld = withheld > 0, withheld
	if withheld > 0 {
		v.Notes = append(v.Notes,
			fmt.Sprintf("%d of %d records of the audit chain name people or are of another tenant, and are withheld: their "+
				"place in the chain is proven, their content is not.", withheld, len(records)))
	}
}

func (v *Verdict) plan(contents map[string][]byte) {
	decoder := json.NewDecoder(bytes.NewReader(contents[FilePlan]))
	decoder.UseNumber()
	var p plan.Plan
	if err := decoder.Decode(&p); err != nil {
		v.problem(FilePlan, "broken", "it does not read: %v", err)
		return
	}
	var hashes StepHashes
	if err := json.Unmarshal(contents[FileHashes], &hashes); err != nil {
		v.problem(FileHashes, "broken", "it does not read: %v", err)
		return
	}
	v.Steps, v.planned = len(p.Steps), map[string]bool{}
	for _, step := range p.Steps {
		v.planned[step.ID] = true
	}
	stated := hashes.sums()
	if !v.partsFit(&p, hashes, stated) {
		return
	}
	if got := plan.HashOf(&p, stated); got != v.Manifest.PlanHash || p.PlanHash != got {
		v.problem(FilePlan, "changed", "its steps give the plan hash %s, and the bundle is about %s", got,
			v.Manifest.PlanHash)
	}
	if len(hashes.Withheld) > 0 {
		v.Notes = append(v.Notes,
			fmt.Sprintf("%d of %d steps name people and have pseudonyms here: their hashes give the plan hash, their content "+
				"is not proven.", len(hashes.Withheld), len(p.Steps)))
	}
	if len(hashes.Masked) > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("%d of %d impacts name people and have pseudonyms here: their content is not "+
			"proven.", len(hashes.Masked), len(p.Impacts)))
	}
	if hashes.Veiled {
		v.Notes = append(v.Notes, "What the plan says of itself names people and has pseudonyms here: it is not proven.")
	}
}

// partsFit compares the parts of the plan that are shown as they were with their hashes. It tells whether there is one
// for every part.
func (v *Verdict) partsFit(p *plan.Plan, hashes StepHashes, stated plan.Sums) bool {
	computed, withheld := plan.SumsOf(p), map[string]bool{}
	for _, id := range hashes.Withheld {
		withheld[id] = true
	}
	for _, step := range p.Steps {
		sum, is := stated.Steps[step.ID]
		if !is {
			v.problem(FileHashes, "changed", "it has no hash of step %s", step.ID)
			return false
		}
		if computed.Steps[step.ID] != sum && !withheld[step.ID] {
			v.problem(FilePlan, "changed", "step %s does not have the hash in %s", step.ID, FileHashes)
		}
	}
	for _, impact := range p.Impacts {
		sum, is := stated.Impacts[impact.ID]
		if !is {
			v.problem(FileHashes, "changed", "it has no hash of impact %s", impact.ID)
			return false
		}
		if computed.Impacts[impact.ID] != sum && !slices.Contains(hashes.Masked, impact.ID) {
			v.problem(FilePlan, "changed", "impact %s does not have the hash in %s", impact.ID, FileHashes)
		}
	}
	if computed.Header != stated.Header && !hashes.Veiled {
		v.problem(FilePlan, "changed", "what it says of itself does not have the hash in %s", FileHashes)
	}
	if len(hashes.Steps) != len(p.Steps) || len(hashes.Impacts) != len(p.Impacts) {
		v.problem(FileHashes, "changed", "it is about other steps than %s", FilePlan)
	}
	return true
}

func (v *Verdict) run(content []byte) {
	var run struct {
		ID       string `json:"id"`
		PlanHash string `json:"plan_hash"`
		Status   string `json:"status"`
		Steps    []struct {
			StepID string `json:"step_id"`
		} `json:"steps"`
	}
	if err := json.Unmarshal(content, &run); err != nil {
		v.problem(FileRun, "broken", "it does not read: %v", err)
		return
	}
	if run.ID != v.Manifest.Run || run.PlanHash != v.Manifest.PlanHash {
		v.problem(FileRun, "foreign", "it is run %q of plan %s, and the bundle is about run %q", run.ID, run.PlanHash,
			v.Manifest.Run)
	}
	for _, step := range run.Steps {
		v.inPlan(FileRun, step.StepID)
	}
	if !strings.HasPrefix(run.Status, "completed") {
		v.Notes = append(v.Notes, fmt.Sprintf("The run ended as %q: not everything that was approved was done.", run.Status))
	}
}

// journal may be missing: the run may have been on another machine. What it names must be steps of the plan.
func (v *Verdict) journal(content []byte) {
	type named struct {
		StepID string `json:"step_id"`
	}
	var lines []struct {
		Intend  *named `json:"intend"`
		Outcome *named `json:"outcome"`
	}
	if content != nil && json.Unmarshal(content, &lines) != nil {
		v.problem(FileJournal, "broken", "it does not read")
		return
	}
	if len(lines) == 0 {
		v.Notes = append(v.Notes, "There is no journal of the run in it.")
	}
	for _, line := range lines {
		for _, step := range []*named{line.Intend, line.Outcome} {
			if step != nil {
				v.inPlan(FileJournal, step.StepID)
			}
		}
	}
}

// inPlan says that something was done that was not approved.
func (v *Verdict) inPlan(file, step string) {
	if v.planned != nil && !v.planned[step] {
		v.problem(file, "foreign", "it tells of step %s, which is not in the plan", step)
	}
}
