package rehearsal

import (
	"fmt"
	"sort"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
)

// Compare lists what differs between two readings of a target, sorted. What the server computes or hides is not
// compared, nor are ids: what was deleted and put back has a new one.
func Compare(before, after []identity.Resource, schemas []identity.ResourceSchema) []history.RehearsalDifference {
	kinds := map[string]identity.ResourceSchema{}
	for _, schema := range schemas {
		kinds[schema.Type] = schema
	}
	now := map[identity.ResourceID]identity.Resource{}
	for _, r := range after {
		now[r.ID()] = r
	}
	differences := []history.RehearsalDifference{}
	for _, was := range before {
		is, ok := now[was.ID()]
		delete(now, was.ID())
		if !ok {
			differences = append(differences, history.RehearsalDifference{Resource: was.ID(), Summary: "it is not there any more"})
			continue
		}
		both := identity.Attributes{}
		for _, side := range []identity.Attributes{was.Attributes, is.Attributes} {
			for name, value := range side {
				both[name] = value
			}
		}
		schema := kinds[was.Type]
		for _, name := range merge.Changed(merge.Managed(both, schema), was.Attributes, is.Attributes, schema) {
			differences = append(differences, history.RehearsalDifference{Resource: was.ID(), Attribute: name,
				Summary: fmt.Sprintf("%s is not as it was", name)})
		}
		if was.Tag != is.Tag {
			differences = append(differences, history.RehearsalDifference{Resource: was.ID(), Summary: "its tag is not as it was"})
		}
	}
	for id := range now {
		differences = append(differences, history.RehearsalDifference{Resource: id, Summary: "the rehearsal left it"})
	}
	sort.SliceStable(differences, func(i, j int) bool {
		return differences[i].Resource.String() < differences[j].Resource.String()
	})
	return differences
}
