package records

import (
	"context"
	"net/url"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// usages are how it is told what people did with a resource, one row a type: nil for a part of a client, which tells
// for it.
func usages() map[string]func(context.Context, *usageReader, observation.UsageQuestion) (observation.Usage, error) {
	return map[string]func(context.Context, *usageReader, observation.UsageQuestion) (observation.Usage, error){
		realm.TypeGroup:          groupUsage,
		realm.TypeProvider:       providerUsage,
		realm.TypeOrganization:   organizationUsage,
		realm.TypeClient:         clientUsage,
		realm.TypeClientRole:     roleUsage,
		realm.TypeGateFlows:      flowUsage,
		realm.TypeRoleAssignment: nil,
		realm.TypeGate:           nil,
		realm.TypeEnablement:     nil,
	}
}

func groupUsage(ctx context.Context, r *usageReader, question observation.UsageQuestion) (observation.Usage, error) {
	return r.someone(ctx, "members", r.Admin("groups", question.Resource.ServerID, "members"),
		url.Values{"max": {"1"}, "briefRepresentation": {"true"}})
}

func providerUsage(ctx context.Context, r *usageReader, question observation.UsageQuestion) (observation.Usage, error) {
	return r.someone(ctx, "accounts of people are linked to it", r.Admin("users"),
		url.Values{"max": {"1"}, "idpAlias": {question.Resource.Key}, "briefRepresentation": {"true"}})
}

func organizationUsage(ctx context.Context, r *usageReader,
	question observation.UsageQuestion) (observation.Usage, error) {
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
