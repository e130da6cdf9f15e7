package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/protocol"
)

// targetServer answers the calls of the host with a Target.
type targetServer struct {
	protocol.UnimplementedTargetServer
	target Target
}

func (t *targetServer) Schema(context.Context, *protocol.SchemaRequest) (*protocol.SchemaResponse, error) {
	schema, err := protocol.EncodeSchema(t.target.Schema())
	return &protocol.SchemaResponse{Schema: schema}, protocol.EncodeError(err)
}

func (t *targetServer) Configure(ctx context.Context,
	request *protocol.ConfigureRequest) (*protocol.ConfigureResponse, error) {
	return configure(ctx, t.target, request)
}

func (t *targetServer) Identify(ctx context.Context,
	_ *protocol.IdentifyTargetRequest) (*protocol.IdentifyTargetResponse, error) {
	found, err := t.target.Identify(ctx)
	return &protocol.IdentifyTargetResponse{Identity: found.Identity, Summary: found.Summary}, protocol.EncodeError(err)
}

func (t *targetServer) Translate(ctx context.Context,
	request *protocol.TranslateRequest) (*protocol.TranslateResponse, error) {
	response := &protocol.TranslateResponse{}
	for _, message := range request.GetItems() {
		if err := ctx.Err(); err != nil {
			return nil, protocol.EncodeError(err)
		}
		item, err := protocol.DecodeItem(message)
		if err != nil {
			return nil, invalid(err)
		}
		translation, err := protocol.EncodeTranslation(t.target.Translate(item))
		if err != nil {
			return nil, protocol.EncodeError(fmt.Errorf("translating %s: %w", item.Address(), err))
		}
		response.Translations = append(response.Translations, translation)
	}
	return response, nil
}

func (t *targetServer) Read(_ *protocol.ReadRequest, stream grpc.ServerStreamingServer[protocol.ReadResponse]) error {
	batch := protocol.NewBatch(func(resources []*protocol.Resource) error {
		return stream.Send(&protocol.ReadResponse{Event: &protocol.ReadResponse_Resources{Resources: &protocol.ResourceBatch{Resources: resources}}})
	})
	summary, err := t.target.Read(stream.Context(), func(resource identity.Resource) error {
		if err := protocol.ValidateResource(resource); err != nil {
			return fmt.Errorf("sending a live resource: %w", err)
		}
		message, err := protocol.EncodeResource(resource)
		if err != nil {
			return err
		}
		return batch.Add(message)
	})
	if err != nil {
		return protocol.EncodeError(err)
	}
	if err := batch.Flush(); err != nil {
		return protocol.EncodeError(err)
	}
	end := &protocol.ReadEnd{Sent: int64(batch.Sent()), Resources: int64(summary.Resources),
		Requests: int64(summary.Requests)}
	return protocol.EncodeError(stream.Send(&protocol.ReadResponse{Event: &protocol.ReadResponse_End{End: end}}))
}

func (t *targetServer) Check(stream grpc.BidiStreamingServer[protocol.CheckRequest, protocol.CheckResponse]) error {
	desired, live, err := receiveResources(stream.Recv)
	if err != nil {
		return err
	}
	batch := protocol.NewBatch(func(findings []*protocol.CheckFinding) error {
		return stream.Send(&protocol.CheckResponse{Event: &protocol.CheckResponse_Findings{Findings: &protocol.FindingBatch{Findings: findings}}})
	})
	for _, finding := range t.target.Check(desired, live) {
		if err := batch.Add(protocol.EncodeCheckFinding(finding)); err != nil {
			return protocol.EncodeError(err)
		}
	}
	if err := batch.Flush(); err != nil {
		return protocol.EncodeError(err)
	}
	end := &protocol.FindingsEnd{Findings: int64(batch.Sent())}
	return protocol.EncodeError(stream.Send(&protocol.CheckResponse{Event: &protocol.CheckResponse_End{End: end}}))
}

// receiveResources reads both sets up to their end marker. A part of a set would be checked as if it were the whole.
func receiveResources(receive func() (*protocol.CheckRequest, error)) (desired, live []identity.Resource, err error) {
	for {
		request, err := receive()
		if errors.Is(err, io.EOF) {
			return nil, nil, invalid(errors.New("the resources to check ended without their end marker"))
		}
		if err != nil {
			return nil, nil, err
		}
		switch event := request.GetEvent().(type) {
		case *protocol.CheckRequest_Desired:
			batch, err := protocol.DecodeResources(event.Desired.GetResources())
			if err != nil {
				return nil, nil, invalid(err)
			}
			desired = append(desired, batch...)
		case *protocol.CheckRequest_Live:
			batch, err := protocol.DecodeResources(event.Live.GetResources())
			if err != nil {
				return nil, nil, invalid(err)
			}
			live = append(live, batch...)
		case *protocol.CheckRequest_End:
			if event.End.GetDesired() != int64(len(desired)) || event.End.GetLive() != int64(len(live)) {
				return nil, nil, invalid(errors.New("the resources to check are not as many as were sent"))
			}
			return desired, live, nil
		default:
			return nil, nil, invalid(errors.New("a message about resources to check is empty"))
		}
	}
}

func (t *targetServer) Apply(ctx context.Context, request *protocol.ApplyRequest) (*protocol.ApplyResponse, error) {
	step, err := protocol.DecodeStep(request)
	if err != nil {
		return nil, invalid(err)
	}
	result, err := t.target.Apply(ctx, step)
	return protocol.EncodeStepResult(result), protocol.EncodeError(err)
}

func (t *targetServer) ReadMarker(ctx context.Context,
	_ *protocol.ReadMarkerRequest) (*protocol.ReadMarkerResponse, error) {
	marker, revision, err := t.target.ReadMarker(ctx)
	return &protocol.ReadMarkerResponse{Marker: protocol.EncodeMarker(marker), Revision: string(revision)},
		protocol.EncodeError(err)
}

func (t *targetServer) WriteMarker(ctx context.Context,
	request *protocol.WriteMarkerRequest) (*protocol.WriteMarkerResponse, error) {
	marker := protocol.DecodeMarker(request.GetMarker())
	revision, err := t.target.WriteMarker(ctx, marker, contract.MarkerRevision(request.GetBasedOn()))
	return &protocol.WriteMarkerResponse{Revision: string(revision)}, protocol.EncodeError(err)
}
