package writing

import (
	"context"
	"crypto/rand"
	"slices"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// flowsWriter writes the top-level flows in which the gates stand.
type flowsWriter struct{ *current.Realm }

// Later: the flows are made one after another.
func (w flowsWriter) Later(*found) []string { return []string{"flows"} }

// Find implements steps.Writer.
func (w flowsWriter) Find(ctx context.Context, _ contract.StepRequest) (*found, error) {
	live, err := w.GateFlows(ctx)
	if err != nil {
		return nil, err
	}
	resource, present := realm.ReadGateFlows(live.Whole)
	if !present {
		return nil, nil
	}
	return &found{Resource: resource}, nil
}

// Create implements steps.Writer.
func (w flowsWriter) Create(ctx context.Context, _ contract.StepRequest) (contract.StepResult, error) {
	return contract.StepResult{}, w.makeMissing(ctx)
}

// Update implements steps.Writer.
func (w flowsWriter) Update(ctx context.Context, _ contract.StepRequest, _ *found) error {
	return w.makeMissing(ctx)
}

// makeMissing builds the flows that are not there or were left half built.
func (w flowsWriter) makeMissing(ctx context.Context) error {
	live, err := w.GateFlows(ctx)
	if err != nil {
		return err
	}
	if err := removeLoose(ctx, w.Realm); err != nil {
		return err
	}
	// What refuses comes first: where it is cut off behind the flow alone, other flows are missing, so it is gone on with.
	for _, flow := range gating.BaseFlows() {
		if err := w.makeOne(ctx, flow, live); err != nil {
			return err
		}
		if flow.Alias != gating.RefusalFlow {
			continue
		}
		if err := w.makeRefusal(ctx); err != nil {
			return err
		}
	}
	return nil
}

// makeOne builds a flow that is not there or was left half built.
func (w flowsWriter) makeOne(ctx context.Context, flow gating.Flow, live current.GateFlows) error {
	if slices.Contains(live.Whole, flow.Alias) {
		return nil
	}
	if kind, ours := gating.PlaceOf(flow.Alias); ours {
		for _, place := range live.Set.Like(kind) {
			if err := w.makePlace(ctx, place, live); err != nil {
				return err
			}
		}
		return nil
	}
	if id, half := live.IDs[flow.Alias]; half {
		if flow.Alias == gating.RefusalFlow {
			refusal, err := w.ReadRefusal(ctx)
			if err != nil || refusal.Client != nil { // the client that denies is bound to it
				return err
			}
		}
		if err := w.Realm.Delete(ctx, w.Admin("authentication", "flows", id), nil); err != nil {
			return err
		}
	}
	_, err := MakeFlow(ctx, w.Realm, flow)
	return err
}

// makeRefusal makes what people are sent to whom no gate lets through, or puts it right.
func (w flowsWriter) makeRefusal(ctx context.Context) error {
	ids, err := w.TopFlows(ctx)
	if err != nil {
		return err
	}
	live, err := w.ReadRefusal(ctx)
	if err != nil || live.IsWhole(ids[gating.RefusalFlow]) {
		return err
	}
	client := gating.RefusalClient(ids[gating.RefusalFlow], live.Broker)
	if live.Client == nil {
		_, err = w.Post(ctx, w.Admin("clients"), client)
	} else {
		err = w.Put(ctx, w.Admin("clients", admin.Text(live.Client, "id")), client)
	}
	if err != nil {
		return err
	}
	provider := gating.RefusalProvider(live.Authorization, live.Token, rand.Text())
	if live.Provider == nil {
		_, err = w.Post(ctx, w.Admin("identity-provider", "instances"), provider)
		return err
	}
	provider["internalId"] = live.Provider["internalId"]
	return w.Put(ctx, w.Admin("identity-provider", "instances", gating.RefusalName), provider)
}

// removeRefusal takes it away.
func (w flowsWriter) removeRefusal(ctx context.Context) error {
	live, err := w.ReadRefusal(ctx)
	if err != nil {
		return err
	}
	if live.Provider != nil {
		if err := w.Realm.Delete(ctx, w.Admin("identity-provider", "instances", gating.RefusalName), nil); err != nil {
			return err
		}
	}
	if live.Client == nil {
		return nil
	}
	return w.Realm.Delete(ctx, w.Admin("clients", admin.Text(live.Client, "id")), nil)
}

// gateWriter writes the gate of a client: marker scopes, a sub-flow in each of the three flows, and the client's
// overrides.
type gateWriter struct{ *current.Realm }

// Later: a gate that is half there is finished; one that is whole is somebody's.
func (w gateWriter) Later(live *found) []string {
	if live.Attributes["intact"] == true {
		return nil
	}
	return []string{"intact", "protocol"}
}

// Find implements steps.Writer.
func (w gateWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	raw, err := w.Application(ctx, step.Resource.Key)
	if err != nil || raw == nil {
		return nil, err
	}
	resource, present, err := w.Gate(ctx, raw)
	if err != nil || !present {
		return nil, err
	}
	live := &found{Resource: resource, Raw: raw}
	if w.Halted(live) {
		resource.Attributes["intact"] = false // an update that closed the client did not come to its end
	}
	live.Resource = gating.FormerGate(step, resource)
	return live, nil
}

// Halted implements steps.Halter.
func (w gateWriter) Halted(live *found) bool {
	return admin.Text(admin.Part(live.Raw, "attributes"), current.ReopenKey) == "true"
}

// shut closes a client for a while, or opens it again; the sign on it outlives a crash in between.
func (w gateWriter) shut(ctx context.Context, live *found, shut bool) error {
	sign := "" // an empty value removes the attribute
	if shut {
		sign = "true"
	}
	return w.Put(ctx, w.Admin("clients", admin.Text(live.Raw, "id")), object.Object{
		"clientId": admin.Text(live.Raw, "clientId"), "enabled": !shut, "attributes": object.Object{current.ReopenKey: sign},
	})
}

// Create implements steps.Writer.
func (w gateWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	application, err := w.Application(ctx, step.Resource.Key)
	if err != nil {
		return contract.StepResult{}, err
	}
	if application == nil {
		return contract.StepResult{}, steps.Refuse("client %s is not there", step.Resource.Key)
	}
	if err := w.checkDoors(ctx, application); err != nil {
		return contract.StepResult{}, err
	}
	return contract.StepResult{}, w.build(ctx, step, application)
}

// checkDoors refuses a gate for a client that people use today while something leads around it: they would find it shut,
// and whoever it is meant against comes in all the same.
func (w gateWriter) checkDoors(ctx context.Context, application object.Object) error {
	if application["enabled"] != true {
		return nil
	}
	situation, err := w.Situation(ctx, application, identity.Attributes{"intact": true})
	if err != nil {
		return err
	}
	if open := realm.OpenDoors(situation); len(open) > 0 {
		return steps.Refuse("%s", realm.StaysOpen(admin.Text(application, "clientId"), open))
	}
	return nil
}

// Update rebuilds what is not as wanted. Meanwhile an open client is closed, because a gate is taken down to be
// replaced.
func (w gateWriter) Update(ctx context.Context, step contract.StepRequest, live *found) error {
	open := live.Raw["enabled"] == true || w.Halted(live)
	if open {
		if err := w.shut(ctx, live, true); err != nil {
			return err
		}
	}
	if err := w.build(ctx, step, live.Raw); err != nil {
		return err // the client stays closed: nobody knows what its gate would let through
	}
	if !open {
		return nil
	}
	return w.shut(ctx, live, false)
}

// build makes every part of a gate that is not there as it must be, and binds the client to the flows last.
func (w gateWriter) build(ctx context.Context, step contract.StepRequest, application object.Object) error {
	clientID, protocol := admin.Text(application, "clientId"), admin.Text(application, "protocol")
	if err := w.makeScopes(ctx, protocol, clientID); err != nil {
		return err
	}
	places, trees, err := w.placesOf(ctx, application)
	if err != nil {
		return err
	}
	for _, place := range places {
		tree, present := trees[place]
		if !present {
			return steps.Refuse("flow %q is not there; it is made by the step of type %s", gating.TopFlow(place),
				realm.TypeGateFlows)
		}
		if err := w.buildAt(ctx, place, tree, protocol, clientID); err != nil {
			return err
		}
	}
	scopes, strays := object.Texts(application["defaultClientScopes"]), gating.StrayScopes(application)
	wanted := append(current.Missing(scopes, strays), current.Missing(gating.GateScopes(protocol, clientID), scopes)...)
	if err := setScopes(ctx, w.Realm, admin.Text(application, "id"), scopes, wanted); err != nil {
		return err
	}
	if err := w.dropStrays(ctx, strays, trees); err != nil {
		return err
	}
	// Whoever has a registration token of the client may take its gate off with it. The answer is a new one that nobody
	// reads, and the old one ends.
	path := w.Admin("clients", admin.Text(application, "id"), "registration-access-token")
	if _, err := w.Post(ctx, path, nil); err != nil {
		return err
	}
	return w.bind(ctx, step, application, places, trees)
}

// dropStrays takes away the gates that a client had under other ids, once nothing of them is on it. A gate that is another
// client's stays.
func (w gateWriter) dropStrays(ctx context.Context, strays []string, trees map[gating.Place]current.Tree) error {
	if len(strays) == 0 {
		return nil
	}
	clients, err := w.Pages(ctx, w.Admin("clients"), nil, "id")
	if err != nil {
		return err
	}
	ids, err := w.ScopeIDs(ctx)
	if err != nil {
		return err
	}
	for _, scope := range strays {
		key := gating.StrayGate(scope)
		if key == "" || slices.ContainsFunc(clients, func(client object.Object) bool {
			return gating.GateKey(admin.Text(client, "clientId")) == key
		}) {
			continue
		}
		for place, tree := range trees {
			execution, present := tree.Executions[place.AliasOf(key)]
			if !present {
				continue
			}
			if err := w.Realm.Delete(ctx, w.Admin("authentication", "executions", execution), nil); err != nil {
				return err
			}
		}
		if ids[scope] == "" {
			continue
		}
		if err := w.Realm.Delete(ctx, w.Admin("client-scopes", ids[scope]), nil); err != nil {
			return err
		}
	}
	return nil
}

// placesOf makes what stands behind the flows that the client is bound to today, where nobody needed it before, and
// tells where its gate must stand.
func (w gateWriter) placesOf(ctx context.Context, application object.Object) ([]gating.Place,
	map[gating.Place]current.Tree, error) {
	places, err := w.PlacesFor(ctx, application)
	if err != nil {
		return nil, nil, err
	}
	trees, err := w.GateTrees(ctx)
	if err != nil {
		return nil, nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(places), func(place gating.Place) bool {
		_, present := trees[place]
		return present || slices.Contains(gating.Places(), place)
	})
	if len(missing) == 0 {
		return places, trees, nil
	}
	live, err := w.GateFlows(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, place := range missing {
		if err := flowsWriter(w).makePlace(ctx, place, live); err != nil {
			return nil, nil, err
		}
	}
	trees, err = w.GateTrees(ctx)
	return places, trees, err
}

// bind leads a client to the flows of its gate, and remembers at the client what it was bound to.
func (w gateWriter) bind(ctx context.Context, step contract.StepRequest, application object.Object,
	places []gating.Place, trees map[gating.Place]current.Tree) error {
	former := admin.Part(application, "authenticationFlowBindingOverrides")
	bound, remembered := object.Object{}, object.Object{}
	for i, b := range gating.Bindings() {
		top := gating.TopFlow(places[i])
		bound[b.Field] = trees[places[i]].FlowIDs[top]
		if id := admin.Text(former, b.Field); id != "" && places[i] != b.Kind && !w.isGateFlow(id, trees) {
			remembered[b.Former] = id
		}
	}
	if step.Action == contract.ActionCreate && application["enabled"] == true {
		remembered[gating.FormerOpen] = "true"
	}
	return w.Put(ctx, w.Admin("clients", admin.Text(application, "id")), object.Object{
		"clientId": admin.Text(application, "clientId"), "authenticationFlowBindingOverrides": bound,
		"attributes": remembered,
	})
}

func (w gateWriter) isGateFlow(id string, trees map[gating.Place]current.Tree) bool {
	for place, tree := range trees {
		if tree.FlowIDs[gating.TopFlow(place)] == id {
			return true
		}
	}
	return false
}

// release gives a client back what it was bound to before its gate. A flow that somebody deleted meanwhile cannot be
// given back, and what it demanded would be asked no more.
func (w gateWriter) release(ctx context.Context, application object.Object) error {
	tops, err := w.TopFlows(ctx)
	if err != nil {
		return err
	}
	present := map[string]bool{}
	for _, id := range tops {
		present[id] = true
	}
	bound, forgotten := object.Object{}, object.Object{gating.FormerOpen: ""}
	for _, b := range gating.Bindings() {
		id := admin.Text(admin.Part(application, "attributes"), b.Former)
		if id != "" && !present[id] {
			return steps.Refuse("client %s was bound to a flow that is not there any more (%s), so it cannot be given back; "+
				"bind the client to another flow by the attribute %s, or take that attribute off it",
				admin.Text(application, "clientId"), id, b.Former)
		}
		bound[b.Field], forgotten[b.Former] = id, ""
	}
	return w.Put(ctx, w.Admin("clients", admin.Text(application, "id")), object.Object{
		"clientId": admin.Text(application, "clientId"), "authenticationFlowBindingOverrides": bound,
		"attributes": forgotten,
	})
}

func (w gateWriter) makeScopes(ctx context.Context, protocol, clientID string) error {
	ids, err := w.ScopeIDs(ctx)
	if err != nil {
		return err
	}
	for _, name := range gating.GateScopes(protocol, clientID) {
		if ids[name] != "" {
			continue
		}
		if _, err := w.Post(ctx, w.Admin("client-scopes"), gating.ScopeObject(name, protocol)); err != nil {
			return err
		}
	}
	return nil
}

// buildAt puts a fresh gate of a client into the flow of a place. Everything is built before it is attached.
func (w gateWriter) buildAt(ctx context.Context, place gating.Place, tree current.Tree,
	protocol, clientID string) error {
	parent, present := tree.FlowIDs[gating.GateParent(place)]
	if !present {
		return steps.Refuse("flow %q is not as rehome made it: %q is gone", gating.TopFlow(place), gating.GateParent(place))
	}
	alias := gating.GateAlias(place, clientID)
	if execution, old := tree.Executions[alias]; old {
		if err := w.Realm.Delete(ctx, w.Admin("authentication", "executions", execution), nil); err != nil {
			return err
		}
	}
	made := place.Gate(clientID)
	if gates, present := tree.FlowIDs[place.Gates(protocol, clientID)]; present {
		parent = gates
	} else {
		made = place.FirstGate(gating.Gated{ClientID: clientID, Protocol: protocol})
	}
	id, err := w.makeAgain(ctx, *made.Flow)
	if err != nil {
		return err
	}
	return Attach(ctx, w.Realm, parent, id, made.Requirement, made.Priority)
}

// makeAgain makes a flow; when an interrupted build left one of its names behind, that is cleared away first.
func (w gateWriter) makeAgain(ctx context.Context, flow gating.Flow) (string, error) {
	id, err := MakeFlow(ctx, w.Realm, flow)
	if !admin.IsTaken(err) {
		return id, err
	}
	if err := removeLoose(ctx, w.Realm); err != nil {
		return "", err
	}
	return MakeFlow(ctx, w.Realm, flow)
}
