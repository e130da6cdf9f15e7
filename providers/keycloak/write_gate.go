package keycloak

import (
	"context"
	"slices"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// flowsWriter writes the top-level flows in which the gates stand.
type flowsWriter struct{ *client }

// Later: the flows are made one after another.
func (w flowsWriter) Later(*found) []string { return []string{"flows"} }

// Find implements steps.Writer.
func (w flowsWriter) Find(ctx context.Context, _ contract.StepRequest) (*found, error) {
	complete, _, err := w.complete(ctx)
	if err != nil {
		return nil, err
	}
	resource, there := realm.ReadGateFlows(complete)
	if !there {
		return nil, nil
	}
	return &found{Resource: resource}, nil
}

// complete lists those of our top-level flows that hold what they must, and the ids of all of them that are there.
func (w flowsWriter) complete(ctx context.Context) ([]string, map[string]string, error) {
	ids, err := w.topFlows(ctx)
	if err != nil {
		return nil, nil, err
	}
	var complete []string
	there := map[string]string{}
	for _, wanted := range realm.BaseFlows() {
		id, ok := ids[wanted.Alias]
		if !ok {
			continue
		}
		there[wanted.Alias] = id
		tree, err := w.tree(ctx, wanted.Alias, id)
		if err != nil {
			return nil, nil, err
		}
		live, _ := realm.ParseFlows(tree.flows, nil).Tree(wanted.Alias)
		if realm.Covers(live, wanted) {
			complete = append(complete, wanted.Alias)
		}
	}
	return complete, there, nil
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
	complete, there, err := w.complete(ctx)
	if err != nil {
		return err
	}
	if err := w.removeLoose(ctx); err != nil {
		return err
	}
	for _, flow := range realm.BaseFlows() {
		if slices.Contains(complete, flow.Alias) {
			continue
		}
		if id, half := there[flow.Alias]; half {
			if err := w.discard(ctx, flow.Alias, id); err != nil {
				return err
			}
		}
		if _, err := w.makeFlow(ctx, flow); err != nil {
			return err
		}
	}
	return nil
}

// discard deletes a top-level flow that is not as it must be, unless gates stand in it: then sign-ins may depend on it.
func (w flowsWriter) discard(ctx context.Context, alias, id string) error {
	tree, err := w.tree(ctx, alias, id)
	if err != nil {
		return err
	}
	if len(gatesIn(tree)) > 0 {
		return steps.Refuse("flow %q is not as rehome made it and gates stand in it; put it right by hand", alias)
	}
	return w.client.remove(ctx, w.admin("authentication", "flows", id), nil)
}

// gatesIn lists the aliases of gates below a flow.
func gatesIn(tree flowTree) []string {
	var gates []string
	for alias := range tree.executions {
		for _, place := range realm.Places() {
			rest, ours := strings.CutPrefix(alias, realm.TopFlow(place)+" for ")
			if ours && !strings.Contains(rest, " ") {
				gates = append(gates, alias)
			}
		}
	}
	sort.Strings(gates)
	return gates
}

func sortedNames(from map[string]string) []string {
	names := make([]string, 0, len(from))
	for name := range from {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// gateWriter writes the gate of a client: marker scopes, a sub-flow in each of the three flows, and the client's
// overrides.
type gateWriter struct{ *client }

// Later: a gate that is half there is finished; one that is whole is somebody's.
func (w gateWriter) Later(live *found) []string {
	if live.Attributes["intact"] == true {
		return nil
	}
	return []string{"intact", "deny_message", "protocol"}
}

// Find implements steps.Writer.
func (w gateWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	raw, err := w.application(ctx, step.Resource.Key)
	if err != nil || raw == nil {
		return nil, err
	}
	resource, there, err := w.gate(ctx, raw)
	if err != nil || !there {
		return nil, err
	}
	live := &found{Resource: resource, Raw: raw}
	if w.Halted(live) {
		resource.Attributes["intact"] = false // an update that closed the client did not come to its end
	}
	return live, nil
}

// reopenKey is an attribute of a client that was closed while its gate is replaced, and must be opened again.
const reopenKey = "rehome.reopen"

// Halted implements steps.Halter.
func (w gateWriter) Halted(live *found) bool {
	return field(object(live.Raw, "attributes"), reopenKey) == "true"
}

// shut closes a client for a while, or opens it again; the sign on it outlives a crash in between.
func (w gateWriter) shut(ctx context.Context, live *found, shut bool) error {
	sign := "" // an empty value removes the attribute
	if shut {
		sign = "true"
	}
	return w.put(ctx, w.admin("clients", field(live.Raw, "id")), realm.Object{
		"clientId": field(live.Raw, "clientId"), "enabled": !shut, "attributes": realm.Object{reopenKey: sign},
	})
}

// gate reads the gate of a client; false when no part of one is there.
func (c *client) gate(ctx context.Context, application realm.Object) (identity.Resource, bool, error) {
	trees, err := c.gateTrees(ctx)
	if err != nil {
		return identity.Resource{}, false, err
	}
	clientID, protocol := field(application, "clientId"), field(application, "protocol")
	var flows []realm.Object
	var wanted []string
	for _, place := range realm.Places() {
		tree, there := trees[place]
		if !there {
			continue
		}
		flows = append(flows, tree.flows...)
		for _, alias := range sortedNames(tree.configs) {
			if strings.HasPrefix(alias, realm.GateAlias(place, clientID)) ||
				strings.HasPrefix(alias, realm.ChunkAlias(place, protocol, clientID)+" ") {
				wanted = append(wanted, tree.configs[alias])
			}
		}
	}
	configs, err := c.configValues(ctx, wanted)
	if err != nil {
		return identity.Resource{}, false, err
	}
	resource, there := realm.ParseFlows(flows, configs).Gate(application)
	return resource, there, nil
}

// gateTrees reads the flows of the places of gates that are there.
func (c *client) gateTrees(ctx context.Context) (map[realm.Place]flowTree, error) {
	ids, err := c.topFlows(ctx)
	if err != nil {
		return nil, err
	}
	trees := map[realm.Place]flowTree{}
	for _, place := range realm.Places() {
		alias := realm.TopFlow(place)
		id, there := ids[alias]
		if !there {
			continue
		}
		if trees[place], err = c.tree(ctx, alias, id); err != nil {
			return nil, err
		}
	}
	return trees, nil
}

// Create implements steps.Writer.
func (w gateWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	application, err := w.application(ctx, step.Resource.Key)
	if err != nil {
		return contract.StepResult{}, err
	}
	if application == nil {
		return contract.StepResult{}, steps.Refuse("client %s is not there", step.Resource.Key)
	}
	flows, err := w.topFlows(ctx)
	if err != nil {
		return contract.StepResult{}, err
	}
	if realm.OwnFlow(application, flows[realm.TopFlow(realm.PlaceBrowser)], flows[realm.TopFlow(realm.PlaceDirect)]) {
		return contract.StepResult{}, steps.Refuse("%s", realm.OwnFlowStays)
	}
	return contract.StepResult{}, w.build(ctx, step, application)
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
func (w gateWriter) build(ctx context.Context, step contract.StepRequest, application realm.Object) error {
	clientID, protocol := field(application, "clientId"), field(application, "protocol")
	if err := w.makeScopes(ctx, protocol, clientID); err != nil {
		return err
	}
	trees, err := w.gateTrees(ctx)
	if err != nil {
		return err
	}
	for _, place := range realm.Places() {
		tree, there := trees[place]
		if !there {
			return steps.Refuse("flow %q is not there; it is made by the step of type %s", realm.TopFlow(place),
				realm.TypeGateFlows)
		}
		if err := w.buildAt(ctx, place, tree, protocol, clientID, attribute(step, "deny_message")); err != nil {
			return err
		}
	}
	scopes := realm.Texts(application["defaultClientScopes"])
	wanted := append(slices.Clone(scopes), missing(realm.GateScopes(protocol, clientID), scopes)...)
	if err := w.setScopes(ctx, field(application, "id"), scopes, wanted); err != nil {
		return err
	}
	// Whoever has a registration token of the client may take its gate off with it. The answer is a new one that nobody
	// reads, and the old one ends.
	if _, err := w.post(ctx, w.admin("clients", field(application, "id"), "registration-access-token"), nil); err != nil {
		return err
	}
	return w.bind(ctx, application, trees[realm.PlaceBrowser].flowIDs[realm.TopFlow(realm.PlaceBrowser)],
		trees[realm.PlaceDirect].flowIDs[realm.TopFlow(realm.PlaceDirect)])
}

// bind sets the flows of a client; empty ids take them away.
func (c *client) bind(ctx context.Context, application realm.Object, browser, direct string) error {
	return c.put(ctx, c.admin("clients", field(application, "id")), realm.Object{
		"clientId":                           field(application, "clientId"),
		"authenticationFlowBindingOverrides": realm.Object{"browser": browser, "direct_grant": direct},
	})
}

func (w gateWriter) makeScopes(ctx context.Context, protocol, clientID string) error {
	ids, err := w.scopeIDs(ctx)
	if err != nil {
		return err
	}
	for _, name := range realm.GateScopes(protocol, clientID) {
		if ids[name] != "" {
			continue
		}
		if _, err := w.post(ctx, w.admin("client-scopes"), realm.ScopeObject(name, protocol)); err != nil {
			return err
		}
	}
	return nil
}

// buildAt puts a fresh gate of a client into the flow of a place. Everything is built before it is attached.
func (w gateWriter) buildAt(ctx context.Context, place realm.Place, tree flowTree, protocol, clientID,
	message string) error {
	parent, there := tree.flowIDs[realm.GateParent(place)]
	if !there {
		return steps.Refuse("flow %q is not as rehome made it: %q is gone", realm.TopFlow(place), realm.GateParent(place))
	}
	alias, chunkAlias := realm.GateAlias(place, clientID), realm.ChunkAlias(place, protocol, clientID)
	if execution, old := tree.executions[alias]; old {
		if err := w.client.remove(ctx, w.admin("authentication", "executions", execution), nil); err != nil {
			return err
		}
	}
	gate, err := w.makeAgain(ctx, realm.GateFlow(place, clientID, message))
	if err != nil {
		return err
	}
	if chunk, there := tree.flowIDs[chunkAlias]; there {
		return w.attach(ctx, chunk, gate, realm.Conditional, realm.GatePriority)
	}
	chunk, err := w.makeFlow(ctx, realm.ChunkFlow(place, protocol, clientID))
	if err != nil {
		return err
	}
	if err := w.attach(ctx, chunk, gate, realm.Conditional, realm.GatePriority); err != nil {
		return err
	}
	return w.attach(ctx, parent, chunk, realm.Conditional, realm.ChunkPriority)
}

// makeAgain makes a flow; when an interrupted build left one of its names behind, that is cleared away first.
func (w gateWriter) makeAgain(ctx context.Context, flow realm.Flow) (string, error) {
	id, err := w.makeFlow(ctx, flow)
	if !isTaken(err) {
		return id, err
	}
	if err := w.removeLoose(ctx); err != nil {
		return "", err
	}
	return w.makeFlow(ctx, flow)
}
