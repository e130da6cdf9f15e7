package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/value"
)

// hashDomain keeps a plan hash from being taken for any other.
const hashDomain = "rehome/plan/v1"

// Hash is sha256:… over what would be done: header, steps, decisions, acknowledgements and the access digest. It does
// not cover times, ids of the server, file names and lines, notes or warnings. The order of the steps does not
// matter.
func Hash(p *Plan) string {
	return HashOf(p, StepHashes(p))
}

// HashOf is the hash that the plan has when its steps have the hashes given, whatever the steps hold. It lets
// somebody check the plan hash who may not see every step.
func HashOf(p *Plan, hashes map[string][32]byte) string {
	sums := slices.Collect(maps.Values(hashes))
	slices.SortFunc(sums, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	out := appendFrame(nil, []byte(hashDomain))
	out = appendFrame(out, value.Canonical(canonicalHeader(p)))
	out = appendFrame(out, binary.BigEndian.AppendUint64(nil, uint64(len(sums))))
	for _, sum := range sums {
		out = appendFrame(out, sum[:])
	}
	total := sha256.Sum256(out)
	return "sha256:" + hex.EncodeToString(total[:])
}

// canonicalHeader is what the hash covers of a plan besides its steps, by the path of its field.
func canonicalHeader(p *Plan) map[string]any {
	header := map[string]any{
		"format_version": p.FormatVersion, "classifier": p.Classifier, "access": accessOf(p),
		"migration.name": p.Migration.Name, "migration.tenant": p.Migration.Tenant,
		"migration.mode":  string(p.Migration.Mode),
		"target.provider": p.Target.Provider, "target.identity": p.Target.Identity,
		"acknowledgements": acknowledged(p),
	}
	if p.Rollback != nil {
		header["rollback.run"] = p.Rollback.Run
	}
	if p.Part != nil {
		header["part"] = map[string]any{ // a part that names nothing is still not the whole
			"partial": true, "wave": p.Part.Wave, "targets": p.Part.Targets, "excludes": p.Part.Excludes,
		}
	}
	return header
}

func accessOf(p *Plan) string {
	if p.AccessDigest != "" {
		return p.AccessDigest
	}
	return accessDigest(p.Access)
}

// acknowledged are the acknowledgements of impacts, whatever their order.
func acknowledged(p *Plan) []any {
	var all []any
	for _, i := range p.Impacts {
		if i.Acknowledged {
			all = append(all, map[string]any{"id": i.ID, "reason": i.Reason, "reference": i.Reference})
		}
	}
	return value.Union(all)
}

// StepHashes is the SHA-256 of each step, by step ID.
func StepHashes(p *Plan) map[string][32]byte {
	hashes := make(map[string][32]byte, len(p.Steps))
	var buffer []byte
	for i := range p.Steps {
		buffer = value.Append(buffer[:0], canonicalStep(&p.Steps[i]))
		hashes[p.Steps[i].ID] = sha256.Sum256(appendFrame(nil, buffer))
	}
	return hashes
}

// canonicalStep is what the hash covers of a step, by field name.
func canonicalStep(s *Step) map[string]any {
	items := make([]any, len(s.Items))
	for i, item := range s.Items {
		items[i] = map[string]any{"address": item.Address().String(), "decision": item.Decision}
	}
	crowd := ""
	if s.Crowd != nil {
		crowd = s.Crowd.Digest
	}
	return map[string]any{
		"crowd": crowd,
		"id":    s.ID, "action": string(s.Action), "disposition": string(s.Disposition), "reason": s.Reason,
		"type": s.Resource.Type, "key": s.Resource.Key, "tag": s.Tag, "items": items, "decision": s.Decision,
		"before": withSets(s.Before, s.Unordered), "after": withSets(s.After, s.Unordered), "cleared": cleared(s),
		"after_unknown": s.AfterUnknown, "after_sensitive": s.AfterSensitive, "depends_on": s.DependsOn,
	}
}

// cleared names the attributes that a step empties. Among values an empty one and an absent one are the same; as an
// order to a target they are not: it clears what is empty, and keeps what it is told nothing of.
func cleared(s *Step) []string {
	var names []string
	for _, name := range s.After.Names() {
		if value.IsNothing(s.After[name]) && !value.IsNothing(s.Before[name]) {
			names = append(names, name)
		}
	}
	return names
}

// withSets sorts the sets, so that the order in which a server lists them does not matter.
func withSets(attributes identity.Attributes, unordered []string) identity.Attributes {
	sets := maps.Clone(attributes)
	for _, name := range unordered {
		if !value.IsNothing(sets[name]) {
			sets[name] = value.Union(sets[name])
		}
	}
	return sets
}

// accessDigest is the digest of the access diff, whatever its order. Not computed is a value of its own.
func accessDigest(a *Access) string {
	if a == nil {
		return "access:none"
	}
	h := sha256.New()
	for _, changes := range [][]AccessChange{a.Gained, a.Lost} {
		texts := make([]string, len(changes))
		for i, c := range changes {
			texts[i] = string(value.Canonical(map[string]any{
				"person": c.Person, "application": c.Application, "privileged": c.Privileged,
			}))
		}
		slices.Sort(texts)
		h.Write(appendFrame(nil, value.Canonical(texts)))
	}
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(a.Unchanged)))
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// appendFrame writes the length first, so that no two lists of parts have the same bytes.
func appendFrame(out, part []byte) []byte {
	out = binary.BigEndian.AppendUint64(out, uint64(len(part)))
	return append(out, part...)
}

// Difference is one step, or one field outside the steps (ID empty), in which two plans differ. Change is added,
// removed or changed; Fields names what differs: reason, before.sso_url.
type Difference struct {
	ID     string   `json:"id"`
	Change string   `json:"change"`
	Fields []string `json:"fields"`
}

// Compare names what differs between an approved plan and another, header first, then by step ID. Plans of one hash
// have no differences.
func Compare(a, b *Plan) []Difference {
	var differences []Difference
	for _, name := range value.Diff(canonicalHeader(a), canonicalHeader(b)) {
		differences = append(differences, Difference{Change: "changed", Fields: []string{name}})
	}
	return append(differences, compareSteps(a, b)...)
}

func compareSteps(a, b *Plan) []Difference {
	left, right := map[string]*Step{}, map[string]*Step{}
	ids := map[string]bool{}
	for i := range a.Steps {
		left[a.Steps[i].ID], ids[a.Steps[i].ID] = &a.Steps[i], true
	}
	for i := range b.Steps {
		right[b.Steps[i].ID], ids[b.Steps[i].ID] = &b.Steps[i], true
	}
	var differences []Difference
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		switch {
		case left[id] == nil:
			differences = append(differences, Difference{ID: id, Change: "added"})
		case right[id] == nil:
			differences = append(differences, Difference{ID: id, Change: "removed"})
		default:
			if fields := differingFields(left[id], right[id]); len(fields) > 0 {
				differences = append(differences, Difference{ID: id, Change: "changed", Fields: fields})
			}
		}
	}
	return differences
}

// differingFields names the fields of a step that differ; of its two sets of attributes each attribute.
func differingFields(a, b *Step) []string {
	x, y := canonicalStep(a), canonicalStep(b)
	var fields []string
	for _, name := range value.Diff(x, y) {
		left, _ := x[name].(identity.Attributes)
		right, _ := y[name].(identity.Attributes)
		if left == nil || right == nil {
			fields = append(fields, name)
			continue
		}
		for _, attribute := range value.Diff(left, right) {
			fields = append(fields, name+"."+attribute)
		}
	}
	return fields
}
