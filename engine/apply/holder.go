package apply

import (
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
)

// Holder is who has the lease on a target.
type Holder struct {
	ID      string // what force-unlock must be told
	Run     string
	Actor   string
	Host    string
	PID     int
	Command string
	Since   time.Time
}

// String is what people see in a refusal: ID: run RUN of ACTOR on HOST, process PID, COMMAND, since TIME.
func (h Holder) String() string {
	return fmt.Sprintf("%s: run %s of %s on %s, process %d, %s, since %s",
		h.ID, h.Run, h.Actor, h.Host, h.PID, h.Command, h.Since.UTC().Format(time.RFC3339))
}

// HolderOf is who has a lease that was read. A lease without a time that reads has a holder since ever.
func HolderOf(l contract.Lease) Holder {
	since, _ := time.Parse(time.RFC3339, l.Since)
	return Holder{ID: l.ID, Run: l.Run, Actor: l.Actor, Host: l.Host, PID: l.PID, Command: l.Command, Since: since}
}

// lease is the lease of a holder until a time.
func (h Holder) lease(until time.Time) contract.Lease {
	return contract.Lease{
		ID: h.ID, Run: h.Run, Actor: h.Actor, Host: h.Host, PID: h.PID, Command: h.Command,
		Since: h.Since.UTC().Format(time.RFC3339), Expires: until.UTC().Format(time.RFC3339),
	}
}
