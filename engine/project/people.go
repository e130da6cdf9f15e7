package project

import (
	"crypto/rand"
	"fmt"

	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/pseudonym"
)

// Masker is what keeps people out of Markdown, HTML and JSON; nil where they are to be named. The plan may be nil. The
// key is that of the state or of the plan file; where there is neither, one that is drawn for this project alone.
func (p *Project) Masker(of *plan.Plan) (*pseudonym.Masker, error) {
	if p.ShowPeople {
		return nil, nil
	}
	if p.peopleKey == nil && p.migration != nil {
		key, err := p.migration.PseudonymKey()
		if err != nil {
			return nil, err
		}
		p.peopleKey = key
	}
	if p.peopleKey == nil {
		p.peopleKey = make([]byte, pseudonym.KeySize)
		if _, err := rand.Read(p.peopleKey); err != nil {
			return nil, fmt.Errorf("drawing a key of pseudonyms: %w", err)
		}
	}
	return pseudonym.New(p.peopleKey, of), nil
}

// UsePeopleKey takes the key of a plan file, so that its people have the pseudonyms that its planner gave them.
func (p *Project) UsePeopleKey(key []byte) { p.peopleKey = key }

// HidePeople sees to it that from here on events name nobody of a plan.
func (p *Project) HidePeople(of *plan.Plan) error {
	m, err := p.Masker(of)
	if err == nil && m != nil {
		p.Events.Hide(m.JSON)
	}
	return err
}

// WithoutPeople is the plan as it may leave the terminal. From here on events name nobody of it either. The copy costs
// as much as making the plan does: it is for what is read.
func (p *Project) WithoutPeople(of *plan.Plan) (*plan.Plan, error) {
	m, err := p.Masker(of)
	if err != nil || m == nil {
		return of, err
	}
	p.Events.Hide(m.JSON)
	return m.Plan(of)
}

// Mask takes people out of an encoded JSON document, unless they are to be named.
func (p *Project) Mask(encoded []byte) ([]byte, error) {
	m, err := p.Masker(nil)
	if err != nil || m == nil {
		return encoded, err
	}
	return m.JSON(encoded), nil
}
