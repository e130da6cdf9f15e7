package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/pseudonym"
)

// masker is what keeps people out of Markdown, HTML and JSON; nil with -show-people. The plan may be nil. The key is that of the
// state or of the plan file; where there is neither, one that is drawn for this output alone.
func (s *session) masker(p *plan.Plan) (*pseudonym.Masker, error) {
	if s.global.showPeople {
		return nil, nil
	}
	if s.peopleKey == nil && s.store != nil {
		key, err := s.store.PseudonymKey()
		if err != nil {
			return nil, err
		}
		s.peopleKey = key
	}
	if s.peopleKey == nil {
		s.peopleKey = make([]byte, pseudonym.KeySize)
		if _, err := rand.Read(s.peopleKey); err != nil {
			return nil, fmt.Errorf("drawing a key of pseudonyms: %w", err)
		}
	}
	return pseudonym.New(s.peopleKey, p), nil
}

// withoutPeople is the plan as it may leave the terminal. From here on events of this session name nobody of it either.
func (s *session) withoutPeople(p *plan.Plan) (*plan.Plan, error) {
	m, err := s.masker(p)
	if err != nil || m == nil {
		return p, err
	}
	s.events.setMask(m.JSON)
	return m.Plan(p)
}

// document writes one JSON document, without people unless -show-people.
func (s *session) document(value any) error {
	encoded, err := encodeDocument(value)
	if err != nil {
		return err
	}
	m, err := s.masker(nil)
	if err != nil {
		return err
	}
	if m != nil {
		encoded = m.JSON(encoded)
	}
	_, err = s.env.out.Write(encoded)
	return err
}

func encodeDocument(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encoding the document: %w", err)
	}
	return b.Bytes(), nil
}
