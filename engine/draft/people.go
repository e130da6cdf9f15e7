package draft

import (
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
	"sort"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// namedOfCrowd is how many items of a crowd are named; the digest covers all.
const namedOfCrowd = 10

// Crowds gathers users and memberships without holding them: one step for all of a kind for which the same holds. It
// needs memory for the steps, not for the people.
type Crowds struct {
	picker  *merge.Picker
	groups  map[string]*crowd
	impacts *assess.ImpactCollector
	diags   diag.List
}

type crowd struct {
	step  plan.Step
	count int
	sum   [8]uint64 // sum of SHA-512 modulo 2^512: the same for every order
}

// NewCrowds takes the skip blocks, which people obey like every other item.
func NewCrowds(skips []merge.Skip) *Crowds {
	return &Crowds{picker: merge.NewPicker(nil, skips), groups: map[string]*crowd{}, impacts: assess.NewImpactCollector()}
}

// Add takes one person or membership. It must not become a resource: people who are created are steps of their own.
func (c *Crowds) Add(item AssessedItem) error {
	if len(item.Translation.Resources) > 0 {
		return fmt.Errorf("%s becomes a resource and cannot be part of a crowd", item.Item.Address())
	}
	skip, problems := c.picker.Skip(item.Item)
	c.diags = append(c.diags, problems...)
	if skip == nil && item.Result.Class != assess.ClassBlocked {
		c.impacts.Add(item.Item.Address(), item.Result.Findings)
	}
	step := crowdStep(item, skip)
	group := c.groups[step.ID]
	if group == nil {
		group = &crowd{step: step}
		c.groups[step.ID] = group
	}
	group.add(merge.ItemName{Source: item.Item.Source, Kind: item.Item.Kind, ID: item.Item.ID, Name: item.Item.Name,
		Person: item.Item.Person()})
	return nil
}

func crowdStep(item AssessedItem, skip *merge.Skip) plan.Step {
	step := plan.Step{
		Action: plan.ActionNone, Class: item.Result.Class, Reason: item.Result.Rationale, ToDo: item.Result.ToDo,
		AfterUnknown: []string{}, AfterSensitive: []string{}, DependsOn: []string{},
	}
	switch {
	case skip != nil:
		step.Disposition, step.Reason, step.ToDo, step.DecidedBy = plan.DispositionSkipped, skip.Reason, "", skip.Place()
	case item.Result.Class == assess.ClassBlocked:
		step.Disposition = plan.DispositionBlocked
	case item.Result.Class == assess.ClassManual:
		step.Disposition = plan.DispositionManual
	default:
		step.Disposition = plan.DispositionUnchanged
	}
	sum := sha512.Sum512([]byte(step.Reason))
	step.ID = fmt.Sprintf("people:%s/%s/%s/%s/%s", item.Item.Source, item.Item.Kind, step.Disposition, step.Class,
		hex.EncodeToString(sum[:4]))
	return step
}

func (g *crowd) add(item merge.ItemName) {
	g.count++
	sum := sha512.Sum512([]byte(identity.Address{Source: item.Source, Kind: item.Kind, ID: item.ID}.String()))
	carry := uint64(0)
	for i := range g.sum {
		g.sum[i], carry = bits.Add64(g.sum[i], binary.LittleEndian.Uint64(sum[8*i:]), carry)
	}
	at := sort.Search(len(g.step.Items), func(i int) bool { return g.step.Items[i].ID >= item.ID })
	if at == namedOfCrowd {
		return
	}
	g.step.Items = append(g.step.Items, merge.ItemName{})
	copy(g.step.Items[at+1:], g.step.Items[at:])
	g.step.Items[at] = item
	g.step.Items = g.step.Items[:min(len(g.step.Items), namedOfCrowd)]
}

// Join puts the crowds into a plan as its last steps, into its impacts, its summary and its books. The caller closes
// the gates afterwards.
func (c *Crowds) Join(p *plan.Plan) diag.List {
	ids := make([]string, 0, len(c.groups))
	for id := range c.groups {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		group := c.groups[id]
		step := group.step
		step.ID = id
		var digest [64]byte
		for i, word := range group.sum {
			binary.LittleEndian.PutUint64(digest[8*i:], word)
		}
		step.Crowd = &plan.Crowd{Count: group.count, Digest: fmt.Sprintf("%d:%s", group.count, hex.EncodeToString(digest[:]))}
		p.Steps = append(p.Steps, step)
		join(&p.Summary, &step, group.count)
	}
	p.Impacts = joinImpacts(p.Impacts, impactsOf(c.impacts))
	return c.diags
}

// join counts a crowd.
func join(s *plan.Summary, step *plan.Step, count int) {
	s.Classes[step.Class] += count
	s.Books.Items += count
	switch step.Disposition {
	case plan.DispositionSkipped:
		s.Books.Skipped += count
	case plan.DispositionBlocked:
		s.Books.Blocked += count
	case plan.DispositionManual:
		s.Books.Manual += count
	case plan.DispositionPlanned, plan.DispositionUnchanged:
		s.Books.Visible += count
	}
}
