package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/value"
)

// hashDomain keeps a plan hash from being taken for any other.
const hashDomain = "rehome/plan/v2"

// Sums are the hashes of the parts of a plan: of what it says of itself, of each impact and of each step, by ID.
type Sums struct {
	Header  [32]byte
	Impacts map[string][32]byte
	Steps   map[string][32]byte
}

// Hash is sha256:… over the content of the plan: all that applies, judges or shows it reads, but its envelope.
func Hash(p *Plan) string { return HashOf(p, SumsOf(p)) }

// SumsOf computes the sums of a plan.
func SumsOf(p *Plan) Sums {
	sums := Sums{
		Impacts: make(map[string][32]byte, len(p.Impacts)), Steps: make(map[string][32]byte, len(p.Steps)),
	}
	header := headerOf(p)
	buffer := appendPart(nil, &header, partContent)
	sums.Header = sha256.Sum256(buffer)
	for i := range p.Impacts {
		buffer = appendPart(buffer[:0], &p.Impacts[i], partContent)
		sums.Impacts[p.Impacts[i].ID] = sha256.Sum256(buffer)
	}
	for i := range p.Steps {
		buffer = appendPart(buffer[:0], &p.Steps[i], partContent)
		sums.Steps[p.Steps[i].ID] = sha256.Sum256(buffer)
	}
	return sums
}

// HashOf is the hash that the plan has when its parts have the sums given, whatever they hold; of the plan only the IDs
// and their order count. It lets somebody check the plan hash who may not see everything.
func HashOf(p *Plan, sums Sums) string {
	out := appendFrame(nil, []byte(hashDomain))
	out = appendFrame(out, sums.Header[:])
	out = appendFrame(out, binary.BigEndian.AppendUint64(nil, uint64(len(p.Impacts))))
	for i := range p.Impacts {
		sum := sums.Impacts[p.Impacts[i].ID]
		out = appendFrame(out, sum[:])
	}
	out = appendFrame(out, binary.BigEndian.AppendUint64(nil, uint64(len(p.Steps))))
	for i := range p.Steps {
		sum := sums.Steps[p.Steps[i].ID]
		out = appendFrame(out, sum[:])
	}
	total := sha256.Sum256(out)
	return "sha256:" + hex.EncodeToString(total[:])
}

// headerOf is the plan without what stands in parts of its own. An access diff that is listed has its digest.
func headerOf(p *Plan) Plan {
	header := *p
	header.Steps, header.Impacts = nil, nil
	if header.AccessDigest == "" {
		header.AccessDigest = accessDigest(p.Access)
	}
	return header
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
	left, right := headerOf(a), headerOf(b)
	var differences []Difference
	for _, name := range differingFields(&left, &right) {
		differences = append(differences, Difference{Change: "changed", Fields: []string{name}})
	}
	differences = append(differences, compareParts(byID(a.Impacts, impactID), byID(b.Impacts, impactID))...)
	steps := compareParts(byID(a.Steps, stepID), byID(b.Steps, stepID))
	if len(differences)+len(steps) == 0 && Hash(a) != Hash(b) {
		return []Difference{{Change: "changed", Fields: []string{"order"}}}
	}
	return append(differences, steps...)
}

func impactID(i *fidelity.Impact) string { return i.ID }
func stepID(s *Step) string              { return s.ID }

func byID[T any](list []T, id func(*T) string) map[string]*T {
	all := make(map[string]*T, len(list))
	for i := range list {
		all[id(&list[i])] = &list[i]
	}
	return all
}

func compareParts[T any](left, right map[string]*T) []Difference {
	ids := map[string]bool{}
	for _, side := range []map[string]*T{left, right} {
		for id := range side {
			ids[id] = true
		}
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

// differingFields names the fields of the content of a part that differ; of a table each member.
func differingFields[T any](a, b *T) []string {
	x, y := leaves(appendPart(nil, a, partContent)), leaves(appendPart(nil, b, partContent))
	names := maps.Clone(x)
	maps.Copy(names, y)
	var fields []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if x[name] != y[name] {
			fields = append(fields, name)
		}
	}
	return fields
}

// leaves are the members of an encoded table by name, and those of its tables by both names.
func leaves(encoded []byte) map[string]string {
	found := map[string]string{}
	for name, member := range membersOf(encoded) {
		below := membersOf(member)
		if len(below) == 0 {
			found[name] = string(member)
		}
		for inner, v := range below {
			found[name+"."+inner] = string(v)
		}
	}
	return found
}

// membersOf are those of an encoded table; nothing else has any.
func membersOf(encoded []byte) map[string]json.RawMessage {
	if !bytes.HasPrefix(encoded, []byte("{")) {
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &members); err != nil {
		panic("the canonical form is no JSON: " + err.Error())
	}
	return members
}
