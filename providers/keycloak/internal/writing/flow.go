package writing

import (
	"context"

	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

// MakeFlow builds a flow from the bottom up and returns its id. What is below is complete before it is attached.
func MakeFlow(ctx context.Context, c *current.Realm, flow gating.Flow) (string, error) {
	below := map[string]string{}
	for _, execution := range flow.Executions {
		if execution.Flow == nil {
			continue
		}
		id, err := MakeFlow(ctx, c, *execution.Flow)
		if err != nil {
			return "", err
		}
		below[execution.Flow.Alias] = id
	}
	id, err := postFlow(ctx, c, flow)
	if err != nil {
		return "", err
	}
	for _, execution := range flow.Executions {
		if execution.Flow != nil {
			err = Attach(ctx, c, id, below[execution.Flow.Alias], execution.Requirement, execution.Priority)
		} else {
			err = addAuthenticator(ctx, c, id, execution)
		}
		if err != nil {
			return "", err
		}
	}
	return id, nil
}

func postFlow(ctx context.Context, c *current.Realm, flow gating.Flow) (string, error) {
	return c.Post(ctx, c.Admin("authentication", "flows"), object.Object{
		"alias": flow.Alias, "description": flow.Description, "providerId": "basic-flow", "topLevel": flow.TopLevel,
		"builtIn": false,
	})
}

// Attach hangs a finished sub-flow into a flow.
func Attach(ctx context.Context, c *current.Realm, parent, child, requirement string, priority int) error {
	_, err := c.Post(ctx, c.Admin("authentication", "executions"), object.Object{
		"parentFlow": parent, "flowId": child, "authenticatorFlow": true, "requirement": requirement, "priority": priority,
	})
	return err
}

func addAuthenticator(ctx context.Context, c *current.Realm, parent string, execution gating.Execution) error {
	id, err := c.Post(ctx, c.Admin("authentication", "executions"), object.Object{
		"parentFlow": parent, "authenticator": execution.Authenticator, "authenticatorFlow": false,
		"requirement": execution.Requirement, "priority": execution.Priority,
	})
	if err != nil || execution.Config == nil {
		return err
	}
	_, err = c.Post(ctx, c.Admin("authentication", "executions", id, "config"), execution.Config.Object())
	return err
}

// removeLoose deletes sub-flows of ours that hang nowhere: what an interrupted build left. Only the topmost ones are
// named to the server, which deletes what is below; deleting a flow that another one still holds would break that one
// for good.
func removeLoose(ctx context.Context, c *current.Realm) error {
	document, err := c.Export(ctx, false)
	if err != nil {
		return err
	}
	all := object.Objects(document["authenticationFlows"])
	held := map[string]bool{}
	for _, flow := range all {
		for _, execution := range object.Objects(flow["authenticationExecutions"]) {
			held[admin.Text(execution, "flowAlias")] = true
		}
	}
	for _, flow := range all {
		alias := admin.Text(flow, "alias")
		if flow["topLevel"] == true || held[alias] || !gating.IsBelow(alias) {
			continue
		}
		if err := c.Delete(ctx, c.Admin("authentication", "flows", admin.Text(flow, "id")), nil); err != nil {
			return err
		}
	}
	return nil
}
