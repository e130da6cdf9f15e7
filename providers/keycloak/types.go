package keycloak

import (
	"context"
	"net/url"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// handling is what the running server does with a resource type, one row a type. What is known of a type for every way
// to write a realm is in realm.Types.
type handling struct {
	writer func(c *client) steps.Writer[realm.Object]
	// usage tells what people did with a resource, nil for a part of a client, which tells for it.
	usage func(ctx context.Context, r *usageReader, question observation.UsageQuestion) (observation.Usage, error)
}

func handlings() map[string]handling {
	type writer = steps.Writer[realm.Object]
	return map[string]handling{
		realm.TypeGroup:          {func(c *client) writer { return groupWriter{c} }, groupUsage},
		realm.TypeProvider:       {func(c *client) writer { return providerWriter{c} }, providerUsage},
		realm.TypeOrganization:   {func(c *client) writer { return organizationWriter{c} }, organizationUsage},
		realm.TypeClient:         {func(c *client) writer { return clientWriter{c} }, clientUsage},
		realm.TypeClientRole:     {func(c *client) writer { return roleWriter{c} }, roleUsage},
		realm.TypeGateFlows:      {func(c *client) writer { return flowsWriter{c} }, flowUsage},
		realm.TypeRoleAssignment: {func(c *client) writer { return assignmentWriter{c} }, nil},
		realm.TypeGate:           {func(c *client) writer { return gateWriter{c} }, nil},
		realm.TypeEnablement:     {func(c *client) writer { return enablementWriter{c} }, nil},
	}
}

func groupUsage(ctx context.Context, r *usageReader, question observation.UsageQuestion) (observation.Usage, error) {
	return r.someone(ctx, "members", r.admin("groups", question.Resource.ServerID, "members"),
		url.Values{"max": {"1"}, "briefRepresentation": {"true"}})
}

func providerUsage(ctx context.Context, r *usageReader, question observation.UsageQuestion) (observation.Usage, error) {
	return r.someone(ctx, "accounts of people are linked to it", r.admin("users"),
		url.Values{"max": {"1"}, "idpAlias": {question.Resource.Key}, "briefRepresentation": {"true"}})
}

func organizationUsage(ctx context.Context, r *usageReader, question observation.UsageQuestion) (observation.Usage, error) {
	return r.organizationUsage(ctx, question.Resource)
}

func clientUsage(_ context.Context, r *usageReader, question observation.UsageQuestion) (observation.Usage, error) {
	return r.clientUsage(question), nil
}

func roleUsage(ctx context.Context, r *usageReader, question observation.UsageQuestion) (observation.Usage, error) {
	return r.roleUsage(ctx, question.Resource)
}

func flowUsage(ctx context.Context, r *usageReader, _ observation.UsageQuestion) (observation.Usage, error) {
	return r.flowUsage(ctx)
}
