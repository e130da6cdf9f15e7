package keycloak

import (
	"context"
	"fmt"
	"sync"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// found is a live resource with the body it was read from.
type found = steps.Live[realm.Object]

// Apply does one step. What is decided about it is in providers/sdk/steps; the writers below know how Keycloak is
// written.
func (t *Target) Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	if err := t.configured(); err != nil {
		return contract.StepResult{}, err
	}
	doing := fmt.Sprintf("%s of %s", step.Action, step.Resource)
	row, known := handlings()[step.Resource.Type]
	if !known {
		return contract.StepResult{}, outward(doing, &contract.ProviderError{
			Code: contract.ErrorInvalid, Message: fmt.Sprintf("resources of type %q are not written", step.Resource.Type)})
	}
	defer t.locks.hold(realm.TypeOf(step.Resource.Type).Locks(step)...)()
	ctx, requests := withCounter(ctx)
	result, err := steps.Apply(ctx, realm.TypeOf(step.Resource.Type).Schema, row.writer(t.client), step)
	result.Requests = int(requests.Load())
	return result, outward(doing, err)
}

// keyedLocks lets one step at a time change one object.
type keyedLocks struct {
	mutex sync.Mutex
	held  map[string]*sync.Mutex
}

// hold takes the locks of the keys, which are sorted so that two steps never wait for each other. The result gives them
// back.
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
