package sdk

import (
	"context"

	"google.golang.org/grpc"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/protocol"
)

// The interfaces below are optional. A provider that does not have one answers ErrorUnsupported, which the host shows
// as a question that it cannot answer, never as "none".

// PermissionChecker finds out which rights its credential has, without writing. For sources and targets.
type PermissionChecker interface {
	Permissions(ctx context.Context) ([]observation.PermissionCheck, error)
}

// OfflineConfigurer is a target that can plan without a connection, from what it read at another time. The arguments
// hold no credential and may lack any that is made of one; only Translate and Check follow.
type OfflineConfigurer interface {
	ConfigureOffline(ctx context.Context, config map[string]any) diag.List
}

// SignInReader sums up the log of sign-ins since a time (RFC 3339) by application. For sources and targets. It fails
// with ErrorForbidden where the log may not be read.
type SignInReader interface {
	SignIns(ctx context.Context, since string) (observation.SignInReport, error)
}

// SourceConnector tells how an application is connected to the incumbent now. Pure over the item and the configuration.
type SourceConnector interface {
	Connection(ctx context.Context, item identity.Item) ([]observation.ConnectionFact, error)
}

// TargetConnector tells how an application connects to a live resource: addresses and keys are read from the server.
type TargetConnector interface {
	Connection(ctx context.Context, resource identity.Resource) ([]observation.ConnectionFact, error)
}

// Prober tries one resource. It reads, or signs in as somebody where the request allows it, and changes nothing.
type Prober interface {
	Probe(ctx context.Context, request observation.ProbeRequest) ([]observation.ProbeResult, error)
}

// UsageReader tells what people did with resources since they were made: one answer for each question, in the same
// order. What is asked for together is taken back together, so that resources of one call are no users of each other.
type UsageReader interface {
	Usage(ctx context.Context, questions []observation.UsageQuestion) ([]observation.Usage, error)
}

// ChangeReader tells which writes the target recorded between two times (RFC 3339), by whomever, oldest first. It fails
// with ErrorForbidden where the record is not kept or may not be read: no record is not the same as no write.
type ChangeReader interface {
	Changes(ctx context.Context, since, until string, each func(observation.ChangeEvent) error) (observation.ChangeReport,
		error)
}

// BlueprintMaker copies the settings of a target into a document from which a throw-away target can be made elsewhere:
// without secrets, with new ids, and without anything that would reach the world outside. Reading only.
type BlueprintMaker interface {
	Blueprint(ctx context.Context, name string) (observation.Blueprint, error)
}

func unsupported(call string) error {
	return protocol.EncodeError(&contract.ProviderError{Code: contract.ErrorUnsupported,
		Message: "this provider does not offer " + call})
}

func permissions(ctx context.Context, provider any) (*protocol.PermissionsResponse, error) {
	checker, ok := provider.(PermissionChecker)
	if !ok {
		return nil, unsupported("a check of its permissions")
	}
	checks, err := checker.Permissions(ctx)
	return protocol.EncodePermissions(checks), protocol.EncodeError(err)
}

func signIns(ctx context.Context, provider any, request *protocol.SignInsRequest) (*protocol.SignInsResponse, error) {
	reader, ok := provider.(SignInReader)
	if !ok {
		return nil, unsupported("its log of sign-ins")
	}
	report, err := reader.SignIns(ctx, request.GetSince())
	return protocol.EncodeSignIns(report), protocol.EncodeError(err)
}

func (s *sourceServer) Permissions(ctx context.Context,
	_ *protocol.PermissionsRequest) (*protocol.PermissionsResponse, error) {
	return permissions(ctx, s.source)
}

func (s *sourceServer) SignIns(ctx context.Context,
	request *protocol.SignInsRequest) (*protocol.SignInsResponse, error) {
	return signIns(ctx, s.source, request)
}

func (s *sourceServer) Connection(ctx context.Context,
	request *protocol.SourceConnectionRequest) (*protocol.ConnectionResponse, error) {
	connector, ok := s.source.(SourceConnector)
	if !ok {
		return nil, unsupported("the connection of an application")
	}
	item, err := protocol.DecodeItem(request.GetItem())
	if err != nil {
		return nil, invalid(err)
	}
	facts, err := connector.Connection(ctx, item)
	return protocol.EncodeConnection(facts), protocol.EncodeError(err)
}

func (t *targetServer) Permissions(ctx context.Context,
	_ *protocol.PermissionsRequest) (*protocol.PermissionsResponse, error) {
	return permissions(ctx, t.target)
}

func (t *targetServer) SignIns(ctx context.Context,
	request *protocol.SignInsRequest) (*protocol.SignInsResponse, error) {
	return signIns(ctx, t.target, request)
}

func (t *targetServer) Connection(ctx context.Context,
	request *protocol.TargetConnectionRequest) (*protocol.ConnectionResponse, error) {
	connector, ok := t.target.(TargetConnector)
	if !ok {
		return nil, unsupported("the connection of an application")
	}
	resource, err := protocol.DecodeResource(request.GetResource())
	if err != nil {
		return nil, invalid(err)
	}
	facts, err := connector.Connection(ctx, resource)
	return protocol.EncodeConnection(facts), protocol.EncodeError(err)
}

func (t *targetServer) Probe(ctx context.Context, request *protocol.ProbeRequest) (*protocol.ProbeResponse, error) {
	prober, ok := t.target.(Prober)
	if !ok {
		return nil, unsupported("probes")
	}
	wanted, err := protocol.DecodeProbe(request)
	if err != nil {
		return nil, invalid(err)
	}
	results, err := prober.Probe(ctx, wanted)
	return protocol.EncodeProbeResults(results), protocol.EncodeError(err)
}

func (t *targetServer) Usage(ctx context.Context, request *protocol.UsageRequest) (*protocol.UsageResponse, error) {
	reader, ok := t.target.(UsageReader)
	if !ok {
		return nil, unsupported("the usage of resources")
	}
	questions, err := protocol.DecodeUsageQuestions(request.GetQuestions())
	if err != nil {
		return nil, invalid(err)
	}
	usages, err := reader.Usage(ctx, questions)
	return protocol.EncodeUsages(usages), protocol.EncodeError(err)
}

func (t *targetServer) Changes(request *protocol.ChangesRequest,
	stream grpc.ServerStreamingServer[protocol.ChangesResponse]) error {
	reader, ok := t.target.(ChangeReader)
	if !ok {
		return unsupported("a record of writes")
	}
	batch := protocol.NewBatch(func(events []*protocol.ChangeEvent) error {
		return stream.Send(&protocol.ChangesResponse{Events: events})
	})
	report, err := reader.Changes(stream.Context(), request.GetSince(), request.GetUntil(),
		func(event observation.ChangeEvent) error {
			return batch.Add(protocol.EncodeChange(event))
		})
	if err == nil {
		err = batch.Flush()
	}
	if err != nil {
		return protocol.EncodeError(err)
	}
	end := &protocol.ChangesEnd{Covers: report.Covers, Note: report.Note, Sent: int64(batch.Sent()),
		Requests: int64(report.Requests)}
	return protocol.EncodeError(stream.Send(&protocol.ChangesResponse{End: end}))
}

func (t *targetServer) Blueprint(ctx context.Context,
	request *protocol.BlueprintRequest) (*protocol.BlueprintResponse, error) {
	maker, ok := t.target.(BlueprintMaker)
	if !ok {
		return nil, unsupported("a copy of its settings")
	}
	blueprint, err := maker.Blueprint(ctx, request.GetName())
	return protocol.EncodeBlueprint(blueprint), protocol.EncodeError(err)
}
