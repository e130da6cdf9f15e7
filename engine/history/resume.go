package history

// Known is what a journal says of a run that goes on. A nil one knows nothing.
type Known struct {
	Done    map[string]KnownStep // steps that need not be asked for again
	Begun   map[string]bool      // every step whose requests may have left
	Pending map[string]bool      // begun, and the journal does not say what came of it
}

// KnownStep is a step that was done before. Generated names the attributes whose one-time values were handed out.
type KnownStep struct {
	ServerID  string
	Generated []string
}

// NewKnown knows nothing yet.
func NewKnown() *Known {
	return &Known{Done: map[string]KnownStep{}, Begun: map[string]bool{}, Pending: map[string]bool{}}
}

// Intend notes that the first request of a step may have left.
func (k *Known) Intend(stepID string) { k.Begun[stepID], k.Pending[stepID] = true, true }

// End notes what came of a step.
func (k *Known) End(stepID string, outcome Outcome, step KnownStep) {
	delete(k.Pending, stepID)
	switch {
	case outcome.Done():
		k.Begun[stepID] = true
		k.Done[stepID] = step
	case outcome == Unknown:
		k.Pending[stepID] = true
	}
}

// Of tells whether an earlier part of the run has done a step, or begun it.
func (k *Known) Of(stepID string) (done, begun bool) {
	if k == nil {
		return false, false
	}
	_, done = k.Done[stepID]
	return done, k.Begun[stepID]
}

// Prepared tells whether an earlier part of the run began what a step depends on: a client that was made, say, can be
// enabled, and so is in the target what only this step was to make.
func (k *Known) Prepared(dependsOn []string) bool {
	if k == nil {
		return false
	}
	for _, id := range dependsOn {
		if k.Begun[id] {
			return true
		}
	}
	return false
}
