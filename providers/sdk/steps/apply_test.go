package steps_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

var schema = identity.ResourceSchema{Type: "client", KeyFormat: "{id}", Tagged: true,
	Attributes: []identity.AttributeSchema{
		{Name: "id", Type: "string", Identity: true}, {Name: "name", Type: "string"},
		{Name: "uris", Type: "list", Unordered: true},
		{Name: "links", Type: "list"}, {Name: "secret", Type: "string", Sensitive: true, Generated: true},
		{Name: "version", Computed: true},
	}}

const tag = "okta.corp/application/1"

// fake is a writer whose resource and answers a case sets, and that remembers what it was asked.
type fake struct {
	live    *steps.Live[string]
	errs    []error // of the creates, in order
	appears *steps.Live[string]
	removed error
	kept    func(*steps.Live[string]) // what the target makes of a write on its own; nil for nothing
	stays   bool                      // a delete is answered and not done
	asked   []string
}

func (f *fake) Find(context.Context, contract.StepRequest) (*steps.Live[string], error) {
	f.asked = append(f.asked, "find")
	return f.live, nil
}

func (f *fake) Create(_ context.Context, step contract.StepRequest) (contract.StepResult, error) {
	f.asked = append(f.asked, "create")
	if f.appears != nil {
		f.live = f.appears
	}
	var err error
	if len(f.errs) > 0 {
		err, f.errs = f.errs[0], f.errs[1:]
	}
	if err == nil {
		f.write(step, "new")
	}
	return contract.StepResult{ServerID: "new"}, err
}

// write keeps what a step wants.
func (f *fake) write(step contract.StepRequest, id string) {
	f.live = &steps.Live[string]{Resource: identity.Resource{Type: "client", Key: "wiki", ServerID: id, Tag: step.Tag,
		Attributes: step.After.Clone()}}
	if f.kept != nil {
		f.kept(f.live)
	}
}

func (f *fake) Update(_ context.Context, step contract.StepRequest, live *steps.Live[string]) error {
	f.asked = append(f.asked, "update")
	f.write(step, live.ServerID)
	return nil
}

func (f *fake) Remove(context.Context, contract.StepRequest, *steps.Live[string]) error {
	f.asked = append(f.asked, "remove")
	if f.removed == nil && !f.stays {
		f.live = nil
	}
	return f.removed
}

// several is a fake whose create and update take several requests; refusing one whose target knows what is taken.
type (
	several  struct{ *fake }
	refusing struct{ *fake }
	guarded  struct{ *fake }
)

func (several) Later(*steps.Live[string]) []string   { return []string{"links"} }
func (several) Halted(live *steps.Live[string]) bool { return live.Raw == "halted" }
func (refusing) RefusesTwice() bool                  { return true }
func (guarded) TakesAlong(context.Context, contract.StepRequest, *steps.Live[string]) (string, error) {
	return "it has sub-groups", nil
}

func attributes(name string, uris ...any) identity.Attributes {
	return identity.Attributes{"id": "wiki", "name": name, "uris": uris,
		"secret": identity.Secret("s", identity.KindApplication, "1", "secret")}
}

func live(name string, uris ...any) *steps.Live[string] {
	return &steps.Live[string]{Resource: identity.Resource{Type: "client", Key: "wiki", ServerID: "old", Tag: tag,
		Attributes: attributes(name, uris...)}}
}

func stranger() *steps.Live[string] {
	l := live("Wiki", "a")
	l.Tag = "okta.other/application/9"
	return l
}

func halted(l *steps.Live[string]) *steps.Live[string] {
	l.Raw = "halted"
	l.Attributes["links"] = []any{"half"}
	return l
}

func request(action string) contract.StepRequest {
	step := contract.StepRequest{Action: action, Resource: identity.ResourceID{Type: "client", Key: "wiki"}, Tag: tag,
		ServerID: "old"}
	switch action {
	case contract.ActionCreate:
		step.After, step.ServerID = attributes("Wiki", "a"), ""
	case contract.ActionUpdate:
		step.Before, step.After = attributes("Wiki", "a"), attributes("Wiki", "b")
	case contract.ActionDelete:
		step.Before = attributes("Wiki", "a")
	}
	return step
}

// applyCase is one step on a writer. Conflict is part of the message of the conflict that is expected, empty for none.
type applyCase struct {
	name     string
	step     contract.StepRequest
	with     steps.Writer[string]
	asked    []string
	want     contract.StepResult
	conflict string
}

func creates() []applyCase {
	begun := request(contract.ActionCreate)
	begun.Begun = true
	lost, taken := steps.ErrLost, steps.ErrTaken
	half := live("Wiki", "a")
	linked := request(contract.ActionCreate)
	linked.After["links"] = []any{"x"}
	already := contract.StepResult{ServerID: "old", Already: true}
	step := request(contract.ActionCreate)
	return []applyCase{
		{"what is not there is made", step, &fake{}, []string{"find", "create", "find"}, contract.StepResult{ServerID: "new"}, ""},
		{"what is there as wanted is done", step, &fake{live: live("Wiki", "a", "a")}, []string{"find"}, already, ""},
		{"something else is there", step, &fake{live: live("Other", "a")}, []string{"find"},
			contract.StepResult{ServerID: "old"}, "different name"},
		{"another migration's is there", step, &fake{live: stranger()}, []string{"find"},
			contract.StepResult{ServerID: "old"}, "did not make"},
		{"the answer was lost and it was done", step, &fake{errs: []error{lost}, appears: live("Wiki", "a")},
			[]string{"find", "create", "find"}, contract.StepResult{ServerID: "old"}, ""},
		{"the answer was lost and it was not done", step, &fake{errs: []error{lost}},
			[]string{"find", "create", "find", "create", "find"}, contract.StepResult{ServerID: "new"}, ""},
		{"a create that was cut off is taken up", linked, several{&fake{live: half}}, []string{"find", "update", "find"},
			contract.StepResult{ServerID: "old"}, ""},
		{"what differs in more is not taken up", linked, several{&fake{live: live("Other", "a")}}, []string{"find"},
			contract.StepResult{ServerID: "old"}, "different links, name"},
		{"a target that refuses is not asked first", step, refusing{&fake{}}, []string{"create", "find"},
			contract.StepResult{ServerID: "new"}, ""},
		{"a target that refuses says what is there", step, refusing{&fake{errs: []error{taken}, live: live("Other")}},
			[]string{"create", "find"}, contract.StepResult{ServerID: "old"}, "different name, uris"},
		{"a target that refuses finds it done", step, refusing{&fake{errs: []error{taken}, live: live("Wiki", "a")}},
			[]string{"create", "find"}, already, ""},
		{"a step that was begun looks first", begun, refusing{&fake{live: live("Wiki", "a")}}, []string{"find"}, already, ""},
	}
}

func changes() []applyCase {
	step, secret := request(contract.ActionUpdate), request(contract.ActionUpdate)
	secret.Secrets = map[string]string{"secret": "s"}
	linked := request(contract.ActionUpdate)
	linked.Before["links"], linked.After["links"] = []any{"x"}, []any{"y"}
	done := contract.StepResult{ServerID: "old"}
	return []applyCase{
		{"what is as the plan saw it is changed", step, &fake{live: live("Wiki", "a")}, []string{"find", "update", "find"}, done, ""},
		{"what is as wanted is done", step, &fake{live: live("Wiki", "b")}, []string{"find"},
			contract.StepResult{ServerID: "old", Already: true}, ""},
		{"a secret is written again", secret, &fake{live: live("Wiki", "b")}, []string{"find", "update", "find"}, done, ""},
		{"a tag is put right", step, &fake{live: func() *steps.Live[string] {
			l := live("Wiki",
				"b")
			l.Tag = ""
			return l
		}()}, []string{"find", "update", "find"}, done, ""},
		{"somebody changed it", step, &fake{live: live("By hand", "a")}, []string{"find"}, done, "changed name"},
		{"an update that was cut off is no foreign change", step, &fake{live: live("Wiki", "a", "b")},
			[]string{"find", "update", "find"}, done, ""},
		{"a sign says that an update was cut off", linked, several{&fake{live: halted(live("Wiki", "a"))}},
			[]string{"find", "update", "find"}, done, ""},
		{"it is gone", step, &fake{}, []string{"find"}, contract.StepResult{}, "no longer there"},
	}
}

func deletes() []applyCase {
	step, untagged, other := request(contract.ActionDelete), request(contract.ActionDelete), request(contract.ActionDelete)
	untagged.Tag, other.ServerID = "", "another"
	done := contract.StepResult{ServerID: "old"}
	return []applyCase{
		{"ours is deleted", step, &fake{live: live("Wiki", "a")}, []string{"find", "remove", "find"}, done, ""},
		{"what is gone is done", step, &fake{}, []string{"find"}, contract.StepResult{Already: true}, ""},
		{"it went in between", step, &fake{live: live("Wiki", "a"), removed: steps.ErrAbsent},
			[]string{"find", "remove"}, done, ""},
		{"another migration's stays", step, &fake{live: stranger()}, []string{"find"}, done, "mark of this migration"},
		{"a step without a tag deletes nothing that carries one", untagged, &fake{live: live("Wiki", "a")}, []string{"find"},
			done, "mark of this migration"},
		{"what was changed stays", step, &fake{live: live("By hand", "a")}, []string{"find"}, done,
			"changed name since it was made"},
		{"another of that name stays", other, &fake{live: live("Wiki", "a")}, []string{"find"}, done, "taken its place"},
		{"what would take others along stays", step, guarded{&fake{live: live("Wiki", "a")}}, []string{"find"}, done,
			"sub-groups"},
	}
}

func TestApply_DecidesTheSameForEveryTarget(t *testing.T) {
	for _, c := range append(append(creates(), changes()...), deletes()...) {
		t.Run(c.step.Action+": "+c.name, func(t *testing.T) {
			got, err := steps.Apply(t.Context(), schema, c.with, c.step)
			var fault *contract.ProviderError
			switch {
			case c.conflict == "" && err != nil:
				t.Fatal(err)
			case c.conflict != "" && (!errors.As(err, &fault) || fault.Code != contract.ErrorConflict ||
				!strings.Contains(fault.Message, c.conflict)):
				t.Errorf("ended with %v, wanted a conflict with %q", err, c.conflict)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.asked, askedOf(c.with)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func askedOf(with steps.Writer[string]) []string {
	switch w := with.(type) {
	case *fake:
		return w.asked
	case several:
		return w.asked
	case refusing:
		return w.asked
	case guarded:
		return w.asked
	}
	return nil
}

// A target may answer that all is well and keep something else: then the step is not done, and says what is kept.
func TestApply_WhatDoesNotReadBackAsPlannedIsNotDone(t *testing.T) {
	create, update, remove := request(contract.ActionCreate), request(contract.ActionUpdate), request(contract.ActionDelete)
	already := live("Wiki", "a")
	for name, c := range map[string]struct {
		step contract.StepRequest
		with *fake
		want string
	}{
		"a value that is altered": {create, &fake{kept: func(l *steps.Live[string]) { l.Attributes["name"] = "WIKI" }},
			`keeps something else: name: written as "Wiki", is "WIKI"`},
		"a value that is dropped": {update, &fake{live: already, kept: func(l *steps.Live[string]) {
			delete(l.Attributes, "uris")
		}}, `uris: written as ["b"], is null`},
		"a mark that is dropped": {create, &fake{kept: func(l *steps.Live[string]) { l.Tag = "" }},
			"the mark of this migration is not on it"},
		"several of them": {create, &fake{kept: func(l *steps.Live[string]) { l.Attributes, l.Tag = nil, "" }},
			`name: written as "Wiki", is null; uris: written as ["a"], is null; the mark`},
		"a value that no comparison can tell": {create, &fake{kept: func(l *steps.Live[string]) {
			l.Attributes["secret"], l.Attributes["version"] = "other", "9"
		}}, ""},
		"a value of its own for what nobody manages": {create, &fake{kept: func(l *steps.Live[string]) {
			l.Attributes["more"] = "by default"
		}}, ""},
		"a resource that is not there": {create, &fake{}, "it is not there"},
		"a delete that is not done":    {remove, &fake{live: already, stays: true}, "it is still there"},
	} {
		t.Run(name, func(t *testing.T) {
			with := steps.Writer[string](c.with)
			if name == "a resource that is not there" {
				with = vanishing{c.with}
			}
			_, err := steps.Apply(t.Context(), schema, with, c.step)
			var fault *contract.ProviderError
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (!errors.As(err, &fault) || fault.Code != contract.ErrorInvalid ||
				!strings.Contains(fault.Message, c.want)):
				t.Errorf("ended with %v, wanted %q", err, c.want)
			}
		})
	}
}

// vanishing answers every create and keeps none.
type vanishing struct{ *fake }

func (vanishing) Create(context.Context, contract.StepRequest) (contract.StepResult, error) {
	return contract.StepResult{ServerID: "new"}, nil
}

// keeping can show again the secret that it made.
type keeping struct{ *fake }

func (keeping) Generated(_ contract.StepRequest, live *steps.Live[string]) map[string]string {
	return map[string]string{"secret": "of " + live.ServerID}
}

func TestApply_ASecretOfTheTargetComesWithWhatIsReadBack(t *testing.T) {
	got, err := steps.Apply(t.Context(), schema, keeping{&fake{}}, request(contract.ActionCreate))
	if err != nil || got.Generated["secret"] != "of new" {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = steps.Apply(t.Context(), schema, keeping{&fake{live: live("Wiki", "a")}}, request(contract.ActionUpdate))
	if err != nil || got.Generated != nil {
		t.Errorf("an update gave out a secret: %+v, %v", got, err)
	}
}

func TestApply_AConflictShowsWhatIsThereAndSharesNothing(t *testing.T) {
	exists := live("By hand", "a")
	_, err := steps.Apply(t.Context(), schema, &fake{live: exists}, request(contract.ActionUpdate))
	var fault *contract.ProviderError
	if !errors.As(err, &fault) || fault.Live["name"] != "By hand" {
		t.Fatalf("%v", err)
	}
	fault.Live["name"] = "changed"
	if exists.Attributes["name"] != "By hand" {
		t.Error("the live attributes are shared with the error")
	}
}

func TestForeign_AnUpdateThatWasCutOffIsNoChangeBySomebodyElse(t *testing.T) {
	uris := func(texts ...any) identity.Attributes { return identity.Attributes{"uris": texts, "name": "Wiki"} }
	cases := []struct {
		name                string
		before, after, live identity.Attributes
		want                []string
	}{
		{"nothing was done", uris("a"), uris("b"), uris("a"), []string{}},
		{"all was done", uris("a"), uris("b"), uris("b"), []string{}},
		{"the new one was added, the old one is there yet", uris("a", "c"), uris("b", "c"), uris("a", "b", "c"), []string{}},
		{"what both have is gone", uris("a", "c"), uris("b", "c"), uris("a"), []string{"uris"}},
		{"something strange is there", uris("a"), uris("b"), uris("a", "x"), []string{"uris"}},
		{"another name", uris("a"), uris("b"), identity.Attributes{"uris": []any{"a"}, "name": "by hand"}, []string{"name"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := append([]string{}, steps.Foreign(schema, c.before, c.after, c.live)...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDifferences_LeavesOutWhatNoComparisonCanTell(t *testing.T) {
	want := identity.Attributes{"name": "", "uris": []any{"b", "a"}, "links": []any{"b", "a"}, "secret": "s",
		"version": "2"}
	got := steps.Differences(schema, want, identity.Attributes{"uris": []any{"a", "b", "a"}, "links": []any{"a", "b"},
		"other": "x"})
	if diff := cmp.Diff([]string{"links"}, got); diff != "" {
		t.Error(diff)
	}
}
