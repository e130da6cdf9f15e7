package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/rehome-iam/rehome/providers/protocol"
)

// process is a running plugin.
type process struct {
	name         string
	path         string
	startTimeout time.Duration
	redact       func(string) string
	tail         *tail
	client       *plugin.Client
	command      *exec.Cmd
	connection   *grpc.ClientConn
	kill         context.CancelFunc
	socketDir    string
	closeOnce    sync.Once
}

// hostVariables lists what every plugin may see of the host's environment.
func hostVariables() []string {
	return []string{
		"PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "LANG",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	}
}

// environment takes the allowed variables out of the host's. A variable that is not set is not passed, not even as
// empty.
func environment(allowed, environ []string) []string {
	set := map[string]string{}
	for _, variable := range environ {
		if name, value, ok := strings.Cut(variable, "="); ok {
			set[name] = value
		}
	}
	var variables []string
	for _, name := range slices.Concat(hostVariables(), allowed) {
		if strings.HasPrefix(name, "PLUGIN_") || strings.HasPrefix(name, "REHOME_PLUGIN") || strings.Contains(name, "=") {
			continue // these belong to the handshake
		}
		if value, ok := set[name]; ok {
			variables = append(variables, name+"="+value)
		}
	}
	return variables
}

// launch starts a plugin and waits for its handshake. When ctx ends during the start, the process is killed.
func launch(ctx context.Context, options Options) (*process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !executable(options.Path) {
		return nil, missing(options.Name, options.Path)
	}
	// A path without a separator would be looked for along PATH.
	path, err := filepath.Abs(options.Path)
	if err != nil {
		return nil, fmt.Errorf("naming the plugin %s: %w", options.Path, err)
	}
	options.Path = path
	secure, err := secureConfig(options)
	if err != nil {
		return nil, err
	}
	socketDir, err := makeSocketDir(os.TempDir())
	if err != nil {
		return nil, err
	}
	file, err := pin(options.Path)
	if err != nil {
		return nil, err
	}
	defer file.close()
	p := &process{
		name: options.Name, path: options.Path, startTimeout: options.startTimeout(), redact: options.Redact, tail: &tail{},
		socketDir: socketDir,
	}
	// The context of the process outlives ctx, which is about the start only.
	running, kill := context.WithCancel(context.Background())
	p.kill = kill
	p.client = plugin.NewClient(p.config(running, options, file.path, secure))
	if err := p.start(ctx); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *process) config(running context.Context, options Options, path string,
	secure *plugin.SecureConfig) *plugin.ClientConfig {
	logger := options.Logger
	if logger == nil {
		logger = hclog.NewNullLogger()
	}
	logger = logger.Named("plugin." + options.Name)
	command := exec.CommandContext(running, path)
	command.Args[0] = options.Path
	ownGroup(command)
	p.command = command
	command.Dir = options.Folder
	command.Env = append(environment(options.Variables, options.Environ), plugin.EnvUnixSocketDir+"="+p.socketDir)
	printed := &lineLogger{log: logger.Info}
	return &plugin.ClientConfig{
		HandshakeConfig:  protocol.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{protocol.Version: {}},
		Cmd:              command,
		SecureConfig:     secure,
		StartTimeout:     p.startTimeout,
		Stderr:           p.tail,
		SyncStdout:       printed,
		SyncStderr:       teeWriter{p.tail, printed},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hostLogger{Logger: logger, binary: filepath.Base(options.Path)},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		GRPCDialOptions:  dialOptions(),
	}
}

func dialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(protocol.MaxMessage),
			grpc.MaxCallSendMsgSize(protocol.MaxMessage)),
		grpc.WithMaxHeaderListSize(protocol.MaxMetadata),
	}
}

// dial connects to a provider that runs already.
func dial(options Options) (*process, error) {
	through := grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return options.Dial(ctx) })
	plain := grpc.WithTransportCredentials(insecure.NewCredentials()) // it does not leave this process
	connection, err := grpc.NewClient("passthrough:"+options.Name, append(dialOptions(), through, plain)...)
	if err != nil {
		return nil, fmt.Errorf("connecting to provider %s: %w", options.Name, err)
	}
	return &process{name: options.Name, redact: options.Redact, tail: &tail{}, connection: connection}, nil
}

func (p *process) start(ctx context.Context) error {
	stop := context.AfterFunc(ctx, p.kill)
	defer stop()
	began := time.Now()
	connected, err := p.client.Client()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		// What it wrote last may still be in the pipe.
		p.awaitExit(lastWords)
		return p.startFailure(err, time.Since(began))
	}
	grpcClient, ok := connected.(*plugin.GRPCClient)
	if !ok {
		return p.startFailure(errors.New("it does not speak gRPC"), 0)
	}
	p.connection = grpcClient.Conn
	return nil
}

// awaitExit waits for the end of the process, for a while.
func (p *process) awaitExit(limit time.Duration) {
	for end := time.Now().Add(limit); p.client != nil && !p.client.Exited() && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}

// close ends the process: on request first, by force when it does not listen.
func (p *process) close() {
	p.closeOnce.Do(func() {
		if p.client == nil { // nothing was started
			_ = p.connection.Close()
			return
		}
		const patience = 5 * time.Second
		ended := make(chan struct{})
		go func() { p.client.Kill(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(patience):
			// A child that the plugin left behind can hold its pipes open; nothing here waits for that.
		}
		p.kill()
		endGroup(p.command)
		_ = os.RemoveAll(p.socketDir)
	})
}

func secureConfig(options Options) (*plugin.SecureConfig, error) {
	if options.SHA256 == "" {
		return nil, nil
	}
	sum, err := hex.DecodeString(strings.TrimPrefix(options.SHA256, "sha256:"))
	if err != nil || len(sum) != sha256.Size {
		return nil, checksumNotValid(options.Name)
	}
	return &plugin.SecureConfig{Checksum: sum, Hash: sha256.New()}, nil
}

type teeWriter struct {
	first, second interface{ Write([]byte) (int, error) }
}

// Write writes to both; neither fails.
func (t teeWriter) Write(text []byte) (int, error) {
	_, _ = t.first.Write(text)
	return t.second.Write(text)
}
