package pseudonym

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Personal tells whether a step is about a person, or about a crowd of them.
func Personal(step *plan.Step) bool {
	for _, item := range step.Items {
		if item.Person != "" || item.Kind.IsPeople() {
			return true
		}
	}
	return false
}

// Plan is a copy of the plan in which nobody is named. Its hash is that of the plan it was made from; its content does
// not have it.
func (m *Masker) Plan(p *plan.Plan) (*plan.Plan, error) {
	encoded, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("copying the plan: %w", err)
	}
	masked, err := decode(encoded)
	if err != nil {
		return nil, err
	}
	for i := range masked.Steps {
		if step := &masked.Steps[i]; Personal(step) {
			m.step(step)
		}
	}
	m.relink(masked, p)
	for i := range masked.Impacts {
		for j, item := range masked.Impacts[i].Items {
			masked.Impacts[i].Items[j] = m.Address(item)
		}
	}
	if masked.Access != nil {
		for _, changes := range [][]plan.AccessChange{masked.Access.Gained, masked.Access.Lost} {
			for i := range changes {
				changes[i].Person = m.accessName(changes[i].Person)
			}
		}
	}
	if encoded, err = json.Marshal(masked); err != nil {
		return nil, fmt.Errorf("copying the plan: %w", err)
	}
	if masked, err = decode(m.JSON(encoded)); err != nil {
		return nil, err
	}
	for i, impact := range p.Impacts { // the words of the author, which the plan hash covers
		masked.Impacts[i].Reason, masked.Impacts[i].Reference = impact.Reason, impact.Reference
	}
	return masked, nil
}

func decode(encoded []byte) (*plan.Plan, error) {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var p plan.Plan
	if err := decoder.Decode(&p); err != nil {
		return nil, fmt.Errorf("copying the plan: %w", err)
	}
	return &p, nil
}

// relink gives steps that depend on a renamed step its new name, and blockers too.
func (m *Masker) relink(masked, original *plan.Plan) {
	renamed := map[string]string{}
	for i := range masked.Steps {
		if old := original.Steps[i].ID; masked.Steps[i].ID != old {
			renamed[old] = masked.Steps[i].ID
		}
	}
	replace := func(ids []string) {
		for i, id := range ids {
			if name, found := renamed[id]; found {
				ids[i] = name
			}
		}
	}
	for i := range masked.Steps {
		replace(masked.Steps[i].DependsOn)
	}
	for i := range masked.Handoff.Blockers {
		replace(masked.Handoff.Blockers[i].Items)
	}
	if masked.Part != nil {
		replace(masked.Part.PulledIn)
		replace(masked.Part.Targets)
		replace(masked.Part.Excludes)
	}
}

// StepID is the name under which a step of the plan stands in its masked copy.
func (m *Masker) StepID(step plan.Step) string {
	if Personal(&step) {
		m.step(&step)
	}
	return m.Text(step.ID)
}

// Address masks the address of an item: the id of a user, or the whole id of what is about one.
func (m *Masker) Address(text string) string {
	address, err := identity.ParseAddress(text)
	if err != nil {
		return text
	}
	person := m.persons[text]
	switch {
	case address.Kind == identity.KindUser:
		address.ID = m.Pseudonym(address.Source, address.ID)
	case person != "":
		address.ID = m.idAbout(address.Source, address.ID, person)
	case address.Kind.IsPeople():
		address.ID = m.name(string(address.Kind), "item\x00"+text)
	}
	return address.String()
}

func (m *Masker) idAbout(source, id, person string) string {
	if strings.Contains(id, person) {
		return strings.ReplaceAll(id, person, m.Pseudonym(source, person))
	}
	return m.name("item", "item\x00"+source+"\x00"+id)
}

func (m *Masker) step(step *plan.Step) {
	step.Items = slices.Clone(step.Items)
	address := strings.TrimPrefix(step.ID, "item:")
	whole := step.ID == step.Resource.String()
	step.Tag, step.ServerID = m.Address(step.Tag), ""
	for i, item := range step.Items {
		step.Items[i] = m.item(item)
	}
	if step.Resource.Key != "" {
		step.Resource.Key = m.personalKey(step.Resource.Key)
	}
	switch {
	case whole:
		step.ID = step.Resource.String()
	case address != step.ID:
		step.ID = "item:" + m.Address(address)
	}
	step.Before, step.After = m.values(step.Before), m.values(step.After)
	step.Sides = slices.Clone(step.Sides)
	for i := range step.Sides {
		step.Sides[i].Target, step.Sides[i].Source = m.value(step.Sides[i].Target), m.value(step.Sides[i].Source)
	}
	step.Matches = slices.Clone(step.Matches)
	for i := range step.Matches {
		step.Matches[i].Resource.Key = m.personalKey(step.Matches[i].Resource.Key)
	}
}

func (m *Masker) item(item merge.ItemName) merge.ItemName {
	text := identity.Address{Source: item.Source, Kind: item.Kind, ID: item.ID}.String()
	if item.Person == "" && !item.Kind.IsPeople() {
		return item
	}
	masked := item
	if address, err := identity.ParseAddress(m.Address(text)); err == nil {
		masked.ID = address.ID
	}
	masked.Name, masked.Person = masked.ID, ""
	if item.Person != "" {
		masked.Person = m.Pseudonym(item.Source, item.Person)
		masked.Name = masked.Person
	}
	if _, rest, found := strings.Cut(item.Name, " -> "); found {
		masked.Name += " -> " + rest
	}
	return masked
}

// learnOpen remembers the texts of a step about nobody: names of groups, clients and roles may stand in steps about
// people too.
func (m *Masker) learnOpen(step *plan.Step) {
	m.open[step.Resource.Key] = true
	for _, attributes := range []identity.Attributes{step.Before, step.After} {
		for _, value := range attributes {
			m.openTexts(value)
		}
	}
}

func (m *Masker) openTexts(value any) {
	switch v := value.(type) {
	case string:
		m.open[v] = true
	case []any:
		for _, element := range v {
			m.openTexts(element)
		}
	case map[string]any:
		for _, element := range v {
			m.openTexts(element)
		}
	}
}

// personalKey keeps the parts of a key that stand in steps about nobody, and replaces the others.
func (m *Masker) personalKey(key string) string {
	parts := strings.Split(key, " -> ")
	for i, part := range parts {
		if m.open[part] {
			continue
		}
		if known, found := m.known[part]; found {
			parts[i] = known
			continue
		}
		if address := m.Address(part); address != part {
			parts[i] = address
			continue
		}
		parts[i] = m.name("person", "key\x00"+part)
	}
	return strings.Join(parts, " -> ")
}

// values withholds every text of a step about a person that does not stand elsewhere. Equal texts stay equal, so that a
// change shows.
func (m *Masker) values(attributes identity.Attributes) identity.Attributes {
	if attributes == nil {
		return nil
	}
	out := identity.Attributes{}
	for name, value := range attributes {
		out[name] = m.value(value)
	}
	return out
}

func (m *Masker) value(value any) any {
	switch v := value.(type) {
	case string:
		if v == "" || m.open[v] {
			return v
		}
		if known, found := m.known[v]; found {
			return known
		}
		return m.name("withheld", "value\x00"+v)
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = m.value(element)
		}
		return out
	case map[string]any:
		_, item := identity.AsItemReference(value)
		_, secret := identity.AsSecretReference(value)
		if item || secret {
			return v // ids of items; those of people are replaced as texts
		}
		out := map[string]any{}
		for name, element := range v {
			out[name] = m.value(element)
		}
		return out
	default:
		return v
	}
}
