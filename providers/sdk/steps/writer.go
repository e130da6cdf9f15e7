package steps

import (
	"context"
	"errors"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Live is a resource as the target has it now, with whatever its writer needs to change it: the body it was read from,
// say.
type Live[R any] struct {
	identity.Resource
	Raw R
}

// Writer writes the resources of one type. It decides nothing: Apply has compared before it calls.
type Writer[R any] interface {
	// Find reads the live resource of a step, nil when it is not there. A resource that the step renames is found under
	// its old key, by ServerID or Before.
	Find(ctx context.Context, step contract.StepRequest) (*Live[R], error)
	// Create makes the resource. Its result holds the id of the target and the secrets that the target made. An error that
	// is ErrTaken or ErrLost is looked into; any other ends the step.
	Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error)
	// Update makes a live resource what the step wants.
	Update(ctx context.Context, step contract.StepRequest, live *Live[R]) error
	// Remove deletes a live resource. An error that is ErrAbsent means that it is gone.
	Remove(ctx context.Context, step contract.StepRequest, live *Live[R]) error
}

// Errors of a Writer that Apply branches on, with errors.Is.
var (
	// ErrTaken says that the target refused a create because the key is in use.
	ErrTaken = errors.New("the key is in use")
	// ErrLost says that it is not known whether a request was done: its answer never came.
	ErrLost = errors.New("the answer was lost")
	// ErrAbsent says that the object of a request is not there.
	ErrAbsent = errors.New("the object is not there")
)

// The interfaces below are optional abilities of a Writer.

// Resumer is a Writer whose create takes several requests. A create that was cut off is taken up by Update when nothing
// but the attributes of Later differs from what is wanted.
type Resumer[R any] interface {
	Later(live *Live[R]) []string
}

// Halter is a Resumer whose update leaves a sign while it is at work, so that one that was cut off is known: the
// attributes of Later may then have any value.
type Halter[R any] interface {
	Resumer[R]
	Halted(live *Live[R]) bool
}

// SecretKeeper is a Writer whose target makes secrets and can show them again, so that none is lost with the answer of
// a create.
type SecretKeeper[R any] interface {
	Generated(step contract.StepRequest, live *Live[R]) map[string]string
}

// Guard is a Writer that knows what a delete would take along. It says why the resource must stay, or nothing.
type Guard[R any] interface {
	TakesAlong(ctx context.Context, step contract.StepRequest, live *Live[R]) (why string, err error)
}

// Refuser is a Writer whose target refuses by itself, with ErrTaken, to create what is there already. A step that was
// never begun is then created without a look first, which spares a request.
type Refuser interface {
	RefusesTwice() bool
}
