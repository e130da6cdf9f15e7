package keeping

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// formatVersion is that of the documents of this package.
const formatVersion = "1.0"

// StateReport is what is in the state of a tenant; all of it for a token of the operator tenant.
type StateReport struct {
	FormatVersion string                `json:"format_version"`
	Path          string                `json:"path"`
	Bytes         int64                 `json:"bytes"`
	StateFormat   int                   `json:"state_format"`
	Keys          state.Keys            `json:"keys"`
	Holder        string                `json:"lock_holder"` // of the lock while this was found out
	Migrations    []lifecycle.Migration `json:"migrations"`
	Counts        map[string]int        `json:"counts"` // by the names of state.CountNames
	AuditHead     string                `json:"audit_head"`
}

// ShowState counts what the state holds, and says who opens it.
func ShowState(ctx context.Context, p *project.Project) (*StateReport, error) {
	if _, err := p.State(ctx); err != nil {
		return nil, err
	}
	report := &StateReport{FormatVersion: formatVersion, StateFormat: state.FormatVersion,
		Migrations: []lifecycle.Migration{}, Holder: fmt.Sprintf("process %d on %s (%s)", p.PID, p.Host, p.Command)}
	var err error
	if report.Path, err = p.StatePath(); err != nil {
		return nil, err
	}
	if info, err := os.Stat(report.Path); err == nil {
		report.Bytes = info.Size()
	}
	if report.Keys, err = p.Store().Keys(); err != nil {
		return nil, err
	}
	operator, err := p.Operator()
	if err != nil {
		return nil, err
	}
	tenant := p.Config().Migration.Tenant
	if operator {
		tenant = ""
	}
	if report.Counts, err = p.Store().Counts(tenant); err != nil {
		return nil, err
	}
	if _, report.AuditHead, err = p.Store().AuditEnd(); err != nil {
		return nil, err
	}
	all, err := p.Store().Migrations()
	for _, m := range all {
		if operator || m.Tenant == tenant {
			report.Migrations = append(report.Migrations, m)
		}
	}
	return report, err
}

// Archive ends a migration for good: that of the configuration, or the named one of its tenant. It asks first, unless
// yes is given, and tells the migration as it is now.
func Archive(ctx context.Context, p *project.Project, name string, yes bool) (lifecycle.Migration, error) {
	var none lifecycle.Migration
	if _, err := p.State(ctx); err != nil {
		return none, err
	}
	configured := p.Config().Migration
	if name == "" {
		name = configured.Name
	}
	migration, m, err := migrationNamed(p.Store(), name)
	if errors.Is(err, state.ErrNotFound) {
		return none, fmt.Errorf("the state has no migration %q, so there is nothing to archive", name)
	}
	if err != nil {
		return none, err
	}
	if m.Tenant != configured.Tenant {
		return none, diag.Errorf("access-other-tenant", "Migration is of another tenant",
			"Migration %q belongs to tenant %q, this folder to %q. Archive it in its own folder.",
			m.Name, m.Tenant, configured.Tenant)
	}
	if m.Status != lifecycle.MigrationArchived {
		question, err := archiveQuestion(migration, m)
		if err != nil {
			return none, err
		}
		if err := p.Confirm(ctx, yes, question); err != nil {
			return none, err
		}
	}
	return migration.Archive(p.Event("", "", nil))
}

// archiveQuestion names what can never be done after the end of a migration.
func archiveQuestion(migration *state.Migration, m lifecycle.Migration) (string, error) {
	question := fmt.Sprintf("Archive migration %s of tenant %s? It can then never change again.",
		phrase.Clean(m.Name), phrase.Clean(m.Tenant))
	runs, err := migration.Runs()
	if err != nil {
		return "", err
	}
	if len(runs) > 0 && runs[0].Status.Unfinished() {
		question += fmt.Sprintf("\nRun %s ended as %q: what it left undone cannot be applied any more.",
			runs[0].ID, runs[0].Status)
	}
	return question, nil
}

// migrationNamed is the migration of the state with a name, whose tenant it may be.
func migrationNamed(store *state.Store, name string) (*state.Migration, lifecycle.Migration, error) {
	all, err := store.Migrations()
	for _, m := range all {
		if m.Name == name {
			return store.Migration(m.Name, m.Tenant), m, err
		}
	}
	return nil, lifecycle.Migration{}, errors.Join(err, state.ErrNotFound)
}

// exportedRecord is one record in clear.
type exportedRecord struct {
	Bucket string          `json:"bucket"`
	Key    string          `json:"key"`
	Value  json.RawMessage `json:"value,omitempty"`
	Base64 string          `json:"base64,omitempty"` // of what is no JSON: the body of a page
}

// ExportState writes every record of the state in clear into a new private file, credentials and keys aside, and tells
// how many there were. It is in the audit chain.
func ExportState(ctx context.Context, p *project.Project, out string) (records int, err error) {
	if _, err := p.State(ctx); err != nil {
		return 0, err
	}
	if err := p.OwnTenantOnly(); err != nil {
		return 0, err
	}
	file, err := project.NewPrivateFile(p.Path(out))
	if err != nil {
		return 0, err
	}
	err = file.Line(map[string]any{"type": "state_export", "format_version": formatVersion,
		"state_format": state.FormatVersion, "holds": "people's data"})
	if err == nil {
		err = p.Store().Export(func(bucket, key string, value []byte) error {
			records++
			record := exportedRecord{Bucket: bucket, Key: key}
			if json.Valid(value) {
				record.Value = value
			} else {
				record.Base64 = base64.StdEncoding.EncodeToString(value)
			}
			return file.Line(record)
		})
	}
	if err == nil {
		facts := map[string]string{"records": fmt.Sprint(records)}
		err = p.Store().Record(p.Event(audit.StateExported, "state", facts))
	}
	return records, file.Close(err)
}
