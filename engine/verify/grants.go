package verify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
)

// GrantsByRuns is the name of the probe that compares the grants of an application with those that the runs made. It does
// not compare with who may use the application at the incumbent.
const GrantsByRuns = "grants_by_runs"

// CompareGrants compares, for each application, the live grants with those that the runs made or found: a grant that no run
// made lets in people whom the incumbent did not. Grants that are missing are found by reading back. Which types are
// applications and grants the schemas say; a grant belongs to the application whose key one of its attributes holds.
func CompareGrants(expected []Expected, live []identity.Resource, schemas []identity.ResourceSchema, at time.Time) []Result {
	applications, grants := typesOf(schemas, identity.KindApplication), typesOf(schemas, identity.KindAppAssignment)
	wanted := map[identity.ResourceID]bool{}
	for _, e := range expected {
		wanted[e.Resource] = e.Attributes != nil
	}
	foreign, counts := map[string][]string{}, map[string]int{}
	for _, r := range live {
		if !grants[r.Type] {
			continue
		}
		for _, name := range r.Attributes.Names() {
			if key, isText := r.Attributes[name].(string); isText {
				counts[key]++
				if !wanted[r.ID()] {
					foreign[key] = append(foreign[key], r.Key)
				}
			}
		}
	}
	var results []Result
	for _, e := range expected {
		if !applications[e.Resource.Type] || e.Attributes == nil || e.Mapped {
			continue
		}
		result := Result{StepID: e.StepID, Run: e.Run, At: at, ProbeResult: observation.ProbeResult{
			Probe: GrantsByRuns, Resource: e.Resource, Status: observation.ProbePassed,
			Summary:  grantsText(counts[e.Resource.Key]),
			Evidence: map[string]string{"grants": fmt.Sprint(counts[e.Resource.Key])},
		}}
		if extra := foreign[e.Resource.Key]; len(extra) > 0 {
			slices.Sort(extra)
			result.Status, result.LookAt = observation.ProbeFailed,
				"who gave it: the target's own log; take it back there, or assign it at the source and plan again"
			result.Summary = "granted by no run: " + strings.Join(slices.Compact(extra), "; ")
		}
		results = append(results, result)
	}
	return results
}

func grantsText(n int) string {
	if n == 1 {
		return "1 grant, made by a run"
	}
	return fmt.Sprintf("%d grants, all made by runs", n)
}

func typesOf(schemas []identity.ResourceSchema, kind identity.Kind) map[string]bool {
	types := map[string]bool{}
	for _, schema := range schemas {
		types[schema.Type] = slices.Contains(schema.ItemKinds, kind)
	}
	return types
}
