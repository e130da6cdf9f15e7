package client

import (
	"context"
	"net"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/providers/protocol"
)

// Options say what to start and how.
type Options struct {
	Path   string              // of the plugin, see Finder
	Name   string              // of the provider, for messages
	SHA256 string              // expected sum in hexadecimal; empty checks nothing
	Logger hclog.Logger        // takes what the plugin logs and prints; must redact; nil discards
	Redact func(string) string // for the last lines of a plugin in a message; nil leaves them
	// that the plugin works in, so that relative paths mean the same there; empty is that of this process
	Folder       string
	Environ      []string      // name=value: the variables of the host
	Variables    []string      // names of those that the plugin may see, beyond those of proxies and certificates
	StartTimeout time.Duration // zero means protocol.StartTimeout

	// Dial connects to a provider that runs already, such as one in this process: then nothing is started, and Path is not
	// used.
	Dial func(ctx context.Context) (net.Conn, error)
}

func (o Options) startTimeout() time.Duration {
	if o.StartTimeout > 0 {
		return o.StartTimeout
	}
	return protocol.StartTimeout
}

// LaunchSource starts a source plugin. The caller closes it. ctx is about the start only.
func LaunchSource(ctx context.Context, options Options) (*Source, error) {
	running, err := connect(ctx, options)
	if err != nil {
		return nil, err
	}
	return &Source{process: running, calls: protocol.NewSourceClient(running.connection)}, nil
}

// LaunchTarget starts a target plugin. The caller closes it. ctx is about the start only.
func LaunchTarget(ctx context.Context, options Options) (*Target, error) {
	running, err := connect(ctx, options)
	if err != nil {
		return nil, err
	}
	return &Target{process: running, calls: protocol.NewTargetClient(running.connection)}, nil
}

func connect(ctx context.Context, options Options) (*process, error) {
	if options.Dial != nil {
		return dial(options)
	}
	return launch(ctx, options)
}

func checksumNotValid(name string) error {
	return diag.Errorf("plugin-checksum-mismatch", "Checksum not valid",
		"The checksum that is expected of the plugin of provider %s is not 64 hexadecimal digits.", name)
}
