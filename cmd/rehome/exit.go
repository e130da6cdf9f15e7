package main

import (
	"errors"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// The exit statuses, as -help says them.
const (
	exitDone         = 0
	exitError        = 1
	exitChanges      = 2 // with -detailed-exitcode
	exitGate         = 3
	exitHashMismatch = 4
	exitLocked       = 5
)

const exitHelp = `Exit status: 0 done; 1 error; 2 with -detailed-exitcode: there are changes or follow-ups; 3 refused by a gate;
4 the plan hash does not match; 5 the lock is held by somebody else.`

// statusError carries an exit status other than 1. Quiet means that everything was said already.
type statusError struct {
	status int
	quiet  bool
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// errFinding says that the work went through and found something; everything was shown.
var errFinding = errors.New("something is not as it was applied")

// finding is the exit status of something that was found.
func finding(found bool, status int) error {
	if !found {
		return nil
	}
	return &statusError{status: status, quiet: true, err: errFinding}
}

// exitStatus maps an error to its exit status; it is the only place that does.
func exitStatus(err error) int {
	if err == nil {
		return exitDone
	}
	var status *statusError
	if errors.As(err, &status) {
		return status.status
	}
	var refusal *project.Refusal
	if errors.As(err, &refusal) {
		return statusOf(refusal.Cause)
	}
	var locked *state.LockedError
	var held *apply.HeldError
	var active *state.ActiveError
	if errors.As(err, &locked) || errors.As(err, &held) || errors.As(err, &active) || errors.Is(err, state.ErrHeld) {
		return exitLocked
	}
	return exitError
}

// statusOf is the exit status of a refusal.
func statusOf(cause project.Cause) int {
	switch cause {
	case project.CauseGate:
		return exitGate
	case project.CauseHash:
		return exitHashMismatch
	case project.CauseLock:
		return exitLocked
	}
	return exitError
}
