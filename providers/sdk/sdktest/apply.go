package sdktest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// Place is a fresh target that the kit may write to.
type Place struct {
	Target sdk.Target
	// Reopen gives the target as the next process finds it. Nil for one that keeps nothing between two calls: Target is
	// used again.
	Reopen func(t *testing.T) sdk.Target
	// Cut ends the target's work after so many more requests or writes: that one is done, its answer is lost, and nothing
	// after it gets through until mend is called. Nil leaves these checks out.
	Cut func(after int) (mend func())
}

// Sample is a resource that the kit makes, changes and takes back.
type Sample struct {
	Resource identity.ResourceID
	Made     identity.Attributes // as a plan wants it at first
	Changed  identity.Attributes // as a later plan wants it; nil for what has nothing to change
	Secrets  map[string]string   // what Made refers to
	// Renamed is the resource under another key with all its attributes, for a type that can be renamed.
	Renamed *identity.Resource
	// Generates names the attribute that the target makes a secret for, empty for none.
	Generates string
}

// conformanceTag is the item that the samples are made from; strangerTag that of somebody else's migration.
const (
	conformanceTag = "conformance.source/group/1"
	strangerTag    = "conformance.other/group/2"
)

// Apply checks what is asked of a target that writes: samples are made in their order, and each finds what it needs in
// those before. Open makes a fresh place for each check.
func Apply(t *testing.T, open func(t *testing.T) Place, samples ...Sample) {
	t.Helper()
	checks := map[string]func(*applying){
		"what is made reads back, and a second create finds it done": (*applying).createTwice,
		"a create over something else is refused":                    (*applying).createOverAnother,
		"an update happens once, and never over a foreign change":    (*applying).updateOverForeign,
		"a delete takes only what is ours and as it was made":        (*applying).deleteOnlyOurs,
		"a rename is an update, never a second object":               (*applying).rename,
		"a secret is given out by the create that made it":           (*applying).secretOnce,
		"a step that was cut off is finished":                        (*applying).cutOff,
	}
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		t.Run(name, func(t *testing.T) {
			checks[name](&applying{T: t, open: open, samples: samples})
		})
	}
}

// applying is one check at work.
type applying struct {
	*testing.T
	open    func(t *testing.T) Place
	samples []Sample
	schemas map[string]identity.ResourceSchema
}

func (a *applying) place() Place {
	a.Helper()
	place := a.open(a.T)
	a.schemas = resourceTypes(a.T, place.Target.Schema())
	if place.Reopen == nil {
		place.Reopen = func(*testing.T) sdk.Target { return place.Target }
	}
	return place
}

func (s Sample) create() contract.StepRequest {
	return contract.StepRequest{
		StepID: s.Resource.String(), Action: contract.ActionCreate, Resource: s.Resource, After: s.Made.Clone(),
		Tag: conformanceTag, Secrets: s.Secrets,
	}
}

func (s Sample) update(serverID string) contract.StepRequest {
	return contract.StepRequest{
		StepID: s.Resource.String(), Action: contract.ActionUpdate, Resource: s.Resource, ServerID: serverID,
		Before: s.Made.Clone(), After: s.Changed.Clone(), Tag: conformanceTag,
	}
}

func remove(id identity.ResourceID, before identity.Attributes) contract.StepRequest {
	return contract.StepRequest{StepID: id.String(), Action: contract.ActionDelete, Resource: id, Before: before.Clone(),
		Tag: conformanceTag}
}

func (a *applying) must(target sdk.Target, step contract.StepRequest) contract.StepResult {
	a.Helper()
	result, err := target.Apply(a.Context(), step)
	if err != nil {
		a.Fatalf("%s of %s: %v", step.Action, step.Resource, err)
	}
	return result
}

func (a *applying) wantAlready(target sdk.Target, step contract.StepRequest) contract.StepResult {
	a.Helper()
	result := a.must(target, step)
	if !result.Already {
		a.Errorf("%s of %s was done twice", step.Action, step.Resource)
	}
	return result
}

// refused expects a conflict, and that nothing was written for it.
func (a *applying) refused(target sdk.Target, step contract.StepRequest, why string) {
	a.Helper()
	before := a.read(target)
	_, err := target.Apply(a.Context(), step)
	var fault *contract.ProviderError
	if !errors.As(err, &fault) || fault.Code != contract.ErrorConflict {
		a.Errorf("%s of %s %s ended with %v, not with a conflict", step.Action, step.Resource, why, err)
	}
	after := a.read(target)
	if len(after) != len(before) {
		a.Errorf("%s of %s %s was refused, and yet there were %d resources and are %d", step.Action, step.Resource, why,
			len(before), len(after))
	}
	if one, other := before[step.Resource], after[step.Resource]; len(a.differences(one.Type, one.Attributes,
		other.Attributes)) > 0 {
		a.Errorf("%s of %s %s was refused, and yet %v became %v", step.Action, step.Resource, why, one.Attributes,
			other.Attributes)
	}
}

func (a *applying) read(target sdk.Target) map[identity.ResourceID]identity.Resource {
	a.Helper()
	all := map[identity.ResourceID]identity.Resource{}
	_, err := target.Read(a.Context(), func(r identity.Resource) error {
		if _, twice := all[r.ID()]; twice {
			a.Errorf("%s is there twice", r.ID())
		}
		all[r.ID()] = r
		return nil
	})
	if err != nil {
		a.Fatalf("reading: %v", err)
	}
	return all
}

func (a *applying) differences(resourceType string, want, live identity.Attributes) []string {
	return steps.Differences(a.schemas[resourceType], want, live)
}

// wantLive expects a resource with these attributes and our tag.
func (a *applying) wantLive(target sdk.Target, id identity.ResourceID, want identity.Attributes) {
	a.Helper()
	live, exists := a.read(target)[id]
	switch names := a.differences(id.Type, want, live.Attributes); {
	case !exists:
		a.Errorf("%s is not there", id)
	case len(names) > 0:
		a.Errorf("%s differs in %v: wanted %v, is %v", id, names, want, live.Attributes)
	case a.schemas[id.Type].Tagged && live.Tag != conformanceTag:
		a.Errorf("%s carries the tag %q", id, live.Tag)
	}
}

func (a *applying) createTwice() {
	place := a.place()
	for _, s := range a.samples {
		if a.must(place.Target, s.create()).Already {
			a.Errorf("%s was there before it was made", s.Resource)
		}
		a.wantLive(place.Target, s.Resource, s.Made)
		again := s.create()
		a.wantAlready(place.Target, again)
		again.Begun = true
		a.wantAlready(place.Reopen(a.T), again)
	}
	for _, s := range a.samples {
		a.wantLive(place.Reopen(a.T), s.Resource, s.Made)
	}
}

func (a *applying) createOverAnother() {
	target := a.place().Target
	for _, s := range a.samples {
		a.must(target, s.create())
		if a.schemas[s.Resource.Type].Tagged {
			stranger := s.create()
			stranger.Tag = strangerTag
			a.refused(target, stranger, "that another migration made")
		}
		if s.Changed != nil {
			other := s.create()
			other.After = s.Changed.Clone()
			a.refused(target, other, "over one with other attributes")
		}
	}
}

func (a *applying) updateOverForeign() {
	target := a.place().Target
	for _, s := range a.samples {
		made := a.must(target, s.create())
		if s.Changed == nil {
			continue
		}
		update := s.update(made.ServerID)
		if a.must(target, update).Already {
			a.Errorf("the update of %s was found done before it was", s.Resource)
		}
		a.wantLive(target, s.Resource, s.Changed)
		a.wantAlready(target, update)
		back := update
		back.Before, back.After = update.After, update.Before
		a.must(target, back)
		// A plan that saw neither what is there nor what it wants was made before somebody changed the resource.
		outdated := update
		outdated.Before = a.neither(s)
		a.refused(target, outdated, "over a foreign change")
	}
}

// neither is Made with each attribute that changes at a value that is neither.
func (a *applying) neither(s Sample) identity.Attributes {
	before := s.Made.Clone()
	for _, name := range a.differences(s.Resource.Type, s.Changed, s.Made) {
		switch v := before[name].(type) {
		case bool:
			before[name] = nil
		case []any:
			before[name] = []any{"neither the one nor the other"}
		default:
			before[name] = fmt.Sprint("neither ", v)
		}
	}
	return before
}

func (a *applying) deleteOnlyOurs() {
	place := a.place()
	for _, s := range a.samples {
		a.must(place.Target, s.create())
	}
	for _, s := range slices.Backward(a.samples) {
		step := remove(s.Resource, s.Made)
		if a.schemas[s.Resource.Type].Tagged {
			for _, tag := range []string{strangerTag, ""} {
				stranger := step
				stranger.Tag = tag
				a.refused(place.Target, stranger, "that is not ours")
			}
		}
		if s.Changed != nil && len(a.differences(s.Resource.Type, s.Changed, s.Made)) > 0 {
			changed := step
			changed.Before = s.Changed.Clone()
			a.refused(place.Target, changed, "that was changed since")
		}
		if a.must(place.Target, step).Already {
			a.Errorf("%s was gone before it was deleted", s.Resource)
		}
		a.wantAlready(place.Target, step)
		a.wantAlready(place.Reopen(a.T), step)
		if _, exists := a.read(place.Target)[s.Resource]; exists && !a.schemas[s.Resource.Type].Opens {
			a.Errorf("%s is still there", s.Resource)
		}
		if s.Changed != nil && !a.schemas[s.Resource.Type].Opens {
			a.refused(place.Target, s.update(""), "that is gone")
		}
	}
}

func (a *applying) rename() {
	place := a.place()
	for _, s := range a.samples {
		made := a.must(place.Target, s.create())
		if s.Renamed == nil {
			continue
		}
		before := len(a.read(place.Target))
		step := contract.StepRequest{StepID: s.Renamed.ID().String(), Action: contract.ActionUpdate, Resource: s.Renamed.ID(),
			ServerID: made.ServerID,
			Before:   s.Made.Clone(), After: s.Renamed.Attributes.Clone(), Tag: conformanceTag}
		a.must(place.Target, step)
		a.wantLive(place.Reopen(a.T), s.Renamed.ID(), s.Renamed.Attributes)
		a.wantAlready(place.Target, step)
		all := a.read(place.Target)
		if _, exists := all[s.Resource]; exists || len(all) != before {
			a.Errorf("after the rename of %s there are %d resources, before %d; the old one is there: %v", s.Resource, len(all),
				before, exists)
		}
		back := step
		back.Resource, back.Before, back.After = s.Resource, step.After, step.Before
		a.must(place.Target, back)
		a.wantLive(place.Target, s.Resource, s.Made)
	}
}

func (a *applying) secretOnce() {
	place := a.place()
	for _, s := range a.samples {
		first := a.must(place.Target, s.create())
		if s.Generates == "" {
			if len(first.Generated) > 0 {
				a.Errorf("%s gave out secrets that nobody expects", s.Resource)
			}
			continue
		}
		secret := first.Generated[s.Generates]
		if len(secret) < 16 {
			a.Errorf("%s gave out a secret of %d letters", s.Resource, len(secret))
		}
		// Delivery may have failed, so the same may come again; another one would be a second secret.
		again := a.wantAlready(place.Reopen(a.T), s.create())
		if now, given := again.Generated[s.Generates]; given && now != secret {
			a.Errorf("%s gave out a second secret", s.Resource)
		}
		if s.Changed == nil {
			continue
		}
		if changed := a.must(place.Target, s.update(first.ServerID)); len(changed.Generated) > 0 {
			a.Errorf("the update of %s gave out a secret", s.Resource)
		}
	}
}

// mostCuts is how many places of one step are tried before the kit takes it for endless.
const mostCuts = 200

// cutOff cuts each step after each of its requests, and does it again as a resumed run would.
func (a *applying) cutOff() {
	if a.place().Cut == nil {
		a.Skip("the place cannot be cut")
	}
	for i := range a.samples {
		a.cutAt(i, func(s Sample, _ string) contract.StepRequest { return s.create() },
			func(s Sample) identity.Attributes { return s.Made })
		if a.samples[i].Changed != nil {
			a.cutAt(i, Sample.update, func(s Sample) identity.Attributes { return s.Changed })
		}
		a.cutAt(i, func(s Sample, _ string) contract.StepRequest { return remove(s.Resource, s.Made) }, nil)
	}
}

// cutAt makes the samples up to i, cuts one step on it after each request, and expects that a resumed run finishes it.
func (a *applying) cutAt(i int, of func(s Sample, serverID string) contract.StepRequest,
	want func(Sample) identity.Attributes) {
	a.Helper()
	s := a.samples[i]
	for after := range mostCuts {
		place := a.place()
		for _, below := range a.samples[:i] {
			a.must(place.Target, below.create())
		}
		serverID := ""
		step := of(s, "")
		if step.Action != contract.ActionCreate {
			serverID = a.must(place.Target, s.create()).ServerID
			step = of(s, serverID)
		}
		mend := place.Cut(after)
		_, err := place.Target.Apply(a.Context(), step)
		mend()
		step.Begun = true
		target := place.Reopen(a.T)
		if _, again := target.Apply(a.Context(), step); again != nil {
			a.Errorf("%s of %s, cut after request %d (%v), was not finished: %v", step.Action, step.Resource, after, err, again)
			return
		}
		a.wantAlready(target, step)
		if want != nil {
			a.wantLive(target, s.Resource, want(s))
		} else if _, exists := a.read(target)[s.Resource]; exists && !a.schemas[s.Resource.Type].Opens {
			a.Errorf("%s, cut after request %d, is still there", step.Resource, after)
		}
		if err == nil {
			return // there is no further request to cut
		}
	}
	a.Errorf("%s of %s was cut after %d requests and had still more to send", s.Resource, "the sample", mostCuts)
}
