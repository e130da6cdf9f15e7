package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/state"
)

// A plan file that names people is encrypted with age for the team. Inside, a first line with the key of the pseudonyms stands before
// the plan file, so that rehome show gives the same pseudonyms as the state that planned. The plan hash covers neither.
const (
	ageIntro      = "age-encryption.org/"
	peopleHeading = "rehome-plan-people/1 "
)

// writePlanFile writes the plan durably with mode 0600, encrypted when it names people.
func writePlanFile(s *session, path string, p *plan.Plan) error {
	var b bytes.Buffer
	if err := plan.Write(&b, p); err != nil {
		return err
	}
	content := b.Bytes()
	if pseudonym.Names(p) {
		key, err := s.store.PseudonymKey()
		if err != nil {
			return err
		}
		recipients, err := s.planRecipients()
		if err != nil {
			return err
		}
		if content, err = wrapPlan(content, key, recipients); err != nil {
			return fmt.Errorf("encrypting the plan file: %w", err)
		}
	}
	if err := project.WriteDurably(path, content); err != nil {
		return fmt.Errorf("writing the plan file %s: %w", path, err)
	}
	return nil
}

// planRecipients are those of the identities at hand and of the rehome block.
func (s *session) planRecipients() ([]age.Recipient, error) {
	identities, err := s.identities()
	if err != nil {
		return nil, err
	}
	texts := map[string]bool{}
	var recipients []age.Recipient
	add := func(recipient *age.X25519Recipient) {
		if !texts[recipient.String()] {
			texts[recipient.String()] = true
			recipients = append(recipients, recipient)
		}
	}
	for _, identity := range identities {
		if x, ok := identity.(*age.X25519Identity); ok {
			add(x.Recipient())
		}
	}
	for _, text := range s.cfg.Rehome.Recipients {
		recipient, err := age.ParseX25519Recipient(text)
		if err != nil {
			place := s.cfg.Rehome.Range
			d := diag.Errorf("recipient-invalid", "Recipient is invalid", "%q in recipients is not an age public key (age1…).", text)
			d.Subject = &place
			return nil, d
		}
		add(recipient)
	}
	return recipients, nil
}

func wrapPlan(content, key []byte, recipients []age.Recipient) ([]byte, error) {
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, peopleHeading+hex.EncodeToString(key)+"\n"); err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}

// readPlan reads and checks a plan file; a file changed by one byte is refused. An encrypted one opens with the identity of the state,
// which itself is not needed.
func (s *session) readPlan(path string) (*plan.Plan, error) {
	p, key, err := openPlanFile(path, s.identities)
	if key != nil {
		s.UsePeopleKey(key)
	}
	return p, err
}

// openPlanFile returns the key of the pseudonyms too, when the file holds one. Identities is called for an encrypted file only.
func openPlanFile(path string, identities func() ([]age.Identity, error)) (*plan.Plan, []byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the plan file: %w", err)
	}
	defer f.Close()
	input := bufio.NewReader(f)
	var key []byte
	if start, _ := input.Peek(len(ageIntro)); string(start) == ageIntro {
		if input, key, err = unwrapPlan(input, path, identities); err != nil {
			return nil, nil, err
		}
	}
	p, found := plan.Read(input)
	if found.HasErrors() {
		return nil, nil, found
	}
	return p, key, nil
}

func unwrapPlan(sealed io.Reader, path string, identities func() ([]age.Identity, error)) (*bufio.Reader, []byte, error) {
	known, err := identities()
	if missing := (diag.Diagnostic{}); err != nil && !errors.As(err, &missing) {
		return nil, nil, err // there is an identity, and it does not read
	}
	if err != nil {
		return nil, nil, diag.Errorf("plan-file-key", "Plan file needs a key", "%s names people and is encrypted for the team. It opens with an age identity of the team, in the identity file or in %s.", path, state.KeyVariable)
	}
	opened, err := age.Decrypt(sealed, known...)
	var stranger *age.NoIdentityMatchError
	if errors.As(err, &stranger) {
		return nil, nil, diag.Errorf("plan-file-key", "Plan file needs another key", "%s names people and is encrypted for other identities than the one at hand.\nUse the identity of the team, or have the plan made with your public key in recipients of the rehome block.", path)
	}
	if err != nil {
		return nil, nil, damagedPlan(err)
	}
	input := bufio.NewReader(opened)
	heading, err := input.ReadString('\n')
	if err != nil {
		return nil, nil, damagedPlan(err)
	}
	text, found := strings.CutPrefix(strings.TrimSuffix(heading, "\n"), peopleHeading)
	key, err := hex.DecodeString(text)
	if !found || err != nil || len(key) != pseudonym.KeySize {
		return nil, nil, damagedPlan(errors.New("its first line is not that of a plan"))
	}
	return input, key, nil
}

func damagedPlan(err error) error {
	return diag.Errorf("plan-file-damaged", "Plan file is damaged", "The file is not as rehome wrote it: %v. Plan again, or fetch the file anew; nothing was changed.", err)
}
