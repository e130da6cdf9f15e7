package keycloak

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// found is a live resource with the body it was read from.
type found struct {
	resource identity.Resource
	raw      realm.Object
}

// writer knows how one resource type is read by its key and written.
type writer interface {
	// find reads the live resource by its key, nil when it is not there. A renamed one is found by the step's ServerID.
	find(ctx context.Context, step identity.StepRequest) (*found, error)
	create(ctx context.Context, step identity.StepRequest) (identity.StepResult, error)
	update(ctx context.Context, step identity.StepRequest, live *found) error
	remove(ctx context.Context, step identity.StepRequest, live *found) error
}

// resumable is a writer whose create takes several requests. A create that was interrupted is taken up again when nothing but
// these attributes differs from what is wanted.
type resumable interface {
	later(live *found) []string
}

// haltable is a resumable writer whose update leaves a sign while it is at work, so that one that was cut off is known.
type haltable interface {
	resumable
	halted(live *found) bool
}

// secretKeeper is a writer whose server makes secrets and can show them again, so that none is lost with an answer.
type secretKeeper interface {
	generated(step identity.StepRequest, live *found) map[string]string
}

// writer gives the writer of a resource type.
func (t *Target) writer(resourceType string) (writer, bool) {
	c := t.client
	switch resourceType {
	case realm.TypeGroup:
		return groupWriter{c}, true
	case realm.TypeProvider:
		return providerWriter{c}, true
	case realm.TypeOrganization:
		return organizationWriter{c}, true
	case realm.TypeClient:
		return clientWriter{c}, true
	case realm.TypeClientRole:
		return roleWriter{c}, true
	case realm.TypeRoleAssignment:
		return assignmentWriter{c}, true
	case realm.TypeGateFlows:
		return flowsWriter{c}, true
	case realm.TypeGate:
		return gateWriter{c}, true
	case realm.TypeEnablement:
		return enablementWriter{c}, true
	}
	return nil, false
}

// Apply does one step: it reads what is there, compares it with what the plan saw, and writes only when nothing else changed it.
func (t *Target) Apply(ctx context.Context, step identity.StepRequest) (identity.StepResult, error) {
	if err := t.configured(); err != nil {
		return identity.StepResult{}, err
	}
	doing := fmt.Sprintf("%s of %s", step.Action, step.Resource)
	with, ok := t.writer(step.Resource.Type)
	if !ok {
		return identity.StepResult{}, outward(doing, &identity.ProviderError{
			Code: identity.ErrorInvalid, Message: fmt.Sprintf("resources of type %q are not written", step.Resource.Type)})
	}
	defer t.locks.hold(realm.TypeOf(step.Resource.Type).Locks(step)...)()
	ctx, requests := withCounter(ctx)
	result, err := apply(ctx, with, step)
	result.Requests = int(requests.Load())
	return result, outward(doing, err)
}

func apply(ctx context.Context, with writer, step identity.StepRequest) (identity.StepResult, error) {
	live, err := with.find(ctx, step)
	if err != nil {
		return identity.StepResult{}, fmt.Errorf("reading what is there: %w", err)
	}
	switch step.Action {
	case identity.ActionCreate:
		return applyCreate(ctx, with, step, live)
	case identity.ActionUpdate:
		return applyUpdate(ctx, with, step, live)
	case identity.ActionDelete:
		return applyDelete(ctx, with, step, live)
	}
	return identity.StepResult{}, &identity.ProviderError{Code: identity.ErrorInvalid, Message: fmt.Sprintf("unknown action %q", step.Action)}
}

func applyCreate(ctx context.Context, with writer, step identity.StepRequest, live *found) (identity.StepResult, error) {
	if live != nil {
		return takeUp(ctx, with, step, live)
	}
	for lost := 0; ; lost++ {
		result, err := with.create(ctx, step)
		if err == nil || (!isLost(err) && !isTaken(err)) {
			return result, err
		}
		// The request may have been done though its answer was lost, or somebody else was faster: only the live object tells.
		live, findErr := with.find(ctx, step)
		if findErr != nil {
			return result, fmt.Errorf("%w (and what is there could not be read: %w)", err, findErr)
		}
		if live != nil {
			result, takeErr := takeUp(ctx, with, step, live)
			result.Already = result.Already && !isLost(err)
			return result, takeErr
		}
		if isTaken(err) || lost > 0 {
			return result, err
		}
	}
}

// takeUp treats a create whose resource is there already: done, begun by us, or somebody else's.
func takeUp(ctx context.Context, with writer, step identity.StepRequest, live *found) (identity.StepResult, error) {
	result := identity.StepResult{ServerID: live.resource.ServerID}
	differing := differences(step.Resource.Type, step.After, live.resource.Attributes)
	ours := step.Tag == "" || !carriesTag(step.Resource.Type) || step.Tag == live.resource.Tag
	if ours && len(differing) == 0 {
		result.Already = true
		if keeper, ok := with.(secretKeeper); ok {
			result.Generated = keeper.generated(step, live)
		}
		return result, nil
	}
	if several, ok := with.(resumable); ok && ours && within(differing, several.later(live)) {
		return result, with.update(ctx, step, live)
	}
	if !ours {
		return result, conflict(live, "something of that key is there that this migration did not make")
	}
	return result, conflict(live, fmt.Sprintf("it is there already, with a different %v", differing))
}

func applyUpdate(ctx context.Context, with writer, step identity.StepRequest, live *found) (identity.StepResult, error) {
	if live == nil {
		return identity.StepResult{}, conflict(nil, "it is no longer there")
	}
	result := identity.StepResult{ServerID: live.resource.ServerID}
	retag := step.Tag != "" && carriesTag(step.Resource.Type) && step.Tag != live.resource.Tag
	if len(step.Secrets) == 0 && !retag && len(differences(step.Resource.Type, step.After, live.resource.Attributes)) == 0 {
		result.Already = true
		return result, nil
	}
	differing := foreign(step.Resource.Type, step.Before, step.After, live.resource.Attributes)
	if several, ok := with.(haltable); ok && several.halted(live) {
		differing = missing(differing, several.later(live))
	}
	if len(differing) > 0 {
		return result, conflict(live, fmt.Sprintf("somebody has changed %v since the plan was made", differing))
	}
	return result, with.update(ctx, step, live)
}

// conflict says that the live resource is not what the step expects.
func conflict(live *found, why string) error {
	fault := &identity.ProviderError{Code: identity.ErrorConflict, Message: why}
	if live != nil {
		fault.Live = live.resource.Attributes.Clone()
	}
	return fault
}

// refuse says that a step cannot be done as things are.
func refuse(format string, args ...any) error {
	return &identity.ProviderError{Code: identity.ErrorInvalid, Message: fmt.Sprintf(format, args...)}
}

// carriesTag tells whether a resource of this type holds the address of the item it was made from.
func carriesTag(resourceType string) bool {
	switch resourceType {
	case realm.TypeGroup, realm.TypeProvider, realm.TypeOrganization, realm.TypeClient:
		return true
	}
	return false
}

func within(names, allowed []string) bool {
	for _, name := range names {
		if !slices.Contains(allowed, name) {
			return false
		}
	}
	return true
}

// keyedLocks lets one step at a time change one object.
type keyedLocks struct {
	mutex sync.Mutex
	held  map[string]*sync.Mutex
}

// hold takes the locks of the keys, which are sorted so that two steps never wait for each other. The result gives them back.
func (k *keyedLocks) hold(keys ...string) func() {
	taken := make([]*sync.Mutex, 0, len(keys))
	for _, key := range keys {
		k.mutex.Lock()
		if k.held == nil {
			k.held = map[string]*sync.Mutex{}
		}
		lock, ok := k.held[key]
		if !ok {
			lock = &sync.Mutex{}
			k.held[key] = lock
		}
		k.mutex.Unlock()
		lock.Lock()
		taken = append(taken, lock)
	}
	return func() {
		for _, lock := range taken {
			lock.Unlock()
		}
	}
}
