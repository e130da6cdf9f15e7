package journal

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/state/fault"
)

// Format of what a begin record announces. A journal of a newer format is refused.
const Format = 1

// Kind says what a record is about.
type Kind string

// The kinds. A run begins once, resumes any number of times, and ends whenever its process could still say so.
const (
	Begin   Kind = "begin"
	Resume  Kind = "resume"
	Intend  Kind = "intend"
	Outcome Kind = "outcome"
	End     Kind = "end"
)

// Record is one line of a journal. Exactly the field that its kind names is set; begin and resume share Process.
type Record struct {
	Sequence int                 `json:"-"` // counts from 1; given by the journal
	Kind     Kind                `json:"kind"`
	At       time.Time           `json:"at"`
	Process  *Process            `json:"process,omitempty"`
	Intend   *Intention          `json:"intend,omitempty"`
	Outcome  *StepOutcome        `json:"outcome,omitempty"`
	Status   history.Status      `json:"status,omitempty"` // of an end
	Plan     *history.PlanRecord `json:"plan,omitempty"`   // of an end: what became of the plan
	// of an end: how many steps came to what
	Counts map[history.Outcome]int `json:"counts,omitempty"`
	Behind Mark                    `json:"-"` // where the next record begins
}

// Process is who works on the run from this record on.
type Process struct {
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
	Bindings  []history.Binding   `json:"bindings,omitempty"`
	Facts     map[string]string   `json:"facts,omitempty"` // what the audit chain says of the step; never a secret
}

func addressOf(run string, sequence uint64) string {
	return fmt.Sprintf("journal/%s/%d", run, sequence)
}

// Cipher packs and encrypts a record for its address, and opens what it made. What does not open is fault.ErrCorrupt.
type Cipher interface {
	Seal(address string, record []byte) ([]byte, error)
	Open(address string, sealed []byte) ([]byte, error)
}

// sealRecord encrypts a record for its place in the journal of a run.
func (b Book) sealRecord(run string, sequence uint64, record Record) ([]byte, error) {
	encoded, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("encoding journal record %d: %w", sequence, err)
	}
	return b.cipher.Seal(addressOf(run, sequence), encoded)
}

func (b Book) openRecord(run string, f frame, behind Mark) (Record, error) {
	var record Record
	encoded, err := b.cipher.Open(addressOf(run, f.sequence), f.body)
	if err != nil {
		return record, err
	}
	if err := json.Unmarshal(encoded, &record); err != nil {
		return record, fmt.Errorf("%w: record %d of the journal does not read: %w", fault.ErrCorrupt, f.sequence, err)
	}
	if record.Process != nil && record.Process.Format > Format {
		return record, fmt.Errorf("%w: journal format %d, this version knows %d", fault.ErrNewer, record.Process.Format,
			Format)
	}
	record.Sequence, record.Behind = int(f.sequence), behind
	return record, nil
}
