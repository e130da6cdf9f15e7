package lifecycle

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/identity"
)

// PlannedStep is one step of the plan that a run carries out, with what was decided about it before the run.
type PlannedStep struct {
	StepID      string              `json:"step_id"`
	Title       string              `json:"title"`
	Action      string              `json:"action"`
	Disposition string              `json:"disposition"`
	Resource    identity.ResourceID `json:"resource"`
	ServerID    string              `json:"server_id,omitempty"`
	Class       string              `json:"class"`
	Reason      string              `json:"reason,omitempty"`
	ToDo        string              `json:"to_do,omitempty"`
	File        string              `json:"file,omitempty"` // the block that decided it
	Line        int                 `json:"line,omitempty"`
	At          time.Time           `json:"at"`
	FollowUp    bool                `json:"follow_up,omitempty"` // a person must do it
}

// Statuses of a follow-up.
const (
	FollowUpOpen = "open"
	FollowUpDone = "done"
)

// FollowUp is one thing that a person must do. A migration has one for each step that is left to people, whatever the
// number of runs.
type FollowUp struct {
	ID        string    `json:"id"` // f-1, counted within the migration
	Migration string    `json:"migration"`
	StepID    string    `json:"step_id"`
	Title     string    `json:"title"`
	Reason    string    `json:"reason,omitempty"`
	ToDo      string    `json:"to_do,omitempty"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
	FirstRun  string    `json:"first_run"`
	LastRun   string    `json:"last_run"` // the newest run whose plan still lists it
	Note      string    `json:"note,omitempty"`
	ClosedAt  time.Time `json:"closed_at,omitzero"`
	ClosedBy  string    `json:"closed_by,omitempty"`
}

// Done tells whether somebody closed it.
func (f FollowUp) Done() bool { return f.Status == FollowUpDone }

// ErrClosed says that a follow-up was closed before.
var ErrClosed = errors.New("the follow-up is closed already")

// NewFollowUp is the follow-up of a step that no run listed before. Number counts those of the migration.
func NewFollowUp(number int, migration, run string, step PlannedStep) FollowUp {
	f := FollowUp{
		ID: "f-" + strconv.Itoa(number), Migration: migration, StepID: step.StepID, Status: FollowUpOpen,
		CreatedAt: step.At, FirstRun: run,
	}
	f.take(run, step)
	return f
}

func (f *FollowUp) take(run string, step PlannedStep) {
	f.Title, f.Reason, f.ToDo, f.LastRun = step.Title, step.Reason, step.ToDo, run
}

// Again is a follow-up that another run lists. A closed one whose reason or to-do changed is opened again, with the
// event that says so; otherwise the event has no name.
func (f FollowUp) Again(run string, step PlannedStep, by audit.Event) (FollowUp, audit.Event) {
	by.Name = ""
	if f.Status == FollowUpDone && (f.Reason != step.Reason || f.ToDo != step.ToDo) {
		f.Status, f.ClosedAt, f.ClosedBy = FollowUpOpen, time.Time{}, ""
		by.Name, by.Target, by.Facts = audit.FollowUpReopened, f.ID, map[string]string{"step": f.StepID, "run": run}
	}
	f.take(run, step)
	return f, by
}

// Close ends a follow-up with a note that says what was done. It fails with ErrClosed.
func (f FollowUp) Close(note string, by audit.Event) (FollowUp, audit.Event, error) {
	if f.Status == FollowUpDone {
		return f, audit.Event{}, ErrClosed
	}
	f.Status, f.Note, f.ClosedAt, f.ClosedBy = FollowUpDone, note, by.At.UTC(), by.Actor
	by.Name, by.Target, by.Facts = audit.FollowUpDone, f.ID, map[string]string{"step": f.StepID, "note": note}
	return f, by, nil
}

// SortFollowUps puts open ones first, each part in the order in which they came up.
func SortFollowUps(all []FollowUp) {
	number := func(f FollowUp) int {
		n, _ := strconv.Atoi(strings.TrimPrefix(f.ID, "f-"))
		return n
	}
	slices.SortFunc(all, func(a, b FollowUp) int {
		switch openA, openB := a.Status == FollowUpOpen, b.Status == FollowUpOpen; {
		case openA && !openB:
			return -1
		case openB && !openA:
			return 1
		}
		return number(a) - number(b)
	})
}
