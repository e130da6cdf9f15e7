package keycloak

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// flowTree is what the server shows of one top-level flow: its rows, and where the parts are that can be changed.
type flowTree struct {
	flows      []realm.Object    // in the form of a realm file
	flowIDs    map[string]string // alias of a sub-flow to its id
	executions map[string]string // alias of a sub-flow to the execution that attaches it
	configs    map[string]string // alias of a configuration to its id
}

// row is one line of the list of executions: the whole tree below a flow, depth first.
type row struct {
	ID          string      `json:"id"`
	Requirement string      `json:"requirement"`
	DisplayName string      `json:"displayName"` // of a sub-flow: its alias
	ProviderID  string      `json:"providerId"`
	Subflow     bool        `json:"authenticationFlow"`
	FlowID      string      `json:"flowId"`
	Config      string      `json:"authenticationConfig"`
	ConfigAlias string      `json:"alias"`
	Level       int         `json:"level"`
	Priority    json.Number `json:"priority"`
}

// topFlows lists the top-level flows: alias to id.
func (c *client) topFlows(ctx context.Context) (map[string]string, error) {
	var rows []realm.Object
	if err := c.get(ctx, c.admin("authentication", "flows"), nil, &rows); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, each := range rows {
		ids[field(each, "alias")] = field(each, "id")
	}
	return ids, nil
}

// tree reads a top-level flow with everything below it, but for what the configurations hold.
func (c *client) tree(ctx context.Context, alias, id string) (flowTree, error) {
	var rows []row
	if err := c.get(ctx, c.admin("authentication", "flows", alias, "executions"), nil, &rows); err != nil {
		return flowTree{}, err
	}
	tree := flowTree{flowIDs: map[string]string{alias: id}, executions: map[string]string{}, configs: map[string]string{}}
	open := []realm.Object{{"id": id, "alias": alias, "topLevel": true, "authenticationExecutions": []any{}}}
	tree.flows = append(tree.flows, open[0])
	for _, r := range rows {
		if r.Level >= len(open) {
			return flowTree{}, c.invalid(call{method: http.MethodGet,
				path: c.admin("authentication", "flows", alias, "executions")}, "the rows make no tree")
		}
		open = open[:r.Level+1]
		above := open[r.Level]
		execution := realm.Object{"requirement": r.Requirement, "priority": r.Priority, "authenticatorFlow": r.Subflow}
		if r.Subflow {
			execution["flowAlias"] = r.DisplayName
			below := realm.Object{"id": r.FlowID, "alias": r.DisplayName, "topLevel": false, "authenticationExecutions": []any{}}
			tree.flows, open = append(tree.flows, below), append(open, below)
			tree.flowIDs[r.DisplayName], tree.executions[r.DisplayName] = r.FlowID, r.ID
		} else {
			execution["authenticator"] = r.ProviderID
		}
		if r.Config != "" {
			execution["authenticatorConfig"] = r.ConfigAlias
			tree.configs[r.ConfigAlias] = r.Config
		}
		above["authenticationExecutions"] = append(above["authenticationExecutions"].([]any), execution)
	}
	return tree, nil
}

// configValues reads configurations by their ids, in the form of a realm file.
func (c *client) configValues(ctx context.Context, ids []string) ([]realm.Object, error) {
	out := make([]realm.Object, 0, len(ids))
	for _, id := range ids {
		var config realm.Object
		if err := c.get(ctx, c.admin("authentication", "config", id), nil, &config); err != nil {
			return nil, err
		}
		out = append(out, config)
	}
	return out, nil
}

// makeFlow builds a flow from the bottom up and returns its id. What is below is complete before it is attached.
func (c *client) makeFlow(ctx context.Context, flow realm.Flow) (string, error) {
	below := map[string]string{}
	for _, execution := range flow.Executions {
		if execution.Flow == nil {
			continue
		}
		id, err := c.makeFlow(ctx, *execution.Flow)
		if err != nil {
			return "", err
		}
		below[execution.Flow.Alias] = id
	}
	id, err := c.postFlow(ctx, flow)
	if err != nil {
		return "", err
	}
	for _, execution := range flow.Executions {
		if execution.Flow != nil {
			err = c.attach(ctx, id, below[execution.Flow.Alias], execution.Requirement, execution.Priority)
		} else {
			err = c.addAuthenticator(ctx, id, execution)
		}
		if err != nil {
			return "", err
		}
	}
	return id, nil
}

func (c *client) postFlow(ctx context.Context, flow realm.Flow) (string, error) {
	return c.post(ctx, c.admin("authentication", "flows"), realm.Object{
		"alias": flow.Alias, "description": flow.Description, "providerId": "basic-flow", "topLevel": flow.TopLevel,
		"builtIn": false,
	})
}

// attach hangs a finished sub-flow into a flow.
func (c *client) attach(ctx context.Context, parent, child, requirement string, priority int) error {
	_, err := c.post(ctx, c.admin("authentication", "executions"), realm.Object{
		"parentFlow": parent, "flowId": child, "authenticatorFlow": true, "requirement": requirement, "priority": priority,
	})
	return err
}

func (c *client) addAuthenticator(ctx context.Context, parent string, execution realm.Execution) error {
	id, err := c.post(ctx, c.admin("authentication", "executions"), realm.Object{
		"parentFlow": parent, "authenticator": execution.Authenticator, "authenticatorFlow": false,
		"requirement": execution.Requirement, "priority": execution.Priority,
	})
	if err != nil || execution.Config == nil {
		return err
	}
	_, err = c.post(ctx, c.admin("authentication", "executions", id, "config"), execution.Config.Object())
	return err
}

// removeLoose deletes sub-flows of ours that hang nowhere: what an interrupted build left. Only the topmost ones are
// named to the server, which deletes what is below; deleting a flow that another one still holds would break that one
// for good.
func (c *client) removeLoose(ctx context.Context) error {
	document, err := c.export(ctx, false)
	if err != nil {
		return err
	}
	all := realm.Objects(document["authenticationFlows"])
	held := map[string]bool{}
	for _, flow := range all {
		for _, execution := range realm.Objects(flow["authenticationExecutions"]) {
			held[field(execution, "flowAlias")] = true
		}
	}
	for _, flow := range all {
		alias := field(flow, "alias")
		if flow["topLevel"] == true || held[alias] || !isOurFlow(alias) {
			continue
		}
		if err := c.remove(ctx, c.admin("authentication", "flows", field(flow, "id")), nil); err != nil {
			return err
		}
	}
	return nil
}

// isOurFlow tells whether a flow has a name that only rehome gives.
func isOurFlow(alias string) bool {
	for _, place := range realm.Places() {
		if strings.HasPrefix(alias, realm.TopFlow(place)+" ") {
			return true
		}
	}
	return false
}
