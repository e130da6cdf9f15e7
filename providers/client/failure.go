package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/providers/protocol"
)

// lastWords is how long a failed call waits for the end of the process, so that what it wrote last is in the message.
const lastWords = 500 * time.Millisecond

// startFailure says why a plugin did not start. go-plugin has no errors of its own for most of this, so the version is
// told by its text, which TestAPluginOfAnotherProtocolVersionIsRefused watches.
func (p *process) startFailure(err error, took time.Duration) error {
	switch {
	case errors.Is(err, plugin.ErrChecksumsDoNotMatch):
		return diag.Errorf("plugin-checksum-mismatch", "Provider plugin was changed",
			"The file %s is not the one that the lock file names for provider %s. It was not started. "+
				"Install the locked version, or run init -upgrade when the change is meant.", p.path, p.name)
	case strings.Contains(err.Error(), "incompatible"):
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return diag.Errorf("plugin-version-mismatch", "Provider plugin does not fit",
			"The plugin of provider %s speaks another protocol version than %d: %s. Install the plugin that belongs to this "+
				"rehome.",
			p.name, protocol.Version, protocol.CleanText(reason))
	case took >= p.startTimeout:
		return diag.Errorf("plugin-timeout", "Provider plugin did not answer",
			"The plugin of provider %s (%s) said nothing within %s of its start and was stopped.%s", p.name, p.path,
			p.startTimeout, p.said())
	}
	reason, _, _ := strings.Cut(err.Error(), "\n")
	if strings.HasPrefix(reason, "Unrecognized remote plugin message") {
		// The hint that follows in go-plugin's text is about architectures and misleads.
		reason = "it ended, or wrote something else, where its handshake was expected"
	}
	return diag.Errorf("plugin-start-failed", "Provider plugin did not start",
		"The plugin of provider %s (%s) could not be started: %s.%s", p.name, p.path, protocol.CleanText(reason), p.said())
}

// failure says why a call failed: the provider's own error, the end of ctx, or what is wrong with the plugin.
func (p *process) failure(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if failure, ok := protocol.DecodeError(err); ok {
		return failure
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return diag.Errorf("plugin-timeout", "Provider plugin did not answer",
			"The plugin of provider %s did not finish %s in time.%s", p.name, doing, p.said())
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s with provider %s: %w", doing, p.name, ctx.Err())
	}
	state, ok := status.FromError(err)
	if !ok {
		// It never left the host: a value that does not encode.
		return fmt.Errorf("%s with provider %s: %w", doing, p.name, err)
	}
	switch state.Code() {
	case codes.Unimplemented:
		return diag.Errorf("plugin-version-mismatch", "Provider plugin does not fit",
			"The plugin of provider %s has no call for %s: it is older than this rehome, or it is a source where a target is "+
				"wanted, or the other way round.", p.name, doing)
	case codes.Unavailable, codes.Canceled, codes.Unknown:
		return p.died(doing, protocol.CleanText(state.Message()))
	case codes.DeadlineExceeded:
		return diag.Errorf("plugin-timeout", "Provider plugin did not answer",
			"The plugin of provider %s did not finish %s in time.%s", p.name, doing, p.said())
	default:
		return p.invalid(doing, errors.New(protocol.CleanText(state.Message())))
	}
}

func (p *process) died(doing, reason string) error {
	p.awaitExit(lastWords)
	return diag.Errorf("plugin-died", "Provider plugin ended",
		"The plugin of provider %s ended while it was %s, so the work is not complete: %s.%s", p.name, doing,
		reason, p.said())
}

// invalid is for an answer that breaks the contract.
func (p *process) invalid(doing string, err error) error {
	return diag.Errorf("plugin-invalid", "Provider plugin answer not valid",
		"While %s, the plugin of provider %s gave an answer that breaks the contract, and it was not used: %s.", doing,
		p.name, err)
}

// said is the end of a message with the last lines of the plugin.
func (p *process) said() string {
	text := p.tail.text()
	if text == "" {
		return " It wrote nothing."
	}
	if p.redact != nil {
		text = p.redact(text)
	}
	return " It wrote last:\n" + text
}
