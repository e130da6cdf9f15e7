package planfile

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/pseudonym"
)

// A plan file that names people is encrypted with age for the team. Inside, a first line with the key of the pseudonyms
// stands before the plan, so that whoever shows it gives the same pseudonyms as the state that planned. The plan hash
// covers neither.
const (
	ageIntro      = "age-encryption.org/"
	peopleHeading = "rehome-plan-people/1 "
)

// Team is who may read a plan file that names people, and the key of the pseudonyms that goes with it.
type Team struct {
	Recipients   []age.Recipient
	PseudonymKey []byte
}

// Seal makes the content of a plan file, sealed with the key of its planner. The team is asked for only when the plan
// names people.
func Seal(p *plan.Plan, planner ed25519.PrivateKey, team func() (Team, error)) ([]byte, error) {
	named := pseudonym.Names(p)
	var who Team
	if named {
		var err error
		if who, err = team(); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	if err := plan.Write(&b, p, sealWith(planner, who.PseudonymKey)); err != nil {
		return nil, err
	}
	if !named {
		return b.Bytes(), nil
	}
	sealed, err := wrap(b.Bytes(), who)
	if err != nil {
		return nil, fmt.Errorf("encrypting the plan file: %w", err)
	}
	return sealed, nil
}

func wrap(content []byte, team Team) ([]byte, error) {
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, team.Recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, peopleHeading+hex.EncodeToString(team.PseudonymKey)+"\n"); err != nil {
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

// File is what a plan file holds.
type File struct {
	Plan      *plan.Plan
	PeopleKey []byte            // of the pseudonyms; nil where the file holds none
	Planner   ed25519.PublicKey // whose seal is on it; whether that planner is believed is for the caller to say
}

// Open reads and checks a plan file, whose name errors give. Identities is called for an encrypted file only. Errors
// are diag.List or diag.Diagnostic with the codes plan-file-damaged and plan-file-key.
func Open(r io.Reader, name string, identities func() ([]age.Identity, error)) (File, error) {
	input := bufio.NewReader(r)
	var key []byte
	if start, _ := input.Peek(len(ageIntro)); string(start) == ageIntro {
		var err error
		if input, key, err = unwrap(input, name, identities); err != nil {
			return File{}, err
		}
	}
	p, seal, found := plan.Read(input)
	if found.HasErrors() {
		return File{}, found
	}
	planner, err := sealedBy(seal, key)
	if err != nil {
		return File{}, damaged(err)
	}
	return File{Plan: p, PeopleKey: key, Planner: planner}, nil
}

func unwrap(sealed io.Reader, name string, identities func() ([]age.Identity, error)) (*bufio.Reader, []byte, error) {
	known, err := identities()
	if err != nil {
		return nil, nil, err
	}
	opened, err := age.Decrypt(sealed, known...)
	var stranger *age.NoIdentityMatchError
	if errors.As(err, &stranger) {
		return nil, nil, diag.Errorf("plan-file-key", "Plan file needs another key", "%s names people and is encrypted for "+
			"other identities than the one at hand.\nUse the identity of the team, or have the plan made with your public key "+
			"in recipients of the rehome block.", name)
	}
	if err != nil {
		return nil, nil, damaged(err)
	}
	input := bufio.NewReader(opened)
	heading, err := input.ReadSlice('\n') // no longer than the buffer
	if err != nil {
		return nil, nil, damaged(err)
	}
	text, found := strings.CutPrefix(strings.TrimSuffix(string(heading), "\n"), peopleHeading)
	key, err := hex.DecodeString(text)
	if !found || err != nil || len(key) != pseudonym.KeySize {
		return nil, nil, damaged(errors.New("its first line is not that of a plan"))
	}
	return input, key, nil
}

func damaged(err error) error {
	return diag.Errorf("plan-file-damaged", "Plan file is damaged",
		"The file is not as rehome wrote it: %v. Plan again, or fetch the file anew; nothing was changed.", err)
}
