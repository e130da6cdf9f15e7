package writing

import (
	"context"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// makePlace makes the flow of a place, or puts it right where it stands: sign-ins run through it meanwhile, so what is
// new is attached complete before what was there goes. For a moment both are asked, and at no time neither.
func (w flowsWriter) makePlace(ctx context.Context, place gating.Place, live current.GateFlows) error {
	top, tree := live.IDs[gating.TopFlow(place)], live.Trees[gating.TopFlow(place)]
	if top == "" {
		var err error
		if top, err = postFlow(ctx, w.Realm, place.Top()); err != nil { // nobody is bound to it yet
			return err
		}
		tree = current.Tree{FlowIDs: map[string]string{gating.TopFlow(place): top}}
	}
	if err := checkSteps(place, tree); err != nil {
		return err
	}
	if !live.Set.GatesStand(place) {
		if err := w.makeAdmission(ctx, place, top, tree); err != nil {
			return err
		}
	}
	if place.HasHouse() {
		return w.makeHouse(ctx, place, top, tree, live)
	}
	return nil
}

// checkSteps refuses a flow of ours into which somebody put something of his own: it may be what he demands.
func checkSteps(place gating.Place, tree current.Tree) error {
	for _, step := range tree.Steps() {
		if step.Name != gating.GateParent(place) && step.Name != place.OldParent() && !place.IsFormer(step.Name) &&
			!slices.Contains(place.Houses(), step.Name) {
			return steps.Refuse("flow %q is not as rehome made it: somebody put %q into it; take that out, and put what it "+
				"demands into the flow that the realm has bound", gating.TopFlow(place), step.Name)
		}
	}
	return nil
}

// makeAdmission makes what holds the gates: in the place of the gates of the shape before, or where nothing of it is.
func (w flowsWriter) makeAdmission(ctx context.Context, place gating.Place, top string, tree current.Tree) error {
	clients, old, err := w.OldGates(ctx, place, tree)
	if err != nil {
		return err
	}
	if execution := tree.Executions[gating.GateParent(place)]; execution != "" && !old {
		if len(current.GatesIn(tree)) > 0 {
			return steps.Refuse("flow %q is not as rehome made it and gates stand in it; put it right by hand",
				gating.TopFlow(place))
		}
		if err := w.Realm.Delete(ctx, w.Admin("authentication", "executions", execution), nil); err != nil {
			return err
		}
		delete(tree.Executions, gating.GateParent(place))
	}
	if tree.Executions[gating.GateParent(place)] == "" {
		made, err := MakeFlow(ctx, w.Realm, place.Admission(clients))
		if err != nil {
			return err
		}
		if err := Attach(ctx, w.Realm, top, made, gating.Required, behindAll); err != nil {
			return err
		}
	}
	if !old {
		return nil
	}
	return w.Realm.Delete(ctx, w.Admin("authentication", "executions", tree.Executions[place.OldParent()]), nil)
}

// behindAll is a priority behind everything that an earlier version put into the flow of a place.
const behindAll = 100

// makeHouse puts a copy of what the realm demands today before the gates of a place, and takes away what was there.
func (w flowsWriter) makeHouse(ctx context.Context, place gating.Place, top string, tree current.Tree,
	live current.GateFlows) error {
	standing := live.Set.House(place)
	if standing == "" {
		made, err := w.copyBound(ctx, place, tree, live)
		if err != nil {
			return err
		}
		if err := Attach(ctx, w.Realm, top, made, gating.Required, gating.HousePriority); err != nil {
			return err
		}
	}
	for _, step := range tree.Steps() {
		if step.Name == standing || !place.IsFormer(step.Name) && !slices.Contains(place.Houses(), step.Name) {
			continue
		}
		if err := w.Realm.Delete(ctx, w.Admin("authentication", "executions", step.Execution), nil); err != nil {
			return err
		}
	}
	return nil
}

// copyBound has the server copy the flow that the realm has bound, and makes a sub-flow of the copy. It gives its id.
func (w flowsWriter) copyBound(ctx context.Context, place gating.Place, tree current.Tree,
	live current.GateFlows) (string, error) {
	source := live.Set.Bound(place)
	if gating.IsOurs(source) || live.Known[source] == "" {
		return "", steps.Refuse("the realm signs people in with the flow %q, of which the gates cannot stand behind a copy",
			source)
	}
	free := slices.DeleteFunc(place.Houses(), func(alias string) bool { return tree.FlowIDs[alias] != "" })
	if len(free) == 0 {
		return "", steps.Refuse("flow %q is not as rehome made it: %q stands in it twice", gating.TopFlow(place), "house")
	}
	name := free[0]
	if stray := live.Known[name]; stray != "" { // a run was cut off before it made a sub-flow of it
		if err := w.Realm.Delete(ctx, w.Admin("authentication", "flows", stray), nil); err != nil {
			return "", err
		}
	}
	if _, err := w.Post(ctx, w.Admin("authentication", "flows", source, "copy"), object.Object{"newName": name}); err != nil {
		return "", err
	}
	all, err := w.TopFlows(ctx)
	if err != nil {
		return "", err
	}
	id := all[name]
	if id == "" {
		return "", steps.Refuse("the server made no copy of the flow %q", source)
	}
	if err := w.nameCopies(ctx, name, id); err != nil {
		return "", err
	}
	var flow object.Object
	if err := w.Get(ctx, w.Admin("authentication", "flows", id), nil, &flow); err != nil {
		return "", err
	}
	delete(flow, "authenticationExecutions")
	flow["topLevel"] = false
	return id, w.Put(ctx, w.Admin("authentication", "flows", id), flow)
}

// nameCopies lets conditions of a copy that ask whether a sub-flow was executed ask for the copy of it.
func (w flowsWriter) nameCopies(ctx context.Context, name, id string) error {
	tree, err := w.Tree(ctx, name, id)
	if err != nil {
		return err
	}
	for _, alias := range current.SortedNames(tree.Configs()) {
		path := w.Admin("authentication", "config", tree.Configs()[alias])
		var config object.Object
		if err := w.Get(ctx, path, nil, &config); err != nil {
			return err
		}
		values := admin.Part(config, "config")
		asked := admin.Text(values, gating.RanBefore)
		if asked == "" || strings.HasPrefix(asked, name+" ") || tree.FlowIDs[name+" "+asked] == "" {
			continue
		}
		values[gating.RanBefore] = name + " " + asked
		if err := w.Put(ctx, path, config); err != nil {
			return err
		}
	}
	return nil
}
