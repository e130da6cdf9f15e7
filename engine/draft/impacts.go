package draft

import (
	"slices"
	"sort"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// impactsOfItems lists the impacts of all items that move, wait, must be rebuilt by hand or are lost, so that all can
// be acknowledged at once. What is skipped stays as it is, and what is blocked does not move before somebody makes it
// another class.
func (b *builder) impactsOfItems() []fidelity.Impact {
	whole, part := assess.NewImpactCollector(), assess.NewImpactCollector()
	for _, item := range b.items {
		if item.disposition == plan.DispositionSkipped || item.disposition == plan.DispositionBlocked {
			continue
		}
		findings := append(slices.Clone(item.result.Findings), b.impacts[item.address]...)
		whole.Add(item.of.Address(), findings)
		if !item.left {
			part.Add(item.of.Address(), findings)
		}
	}
	return named(impactsOf(part), impactsOf(whole))
}

// named gives the impacts of a part of the move the IDs of those of the whole, so that an acknowledgement holds for
// every wave.
func named(part, whole []fidelity.Impact) []fidelity.Impact {
	type subject struct {
		code     string
		audience fidelity.Audience
		severity fidelity.Severity
	}
	ids := map[subject]string{}
	for _, i := range whole {
		ids[subject{i.Code, i.Audience, i.Severity}] = i.ID
	}
	for i := range part {
		part[i].ID = ids[subject{part[i].Code, part[i].Audience, part[i].Severity}]
	}
	return part
}

func impactsOf(collector *assess.ImpactCollector) []fidelity.Impact {
	impacts := []fidelity.Impact{}
	for _, i := range collector.Impacts() {
		impacts = append(impacts, fidelity.Impact{
			ID: i.ID, Code: i.Code, Audience: i.Audience, Severity: i.Severity, Summary: i.Summary, Tell: i.Tell, Items: i.Items,
			Count: i.Count,
		})
	}
	return impacts
}

// joinImpacts adds those of people to those of everything else.
func joinImpacts(all, more []fidelity.Impact) []fidelity.Impact {
	all = append(all, more...)
	sort.SliceStable(all, func(i, j int) bool { return all[i].Before(all[j]) })
	return all
}
