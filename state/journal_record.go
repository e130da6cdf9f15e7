package state

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
)

// JournalFormat of what a begin record announces. A journal of a newer format is refused.
const JournalFormat = 1

// JournalKind says what a record is about.
type JournalKind string

// The kinds. A run begins once, resumes any number of times, and ends whenever its process could still say so.
const (
	JournalBegin   JournalKind = "begin"
	JournalResume  JournalKind = "resume"
	JournalIntend  JournalKind = "intend"
	JournalOutcome JournalKind = "outcome"
	JournalEnd     JournalKind = "end"
)

// JournalRecord is one line of a journal. Exactly the field that its kind names is set; begin and resume share Process.
type JournalRecord struct {
	Sequence int             `json:"-"` // counts from 1; given by the journal
	Kind     JournalKind     `json:"kind"`
	At       time.Time       `json:"at"`
	Process  *JournalProcess `json:"process,omitempty"`
	Intend   *Intention      `json:"intend,omitempty"`
	Outcome  *StepOutcome    `json:"outcome,omitempty"`
	Status   history.Status  `json:"status,omitempty"` // of an end
	Plan     *PlanRecord     `json:"plan,omitempty"`   // of an end: what became of the plan
	behind   scanned         // where the next record begins
}

// JournalProcess is who works on the run from this record on.
type JournalProcess struct {
	Format     int    `json:"format"`
	Run        string `json:"run"`
	PlanHash   string `json:"plan_hash"`
	Migration  string `json:"migration"`
	Tenant     string `json:"tenant,omitempty"`
	Target     string `json:"target"` // its identity
	Actor      string `json:"actor"`
	Host       string `json:"host"`
	PID        int    `json:"pid"`
	Lock       string `json:"lock"`                  // id of the lease
	RollbackOf string `json:"rollback_of,omitempty"` // run that this one takes back
	SecretsOut string `json:"secrets_out,omitempty"`
	Steps      int    `json:"steps"`
}

// Intention is a step whose first request leaves after this record is on disk.
type Intention struct {
	StepID    string              `json:"step_id"`
	Action    string              `json:"action"`
	Resource  identity.ResourceID `json:"resource"`
	ServerID  string              `json:"server_id,omitempty"`
	Tag       string              `json:"tag,omitempty"`
	NoWayBack string              `json:"no_way_back,omitempty"`
}

// StepOutcome is what came of a step. Generated holds names of attributes whose values were delivered, never values.
type StepOutcome struct {
	StepID    string              `json:"step_id"`
	Resource  identity.ResourceID `json:"resource"`
	Outcome   history.Outcome     `json:"outcome"`
	ServerID  string              `json:"server_id,omitempty"`
	Reason    string              `json:"reason,omitempty"`
	Requests  int                 `json:"requests,omitempty"`
	Generated []string            `json:"generated,omitempty"`
	Bindings  []Binding           `json:"bindings,omitempty"`
}

func journalAddress(run string, sequence uint64) string {
	return fmt.Sprintf("journal/%s/%d", run, sequence)
}

// sealRecord encrypts a record for its place in the journal of a run.
func (m *Migration) sealRecord(run string, sequence uint64, record JournalRecord) ([]byte, error) {
	encoded, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("encoding journal record %d: %w", sequence, err)
	}
	return m.store.box.seal(journalAddress(run, sequence), m.store.pack.EncodeAll(encoded, nil))
}

func (m *Migration) openRecord(run string, f frame, behind scanned) (JournalRecord, error) {
	var record JournalRecord
	packed, err := m.store.box.open(journalAddress(run, f.sequence), f.body)
	if err != nil {
		return record, err
	}
	encoded, err := m.store.unpack.DecodeAll(packed, nil)
	if err != nil {
		return record, fmt.Errorf("%w: record %d of the journal does not unpack", ErrCorrupt, f.sequence)
	}
	if err := json.Unmarshal(encoded, &record); err != nil {
		return record, fmt.Errorf("%w: record %d of the journal does not read: %w", ErrCorrupt, f.sequence, err)
	}
	if record.Process != nil && record.Process.Format > JournalFormat {
		return record, fmt.Errorf("%w: journal format %d, this version knows %d", ErrNewer, record.Process.Format, JournalFormat)
	}
	record.Sequence, record.behind = int(f.sequence), behind
	return record, nil
}
