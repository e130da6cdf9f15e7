package merge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Request asks what becomes of one desired resource. Owners are the items that make it; OnlyOne says that the first of
// them wants one resource of the type. Primary marks the resource that the item's merge block means; the others follow
// it. Others are items of other sources that would make the same, see Wishes. Part is set for what hangs on a resource
// of ours, as a role does on its client: the key that it has now, while that one still has its former name.
type Request struct {
	Mode    Mode
	Desired identity.Resource
	Owners  []identity.Address
	Name    string // of the first item, for texts
	OnlyOne bool
	Primary bool
	Rule    *Rule
	Others  []Candidate
	Part    identity.ResourceID
	Parts   []identity.ResourceSchema // of the other resources of the item, whose attributes a reconcile may name too
}

// Decide finds the live resource and applies the decision. The result depends on its arguments alone.
func (x *Index) Decide(q Request) Outcome {
	if out, replaced := x.replaced(q); replaced {
		return out
	}
	if out, owned := x.owned(q); owned {
		return out
	}
	live := x.ByKey(q.Desired.ID())
	matches := x.Matches(q.Desired)
	out := Outcome{Live: live, Matches: x.withOthers(matches, q.Others), Rule: q.Rule}
	maps := q.Rule != nil && q.Rule.Decision == DecisionMap
	switch {
	case q.Rule != nil && q.Primary:
		return x.decided(q, out)
	case live == nil && maps && len(q.Others) > 0:
		out.Verdict, out.Joins, out.Reason = VerdictJoin, q.Others[0].Resource, "belongs to a resource that is mapped"
	case live == nil && (len(matches) == 0 || !q.Primary) && !q.contested():
		out.Verdict = VerdictCreate
	case live != nil && x.mayStay(q, live):
		out.Verdict = VerdictEqual
	case live != nil && maps:
		out.Verdict, out.Reason = VerdictMap, "belongs to a resource that is mapped"
	case live != nil && q.Rule != nil && q.Rule.Decision == DecisionReconcile:
		return x.partOfReconciled(q, out)
	default:
		return overlap(q, out)
	}
	return out
}

// owned tells whether an earlier run settled the question. A part of what is ours is ours too, whichever run made it and
// whether it came to its end: nobody but rehome could say what is to become of it.
func (x *Index) owned(q Request) (Outcome, bool) {
	if q.isPart() {
		live := x.ByKey(q.Part)
		return Outcome{Verdict: VerdictOurs, Live: live, Rule: q.Rule, Previous: true}, live != nil
	}
	for _, owner := range q.Owners {
		live, basis, binding := x.Owned(owner, q.Desired.ID(), q.OnlyOne)
		made := !q.Primary && basis == BasisBinding // a part that rehome made of what it left alone
		if live != nil && (basis == BasisTag || binding.Ours()) && (made || !q.keepsHandsOff()) {
			keeps := x.keeps(q.Desired, live)
			if other := x.ByKey(q.Desired.ID()); other != nil && other != live && len(keeps) == 0 {
				return taken(q, live, other), true
			}
			return Outcome{Verdict: VerdictOurs, Live: live, Rule: q.Rule, Previous: true, Keeps: keeps}, true
		}
		if live != nil && q.Rule == nil && binding.Decision == DecisionMap {
			return Outcome{Verdict: VerdictMap, Live: live, Previous: true, Matches: []Candidate{boundCandidate(live)},
				Reason: "mapped by an earlier run; it is never overwritten"}, true
		}
	}
	return Outcome{}, false
}

// keeps names the attributes of a key that the target never changes and that live otherwise than they are wanted. A name
// that was given once stays then: what is called so is known by it elsewhere.
func (x *Index) keeps(desired identity.Resource, live *identity.Resource) []string {
	var kept []string
	for _, a := range x.schemas[desired.Type].Attributes {
		if a.Identity && a.ForcesReplace && x.Fold(desired.ID()) != x.Fold(live.ID()) &&
			desired.Attributes[a.Name] != live.Attributes[a.Name] {
			kept = append(kept, a.Name)
		}
	}
	return kept
}

// isPart tells whether the resource hangs on one of ours and is found by it. What a block leaves alone is not.
func (q Request) isPart() bool { return q.Part != (identity.ResourceID{}) && !q.keepsHandsOff() }

// taken blocks a rename to a name that something else has.
func taken(q Request, live, other *identity.Resource) Outcome {
	return Outcome{Verdict: VerdictBlocked, Live: live, Rule: q.Rule, Previous: true, Matches: []Candidate{keyCandidate(other)},
		Reason: fmt.Sprintf("%s is to be called %s now, and there is another one of that name", live.ID(), q.Desired.ID()),
		ToDo:   "give that one another name in the target, or choose a name for this one with a map block"}
}

// replaced blocks what an earlier run was bound to when another object stands there under its name now: nobody decided
// about that one, and it may hold other people. Our own mark on it says that it was only made anew, as after a restore.
func (x *Index) replaced(q Request) (Outcome, bool) {
	if q.isPart() {
		return Outcome{}, false
	}
	for _, owner := range q.Owners {
		live, basis, binding := x.Owned(owner, q.Desired.ID(), q.OnlyOne)
		if !x.isReplaced(q.Desired.Type, live, basis, binding) || q.Rule != nil && q.Rule.ServerID == live.ServerID {
			continue
		}
		return Outcome{Verdict: VerdictBlocked, Rule: q.Rule, Matches: []Candidate{keyCandidate(live)},
			Reason: fmt.Sprintf("%s is another object than the one that was decided about: that one had the id %s, this one "+
				"has %s", live.ID(), binding.ServerID, live.ServerID),
			ToDo: fmt.Sprintf("look at who is in it; if it is meant, say so in a merge block with target = %q and server_id = %q",
				live.ID(), live.ServerID)}, true
	}
	return Outcome{}, false
}

func (x *Index) isReplaced(resourceType string, live *identity.Resource, basis Basis, binding Binding) bool {
	if live == nil || basis != BasisBinding || binding.ServerID == "" || live.ServerID == "" ||
		live.ServerID == binding.ServerID {
		return false
	}
	return !binding.Ours() || x.schemas[resourceType].Tagged && live.Tag == ""
}

// isOfAPart tells whether another resource of the item has an attribute.
func (q Request) isOfAPart(name string) bool {
	return slices.ContainsFunc(q.Parts, func(schema identity.ResourceSchema) bool {
		_, known := schema.Attribute(name)
		return known
	})
}

func (q Request) keepsHandsOff() bool {
	return q.Rule != nil && (q.Rule.Decision == DecisionMap || q.Rule.Decision == DecisionReconcile ||
		q.Rule.Decision == DecisionSkip)
}

// contested tells whether an item of another source has the older claim: of two items that want the same, the one whose
// address comes later needs the decision, so that one decision settles both.
func (q Request) contested() bool {
	if q.Rule != nil || len(q.Owners) == 0 {
		return false
	}
	for _, other := range q.Others {
		if other.Item < q.Owners[0].String() {
			return true
		}
	}
	return false
}

// mayStay tells whether a live resource that is already as wanted needs no decision: it follows from others, or it is
// nothing but its key, such as a role assignment.
func (x *Index) mayStay(q Request, live *identity.Resource) bool {
	schema := x.schemas[q.Desired.Type]
	if q.Primary && !OnlyKey(schema) {
		return false
	}
	return len(Changed(Managed(q.Desired.Attributes, schema), q.Desired.Attributes, live.Attributes, schema)) == 0
}

func overlap(q Request, out Outcome) Outcome {
	names := make([]string, 0, len(out.Matches))
	for _, m := range out.Matches {
		names = append(names, m.String())
	}
	if q.Mode != ModeMerge {
		if out.Live == nil && !byKey(q.Others) {
			// What merely looks alike is no collision: a first run creates next to it.
			out.Verdict = VerdictCreate
			return out
		}
		out.Verdict = VerdictBlocked
		out.Reason = fmt.Sprintf("the target already has %s, and a migration in mode %s changes nothing that is there; in "+
			"mode %s it is decided", strings.Join(names, "; "), ModeFirstRun, ModeMerge)
		if out.Live == nil {
			out.Reason = fmt.Sprintf("it collides with %s, and a migration in mode %s merges nothing; in mode %s it is decided",
				strings.Join(names, "; "), ModeFirstRun, ModeMerge)
		}
		out.ToDo = fmt.Sprintf("set mode = %q and decide, or remove the overlap", ModeMerge)
		return out
	}
	out.Verdict = VerdictPending
	out.Reason = fmt.Sprintf("a decision is missing: %q could be %s", q.Name, strings.Join(names, " or "))
	out.ToDo = "write a merge block with a decision; rehome decide helps"
	return out
}

func byKey(others []Candidate) bool {
	for _, other := range others {
		if other.By == BasisKey {
			return true
		}
	}
	return false
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
	switch {
	case out.Live != nil:
		out.Reason = fmt.Sprintf("create_new, but the target already has %s", out.Live.ID())
	case byKey(q.Others):
		out.Reason = fmt.Sprintf("create_new, but it collides with %s", q.Others[0])
	default:
		out.Verdict = VerdictCreate
		return out
	}
	out.Verdict = VerdictManual
	out.ToDo = "state a rename in the merge block, or rename the resource in the target"
	if q.Rule.Rename != "" {
		out.ToDo = "choose another rename: this one is taken too"
	}
	return out
}

// decideExisting handles the decisions that need a resource that is there. A stated target must be one of the matches.
func (x *Index) decideExisting(q Request, out Outcome) Outcome {
	for _, owner := range q.Owners {
		live, basis, binding := x.Owned(owner, q.Desired.ID(), q.OnlyOne)
		if live != nil {
			out.Previous = !x.isReplaced(q.Desired.Type, live, basis, binding)
			out.Matches = append(out.Matches, boundCandidate(live))
		}
	}
	chosen := x.choose(q, out.Matches)
	if chosen == nil {
		return x.refuse(q, out, "merge-target-unmatched", "Target is not matched", x.unmatched(q, out.Matches),
			"name one of the matched resources as target")
	}
	out.Live = x.ByKey(chosen.Resource)
	switch {
	case q.Rule.Decision == DecisionReconcile && out.Live == nil:
		return x.refuse(q, out, "merge-target-unmatched", "Target is not there yet",
			fmt.Sprintf("reconcile changes what lives in the target, and %s is what another item makes", chosen.Resource),
			"use map_to_existing, or reconcile after the next run")
	case q.Rule.Decision == DecisionReconcile:
		return x.reconcile(q, out)
	case out.Live == nil:
		out.Verdict, out.Joins = VerdictJoin, chosen.Resource
	default:
		out.Verdict = VerdictMap
	}
	return out
}

// choose finds the match that the block means: the named one, or the one of the same key.
func (x *Index) choose(q Request, matches []Candidate) *Candidate {
	for i, m := range matches {
		if q.Rule.Target == "" && m.Score == 100 || q.Rule.Target != "" && x.sameID(m.Resource, q.Rule.Target) {
			return &matches[i]
		}
	}
	return nil
}

// unmatched says why the target of a block cannot be followed, and what could be.
func (x *Index) unmatched(q Request, matches []Candidate) string {
	names := make([]string, 0, len(matches))
	for _, m := range matches {
		names = append(names, m.String())
	}
	known := "nothing in the target matches it"
	if len(names) > 0 {
		known = "its matched resources are " + strings.Join(names, "; ")
	}
	if q.Rule.Target == "" {
		return fmt.Sprintf("%s names no target and nothing has the same key; %s", q.Rule.Decision, known)
	}
	named, err := identity.ParseResourceID(q.Rule.Target)
	switch {
	case err != nil:
		return fmt.Sprintf("%s names %q, which is not type:key; %s", q.Rule.Decision, q.Rule.Target, known)
	case x.ByKey(named) == nil:
		return fmt.Sprintf("%s names %s, which is not, or no longer, in the target; %s", q.Rule.Decision,
			q.Rule.Target, known)
	}
	return fmt.Sprintf("%s names %s, which does not, or no longer, match the item; %s", q.Rule.Decision,
		q.Rule.Target, known)
}

// refuse blocks the item and makes an error of the block, so that the plan has no hash before it is corrected.
func (x *Index) refuse(q Request, out Outcome, code, summary, reason, todo string) Outcome {
	out.Live, out.Verdict, out.Reason, out.ToDo = nil, VerdictBlocked, reason, todo
	d := at(diag.Errorf(code, summary, "The block merge %q %q cannot be followed for %q: %s.\nTo go on, %s.", q.Rule.Kind,
		q.Rule.Name, q.Name, reason, todo), q.Rule.Range)
	if len(q.Owners) > 0 {
		d.Address = q.Owners[0].String()
	}
	out.Problem = &d
	return out
}

func (x *Index) sameID(id identity.ResourceID, text string) bool {
	named, err := identity.ParseResourceID(text)
	return err == nil && x.Fold(named) == x.Fold(id)
}

// reconcile limits the change to the named attributes. An identity attribute stays as it is unless it is named.
func (x *Index) reconcile(q Request, out Outcome) Outcome {
	schema := x.schemas[q.Desired.Type]
	for _, name := range append(append([]string(nil), q.Rule.Overwrite...), q.Rule.Keep...) {
		if _, known := schema.Attribute(name); !known && !q.isOfAPart(name) {
			return x.refuse(q, out, "merge-attribute-unknown", "Attribute is not known",
				fmt.Sprintf("it names %q, which %s does not have; it has %s", name, schema.Type,
					strings.Join(attributeNames(schema), ", ")),
				"name attributes of the resource type in overwrite or keep")
		}
	}
	out.Verdict = VerdictReconcile
	out.Fields = q.Rule.fields(q.Desired.Attributes, schema)
	return out
}

// partOfReconciled changes of what follows from a resource that is reconciled the attributes that the block names, and
// nothing else.
func (x *Index) partOfReconciled(q Request, out Outcome) Outcome {
	named := *q.Rule
	named.Keep = nil
	out.Fields = named.fields(q.Desired.Attributes, x.schemas[q.Desired.Type])
	if len(out.Fields) > 0 {
		out.Verdict = VerdictReconcile
		return out
	}
	out.Verdict, out.Reason = VerdictMap, "belongs to a resource that is reconciled, and the block names nothing of it"
	return out
}

func attributeNames(schema identity.ResourceSchema) []string {
	names := make([]string, 0, len(schema.Attributes))
	for _, a := range schema.Attributes {
		if !a.Computed {
			names = append(names, a.Name)
		}
	}
	return names
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
	slices.Sort(fields)
	return fields
}
