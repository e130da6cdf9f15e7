package sdk

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/stats"
)

// A killed host cannot stop its plugins, so a plugin ends by itself: when the last connection has ended, and, in case
// no connection ever came, when its parent process is another one. Neither may print: a host that is gone reads no
// pipe, and a write to a full pipe would keep the plugin alive for good.
const (
	connectionGrace = 100 * time.Millisecond
	parentInterval  = 2 * time.Second
)

// connectionWatch calls exit when no connection is left for the time of grace.
type connectionWatch struct {
	grace time.Duration
	exit  func()

	mutex sync.Mutex
	open  int
	timer *time.Timer
}

// TagRPC changes nothing; calls are not watched.
func (w *connectionWatch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return ctx
}

// HandleRPC does nothing; calls are not watched.
func (w *connectionWatch) HandleRPC(context.Context, stats.RPCStats) {}

// TagConn changes nothing.
func (w *connectionWatch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}

// HandleConn counts the connections.
func (w *connectionWatch) HandleConn(_ context.Context, event stats.ConnStats) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	switch event.(type) {
	case *stats.ConnBegin:
		w.open++
		if w.timer != nil {
			w.timer.Stop()
			w.timer = nil
		}
	case *stats.ConnEnd:
		w.open--
		if w.open == 0 {
			w.timer = time.AfterFunc(w.grace, w.exitIfAlone)
		}
	}
}

func (w *connectionWatch) exitIfAlone() {
	w.mutex.Lock()
	alone := w.open == 0
	w.mutex.Unlock()
	if alone {
		w.exit()
	}
}

// watchParent calls exit once the parent is not the one it was at the start.
func watchParent(parent func() int, exit func()) {
	first := parent()
	for {
		time.Sleep(parentInterval)
		if parent() != first {
			exit()
			return
		}
	}
}
