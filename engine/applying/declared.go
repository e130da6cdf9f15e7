package applying

import (
	"errors"
	"time"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Declared is what the configuration says of going back and of evidence.
func Declared(cfg *config.Config) handoff.Declared {
	return handoff.Declared{Rollback: cfg.Rollback, Evidence: cfg.Evidence}
}

// RecordDeclared stores what the configuration declares on a plan, when it differs from what is stored, and returns what
// changed. The state must be open.
func RecordDeclared(p *project.Project, hash string) ([]handoff.Change, error) {
	recorded, err := p.Migration().Evidence(hash)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return nil, err
	}
	declared := Declared(p.Config())
	changes := handoff.Changes(recorded, declared)
	if len(changes) == 0 {
		return changes, nil
	}
	declared.RecordedAt, declared.RecordedBy = p.Now().UTC().Format(time.RFC3339), p.Actor()
	facts := map[string]string{}
	for _, change := range changes {
		facts[change.Field] = change.After
	}
	return changes, p.Migration().PutEvidence(hash, declared, p.Event(audit.EvidenceUpdated, hash, facts))
}

// guidance tells of a failed run who decides about going back and whom to call.
func guidance(rollback *handoff.Rollback) project.Fact {
	return project.Fact{Type: "rollback_guidance", Fields: map[string]any{"rollback": rollback}, Declared: true}
}
