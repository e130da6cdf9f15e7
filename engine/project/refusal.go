package project

// Cause is why a rule stopped the work; callers map it to their own statuses. The zero value is no cause.
type Cause int

// The causes.
const (
	CauseGate Cause = iota + 1 // a gate is open: a blocker, an unacknowledged impact, a failed check
	CauseHash                  // the plan hash is not the approved one
	CauseLock                  // somebody else holds a lock
)

// String names the cause.
func (c Cause) String() string {
	switch c {
	case CauseGate:
		return "gate"
	case CauseHash:
		return "hash"
	case CauseLock:
		return "lock"
	}
	return "none"
}

// Refusal is an error with the rule behind it. Err is what a person reads.
type Refusal struct {
	Cause Cause
	Err   error
}

// Refuse makes an error that says which rule stopped the work.
func Refuse(cause Cause, err error) error { return &Refusal{Cause: cause, Err: err} }

// Error is that of Err.
func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap makes Err reachable.
func (r *Refusal) Unwrap() error { return r.Err }
