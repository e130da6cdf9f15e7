package attesting

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// BundleReport says what a bundle proves.
type BundleReport struct {
	FormatVersion string `json:"format_version"`
	File          string `json:"file"`
	PlanHash      string `json:"plan_hash"`
	Run           string `json:"run"`
	AuditHead     string `json:"audit_head"`
	Signed        bool   `json:"signed"`
	Signer        string `json:"-"` // fingerprint of the key; empty where it is not signed
}

// BundleInput names the files of a bundle, relative to the project's folder.
type BundleInput struct {
	Out          string
	Key          string // that signs it; empty for none
	Applications Applications
}

// Bundle writes the proof of the run of the plan applied last into one file that a stranger can check.
func Bundle(ctx context.Context, p *project.Project, in BundleInput) (*BundleReport, error) {
	key, err := signingKey(p, in.Key)
	if err != nil {
		return nil, err
	}
	found, err := gather(ctx, p, in.Applications)
	if err != nil {
		return nil, err
	}
	if found.run == nil {
		return nil, diag.Errorf("evidence-needs-applied", "Plan is not applied",
			"A bundle proves a run, and no plan of this migration was applied with this state.")
	}
	manifest, documents, err := bundle(p, found)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := evidence.Write(&b, manifest, documents, key); err != nil {
		return nil, err
	}
	if err := project.WriteDurably(p.Path(in.Out), b.Bytes()); err != nil {
		return nil, fmt.Errorf("writing %s: %w", in.Out, err)
	}
	report := &BundleReport{
		FormatVersion: evidence.FormatVersion, File: in.Out, PlanHash: manifest.PlanHash, Run: manifest.Run,
		AuditHead: manifest.AuditHead,
	}
	if key != nil {
		public, _ := key.Public().(ed25519.PublicKey)
		report.Signed, report.Signer = true, evidence.Fingerprint(public)
	}
	return report, nil
}

func signingKey(p *project.Project, file string) (ed25519.PrivateKey, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(p.Path(file))
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	key, err := evidence.ParsePrivate(content)
	if err != nil {
		return nil, diag.Errorf("evidence-key", "Key does not read", "%s: %v. rehome evidence keygen makes one.", file, err)
	}
	return key, nil
}

// bundle makes the documents. Everything in them is masked, unless people may be named.
func bundle(p *project.Project, f *facts) (evidence.Manifest, map[string]any, error) {
	manifest := evidence.Manifest{
		Migration: f.plan.Migration.Name, PlanHash: f.plan.PlanHash, Run: f.run.ID, People: "named",
	}
	m, err := p.Masker(f.plan)
	if err != nil {
		return manifest, nil, err
	}
	shown := f.plan
	if m != nil {
		manifest.People = "pseudonyms"
		if shown, err = m.Plan(f.plan); err != nil {
			return manifest, nil, err
		}
	}
	mask := newBundleMask(m, f.plan, shown)
	documents, err := f.documents(mask, m)
	if err != nil {
		return manifest, nil, err
	}
	chain := []evidence.Record{}
	walked, err := p.Store().WalkAudit("", func(record state.AuditRecord) error {
		chain = append(chain, evidence.RecordOf(record, mask.withhold(record.Event)))
		return nil
	})
	if err != nil {
		return manifest, nil, fmt.Errorf("reading the audit chain: %w", err)
	}
	documents[evidence.FileAudit], manifest.AuditHead = chain, walked.Head
	documents[evidence.FileJournal], err = journalRecords(p, mask, f.run.ID)
	return manifest, documents, err
}

// documents are those that are made of the records of the plan and its run alone.
func (f *facts) documents(mask *bundleMask, m *pseudonym.Masker) (map[string]any, error) {
	hashes, err := evidence.Steps(f.plan, mask.plan)
	if err != nil {
		return nil, err
	}
	report, err := f.report(m)
	if err != nil {
		return nil, err
	}
	probes, err := mask.probes(f.verified, f.run.ID)
	if err != nil {
		return nil, err
	}
	documents := map[string]any{
		evidence.FilePlan: mask.plan, evidence.FileHashes: hashes, evidence.FileRun: mask.run(*f.run),
		evidence.FileProbes: probes, evidence.FileReport: report,
	}
	record, err := recordShown(f.verified, mask, mask.plan, *f.run)
	if err == nil && record != nil {
		documents[evidence.FileChanges] = record
	}
	return documents, err
}

// journalRecords is the write-ahead record of the run, where this machine has it.
func journalRecords(p *project.Project, mask *bundleMask, run string) ([]json.RawMessage, error) {
	lines := []json.RawMessage{}
	folder, err := p.JournalFolder()
	if err != nil {
		return nil, err
	}
	err = p.Migration().ReadJournal(folder, run, func(record journal.Record) error {
		line, err := mask.journalLine(record)
		lines = append(lines, line)
		return err
	})
	if errors.Is(err, state.ErrNotFound) {
		return lines, nil
	}
	return lines, err
}
