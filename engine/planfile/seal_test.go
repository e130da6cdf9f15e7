package planfile_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"testing"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planfile"
)

func planner(t *testing.T) (*age.X25519Identity, ed25519.PrivateKey, ed25519.PublicKey) {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	key, err := planfile.Planner(identity)
	if err != nil {
		t.Fatal(err)
	}
	again, err := planfile.Planner(identity)
	public, is := key.Public().(ed25519.PublicKey)
	if err != nil || !is || !key.Equal(again) {
		t.Fatal("an identity has two keys")
	}
	return identity, key, public
}

func sample(person string) *plan.Plan {
	p := &plan.Plan{
		FormatVersion: plan.FormatVersion, Summary: plan.Summary{Create: 1},
		Steps: []plan.Step{{ID: "group:/eng", Action: plan.ActionCreate, Disposition: plan.DispositionPlanned,
			Items: []merge.ItemName{{Source: "okta.corp", Kind: identity.KindGroup, ID: "00g", Person: person}},
			After: identity.Attributes{"name": "eng"}}},
	}
	plan.Close(p, plan.Gates{CreatedAt: "2026-11-27T08:00:00Z", ExpiresAt: "2026-11-28T08:00:00Z"})
	return p
}

func noIdentity() ([]age.Identity, error) { return nil, errors.New("an identity is asked for") }

func noTeam() (planfile.Team, error) { return planfile.Team{}, errors.New("the team is asked for") }

func TestOpen_SaysWhoseSealIsOnIt(t *testing.T) {
	_, key, public := planner(t)
	content, err := planfile.Seal(sample(""), key, noTeam)
	if err != nil {
		t.Fatal(err)
	}
	file, err := planfile.Open(bytes.NewReader(content), "plan.rehome", noIdentity)
	if err != nil || !file.Planner.Equal(public) || file.Plan.ExpiresAt != "2026-11-28T08:00:00Z" {
		t.Fatalf("%v %+v", err, file)
	}
	text := planfile.PlannerText(public)
	if back, err := planfile.ParsePlanner(text); err != nil || !back.Equal(public) {
		t.Errorf("%s: %v", text, err)
	}
	for i := range content {
		changed := bytes.Clone(content)
		changed[i] ^= 1
		if _, err := planfile.Open(bytes.NewReader(changed), "plan.rehome", noIdentity); err == nil {
			t.Fatalf("byte %d of %d was changed and not seen", i, len(content))
		}
	}
}

func TestOpen_WhoeverRevivesAPlanSealsItHimself(t *testing.T) {
	_, key, public := planner(t)
	_, other, stranger := planner(t)
	p := sample("")
	hash := p.PlanHash
	p.ExpiresAt = "2036-11-28T08:00:00Z"
	content, err := planfile.Seal(p, other, noTeam)
	if err != nil {
		t.Fatal(err)
	}
	file, err := planfile.Open(bytes.NewReader(content), "plan.rehome", noIdentity)
	if err != nil || file.Plan.PlanHash != hash {
		t.Fatal("the hash covers how long the plan holds", err)
	}
	if file.Planner.Equal(public) || !file.Planner.Equal(stranger) {
		t.Error("another planner passes for the first")
	}
	original, err := planfile.Seal(sample(""), key, noTeam)
	if err != nil {
		t.Fatal(err)
	}
	seal := original[len(original)-plan.SealSize:]
	copied := append(bytes.Clone(content[:len(content)-plan.SealSize]), seal...)
	if _, err := planfile.Open(bytes.NewReader(copied), "plan.rehome", noIdentity); err == nil {
		t.Error("the seal of one file passes on another")
	}
}

func TestOpen_TheKeyOfThePseudonymsIsUnderTheSeal(t *testing.T) {
	who, key, _ := planner(t)
	team := func(fill byte) func() (planfile.Team, error) {
		return func() (planfile.Team, error) {
			return planfile.Team{Recipients: []age.Recipient{who.Recipient()}, PseudonymKey: bytes.Repeat([]byte{fill}, 32)}, nil
		}
	}
	identities := func() ([]age.Identity, error) { return []age.Identity{who}, nil }
	content, err := planfile.Seal(sample("00u1"), key, team(1))
	if err != nil {
		t.Fatal(err)
	}
	file, err := planfile.Open(bytes.NewReader(content), "plan.rehome", identities)
	if err != nil || !bytes.Equal(file.PeopleKey, bytes.Repeat([]byte{1}, 32)) {
		t.Fatal(err)
	}
	opened, err := age.Decrypt(bytes.NewReader(content), who)
	if err != nil {
		t.Fatal(err)
	}
	var inside bytes.Buffer
	if _, err := inside.ReadFrom(opened); err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(inside.Bytes(), bytes.Repeat([]byte("01"), 32), bytes.Repeat([]byte("02"), 32), 1)
	if bytes.Equal(other, inside.Bytes()) {
		t.Fatal("the key is not where it was looked for")
	}
	var forged bytes.Buffer
	w, err := age.Encrypt(&forged, who.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(other); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := planfile.Open(&forged, "plan.rehome", identities); err == nil {
		t.Error("people can be given other pseudonyms")
	}
}
