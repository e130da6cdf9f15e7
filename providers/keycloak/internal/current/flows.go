package current

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// Tree is what the server shows of one top-level flow: its rows, and where the parts are that can be changed.
type Tree struct {
	flows      []object.Object   // in the form of a realm file
	FlowIDs    map[string]string // alias of a sub-flow to its id
	Executions map[string]string // alias of a sub-flow to the execution that attaches it
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

// TopFlows lists the top-level flows: alias to id.
func (c *Realm) TopFlows(ctx context.Context) (map[string]string, error) {
	var rows []object.Object
	if err := c.Get(ctx, c.Admin("authentication", "flows"), nil, &rows); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, each := range rows {
		ids[admin.Text(each, "alias")] = admin.Text(each, "id")
	}
	return ids, nil
}

// Tree reads a top-level flow with everything below it, but for what the configurations hold.
func (c *Realm) Tree(ctx context.Context, alias, id string) (Tree, error) {
	var rows []row
	if err := c.Get(ctx, c.Admin("authentication", "flows", alias, "executions"), nil, &rows); err != nil {
		return Tree{}, err
	}
	tree := Tree{FlowIDs: map[string]string{alias: id}, Executions: map[string]string{}, configs: map[string]string{}}
	open := []object.Object{{"id": id, "alias": alias, "topLevel": true, "authenticationExecutions": []any{}}}
	tree.flows = append(tree.flows, open[0])
	for _, r := range rows {
		if r.Level >= len(open) {
			return Tree{}, c.Invalid(admin.Call{Method: http.MethodGet,
				Path: c.Admin("authentication", "flows", alias, "executions")}, "the rows make no tree")
		}
		open = open[:r.Level+1]
		above := open[r.Level]
		execution := object.Object{"id": r.ID, "requirement": r.Requirement, "priority": r.Priority, "authenticatorFlow": r.Subflow}
		if r.Subflow {
			execution["flowAlias"] = r.DisplayName
			below := object.Object{"id": r.FlowID, "alias": r.DisplayName, "topLevel": false,
				"authenticationExecutions": []any{}}
			tree.flows, open = append(tree.flows, below), append(open, below)
			tree.FlowIDs[r.DisplayName], tree.Executions[r.DisplayName] = r.FlowID, r.ID
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

// Step is one line right below a top-level flow.
type Step struct {
	Execution string // id of the execution
	Name      string // of the authenticator, or the alias of the sub-flow
}

// Steps lists what stands right below the top-level flow.
func (t Tree) Steps() []Step {
	if len(t.flows) == 0 {
		return nil
	}
	var found []Step
	for _, e := range object.Objects(t.flows[0]["authenticationExecutions"]) {
		found = append(found, Step{Execution: admin.Text(e, "id"),
			Name: cmp.Or(admin.Text(e, "flowAlias"), admin.Text(e, "authenticator"))})
	}
	return found
}

// Configs are the ids of the configurations below a flow, by their aliases.
func (t Tree) Configs() map[string]string { return t.configs }

// configValues reads configurations by their ids, in the form of a realm file.
func (c *Realm) configValues(ctx context.Context, ids []string) ([]object.Object, error) {
	out := make([]object.Object, 0, len(ids))
	for _, id := range ids {
		var config object.Object
		if err := c.Get(ctx, c.Admin("authentication", "config", id), nil, &config); err != nil {
			return nil, err
		}
		out = append(out, config)
	}
	return out, nil
}
