package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sort"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
)

// hashDomain keeps a plan hash from being taken for any other.
const hashDomain = "rehome/plan/v1"

// Hash is sha256:… over what would be done: header, steps, decisions, acknowledgements and the access digest. It does not cover
// times, ids of the server, file names and lines, notes or warnings. The order of the steps does not matter.
func Hash(p *Plan) string {
	return HashOf(p, StepHashes(p))
}

// HashOf is the hash that the plan has when its steps have the hashes given, whatever the steps hold. It lets somebody check the plan
// hash who may not see every step.
func HashOf(p *Plan, hashes map[string][32]byte) string {
	sums := make([][]byte, 0, len(hashes))
	for _, sum := range hashes {
		sums = append(sums, sum[:])
	}
	sort.Slice(sums, func(i, j int) bool { return bytes.Compare(sums[i], sums[j]) < 0 })
	var out []byte
	for _, text := range headerFields(p) {
		out = appendFrame(out, []byte(text))
	}
	out = appendFrame(out, binary.BigEndian.AppendUint64(nil, uint64(len(sums))))
	for _, sum := range sums {
		out = appendFrame(out, sum)
	}
	for _, a := range acknowledged(p) {
		out = appendFrame(out, a)
	}
	total := sha256.Sum256(out)
	return "sha256:" + hex.EncodeToString(total[:])
}

func headerFields(p *Plan) []string {
	fields := []string{
		hashDomain, p.FormatVersion, p.Migration.Name, p.Migration.Tenant, p.Migration.Mode,
		p.Target.Provider, p.Target.Identity, accessOf(p), p.Classifier,
	}
	if p.Rollback != nil {
		fields = append(fields, "rollback", p.Rollback.Run)
	}
	if p.Part != nil {
		fields = append(append(fields, "part", p.Part.Wave), p.Part.Targets...)
		fields = append(append(fields, "without"), p.Part.Excludes...)
	}
	return fields
}

func accessOf(p *Plan) string {
	if p.AccessDigest != "" {
		return p.AccessDigest
	}
	return accessDigest(p.Access)
}

func acknowledged(p *Plan) [][]byte {
	var all [][]byte
	for _, i := range p.Impacts {
		if i.Acknowledged {
			all = append(all, appendCanonical(nil, map[string]any{"id": i.ID, "reason": i.Reason, "reference": i.Reference}))
		}
	}
	sort.Slice(all, func(i, j int) bool { return bytes.Compare(all[i], all[j]) < 0 })
	return all
}

// StepHashes is the SHA-256 of each step, by step ID.
func StepHashes(p *Plan) map[string][32]byte {
	hashes := make(map[string][32]byte, len(p.Steps))
	var buffer []byte
	for i := range p.Steps {
		buffer = appendCanonical(buffer[:0], canonicalStep(&p.Steps[i]))
		hashes[p.Steps[i].ID] = sha256.Sum256(appendFrame(nil, buffer))
	}
	return hashes
}

// canonicalStep is what the hash covers of a step, by field name.
func canonicalStep(s *Step) map[string]any {
	items := make([]string, len(s.Items))
	for i, item := range s.Items {
		if items[i] = item.Address().String(); item.Decision != "" {
			items[i] += " by " + item.Decision
		}
	}
	crowd := ""
	if s.Crowd != nil {
		crowd = s.Crowd.Digest
	}
	return map[string]any{
		"crowd": crowd,
		"id":    s.ID, "action": string(s.Action), "disposition": string(s.Disposition), "reason": s.Reason,
		"type": s.Resource.Type, "key": s.Resource.Key, "tag": s.Tag, "items": items, "decision": s.Decision,
		"before": unorderedAs(s.Before, s.Unordered), "after": unorderedAs(s.After, s.Unordered),
		"after_unknown": orEmpty(s.AfterUnknown), "after_sensitive": orEmpty(s.AfterSensitive), "depends_on": orEmpty(s.DependsOn),
	}
}

// unorderedAs sorts the sets, so that the order in which a server lists them does not matter.
func unorderedAs(attributes identity.Attributes, unordered []string) any {
	if attributes == nil {
		return nil
	}
	sets := identity.Attributes{}
	for name, value := range attributes {
		sets[name] = value
	}
	for _, name := range unordered {
		if value := sets[name]; value != nil {
			sets[name] = merge.Union(value, nil)
		}
	}
	return sets
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
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
			texts[i] = string(appendCanonical(nil, map[string]any{"person": c.Person, "application": c.Application, "privileged": c.Privileged}))
		}
		sort.Strings(texts)
		h.Write(appendFrame(nil, appendCanonical(nil, texts)))
	}
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(a.Unchanged)))
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// appendFrame writes the length first, so that no two lists of parts have the same bytes.
func appendFrame(out, part []byte) []byte {
	out = binary.BigEndian.AppendUint64(out, uint64(len(part)))
	return append(out, part...)
}

// Difference is one step, or one field outside the steps (ID empty), in which two plans differ. Change is added, removed or changed;
// Fields names what differs: reason, before.sso_url.
type Difference struct {
	ID     string   `json:"id"`
	Change string   `json:"change"`
	Fields []string `json:"fields"`
}

func rollbackOf(p *Plan) string {
	if p.Rollback == nil {
		return ""
	}
	return p.Rollback.Run
}

// Compare names what differs between an approved plan and another, header first, then by step ID. Plans of one hash have no differences.
func Compare(a, b *Plan) []Difference {
	var differences []Difference
	names := []string{"domain", "format_version", "migration.name", "migration.tenant", "migration.mode", "target.provider", "target.identity", "access", "classifier"}
	left, right := headerFields(a), headerFields(b)
	if rollbackOf(a) != rollbackOf(b) {
		differences = append(differences, Difference{Change: "changed", Fields: []string{"rollback.run"}})
	}
	for i, name := range names {
		if left[i] != right[i] {
			differences = append(differences, Difference{Change: "changed", Fields: []string{name}})
		}
	}
	if !bytes.Equal(bytes.Join(acknowledged(a), []byte{0}), bytes.Join(acknowledged(b), []byte{0})) {
		differences = append(differences, Difference{Change: "changed", Fields: []string{"acknowledgements"}})
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
	for _, id := range sorted(ids) {
		switch {
		case left[id] == nil:
			differences = append(differences, Difference{ID: id, Change: "added"})
		case right[id] == nil:
			differences = append(differences, Difference{ID: id, Change: "removed"})
		default:
			if fields := differingFields(canonicalStep(left[id]), canonicalStep(right[id]), ""); len(fields) > 0 {
				differences = append(differences, Difference{ID: id, Change: "changed", Fields: fields})
			}
		}
	}
	return differences
}

func differingFields(a, b map[string]any, prefix string) []string {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	var fields []string
	for _, name := range sorted(names) {
		if bytes.Equal(appendCanonical(nil, a[name]), appendCanonical(nil, b[name])) {
			continue
		}
		x, left := a[name].(identity.Attributes)
		y, right := b[name].(identity.Attributes)
		if left && right && prefix == "" {
			fields = append(fields, differingFields(x, y, name+".")...)
			continue
		}
		fields = append(fields, prefix+name)
	}
	return fields
}
