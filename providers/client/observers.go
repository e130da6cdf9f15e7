package client

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/protocol"
)

// optional is failure for a call that a plugin may leave out, or that an older one does not know: both are
// ErrorUnsupported.
func (p *process) optional(ctx context.Context, doing string, err error) error {
	if status.Code(err) == codes.Unimplemented {
		return &contract.ProviderError{Code: contract.ErrorUnsupported,
			Message: "the plugin of provider " + p.name + " has no call for " + doing}
	}
	return p.failure(ctx, doing, err)
}

// Unsupported tells whether a call failed because the provider does not offer it.
func Unsupported(err error) bool {
	var failure *contract.ProviderError
	return errors.As(err, &failure) && failure.Code == contract.ErrorUnsupported
}

func (p *process) permissions(ctx context.Context, response *protocol.PermissionsResponse,
	err error) ([]observation.PermissionCheck, error) {
	const doing = "checking its permissions"
	if err != nil {
		return nil, p.optional(ctx, doing, err)
	}
	checks, err := protocol.DecodePermissions(response)
	if err != nil {
		return nil, p.invalid(doing, err)
	}
	return checks, nil
}

// Permissions lists the rights that the source needs, and whether its credential has them.
func (s *Source) Permissions(ctx context.Context) ([]observation.PermissionCheck, error) {
	response, err := s.calls.Permissions(ctx, &protocol.PermissionsRequest{})
	return s.process.permissions(ctx, response, err)
}

// SignIns sums up the incumbent's log of sign-ins since a time (RFC 3339).
func (s *Source) SignIns(ctx context.Context, since string) (observation.SignInReport, error) {
	response, err := s.calls.SignIns(ctx, &protocol.SignInsRequest{Since: since})
	if err != nil {
		return observation.SignInReport{}, s.process.optional(ctx, "reading the log of sign-ins", err)
	}
	return protocol.DecodeSignIns(response), nil
}

// Connection tells how an application is connected to the incumbent.
func (s *Source) Connection(ctx context.Context, item identity.Item) ([]observation.ConnectionFact, error) {
	response, err := s.calls.Connection(ctx, &protocol.SourceConnectionRequest{Item: protocol.EncodeItem(item)})
	if err != nil {
		return nil, s.process.optional(ctx, "describing a connection", err)
	}
	return protocol.DecodeConnection(response), nil
}

// Permissions lists the rights that the target needs, and whether its credential has them.
func (t *Target) Permissions(ctx context.Context) ([]observation.PermissionCheck, error) {
	response, err := t.calls.Permissions(ctx, &protocol.PermissionsRequest{})
	return t.process.permissions(ctx, response, err)
}

// SignIns sums up the target's log of sign-ins since a time (RFC 3339).
func (t *Target) SignIns(ctx context.Context, since string) (observation.SignInReport, error) {
	response, err := t.calls.SignIns(ctx, &protocol.SignInsRequest{Since: since})
	if err != nil {
		return observation.SignInReport{}, t.process.optional(ctx, "reading the log of sign-ins", err)
	}
	return protocol.DecodeSignIns(response), nil
}

// Connection tells how an application connects to a live resource.
func (t *Target) Connection(ctx context.Context, resource identity.Resource) ([]observation.ConnectionFact, error) {
	message, err := protocol.EncodeResource(resource)
	if err != nil {
		return nil, err
	}
	response, err := t.calls.Connection(ctx, &protocol.TargetConnectionRequest{Resource: message})
	if err != nil {
		return nil, t.process.optional(ctx, "describing a connection", err)
	}
	return protocol.DecodeConnection(response), nil
}

// Probe tries one resource.
func (t *Target) Probe(ctx context.Context, request observation.ProbeRequest) ([]observation.ProbeResult, error) {
	const doing = "probing"
	message, err := protocol.EncodeProbe(request)
	if err != nil {
		return nil, err
	}
	response, err := t.calls.Probe(ctx, message)
	if err != nil {
		return nil, t.process.optional(ctx, doing, err)
	}
	results, err := protocol.DecodeProbeResults(response)
	if err != nil {
		return nil, t.process.invalid(doing, err)
	}
	return results, nil
}

// Usage tells what people did with resources: one answer for each question, in the same order.
func (t *Target) Usage(ctx context.Context, questions []observation.UsageQuestion) ([]observation.Usage, error) {
	const doing = "asking how resources are used"
	usages := make([]observation.Usage, 0, len(questions))
	batch := protocol.NewBatch(func(messages []*protocol.UsageQuestion) error {
		response, err := t.calls.Usage(ctx, &protocol.UsageRequest{Questions: messages})
		if err != nil {
			return t.process.optional(ctx, doing, err)
		}
		if len(response.GetUsages()) != len(messages) {
			return t.process.invalid(doing, errors.New("there is not one answer for each question"))
		}
		usages = append(usages, protocol.DecodeUsages(response)...)
		return nil
	})
	for _, question := range questions {
		message, err := protocol.EncodeUsageQuestion(question)
		if err != nil {
			return nil, err
		}
		if err := batch.Add(message); err != nil {
			return nil, err
		}
	}
	return usages, batch.Flush()
}

// Blueprint copies the settings of the target for a throw-away one of that name, empty for one that the provider makes.
func (t *Target) Blueprint(ctx context.Context, name string) (observation.Blueprint, error) {
	response, err := t.calls.Blueprint(ctx, &protocol.BlueprintRequest{Name: name})
	if err != nil {
		return observation.Blueprint{}, t.process.optional(ctx, "copying its settings", err)
	}
	return protocol.DecodeBlueprint(response), nil
}
