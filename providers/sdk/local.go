package sdk

import (
	"context"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/rehome-iam/rehome/providers/protocol"
)

// localBuffer is how many bytes a connection within the process holds back.
const localBuffer = 1 << 20

// LocalSource connects to a source in this process, over a connection in memory: what it says passes the protocol as
// that of a plugin does. Each call makes a source of its own, as each start of a plugin does; it ends when its
// connection is closed.
func LocalSource(make func() Source) func(ctx context.Context) (net.Conn, error) {
	return local(func(server *grpc.Server) {
		protocol.RegisterSourceServer(server, &sourceServer{source: make()})
	})
}

// LocalTarget is LocalSource of a target.
func LocalTarget(make func() Target) func(ctx context.Context) (net.Conn, error) {
	return local(func(server *grpc.Server) {
		protocol.RegisterTargetServer(server, &targetServer{target: make()})
	})
}

func local(register func(*grpc.Server)) func(ctx context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		server := grpc.NewServer(grpc.MaxRecvMsgSize(protocol.MaxMessage), grpc.MaxSendMsgSize(protocol.MaxMessage))
		register(server)
		listener := bufconn.Listen(localBuffer)
		go func() { _ = server.Serve(listener) }() // it ends with the connection, and then nobody is there to be told
		connection, err := listener.DialContext(ctx)
		if err != nil {
			server.Stop()
			return nil, err
		}
		return &localConnection{Conn: connection, end: sync.OnceFunc(func() { go server.Stop() })}, nil
	}
}

// localConnection ends its server when it is closed.
type localConnection struct {
	net.Conn
	end func()
}

// Close implements net.Conn.
func (c *localConnection) Close() error {
	defer c.end()
	return c.Conn.Close()
}
