package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/protocol"
)

// Source is a running source plugin. Safe for many goroutines.
type Source struct {
	process *process
	calls   protocol.SourceClient
}

// Handler takes what a collection gives, one call after the other. An error ends the collection and is returned by
// Collect.
type Handler interface {
	Page(page identity.PageEvidence) error
	Items(items []identity.Item) error
	Gap(gap identity.Gap) error
}

// Close ends the plugin. It can be called more than once.
func (s *Source) Close() { s.process.close() }

// Schema asks what the source is and which arguments it takes.
func (s *Source) Schema(ctx context.Context) (contract.ProviderSchema, error) {
	response, err := s.calls.Schema(ctx, &protocol.SchemaRequest{})
	return s.process.schema(ctx, response, err)
}

// Configure hands over the arguments of the source block. A failure of the plugin is among the diagnostics.
func (s *Source) Configure(ctx context.Context, config map[string]any) diag.List {
	return s.process.configure(ctx, config, func(request *protocol.ConfigureRequest) (*protocol.ConfigureResponse, error) {
		return s.calls.Configure(ctx, request)
	})
}

// Identify asks which tenant the source reads.
func (s *Source) Identify(ctx context.Context) (contract.SourceIdentity, error) {
	response, err := s.calls.Identify(ctx, &protocol.IdentifySourceRequest{})
	if err != nil {
		return contract.SourceIdentity{}, s.process.failure(ctx, "identifying the source", err)
	}
	return contract.SourceIdentity{Tenant: protocol.CleanText(response.GetTenant()),
		Detail: protocol.CleanText(response.GetDetail())}, nil
}

// Secret fetches one secret value.
func (s *Source) Secret(ctx context.Context, item identity.ItemID, field string) (string, error) {
	response, err := s.calls.Secret(ctx, &protocol.SecretRequest{Item: protocol.EncodeItemID(item), Field: field})
	if err != nil {
		return "", s.process.failure(ctx, "fetching a secret", err)
	}
	return response.GetValue(), nil
}

// Collect reads everything once. Only a nil error means that the whole of it was handed over. An item's page has always
// been handed over before the item.
func (s *Source) Collect(ctx context.Context, handler Handler) error {
	const doing = "collecting"
	// The stream must end when the handler fails, or the plugin would wait for a reader for ever.
	streamContext, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := s.calls.Collect(streamContext, &protocol.CollectRequest{})
	if err != nil {
		return s.process.failure(ctx, doing, err)
	}
	collected := collection{handler: handler}
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			if !collected.ended {
				return s.process.died(doing, "its stream ended without the end marker")
			}
			return nil
		}
		if err != nil {
			return s.process.failure(ctx, doing, err)
		}
		if err := collected.take(response); err != nil {
			var broken contractError
			if errors.As(err, &broken) {
				return s.process.invalid(doing, broken)
			}
			return err
		}
	}
}

// contractError sets what the plugin did wrong apart from what the handler says.
type contractError struct{ error }

func broken(format string, args ...any) error { return contractError{fmt.Errorf(format, args...)} }

// collection checks the order and the counts of a stream.
type collection struct {
	handler Handler
	pages   int
	items   int
	gaps    int
	ended   bool
}

func (c *collection) take(response *protocol.CollectResponse) error {
	if c.ended {
		return broken("a message came after the end marker")
	}
	switch event := response.GetEvent().(type) {
	case *protocol.CollectResponse_Page:
		return c.page(protocol.DecodePage(event.Page))
	case *protocol.CollectResponse_Items:
		return c.batch(event.Items.GetItems())
	case *protocol.CollectResponse_Gap:
		gap, err := protocol.DecodeGap(event.Gap)
		if err != nil {
			return contractError{err}
		}
		c.gaps++
		return c.handler.Gap(gap)
	case *protocol.CollectResponse_End:
		end := event.End
		if end.GetPages() != int64(c.pages) || end.GetItems() != int64(c.items) || end.GetGaps() != int64(c.gaps) {
			return broken("its end marker counts %d pages, %d items and %d gaps, but %d, %d and %d came",
				end.GetPages(), end.GetItems(), end.GetGaps(), c.pages, c.items, c.gaps)
		}
		c.ended = true
		return nil
	}
	return broken("a message of the stream is empty")
}

func (c *collection) page(page identity.PageEvidence) error {
	if page.Sequence != c.pages+1 {
		return broken("page %d came after page %d", page.Sequence, c.pages)
	}
	c.pages++
	return c.handler.Page(page)
}

func (c *collection) batch(messages []*protocol.Item) error {
	items, err := protocol.DecodeItems(messages)
	if err != nil {
		return contractError{err}
	}
	for _, item := range items {
		if item.Page > c.pages {
			return broken("%s/%s names page %d, which has not come", item.Kind, item.ID, item.Page)
		}
	}
	c.items += len(items)
	return c.handler.Items(items)
}

func (p *process) schema(ctx context.Context, response *protocol.SchemaResponse,
	err error) (contract.ProviderSchema, error) {
	const doing = "describing itself"
	if err != nil {
		return contract.ProviderSchema{}, p.failure(ctx, doing, err)
	}
	schema, err := protocol.DecodeSchema(response.GetSchema())
	if err != nil {
		return contract.ProviderSchema{}, p.invalid(doing, err)
	}
	if schema.Name != p.name {
		return contract.ProviderSchema{}, diag.Errorf("plugin-foreign", "Plugin is another provider",
			"The plugin that was started as provider %q says that it is %q, so it is given nothing.\nPut the right plugin "+
				"in its place: %s.", p.name, protocol.CleanText(schema.Name), p.path)
	}
	return schema, nil
}

func (p *process) configure(ctx context.Context, config map[string]any,
	call func(*protocol.ConfigureRequest) (*protocol.ConfigureResponse, error)) diag.List {
	if config == nil {
		config = map[string]any{}
	}
	encoded, err := json.Marshal(config)
	if err != nil {
		return asList(p.invalid("taking its configuration", errors.New("the configuration is not JSON")))
	}
	response, err := call(&protocol.ConfigureRequest{ConfigJson: encoded})
	if err != nil {
		return asList(p.failure(ctx, "taking its configuration", err))
	}
	return protocol.DecodeDiagnostics(response.GetDiagnostics())
}

func asList(err error) diag.List {
	var diagnostic diag.Diagnostic
	switch {
	case errors.As(err, &diagnostic):
		return diag.List{diagnostic}
	case errors.Is(err, context.Canceled):
		return diag.List{diag.Interrupted("The plugin was not configured yet.")}
	}
	return diag.List{diag.Errorf("plugin-invalid", "Provider not configured", "%s", err)}
}
