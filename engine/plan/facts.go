package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// itemsInFacts is how many items of a step a fact names; a crowd is counted behind them.
const itemsInFacts = 10

// Facts are what an audit record says of a plan: whose it is, what it was made from and how many steps of which sort it
// has. They hold no secret and name nobody.
func (p *Plan) Facts() map[string]string {
	s := p.Summary
	facts := map[string]string{
		"status": string(p.Status), "preview_handoff_status": p.Handoff.Status, "target": p.Target.Provider + "." + p.Target.Name,
		"target_identity": p.Target.Identity, "mode": string(p.Migration.Mode), "rollback_of": p.TakesBack(),
	}
	for name, count := range map[string]int{
		"create": s.Create, "update": s.Update, "delete": s.Delete, "map": s.Map, "unchanged": s.Unchanged,
		"manual_follow_up": s.ManualFollowUp, "blocked": s.Blocked, "skipped": s.Skipped,
	} {
		facts[name] = strconv.Itoa(count)
	}
	if p.Part != nil {
		facts["wave"] = p.Part.Wave
	}
	var snapshots []string
	for _, snapshot := range p.Snapshots {
		snapshots = append(snapshots, snapshot.Source+" "+snapshot.ID)
	}
	facts["snapshots"] = strings.Join(snapshots, ", ")
	return withoutEmpty(facts)
}

// Facts are what an audit record says of a step: what is done to which resource of the target, for which items. They
// hold no value of an attribute, so no secret; an item may be a person, by its id.
func (s *Step) Facts() map[string]string {
	facts := map[string]string{
		"action": string(s.Action), "target_id": s.ServerID, "items": s.itemsFact(), "people": s.peopleFact(),
		"reason": s.Reason,
	}
	if s.Resource.Type != "" {
		facts["resource"] = s.Resource.String()
	}
	if s.DecidedBy != nil {
		facts["decided_by"] = fmt.Sprintf("%s:%d", s.DecidedBy.File, s.DecidedBy.Line)
	}
	return withoutEmpty(facts)
}

func (s *Step) itemsFact() string {
	count := len(s.Items)
	if s.Crowd != nil {
		count = max(count, s.Crowd.Count)
	}
	var names []string
	for _, item := range s.Items[:min(len(s.Items), itemsInFacts)] {
		names = append(names, identity.Address{Source: item.Source, Kind: item.Kind, ID: item.ID}.String())
	}
	if more := count - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// peopleFact names the users whom the items are about, so that a reader of the chain can leave them out.
func (s *Step) peopleFact() string {
	var people []string
	for _, item := range s.Items[:min(len(s.Items), itemsInFacts)] {
		if item.Person == "" {
			continue
		}
		user := identity.Address{Source: item.Source, Kind: identity.KindUser, ID: item.Person}.String()
		if !slices.Contains(people, user) {
			people = append(people, user)
		}
	}
	return strings.Join(people, ", ")
}

func withoutEmpty(facts map[string]string) map[string]string {
	for name, fact := range facts {
		if fact == "" {
			delete(facts, name)
		}
	}
	return facts
}
