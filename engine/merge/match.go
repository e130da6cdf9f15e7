package merge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/value"
)

// maxCandidates is how many likely resources a match lists.
const maxCandidates = 5

// Index finds live resources by binding, tag, natural key and evidence. It does not change after NewIndex.
type Index struct {
	schemas  map[string]identity.ResourceSchema
	bindings map[string]Binding
	byKey    map[identity.ResourceID]*identity.Resource
	byServer map[identity.ResourceID]*identity.Resource // type and server id
	byTag    map[string][]*identity.Resource            // tag#type
	evidence map[string][]*identity.Resource            // type, attribute, value
}

// NewIndex indexes the live resources. Bindings are keyed by BindingKey.
func NewIndex(live []identity.Resource, schemas []identity.ResourceSchema, bindings map[string]Binding) *Index {
	x := &Index{
		schemas: map[string]identity.ResourceSchema{}, bindings: bindings,
		byKey: map[identity.ResourceID]*identity.Resource{}, byServer: map[identity.ResourceID]*identity.Resource{},
		byTag: map[string][]*identity.Resource{}, evidence: map[string][]*identity.Resource{},
	}
	for _, schema := range schemas {
		x.schemas[schema.Type] = schema
	}
	for i := range live {
		x.add(&live[i])
	}
	return x
}

func (x *Index) add(r *identity.Resource) {
	x.byKey[x.Fold(r.ID())] = r
	if r.ServerID != "" {
		x.byServer[identity.ResourceID{Type: r.Type, Key: r.ServerID}] = r
	}
	if r.Tag != "" {
		x.byTag[r.Tag+"#"+r.Type] = append(x.byTag[r.Tag+"#"+r.Type], r)
	}
	for _, name := range x.schemas[r.Type].Evidence {
		for _, value := range evidenceValues(r.Attributes[name]) {
			place := evidencePlace(r.Type, name, value)
			x.evidence[place] = append(x.evidence[place], r)
		}
	}
}

// Fold makes keys that the target takes for one key equal.
func (x *Index) Fold(id identity.ResourceID) identity.ResourceID {
	if x.schemas[id.Type].CaseFold {
		id.Key = strings.ToLower(id.Key)
	}
	return id
}

// ByKey finds the live resource with this natural key, nil when there is none.
func (x *Index) ByKey(id identity.ResourceID) *identity.Resource { return x.byKey[x.Fold(id)] }

// Owned finds the resource that an earlier run bound to the item, or that carries its tag. The key decides when the
// item has several of the type; only says that it wants one, so that a renamed one is found too.
func (x *Index) Owned(item identity.Address, desired identity.ResourceID, only bool) (*identity.Resource,
	Basis, Binding) {
	binding, bound := x.bindings[BindingKey(item, desired.Type)]
	if bound {
		live := x.byServer[identity.ResourceID{Type: desired.Type, Key: binding.ServerID}]
		if live == nil || binding.ServerID == "" {
			live = x.ByKey(binding.Resource)
		}
		if live != nil && (only || x.Fold(live.ID()) == x.Fold(desired)) {
			return live, BasisBinding, binding
		}
	}
	tagged := x.byTag[item.String()+"#"+desired.Type]
	for _, live := range tagged {
		if x.Fold(live.ID()) == x.Fold(desired) || (only && len(tagged) == 1) {
			return live, BasisTag, Binding{Resource: live.ID(), ServerID: live.ServerID}
		}
	}
	return nil, "", Binding{}
}

// Likely lists live resources that share evidence with the desired one, best first, without the one excluded.
func (x *Index) Likely(desired identity.Resource, except *identity.Resource) []Candidate {
	names := x.schemas[desired.Type].Evidence
	shared := map[*identity.Resource]Candidate{}
	for position, name := range names {
		hit := map[*identity.Resource]bool{}
		for _, value := range evidenceValues(desired.Attributes[name]) {
			for _, live := range x.evidence[evidencePlace(desired.Type, name, value)] {
				if live != except && !hit[live] {
					hit[live] = true
					c := shared[live]
					c.Resource, c.ServerID = live.ID(), live.ServerID
					shared[live] = c.with(position, "same "+name)
				}
			}
		}
	}
	candidates := make([]Candidate, 0, len(shared))
	for _, c := range shared {
		candidates = append(candidates, c)
	}
	slices.SortFunc(candidates, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.Resource.Key, b.Resource.Key))
	})
	return candidates[:min(len(candidates), maxCandidates)]
}

// Strong is the score from which a single match by evidence is as good as a name: below it only something weak, such as
// a display name beside better evidence, is the same.
const Strong = 70

// with adds a piece of evidence. The schema lists evidence strongest first: the best piece decides, each further one
// adds a little, and no evidence is as good as the key.
func (c Candidate) with(position int, reason string) Candidate {
	worth := 40
	switch position {
	case 0:
		worth = 85
	case 1:
		worth = 75
	}
	if c.By = BasisEvidence; len(c.Reasons) > 0 {
		worth = min(95, max(c.Score, worth)+5)
	}
	c.Score, c.Reasons = worth, append(c.Reasons, reason)
	return c
}

func evidenceValues(evidence any) []string {
	var values []string
	for _, entry := range value.List(evidence) {
		if text, ok := entry.(string); ok && text != "" {
			values = append(values, strings.ToLower(text))
		}
	}
	return values
}

// Matches lists the live resources that a desired one could be: that of the same key first, then those that share
// evidence.
func (x *Index) Matches(desired identity.Resource) []Candidate {
	live := x.ByKey(desired.ID())
	likely := x.Likely(desired, live)
	if live == nil {
		return likely
	}
	return append([]Candidate{keyCandidate(live)}, likely...)
}

// withOthers adds what items of other sources make. What lives already is listed once.
func (x *Index) withOthers(matches, others []Candidate) []Candidate {
	seen := map[identity.ResourceID]bool{}
	all := append([]Candidate(nil), matches...)
	for _, m := range matches {
		seen[x.Fold(m.Resource)] = true
	}
	for _, other := range others {
		if !seen[x.Fold(other.Resource)] {
			all = append(all, other)
		}
	}
	slices.SortStableFunc(all, func(a, b Candidate) int { return cmp.Compare(b.Score, a.Score) })
	return all
}

func boundCandidate(live *identity.Resource) Candidate {
	return Candidate{Resource: live.ID(), ServerID: live.ServerID, By: BasisBinding, Score: 100,
		Reasons: []string{"bound by an earlier run"}}
}

func keyCandidate(live *identity.Resource) Candidate {
	reasons := []string{"same key"}
	if live.Tag != "" {
		reasons = append(reasons, fmt.Sprintf("made by rehome for %s", live.Tag))
	}
	return Candidate{Resource: live.ID(), ServerID: live.ServerID, By: BasisKey, Score: 100, Reasons: reasons}
}
