package parity

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/verify"
)

// comparison takes in the items of the newest snapshots, source by source, and knows what each of them became.
type comparison struct {
	grants, applicationTypes map[string]bool                  // types of resource
	live                     map[identity.ResourceID]bool     // grants that are there
	of                       map[string][]identity.ResourceID // key of an application in the target → its live grants
	became                   map[string]history.Binding       // address#type
	bound                    map[identity.ResourceID]bool     // grants that an item became, at any time
	wanted                   map[identity.ResourceID]bool     // grants that an item of a newest snapshot became
	applications             map[identity.Address]*applied    // of the newest snapshots
	groups                   map[identity.Address]group
	snapshots                []verify.SourceSnapshot
	sources                  map[string]bool
	silent                   map[string]bool // sources that did not tell all assignments, and addresses of applications
}

// applied is an application of a source and what is granted on it.
type applied struct {
	name           string
	moved          bool
	assigned, held int
	people, others int // assigned directly, and not in the target
	everyone       bool
	groups         []*lacking
}

// group is one of a source.
type group struct {
	name     string
	everyone bool // holds everybody
}

// lacking is a group whose grant is not in the target.
type lacking struct {
	id, name string
	members  int
}

func newComparison(bindings map[string]history.Binding, live []identity.Resource,
	schemas []identity.ResourceSchema) *comparison {
	c := &comparison{
		grants: map[string]bool{}, applicationTypes: map[string]bool{}, live: map[identity.ResourceID]bool{},
		of: map[string][]identity.ResourceID{}, became: bindings, bound: map[identity.ResourceID]bool{},
		wanted: map[identity.ResourceID]bool{}, applications: map[identity.Address]*applied{},
		groups: map[identity.Address]group{}, sources: map[string]bool{}, silent: map[string]bool{},
	}
	for _, schema := range schemas {
		c.grants[schema.Type] = slices.Contains(schema.ItemKinds, identity.KindAppAssignment)
		c.applicationTypes[schema.Type] = slices.Contains(schema.ItemKinds, identity.KindApplication)
	}
	for _, b := range bindings {
		if c.grants[b.Resource.Type] {
			c.bound[b.Resource] = true
		}
	}
	for _, r := range live {
		if !c.grants[r.Type] {
			continue
		}
		c.live[r.ID()] = true
		for _, name := range r.Attributes.Names() {
			if key, isText := r.Attributes[name].(string); isText {
				c.of[key] = append(c.of[key], r.ID())
			}
		}
	}
	return c
}

// begin names the snapshot whose items follow. Of the kinds in partly the source did not tell everything.
func (c *comparison) begin(source, snapshot string, at time.Time, gaps []identity.Gap) {
	c.snapshots = append(c.snapshots, verify.SourceSnapshot{Source: source, ID: snapshot, CompletedAt: at})
	c.sources[source] = true
	for _, gap := range gaps {
		switch {
		case gap.Kind != identity.KindAppAssignment && gap.Kind != identity.KindApplication:
		case gap.Of == "":
			c.silent[source] = true
		default:
			c.silent[identity.Address{Source: source, Kind: identity.KindApplication, ID: gap.Of}.String()] = true
		}
	}
}

// take takes an item in: groups, then applications, then assignments.
func (c *comparison) take(item identity.Item) error {
	switch item.Kind {
	case identity.KindGroup:
		var g kinds.Group
		if err := item.Decode(&g); err != nil {
			return err
		}
		c.groups[item.Address()] = group{name: item.Name, everyone: g.Everyone}
	case identity.KindApplication:
		return c.application(item)
	case identity.KindAppAssignment:
		return c.assignment(item)
	}
	return nil
}

func (c *comparison) application(item identity.Item) error {
	var a kinds.Application
	if err := item.Decode(&a); err != nil {
		return err
	}
	if a.Status == identity.StatusInactive {
		return nil
	}
	one := &applied{name: item.Name}
	for resourceType, is := range c.applicationTypes {
		_, bound := c.became[item.Address().String()+"#"+resourceType]
		one.moved = one.moved || is && bound
	}
	c.applications[item.Address()] = one
	if a.Access == identity.AccessEveryone {
		one.assigned++
		if c.holds(item.Address()) {
			one.held++
		} else {
			one.everyone = true
		}
	}
	return nil
}

func (c *comparison) assignment(item identity.Item) error {
	var a kinds.AppAssignment
	if err := item.Decode(&a); err != nil {
		return err
	}
	one := c.applications[identity.Address{Source: item.Source, Kind: identity.KindApplication, ID: a.Application}]
	if one == nil || !a.Direct || a.Status == identity.StatusInactive {
		return nil
	}
	one.assigned++
	switch {
	case c.holds(item.Address()):
		one.held++
	case a.PrincipalKind == string(identity.KindUser):
		one.people++
	case a.PrincipalKind == string(identity.KindGroup):
		known := c.groups[identity.Address{Source: item.Source, Kind: identity.KindGroup, ID: a.Principal}]
		if known.everyone { // whose members no source lists
			one.everyone = true
			break
		}
		one.groups = append(one.groups, &lacking{id: a.Principal, name: cmp.Or(known.name, a.PrincipalName, a.Principal)})
	default:
		one.others++
	}
	return nil
}

// holds tells whether the grant that an item became is in the target.
func (c *comparison) holds(item identity.Address) bool {
	held := false
	for grant, is := range c.grants {
		if b, bound := c.became[item.String()+"#"+grant]; is && bound {
			c.wanted[b.Resource] = true
			held = held || c.live[b.Resource]
		}
	}
	return held
}

// groupsToCount are the groups of a source whose members are to be counted, by id; each group once, whatever it lacks.
func (c *comparison) groupsToCount(source string) map[string]*lacking {
	wanted := map[string]*lacking{}
	for address, one := range c.applications {
		if address.Source != source {
			continue
		}
		for i, g := range one.groups {
			if first := wanted[g.id]; first != nil {
				one.groups[i] = first
				continue
			}
			wanted[g.id] = g
		}
	}
	return wanted
}

// found sums up: the applications that lack something, those on which most people hang first.
func (c *comparison) found() verify.Incumbent {
	in := verify.Incumbent{Snapshots: c.snapshots, Applications: []verify.Lacking{}}
	for address, one := range c.applications {
		in.Assignments += one.assigned
		in.Held += one.held
		if one.assigned == one.held {
			continue
		}
		l := verify.Lacking{Application: address, Name: one.name, Moved: one.moved, Assignments: one.assigned,
			Held: one.held, People: one.people, Others: one.others, Everyone: one.everyone, Groups: []verify.LackingGroup{}}
		for _, g := range one.groups {
			l.Groups = append(l.Groups, verify.LackingGroup{ID: g.id, Name: g.name, Members: g.members})
		}
		slices.SortFunc(l.Groups, func(a, b verify.LackingGroup) int {
			return cmp.Or(cmp.Compare(b.Members, a.Members), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
		})
		in.Applications = append(in.Applications, l)
	}
	slices.SortFunc(in.Applications, func(a, b verify.Lacking) int {
		return cmp.Or(-cmp.Compare(a.Hanging(), b.Hanging()), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Application.String(), b.Application.String()))
	})
	return in
}

// beyond is a result for each application of the runs whose source was read: it fails where the target still grants
// what the newest snapshot does not grant any more. Grants that no run made are another probe's.
func (c *comparison) beyond(expected []verify.Expected, at time.Time) []verify.Result {
	var results []verify.Result
	for _, e := range expected {
		if !c.applicationTypes[e.Resource.Type] || e.Attributes == nil || e.Mapped || !c.compared(e) {
			continue
		}
		result := verify.Result{StepID: e.StepID, Run: e.Run, At: at, ProbeResult: observation.ProbeResult{
			Probe: verify.GrantedAtSource, Resource: e.Resource, Status: observation.ProbePassed,
		}}
		granted, over := c.split(e.Resource.Key)
		switch {
		case len(over) > 0 && c.isSilent(e):
			result.Status, result.LookAt = observation.ProbeUnknown, "its assignments at the source, by hand"
			result.Summary = "the source did not tell all assignments, so nobody knows whether it still grants " +
				strings.Join(over, "; ")
		case len(over) > 0:
			result.Status, result.LookAt = observation.ProbeFailed, "rehome plan, which shows what was withdrawn"
			result.Summary = "the source does not grant any more: " + strings.Join(over, "; ")
		default:
			result.Summary = fmt.Sprintf("of what runs gave, the source grants all: %s",
				phrase.Plural(granted, "grant", "grants"))
		}
		results = append(results, result)
	}
	return results
}

// split parts the live grants of an application that an item became: how many an item of a newest snapshot became, and
// the keys of those that none did.
func (c *comparison) split(application string) (granted int, over []string) {
	keys := slices.Clone(c.of[application])
	slices.SortFunc(keys, func(a, b identity.ResourceID) int { return cmp.Compare(a.String(), b.String()) })
	for _, id := range slices.Compact(keys) {
		switch {
		case c.wanted[id]:
			granted++
		case c.bound[id]:
			over = append(over, id.Key)
		}
	}
	return granted, over
}

func (c *comparison) compared(e verify.Expected) bool {
	return slices.ContainsFunc(e.Items, func(item merge.ItemName) bool { return c.sources[item.Source] })
}

func (c *comparison) isSilent(e verify.Expected) bool {
	return slices.ContainsFunc(e.Items, func(item merge.ItemName) bool {
		return c.silent[item.Source] || c.silent[item.Address().String()]
	})
}
