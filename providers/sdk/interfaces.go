package sdk

import (
	"context"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Source reads an incumbent. It has no way to write.
type Source interface {
	// Schema says what the source is and which arguments it takes. It needs no configuration.
	Schema() contract.ProviderSchema
	// Configure checks and keeps the arguments of the source block: string, bool, float64, []any of string, by name;
	// absent arguments are not in the map. It opens no connection. Diagnostics name the argument in Address.
	Configure(ctx context.Context, config map[string]any) diag.List
	// Identify asks the incumbent which tenant this is, the cheapest call that proves address and token.
	Identify(ctx context.Context) (contract.SourceIdentity, error)
	// Collect reads everything once and hands it to the sink, in any order. Item.Source stays empty: the host sets it.
	// It fails with *contract.ProviderError; a forbidden kind is a Gap and no failure.
	Collect(ctx context.Context, sink Sink) error
	// Secret fetches one secret value at the moment it is needed.
	Secret(ctx context.Context, item identity.ItemID, field string) (string, error)
}

// Sink takes what a source reads. It blocks when the host is slower than the source. Safe for many goroutines.
type Sink interface {
	// Page takes one response page, already redacted, and returns its sequence number for Item.Page.
	Page(ctx context.Context, page identity.PageEvidence) (int, error)
	Items(ctx context.Context, items ...identity.Item) error
	Gap(ctx context.Context, gap identity.Gap) error
}

// Target is the platform moved to.
type Target interface {
	Schema() contract.ProviderSchema
	Configure(ctx context.Context, config map[string]any) diag.List
	// Identify proves that the target is there and may be used.
	Identify(ctx context.Context) (contract.TargetIdentity, error)
	// Translate is pure: what this target makes of one item. It needs a configured target, but no connection.
	Translate(item identity.Item) contract.Translation
	// Read hands out all live resources of the types in Schema, built-in objects included when they hold a key.
	Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error)
	// Check is the second pass: what only the whole desired set, next to the live one, can show. Pure.
	Check(desired, live []identity.Resource) []contract.CheckFinding
	// Apply does one step. It is idempotent and checks StepRequest.Before first (ErrorConflict).
	Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error)
	// ReadMarker returns the zero Marker and an empty revision where there is none.
	ReadMarker(ctx context.Context) (contract.Marker, contract.MarkerRevision, error)
	// WriteMarker writes when the marker still has the revision it is based on, else ErrorConflict.
	WriteMarker(ctx context.Context, marker contract.Marker,
		basedOn contract.MarkerRevision) (contract.MarkerRevision, error)
}
