package planfile_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planfile"
)

// previewed is a plan that makes a group, and names a person where that is said.
func previewed(person bool) *plan.Plan {
	p := &plan.Plan{FormatVersion: plan.FormatVersion, Status: history.PlanPreviewed, Impacts: []fidelity.Impact{},
		Steps: []plan.Step{{
			ID: "group:/Finance", Action: plan.ActionCreate, Disposition: plan.DispositionPlanned,
			Resource: identity.ResourceID{Type: "group", Key: "/Finance"}, After: identity.Attributes{"name": "Finance"},
			Items: []merge.ItemName{{Source: "fake.corp", Kind: identity.KindGroup, ID: "g1", Name: "Finance"}},
		}}}
	if person {
		p.Steps[0].Items[0] = merge.ItemName{Source: "fake.corp", Kind: identity.KindUser, ID: "u1", Name: "Ada",
			Person: "u1"}
	}
	plan.Close(p, plan.Gates{})
	return p
}

func key(t testing.TB) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func sealer(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	sealing, err := planfile.Planner(key(t))
	if err != nil {
		t.Fatal(err)
	}
	return sealing
}

func nobody(t *testing.T) func() ([]age.Identity, error) {
	return func() ([]age.Identity, error) {
		t.Error("an identity was asked for")
		return nil, errors.New("there is none")
	}
}

func with(identities ...age.Identity) func() ([]age.Identity, error) {
	return func() ([]age.Identity, error) { return identities, nil }
}

func code(err error) string {
	var one diag.Diagnostic
	var list diag.List
	switch {
	case errors.As(err, &one):
		return one.Code
	case errors.As(err, &list):
		return list[0].Code
	}
	return ""
}

func TestSeal_LeavesAPlanThatNamesNobodyOpen(t *testing.T) {
	p := previewed(false)
	content, err := planfile.Seal(p, sealer(t), func() (planfile.Team, error) {
		t.Error("the team was asked for")
		return planfile.Team{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err := planfile.Open(bytes.NewReader(content), "plan.rehome", nobody(t))
	if err != nil || read.Plan.PlanHash != p.PlanHash || read.PeopleKey != nil {
		t.Errorf("%+v, %v", read, err)
	}
}

func TestSeal_GivesAPlanThatNamesPeopleToTheTeamOnly(t *testing.T) {
	p, one, other := previewed(true), key(t), key(t)
	pseudonyms := bytes.Repeat([]byte{7}, 32)
	content, err := planfile.Seal(p, sealer(t), func() (planfile.Team, error) {
		return planfile.Team{Recipients: []age.Recipient{one.Recipient(), other.Recipient()}, PseudonymKey: pseudonyms}, nil
	})
	if err != nil || bytes.Contains(content, []byte("Ada")) {
		t.Fatalf("%v, or it names her", err)
	}
	for _, identity := range []age.Identity{one, other} {
		read, err := planfile.Open(bytes.NewReader(content), "plan.rehome", with(identity))
		if err != nil || read.Plan.PlanHash != p.PlanHash || !bytes.Equal(read.PeopleKey, pseudonyms) {
			t.Errorf("%+v, %v", read, err)
		}
	}
	if _, err := planfile.Open(bytes.NewReader(content), "plan.rehome", with(key(t))); code(err) != "plan-file-key" {
		t.Errorf("a stranger: %v", err)
	}
	missing := errors.New("no identity")
	_, err = planfile.Open(bytes.NewReader(content), "plan.rehome", func() ([]age.Identity, error) {
		return nil,
			missing
	})
	if !errors.Is(err, missing) {
		t.Errorf("without an identity: %v", err)
	}
	if _, err := planfile.Seal(p, sealer(t), func() (planfile.Team, error) {
		return planfile.Team{},
			missing
	}); !errors.Is(err,
		missing) {
		t.Errorf("without a team: %v", err)
	}
}

func TestOpen_RefusesAFileThatWasChanged(t *testing.T) {
	identity := key(t)
	team := func() (planfile.Team, error) {
		return planfile.Team{Recipients: []age.Recipient{identity.Recipient()}, PseudonymKey: make([]byte, 32)}, nil
	}
	for name, p := range map[string]*plan.Plan{"open": previewed(false), "encrypted": previewed(true)} {
		content, err := planfile.Seal(p, sealer(t), team)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int{len(content) / 2, len(content) - 1} {
			changed := slices.Clone(content)
			changed[at] ^= 1
			if _, err := planfile.Open(bytes.NewReader(changed), "plan.rehome",
				with(identity)); code(err) != "plan-file-damaged" {
				t.Errorf("%s, changed at %d of %d: %v", name, at, len(content), err)
			}
		}
		if _, err := planfile.Open(bytes.NewReader(content[:len(content)-9]), "plan.rehome",
			with(identity)); code(err) != "plan-file-damaged" {
			t.Errorf("%s, cut: %v", name, err)
		}
	}
}

func TestOpen_RefusesWhatIsEncryptedAndNoPlan(t *testing.T) {
	identity := key(t)
	for _, text := range []string{"", "rehome-plan-people/1 \n", "rehome-plan-people/1 0102\n",
		"rehome-plan-people/1 xyz\n",
		"something else\n", "rehome-plan-people/1 " + strings.Repeat("00", 32) + "\n"} {
		var sealed bytes.Buffer
		w, err := age.Encrypt(&sealed, identity.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := planfile.Open(&sealed, "plan.rehome", with(identity)); code(err) != "plan-file-damaged" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	content, err := planfile.Seal(previewed(false), sealer(f), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Add([]byte{})
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := planfile.Open(bytes.NewReader(content), "plan.rehome", with(identity))
		if (file.Plan == nil) == (err == nil) {
			t.Errorf("%+v, %v", file, err)
		}
	})
}
