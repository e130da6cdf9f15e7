package terminal

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/project"
)

// Listener tells what use cases send: notes and problems to a person, facts as JSON lines, progress in a line that is
// written over. Safe for many goroutines.
type Listener struct {
	*Lines
	Err    io.Writer // where a person reads notes and progress
	Silent bool      // no person reads: neither notes nor problems are written for one
	Live   bool      // a line may be written over
	Now    func() time.Time
	Show   func(diag.List) // shows problems to a person
	Part   func(string)    // what to say when a second interrupt ends the process at once

	mutex sync.Mutex
	bar   *progress // of the work that goes on; nil while none does
}

// Send implements project.Events.
func (l *Listener) Send(event project.Event) {
	switch e := event.(type) {
	case project.Fact:
		if e.Declared {
			l.EmitDeclared(e.Type, e.Fields)
			return
		}
		l.Emit(e.Type, e.Fields)
	case project.Note:
		if !l.Silent {
			fmt.Fprintln(l.Err, e.Text)
		}
	case project.Problems:
		l.Diagnostics(e.List)
		if !l.Silent {
			l.Show(e.List)
		}
	case project.Progress:
		l.progress(e)
	case project.Parting:
		l.Part(e.Text)
	}
}

func (l *Listener) progress(p project.Progress) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.bar == nil {
		l.bar = newProgress(l)
	}
	switch {
	case p.End:
		l.bar.end()
		l.bar = nil
	case p.Text != "":
		l.bar.show(p.Text)
	default:
		l.bar.bar(p.Done, p.Total, p.Current)
	}
}
