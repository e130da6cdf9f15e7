package plan

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Unmanaged are the resources of one type that the target has and that rehome neither made nor mapped.
type Unmanaged struct {
	Type  string   `json:"type"`
	Count int      `json:"count"`
	Keys  []string `json:"keys"` // sorted
}

// UnmanagedOf tells what of the target is none of rehome's, by type: it has no tag of ours, no item is bound to it, and
// no step of the plan makes, changes, maps or keeps it. What only waits for a decision is nobody's yet.
func UnmanagedOf(p *Plan, live []identity.Resource, bound []identity.ResourceID) []Unmanaged {
	managed, ids := map[identity.ResourceID]bool{}, map[string]bool{}
	for _, id := range bound {
		managed[id] = true
	}
	for i := range p.Steps {
		step := &p.Steps[i]
		done := step.Disposition == DispositionPlanned || step.Disposition == DispositionUnchanged
		if step.Disposition == DispositionSkipped || step.Pending() || !done && len(step.Matches) > 0 {
			continue // what a blocked step meets without a match is a part of what is ours
		}
		managed[step.Resource] = true
		if step.ServerID != "" {
			ids[step.Resource.Type+":"+step.ServerID] = true
		}
	}
	for _, r := range live {
		if r.Tag != "" || r.ServerID != "" && ids[r.Type+":"+r.ServerID] {
			managed[r.ID()] = true
		}
	}
	found := map[string][]string{}
	for _, r := range live {
		if !managed[r.ID()] && !hangsOn(r, managed) {
			found[r.Type] = append(found[r.Type], r.Key)
		}
	}
	all := make([]Unmanaged, 0, len(found))
	for of, keys := range found {
		slices.Sort(keys)
		all = append(all, Unmanaged{Type: of, Count: len(keys), Keys: keys})
	}
	slices.SortFunc(all, func(a, b Unmanaged) int { return strings.Compare(a.Type, b.Type) })
	return all
}

// hangsOn tells whether a resource is a part of one of these. Parts are called after what they hang on, type and key: the
// client_enablement of a client has its key, and a client_role has that and the name of the role.
func hangsOn(r identity.Resource, these map[identity.ResourceID]bool) bool {
	key := r.Key[:max(0, strings.LastIndexByte(r.Key, '/'))] // keys may be addresses
	for i, letter := range r.Type {
		if letter != '_' {
			continue
		}
		of := r.Type[:i]
		if these[identity.ResourceID{Type: of, Key: r.Key}] || these[identity.ResourceID{Type: of, Key: key}] {
			return true
		}
	}
	return false
}
