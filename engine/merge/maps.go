package merge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/value"
)

// ClientKeyChanges is the impact code of an application that its owner must configure anew because its key changes.
const ClientKeyChanges = "client_key_changes"

// Restate judges an item again after fields of it were stated: before and after are its attributes, after is changed
// where something was derived from what is stated otherwise now. It returns what people will notice.
type Restate func(kind identity.Kind, before, after map[string]json.RawMessage, stated []string) ([]fidelity.Finding,
	error)

// Mapper applies map blocks to items. It is safe for many goroutines.
type Mapper struct {
	maps    []Map
	byItem  *blockIndex
	restate Restate
	twins   *twins
}

// NewMapper makes a mapper over the blocks. What a kind derives from its fields is known to restate.
func NewMapper(maps []Map, restate Restate) *Mapper {
	m := &Mapper{maps: maps, byItem: newBlockIndex(), restate: restate, twins: &twins{}}
	for i, each := range maps {
		m.byItem.add(i, each.Kind, each.Keys)
	}
	return m
}

// Apply sets the attributes of all map blocks that mean the item, in the order of the blocks. The item given is not
// changed. The findings say what people will notice of it; they belong to the item's translation. Two blocks that set
// one attribute to different values are an error.
func (m *Mapper) Apply(item identity.Item) (identity.Item, []fidelity.Finding, diag.List) {
	var problems diag.List
	set := map[string]any{}
	by := map[string]*Map{}
	for _, i := range m.byItem.candidates(item) {
		each := &m.maps[i]
		hit, problem := each.block().means(item)
		problems = append(problems, problem...)
		if !hit || each.Set == nil {
			continue
		}
		if twin := m.twins.of(each.block(), each.Keys, item); twin != nil {
			problems = append(problems, *twin)
			continue
		}
		values, err := each.Set(item)
		if err != nil {
			problems = append(problems, at(diag.Errorf("map-failed", "Map block fails",
				"The set of %s fails for %s: %v.", each.block(), item.Address(), err), each.Range))
			continue
		}
		for name, wanted := range values {
			if first, taken := by[name]; taken && !value.Equal(set[name], wanted) {
				problems = append(problems, at(diag.Errorf("map-two-blocks", "Two map blocks disagree",
					"The blocks %s and %s set %s of %s to different values.",
					first.block(), each.block(), name, item.Address()), each.Range))
				continue
			}
			set[name], by[name] = wanted, each
		}
	}
	if len(set) == 0 || problems.HasErrors() {
		return item, nil, problems
	}
	mapped, findings, err := m.setAttributes(item, set)
	if err != nil {
		return item, nil, append(problems, diag.Errorf("map-failed", "Map block fails", "%v.", err))
	}
	return mapped, findings, problems
}

func (m *Mapper) setAttributes(item identity.Item, set map[string]any) (identity.Item, []fidelity.Finding, error) {
	attributes := map[string]json.RawMessage{}
	if len(item.Attributes) > 0 {
		if err := json.Unmarshal(item.Attributes, &attributes); err != nil {
			return item, nil, fmt.Errorf("reading the attributes of %s: %w", item.Address(), err)
		}
	}
	var findings []fidelity.Finding
	before, stated := maps.Clone(attributes), identity.Attributes(set).Names()
	for _, name := range stated {
		encoded, err := json.Marshal(set[name])
		if err != nil {
			return item, nil, fmt.Errorf("encoding %s of %s: %w", name, item.Address(), err)
		}
		if changesClientKey(item.Kind, name) && isTold(before[name]) && !bytes.Equal(bytes.TrimSpace(before[name]), encoded) {
			findings = append(findings, ClientKeyFinding(name))
		}
		attributes[name] = encoded
		if text, ok := set[name].(string); ok && name == "name" {
			item.Name = text
		}
	}
	restated, err := m.restate(item.Kind, before, attributes, stated)
	if err != nil {
		return item, nil, fmt.Errorf("judging %s again: %w", item.Address(), err)
	}
	findings = append(findings, restated...)
	item.Gaps = slices.DeleteFunc(slices.Clone(item.Gaps), func(gap string) bool { return slices.Contains(stated, gap) })
	encoded, err := json.Marshal(attributes)
	if err != nil {
		return item, nil, fmt.Errorf("encoding the attributes of %s: %w", item.Address(), err)
	}
	item.Attributes = encoded
	return item, findings, nil
}

// isTold tells whether the source knows a key: one that it does not know is completed, and its owner has it already.
func isTold(key json.RawMessage) bool {
	text := string(bytes.TrimSpace(key))
	return text != "" && text != "null" && text != `""`
}

func changesClientKey(kind identity.Kind, name string) bool {
	return kind == identity.KindApplication && (name == "client_id" || name == "entity_id")
}

// ClientKeyFinding says that the owner of an application must configure a new key.
func ClientKeyFinding(field string) fidelity.Finding {
	return fidelity.Finding{
		Type: fidelity.Approximation, Field: field, Direction: fidelity.DirectionSame,
		Summary:  "the application must be configured with a new " + field + " before it can sign people in",
		Audience: fidelity.AudienceAppOwners, Severity: fidelity.SeverityHigh, ImpactCode: ClientKeyChanges,
		Tell: "Your application gets a new client id or entity id. Enter it together with the new issuer or metadata on " +
			"the day of the change; we send it beforehand.",
	}
}
