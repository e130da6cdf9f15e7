package rehearsal

import (
	"fmt"
	"sort"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Side is a target before anything is written.
type Side struct {
	Identity string
	Marker   contract.Marker
	Live     []identity.Resource
}

// Suffix ends the name of a migration that is rehearsed, so that no target is taken for the real one's.
const Suffix = "-rehearsal"

// Refuse says why a target may not be rehearsed on, or nothing. Outward is what of it would reach the world outside.
func Refuse(real, scratch Side, outward []string) string {
	if real.Identity == scratch.Identity {
		return fmt.Sprintf("It is the target itself: both are %s.", real.Identity)
	}
	if shared := SharedIDs(real.Live, scratch.Live); len(shared) > 0 {
		return fmt.Sprintf("It has objects of the target: %d ids are the same, such as that of %s. It is the target under "+
			"another address, or a copy that kept its ids.", len(shared), shared[0])
	}
	if m := scratch.Marker; m.Migration != "" || m.Lease.ID != "" || m.Run != "" || m.AppliedPlan != "" {
		return usedBefore(m)
	}
	if len(outward) > 0 {
		return fmt.Sprintf("It could reach people or systems outside: %s%s.", outward[0], more(len(outward)-1))
	}
	return ""
}

func usedBefore(m contract.Marker) string {
	if n := len(m.Migration) - len(Suffix); n >= 0 && m.Migration[n:] == Suffix {
		return "An earlier rehearsal did not come to its end there, so what it made may still be in it."
	}
	return fmt.Sprintf("It is the target of migration %q.", m.Migration)
}

func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", and %d more", n)
}

// SharedIDs lists the resources of scratch whose id some resource of the same type has in real, sorted. Ids are unique
// over a server, so two targets that share one are one target.
func SharedIDs(real, scratch []identity.Resource) []identity.ResourceID {
	known := map[identity.ResourceID]bool{}
	for _, r := range real {
		if r.ServerID != "" {
			known[identity.ResourceID{Type: r.Type, Key: r.ServerID}] = true
		}
	}
	var shared []identity.ResourceID
	for _, r := range scratch {
		if r.ServerID != "" && r.ServerID != r.Key && known[identity.ResourceID{Type: r.Type, Key: r.ServerID}] {
			shared = append(shared, r.ID())
		}
	}
	sort.Slice(shared, func(i, j int) bool { return shared[i].String() < shared[j].String() })
	return shared
}
