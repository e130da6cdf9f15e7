package sdk

import (
	"context"
	"log/slog"
	"os"
	"os/signal"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/rehome-iam/rehome/providers/protocol"
)

// ServeSource runs a source as a plugin until the host lets go of it. It is the whole of a provider's main.
func ServeSource(source Source) {
	serve(protocol.SourceService, func(server *grpc.Server) {
		protocol.RegisterSourceServer(server, &sourceServer{source: source})
	})
}

// ServeTarget runs a target as a plugin until the host lets go of it. It is the whole of a provider's main.
func ServeTarget(target Target) {
	serve(protocol.TargetService, func(server *grpc.Server) {
		protocol.RegisterTargetServer(server, &targetServer{target: target})
	})
}

func serve(name string, register func(*grpc.Server)) {
	// Ctrl-C reaches the whole process group; the host decides when a plugin ends, or a step would be cut in its middle.
	signal.Ignore(os.Interrupt)
	// Taken before go-plugin puts a pipe in its place, so that logs reach the host line by line and with their level.
	stderr := os.Stderr
	slog.SetDefault(slog.New(logHandler(stderr)))
	exit := func() { os.Exit(0) }
	go watchParent(os.Getppid, exit)
	connections := &connectionWatch{grace: connectionGrace, exit: exit}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  protocol.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{protocol.Version: {name: served{register: register}}},
		Logger:           hclog.New(&hclog.LoggerOptions{Name: name, Level: hclog.Info, Output: stderr, JSONFormat: true}),
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(options,
				grpc.MaxRecvMsgSize(protocol.MaxMessage), grpc.MaxSendMsgSize(protocol.MaxMessage),
				grpc.StatsHandler(connections))...)
		},
	})
}

// served registers one service; rehome's host talks to it over the connection itself and needs no client made here.
type served struct {
	plugin.NetRPCUnsupportedPlugin
	register func(*grpc.Server)
}

// GRPCServer puts the service on the server that go-plugin made.
func (s served) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	s.register(server)
	return nil
}

// GRPCClient is asked for by go-plugin's interface only.
func (s served) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, connection *grpc.ClientConn) (any, error) {
	return connection, nil
}
