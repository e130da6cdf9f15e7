package history

// State is how a step of a run reads back.
type State string

// The states of a step: what it did, why it did nothing, or that it is not known.
const (
	StateCreated    State = "created"
	StateChanged    State = "changed"
	StateDeleted    State = "deleted"
	StateMapped     State = "mapped"
	StateUnchanged  State = "unchanged"
	StateFailed     State = "failed"
	StateUnknown    State = "unknown"
	StateNotStarted State = "not_started"
	StateBlocked    State = "blocked"
	StateManual     State = "manual"
	StateSkipped    State = "skipped"
)
