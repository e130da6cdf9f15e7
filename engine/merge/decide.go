package merge

import (
	"fmt"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Request asks what becomes of one desired resource. Owners are the items that make it; OnlyOne says that the first of them wants
// one resource of the type. Primary marks the resource that the item's merge block means; the others follow it.
type Request struct {
	Mode    Mode
	Desired identity.Resource
	Owners  []identity.Address
	Name    string // of the first item, for texts
	OnlyOne bool
	Primary bool
	Rule    *Rule
}

// Decide finds the live resource and applies the decision. The result depends on its arguments alone.
func (x *Index) Decide(q Request) Outcome {
	for _, owner := range q.Owners {
		live, basis, binding := x.Owned(owner, q.Desired.ID(), q.OnlyOne)
		if live != nil && (basis == BasisTag || binding.Ours()) && !q.keepsHandsOff() {
			return Outcome{Verdict: VerdictOurs, Live: live, Rule: q.Rule, Previous: true}
		}
		if live != nil && q.Rule == nil && binding.Decision == DecisionMap {
			return Outcome{Verdict: VerdictMap, Live: live, Previous: true, Reason: "mapped by an earlier run; it is never overwritten"}
		}
	}
	live := x.ByKey(q.Desired.ID())
	matches := x.Likely(q.Desired, live)
	if live != nil {
		matches = append([]Candidate{keyCandidate(live)}, matches...)
	}
	out := Outcome{Live: live, Matches: matches, Rule: q.Rule}
	switch {
	case q.Rule != nil && q.Primary:
		return x.decided(q, out)
	case live == nil && (len(matches) == 0 || !q.Primary):
		out.Verdict = VerdictCreate
	case live != nil && x.mayStay(q, live):
		out.Verdict = VerdictEqual
	case live != nil && q.Rule != nil && q.Rule.Decision == DecisionMap:
		out.Verdict, out.Reason = VerdictMap, "belongs to a resource that is mapped"
	default:
		return overlap(q, out)
	}
	return out
}

func (q Request) keepsHandsOff() bool {
	return q.Rule != nil && (q.Rule.Decision == DecisionMap || q.Rule.Decision == DecisionReconcile || q.Rule.Decision == DecisionSkip)
}

// mayStay tells whether a live resource that is already as wanted needs no decision: it has no identity of its own, such as a
// role assignment or a setting of the whole realm.
func (x *Index) mayStay(q Request, live *identity.Resource) bool {
	schema := x.schemas[q.Desired.Type]
	if q.Primary && strings.Contains(schema.KeyFormat, "{") {
		return false
	}
	return len(Changed(Managed(q.Desired.Attributes, schema), q.Desired.Attributes, live.Attributes, schema)) == 0
}

func overlap(q Request, out Outcome) Outcome {
	names := make([]string, 0, len(out.Matches))
	for _, m := range out.Matches {
		names = append(names, fmt.Sprintf("%s (score %d: %s)", m.Resource, m.Score, strings.Join(m.Reasons, ", ")))
	}
	if q.Mode != ModeMerge {
		if out.Live == nil {
			// What merely looks alike is no collision: a first run creates next to it.
			out.Verdict = VerdictCreate
			return out
		}
		out.Verdict = VerdictBlocked
		out.Reason = fmt.Sprintf("the target already has %s, and a migration in mode %s changes nothing that is there", strings.Join(names, "; "), ModeFirstRun)
		out.ToDo = fmt.Sprintf("set mode = %q and decide, or remove the overlap", ModeMerge)
		return out
	}
	out.Verdict = VerdictPending
	out.Reason = fmt.Sprintf("a decision is missing: %q could be %s", q.Name, strings.Join(names, " or "))
	out.ToDo = "write a merge block with a decision"
	return out
}

func (x *Index) decided(q Request, out Outcome) Outcome {
	switch q.Rule.Decision {
	case DecisionSkip:
		out.Verdict, out.Reason = VerdictSkip, "skipped by a merge decision"
	case DecisionCreate:
		return decideCreate(q, out)
	case DecisionMap, DecisionReconcile:
		return x.decideExisting(q, out)
	default:
		out.Verdict, out.Reason = VerdictBlocked, fmt.Sprintf("unknown decision %q", q.Rule.Decision)
	}
	return out
}

func decideCreate(q Request, out Outcome) Outcome {
	if out.Live == nil {
		out.Verdict = VerdictCreate
		return out
	}
	out.Verdict = VerdictManual
	out.Reason = fmt.Sprintf("create_new, but the target already has %s", out.Live.ID())
	out.ToDo = "state a rename in the merge block, or rename the resource in the target"
	if q.Rule.Rename != "" {
		out.ToDo = "choose another rename: this one is taken too"
	}
	return out
}

// decideExisting handles the decisions that need a live resource. A stated target must be one of the matches.
func (x *Index) decideExisting(q Request, out Outcome) Outcome {
	var chosen *identity.Resource
	for _, owner := range q.Owners {
		if live, _, _ := x.Owned(owner, q.Desired.ID(), q.OnlyOne); live != nil {
			out.Previous = true
			out.Matches = append(out.Matches, Candidate{Resource: live.ID(), ServerID: live.ServerID, By: BasisBinding, Score: 100, Reasons: []string{"bound by an earlier run"}})
		}
	}
	for _, m := range out.Matches {
		if q.Rule.Target == "" && m.Score == 100 || q.Rule.Target != "" && x.sameID(m.Resource, q.Rule.Target) {
			chosen = x.ByKey(m.Resource)
			break
		}
	}
	if chosen == nil {
		out.Live, out.Verdict = nil, VerdictBlocked
		out.Reason = fmt.Sprintf("%s names %q, which is none of the %d matched resources", q.Rule.Decision, q.Rule.Target, len(out.Matches))
		out.ToDo = "name one of the matched resources as target"
		return out
	}
	out.Live = chosen
	if q.Rule.Decision == DecisionMap {
		out.Verdict = VerdictMap
		return out
	}
	return x.reconcile(q, out)
}

func (x *Index) sameID(id identity.ResourceID, text string) bool {
	named, err := identity.ParseResourceID(text)
	return err == nil && x.Fold(named) == x.Fold(id)
}

// reconcile limits the change to the named attributes. An identity attribute stays as it is unless it is named.
func (x *Index) reconcile(q Request, out Outcome) Outcome {
	schema := x.schemas[q.Desired.Type]
	for _, name := range append(append([]string(nil), q.Rule.Overwrite...), q.Rule.Keep...) {
		if _, known := schema.Attribute(name); !known {
			out.Verdict = VerdictBlocked
			out.Reason = fmt.Sprintf("reconcile names %q, which %s does not have", name, schema.Type)
			out.ToDo = "name attributes of the resource type in overwrite or keep"
			return out
		}
	}
	out.Verdict = VerdictReconcile
	out.Fields = q.Rule.fields(q.Desired.Attributes, schema)
	return out
}

func (r Rule) fields(desired identity.Attributes, schema identity.ResourceSchema) []string {
	var fields []string
	if r.Overwrite != nil {
		for _, name := range r.Overwrite {
			if _, set := desired[name]; set {
				fields = append(fields, name)
			}
		}
	} else if r.Keep != nil {
		kept := map[string]bool{}
		for _, name := range r.Keep {
			kept[name] = true
		}
		for _, name := range Managed(desired, schema) {
			if a, _ := schema.Attribute(name); !kept[name] && !a.Identity {
				fields = append(fields, name)
			}
		}
	}
	sort.Strings(fields)
	return fields
}
