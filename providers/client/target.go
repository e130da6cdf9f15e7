package client

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/protocol"
)

// Target is a running target plugin. Safe for many goroutines.
type Target struct {
	process *process
	calls   protocol.TargetClient
}

// Close ends the plugin. It can be called more than once.
func (t *Target) Close() { t.process.close() }

// Schema asks what the target is, which arguments it takes and which resources it has.
func (t *Target) Schema(ctx context.Context) (contract.ProviderSchema, error) {
	response, err := t.calls.Schema(ctx, &protocol.SchemaRequest{})
	return t.process.schema(ctx, response, err)
}

// Configure hands over the arguments of the target block. A failure of the plugin is among the diagnostics.
func (t *Target) Configure(ctx context.Context, config map[string]any) diag.List {
	return t.process.configure(ctx, config, func(request *protocol.ConfigureRequest) (*protocol.ConfigureResponse, error) {
		return t.calls.Configure(ctx, request)
	})
}

// ConfigureOffline hands over the arguments without any credential: only Translate and Check may follow.
func (t *Target) ConfigureOffline(ctx context.Context, config map[string]any) diag.List {
	return t.process.configure(ctx, config, func(request *protocol.ConfigureRequest) (*protocol.ConfigureResponse, error) {
		request.Offline = true
		return t.calls.Configure(ctx, request)
	})
}

// Identify asks which target is written.
func (t *Target) Identify(ctx context.Context) (contract.TargetIdentity, error) {
	response, err := t.calls.Identify(ctx, &protocol.IdentifyTargetRequest{})
	if err != nil {
		return contract.TargetIdentity{}, t.process.failure(ctx, "identifying the target", err)
	}
	return contract.TargetIdentity{Identity: protocol.CleanText(response.GetIdentity()),
		Summary: protocol.CleanText(response.GetSummary())}, nil
}

// Translate asks what the target makes of items: one translation for each, in the same order.
func (t *Target) Translate(ctx context.Context, items []identity.Item) ([]contract.Translation, error) {
	const doing = "translating"
	translations := make([]contract.Translation, 0, len(items))
	batch := protocol.NewBatch(func(messages []*protocol.Item) error {
		response, err := t.calls.Translate(ctx, &protocol.TranslateRequest{Items: messages})
		if err != nil {
			return t.process.failure(ctx, doing, err)
		}
		if len(response.GetTranslations()) != len(messages) {
			return t.process.invalid(doing, errors.New("there is not one translation for each item"))
		}
		for _, message := range response.GetTranslations() {
			translation, err := protocol.DecodeTranslation(message)
			if err != nil {
				return t.process.invalid(doing, err)
			}
			translations = append(translations, translation)
		}
		return nil
	})
	for _, item := range items {
		if err := batch.Add(protocol.EncodeItem(item)); err != nil {
			return nil, err
		}
	}
	if err := batch.Flush(); err != nil {
		return nil, err
	}
	return translations, nil
}

// Read hands over all live resources. Only a nil error means that the whole was read. An error of each ends it.
func (t *Target) Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	const doing = "reading the target"
	streamContext, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := t.calls.Read(streamContext, &protocol.ReadRequest{})
	if err != nil {
		return contract.ReadSummary{}, t.process.failure(ctx, doing, err)
	}
	var end *protocol.ReadEnd
	received := 0
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			if end == nil {
				return contract.ReadSummary{}, t.process.died(doing, "its stream ended without the end marker")
			}
			return contract.ReadSummary{Resources: int(end.GetResources()), Requests: int(end.GetRequests())}, nil
		}
		if err != nil {
			return contract.ReadSummary{}, t.process.failure(ctx, doing, err)
		}
		resources, err := protocol.DecodeResources(response.GetResources().GetResources())
		if err != nil {
			return contract.ReadSummary{}, t.process.invalid(doing, err)
		}
		if end != nil {
			return contract.ReadSummary{}, t.process.invalid(doing, errors.New("a message came after the end marker"))
		}
		for _, resource := range resources {
			if err := protocol.ValidateResource(resource); err != nil {
				return contract.ReadSummary{}, t.process.invalid(doing, err)
			}
			if err := each(resource); err != nil {
				return contract.ReadSummary{}, err
			}
			received++
		}
		if end = response.GetEnd(); end != nil && end.GetSent() != int64(received) {
			return contract.ReadSummary{}, t.process.invalid(doing,
				errors.New("its end marker counts other resources than came"))
		}
	}
}

// Check asks what only the whole desired set, next to the live one, can show.
func (t *Target) Check(ctx context.Context, desired, live []identity.Resource) ([]contract.CheckFinding, error) {
	const doing = "checking the desired resources"
	streamContext, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := t.calls.Check(streamContext)
	if err != nil {
		return nil, t.process.failure(ctx, doing, err)
	}
	if err := sendResources(stream, desired, live); err != nil && !errors.Is(err, io.EOF) {
		return nil, t.process.failure(ctx, doing, err)
	}
	var findings []contract.CheckFinding
	var end *protocol.FindingsEnd
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			if end == nil || end.GetFindings() != int64(len(findings)) {
				return nil, t.process.died(doing, "its findings ended without an end marker that counts them")
			}
			return findings, nil
		}
		if err != nil {
			return nil, t.process.failure(ctx, doing, err)
		}
		for _, message := range response.GetFindings().GetFindings() {
			finding, err := protocol.DecodeCheckFinding(message)
			if err != nil {
				return nil, t.process.invalid(doing, err)
			}
			findings = append(findings, finding)
		}
		if response.GetEnd() != nil {
			end = response.GetEnd()
		}
	}
}

// sendResources sends both sets. io.EOF means that the plugin has ended the call; Recv then says why.
func sendResources(stream grpc.BidiStreamingClient[protocol.CheckRequest, protocol.CheckResponse], desired,
	live []identity.Resource) error {
	err := sendBatches(desired, func(batch *protocol.ResourceBatch) error {
		return stream.Send(&protocol.CheckRequest{Event: &protocol.CheckRequest_Desired{Desired: batch}})
	})
	if err != nil {
		return err
	}
	err = sendBatches(live, func(batch *protocol.ResourceBatch) error {
		return stream.Send(&protocol.CheckRequest{Event: &protocol.CheckRequest_Live{Live: batch}})
	})
	if err != nil {
		return err
	}
	end := &protocol.CheckEnd{Desired: int64(len(desired)), Live: int64(len(live))}
	if err := stream.Send(&protocol.CheckRequest{Event: &protocol.CheckRequest_End{End: end}}); err != nil {
		return err
	}
	return stream.CloseSend()
}

func sendBatches(resources []identity.Resource, send func(*protocol.ResourceBatch) error) error {
	batch := protocol.NewBatch(func(messages []*protocol.Resource) error {
		return send(&protocol.ResourceBatch{Resources: messages})
	})
	for _, resource := range resources {
		message, err := protocol.EncodeResource(resource)
		if err != nil {
			return err
		}
		if err := batch.Add(message); err != nil {
			return err
		}
	}
	return batch.Flush()
}

// Apply does one step.
func (t *Target) Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	request, err := protocol.EncodeStep(step)
	if err != nil {
		return contract.StepResult{}, err
	}
	response, err := t.calls.Apply(ctx, request)
	if err != nil {
		return contract.StepResult{}, t.process.failure(ctx, "applying a step", err)
	}
	return protocol.DecodeStepResult(response), nil
}

// ReadMarker reads the marker; the zero one and an empty revision where there is none.
func (t *Target) ReadMarker(ctx context.Context) (contract.Marker, contract.MarkerRevision, error) {
	response, err := t.calls.ReadMarker(ctx, &protocol.ReadMarkerRequest{})
	if err != nil {
		return contract.Marker{}, "", t.process.failure(ctx, "reading the marker", err)
	}
	return protocol.DecodeMarker(response.GetMarker()), contract.MarkerRevision(response.GetRevision()), nil
}

// WriteMarker writes the marker when it still has the revision it is based on, else fails with ErrorConflict.
func (t *Target) WriteMarker(ctx context.Context, marker contract.Marker,
	basedOn contract.MarkerRevision) (contract.MarkerRevision, error) {
	response, err := t.calls.WriteMarker(ctx, &protocol.WriteMarkerRequest{Marker: protocol.EncodeMarker(marker),
		BasedOn: string(basedOn)})
	if err != nil {
		return "", t.process.failure(ctx, "writing the marker", err)
	}
	return contract.MarkerRevision(response.GetRevision()), nil
}
