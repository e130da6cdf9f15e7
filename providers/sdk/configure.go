package sdk

import (
	"context"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/providers/protocol"
)

type configurable interface {
	Configure(ctx context.Context, config map[string]any) diag.List
}

func configure(ctx context.Context, provider configurable,
	request *protocol.ConfigureRequest) (*protocol.ConfigureResponse, error) {
	config, err := protocol.DecodeObject(request.GetConfigJson())
	if err != nil {
		return nil, invalid(err)
	}
	if !request.GetOffline() {
		return &protocol.ConfigureResponse{Diagnostics: protocol.EncodeDiagnostics(provider.Configure(ctx, config))}, nil
	}
	offline, ok := provider.(OfflineConfigurer)
	if !ok {
		problem := diag.Errorf("provider-unsupported", "Provider needs its target",
			"This provider cannot plan from a snapshot of the target: it wants a connection.")
		return &protocol.ConfigureResponse{Diagnostics: protocol.EncodeDiagnostics(diag.List{problem})}, nil
	}
	return &protocol.ConfigureResponse{Diagnostics: protocol.EncodeDiagnostics(offline.ConfigureOffline(ctx, config))}, nil
}

// invalid is the answer to a message of the host that breaks the contract.
func invalid(err error) error {
	return protocol.EncodeError(&contract.ProviderError{Code: contract.ErrorInvalid,
		Message: "reading the call of the host: " + err.Error()})
}
