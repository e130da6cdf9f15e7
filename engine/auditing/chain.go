package auditing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Rule says which records of the chain are listed.
type Rule struct {
	Since  time.Time // not older than this
	Name   string    // of events, or its beginning
	Newest int       // so many of them; 0 for all
	Hide   bool      // people have pseudonyms, unless they are to be shown
}

func (r Rule) lists(e audit.Event, tenant string) bool {
	return !e.At.Before(r.Since) && strings.HasPrefix(string(e.Name), r.Name) && (e.Tenant == "" || e.Tenant == tenant)
}

// List hands out the records of this tenant, oldest first, while it walks the chain. With a number it holds so many
// and no more.
func List(ctx context.Context, p *project.Project, rule Rule, each func(state.AuditRecord) error) error {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return err
	}
	if _, err := p.State(ctx); err != nil {
		return err
	}
	if rule.Hide {
		m, err := p.Masker(nil)
		if err != nil {
			return err
		}
		shown := each
		each = func(record state.AuditRecord) error {
			record.Event = m.Event(record.Event)
			return shown(record)
		}
	}
	last := &newest{most: rule.Newest}
	_, err = p.Store().WalkAudit("", func(record state.AuditRecord) error {
		switch {
		case !rule.lists(record.Event, cfg.Migration.Tenant):
			return nil
		case rule.Newest == 0:
			return each(record)
		}
		last.add(record)
		return nil
	})
	if err != nil {
		return auditError(err)
	}
	return last.each(each)
}

// newest holds the newest records of a stream.
type newest struct {
	most int
	ring []state.AuditRecord
	seen int
}

func (n *newest) add(record state.AuditRecord) {
	if len(n.ring) < n.most {
		n.ring = append(n.ring, record)
	} else {
		n.ring[n.seen%n.most] = record
	}
	n.seen++
}

// each hands them out, oldest first.
func (n *newest) each(visit func(state.AuditRecord) error) error {
	for i := range n.ring {
		if err := visit(n.ring[(n.seen+i)%len(n.ring)]); err != nil {
			return err
		}
	}
	return nil
}

// ExportReport says what was exported.
type ExportReport struct {
	File    string `json:"file"`
	Records int    `json:"records"`
	Head    string `json:"head"`
}

// Export writes the whole chain, of all tenants, as JSON lines into a new file.
func Export(ctx context.Context, p *project.Project, out string) (*ExportReport, error) {
	if _, err := p.State(ctx); err != nil {
		return nil, err
	}
	if err := p.OwnTenantOnly(); err != nil {
		return nil, err
	}
	file, err := project.NewPrivateFile(p.Path(out))
	if err != nil {
		return nil, err
	}
	count, head, err := p.Store().AuditEnd()
	if err == nil {
		err = file.Line(audit.NewHeader(count, head))
	}
	if err == nil {
		_, err = p.Store().WalkAudit("", func(record state.AuditRecord) error { return file.Line(record) })
	}
	if err = file.Close(err); err != nil {
		return nil, auditError(err)
	}
	return &ExportReport{File: out, Records: count, Head: head}, nil
}

// chainFormat is the version of a ChainReport. A field never changes its meaning within a major version.
const chainFormat = "1.0"

// ChainReport says that a chain is whole.
type ChainReport struct {
	FormatVersion string `json:"format_version"`
	Whole         bool   `json:"whole"`
	Records       int    `json:"records"`
	Head          string `json:"head"`
	Checkpoint    int    `json:"checkpoint_record"` // sequence of the record with the checkpoint; 0 where none was given
}

// Verify checks the chain of the state, or that of an exported file. The checkpoint is a hash, or the beginning of
// one, that the chain must hold; empty for none.
func Verify(ctx context.Context, p *project.Project, file, checkpoint string) (*ChainReport, error) {
	found, err := verifyChain(ctx, p, file, checkpoint)
	if err != nil {
		return nil, auditError(err)
	}
	return &ChainReport{
		FormatVersion: chainFormat, Whole: true, Records: found.Records, Head: found.Head, Checkpoint: found.Checkpoint,
	}, nil
}

func verifyChain(ctx context.Context, p *project.Project, file, checkpoint string) (audit.Report, error) {
	if file == "" {
		if _, err := p.State(ctx); err != nil {
			return audit.Report{}, err
		}
		return p.Store().WalkAudit(checkpoint, nil)
	}
	f, err := os.Open(p.Path(file))
	if err != nil {
		return audit.Report{}, fmt.Errorf("reading the exported chain: %w", err)
	}
	defer f.Close()
	return audit.VerifyFile(f, checkpoint)
}

// auditError says which record is at fault and what that means.
func auditError(err error) error {
	var broken *audit.BrokenError
	var cut *audit.CutError
	switch {
	case errors.As(err, &broken):
		return diag.Errorf("audit-broken", "Audit chain is broken",
			"Record %d does not fit: %s.\nSomebody or something changed what was recorded. Compare with an export or a backup "+
				"from before; do not rely on what follows that record.", broken.Sequence, broken.Reason)
	case errors.As(err, &cut):
		return diag.Errorf("audit-cut", "Audit chain was cut",
			"%s\nCompare with an export or a backup that holds the checkpoint.", phrase.Sentence(cut))
	}
	return err
}
