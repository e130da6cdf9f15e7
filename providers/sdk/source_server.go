package sdk

import (
	"context"
	"sync"

	"google.golang.org/grpc"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/protocol"
)

// sourceServer answers the calls of the host with a Source.
type sourceServer struct {
	protocol.UnimplementedSourceServer
	source Source
}

func (s *sourceServer) Schema(context.Context, *protocol.SchemaRequest) (*protocol.SchemaResponse, error) {
	schema, err := protocol.EncodeSchema(s.source.Schema())
	return &protocol.SchemaResponse{Schema: schema}, protocol.EncodeError(err)
}

func (s *sourceServer) Configure(ctx context.Context,
	request *protocol.ConfigureRequest) (*protocol.ConfigureResponse, error) {
	return configure(ctx, s.source, request)
}

func (s *sourceServer) Identify(ctx context.Context,
	_ *protocol.IdentifySourceRequest) (*protocol.IdentifySourceResponse, error) {
	found, err := s.source.Identify(ctx)
	return &protocol.IdentifySourceResponse{Tenant: found.Tenant, Detail: found.Detail}, protocol.EncodeError(err)
}

func (s *sourceServer) Secret(ctx context.Context, request *protocol.SecretRequest) (*protocol.SecretResponse, error) {
	item, err := protocol.DecodeItemID(request.GetItem())
	if err != nil {
		return nil, invalid(err)
	}
	value, err := s.source.Secret(ctx, item, request.GetField())
	return &protocol.SecretResponse{Value: value}, protocol.EncodeError(err)
}

func (s *sourceServer) Collect(_ *protocol.CollectRequest,
	stream grpc.ServerStreamingServer[protocol.CollectResponse]) error {
	sink := newStreamSink(stream.Send)
	if err := s.source.Collect(stream.Context(), sink); err != nil {
		return protocol.EncodeError(err)
	}
	return protocol.EncodeError(sink.end())
}

// streamSink numbers the pages and sends pages, items and gaps on one stream. A page is sent at once and items in
// batches, so an item never comes before its page.
type streamSink struct {
	mutex sync.Mutex // a stream takes one message at a time
	send  func(*protocol.CollectResponse) error
	items *protocol.Batch[*protocol.Item]
	pages int
	gaps  int
}

func newStreamSink(send func(*protocol.CollectResponse) error) *streamSink {
	sink := &streamSink{send: send}
	sink.items = protocol.NewBatch(func(items []*protocol.Item) error {
		return send(&protocol.CollectResponse{Event: &protocol.CollectResponse_Items{Items: &protocol.ItemBatch{Items: items}}})
	})
	return sink
}

// Page sends a page and returns its sequence number.
func (s *streamSink) Page(ctx context.Context, page identity.PageEvidence) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := protocol.CheckSize(len(page.Body)); err != nil {
		return 0, &contract.ProviderError{Code: contract.ErrorInvalid, Message: "sending a page: " + err.Error(),
			Page: page.Method + " " + page.Path}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	page.Sequence = s.pages + 1
	message := protocol.EncodePage(page)
	if err := s.send(&protocol.CollectResponse{Event: &protocol.CollectResponse_Page{Page: message}}); err != nil {
		return 0, err
	}
	s.pages++
	return page.Sequence, nil
}

// Items checks the items and puts them on the way.
func (s *streamSink) Items(ctx context.Context, items ...identity.Item) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, item := range items {
		if err := protocol.ValidateItem(item); err != nil {
			return &contract.ProviderError{Code: contract.ErrorInternal, Message: "sending an item: " + err.Error()}
		}
		if err := s.items.Add(protocol.EncodeItem(item)); err != nil {
			return err
		}
	}
	return nil
}

// Gap sends a gap.
func (s *streamSink) Gap(ctx context.Context, gap identity.Gap) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := s.send(&protocol.CollectResponse{Event: &protocol.CollectResponse_Gap{Gap: protocol.EncodeGap(gap)}}); err != nil {
		return err
	}
	s.gaps++
	return nil
}

// end sends what waits and the marker that makes the stream complete.
func (s *streamSink) end() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := s.items.Flush(); err != nil {
		return err
	}
	end := &protocol.CollectEnd{Pages: int64(s.pages), Items: int64(s.items.Sent()), Gaps: int64(s.gaps)}
	return s.send(&protocol.CollectResponse{Event: &protocol.CollectResponse_End{End: end}})
}
