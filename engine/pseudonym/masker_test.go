package pseudonym_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/pseudonym"
)

var key = bytes.Repeat([]byte{7}, pseudonym.KeySize)

// crowded names people everywhere that a plan can.
func crowded() *plan.Plan {
	ana := merge.ItemName{Source: "okta.corp", Kind: identity.KindUser, ID: "00uPLANTED1",
		Name:   "ana.planted@acme.example",
		Person: "00uPLANTED1"}
	eva := merge.ItemName{Source: "entra.hq", Kind: identity.KindUser, ID: "9e01-planted", Name: "Eva Planted",
		Person: "9e01-planted"}
	return &plan.Plan{
		FormatVersion: plan.FormatVersion, Status: history.PlanPreviewed, PlanHash: "sha256:00",
		Migration: plan.Migration{Name: "acme"},
		Steps: []plan.Step{
			{ID: "client:crm", Action: plan.ActionCreate, Disposition: plan.DispositionPlanned,
				Resource: identity.ResourceID{Type: "client", Key: "crm"},
				Items:    []merge.ItemName{{Source: "okta.corp", Kind: identity.KindApplication, ID: "0oa1", Name: "CRM"}},
				After: identity.Attributes{"client_id": "crm", "contact": "ana.planted@acme.example",
					"roles": []any{"crm/access"}}},
			{ID: "user:ana", Action: plan.ActionCreate, Disposition: plan.DispositionPlanned,
				Resource: identity.ResourceID{Type: "user", Key: "ana.planted@acme.example"},
				Items:    []merge.ItemName{ana}, Tag: "okta.corp/user/00uPLANTED1", ServerID: "planted-server-id",
				After: identity.Attributes{"username": "ana.planted@acme.example", "first_name": "AnaPlanted", "enabled": true}},
			{ID: "role_assignment:ana.planted@acme.example -> crm/access", Action: plan.ActionCreate,
				Disposition: plan.DispositionPlanned,
				Resource:    identity.ResourceID{Type: "role_assignment", Key: "ana.planted@acme.example -> crm/access"},
				Items: []merge.ItemName{{Source: "okta.corp", Kind: identity.KindAppAssignment, ID: "0oa1:00uPLANTED1",
					Name: "ana.planted@acme.example -> CRM", Person: "00uPLANTED1"}},
				After: identity.Attributes{"user": "ana.planted@acme.example", "client": "crm", "role": "crm/access"}},
			{ID: "item:okta.corp/app_assignment/0oa1:00uPLANTED1", Disposition: plan.DispositionBlocked,
				Reason: "user Eva Planted (9e01-planted) is not in the plan; ask boss.planted@acme.example",
				Items:  []merge.ItemName{eva}, DependsOn: []string{"role_assignment:ana.planted@acme.example -> crm/access"}},
			{ID: "people:okta.corp/membership", Disposition: plan.DispositionUnchanged,
				Crowd: &plan.Crowd{Count: 40, Digest: "40:x"},
				Items: []merge.ItemName{{Source: "okta.corp", Kind: identity.KindMembership, ID: "00g1:00uPLANTED1",
					Name: "ana.planted@acme.example", Person: "00uPLANTED1"},
					{Source: "okta.corp", Kind: identity.KindMembership, ID: "planted-membership", Name: "planted-name"}}},
		},
		Impacts: []fidelity.Impact{{ID: "ocm-1", Items: []string{"okta.corp/user/00uPLANTED9",
			"okta.corp/membership/00g1:00uPLANTED9", "okta.corp/app_assignment/0oa1:00uPLANTED1",
			"okta.corp/application/0oa1"}}},
		Access: &plan.Access{Gained: []plan.AccessChange{{Person: "ana.planted@acme.example", Application: "CRM"},
			{Person: "planted login", Application: "CRM"}}},
		Handoff: plan.Handoff{Blockers: []plan.Blocker{{Items: []string{"user:ana.planted@acme.example"}}}},
	}
}

func TestPlan_NobodyIsNamedAnywhere(t *testing.T) {
	p := crowded()
	before, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	masked, err := pseudonym.New(key, p).Plan(p)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.MarshalIndent(masked, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(encoded), "\n") {
		if strings.Contains(strings.ToLower(line), "planted") {
			t.Error(line)
		}
	}
	for _, kept := range []string{"crm/access", `"CRM"`, "okta.corp/application/0oa1", `"enabled": true`, "0oa1:person-"} {
		if !strings.Contains(string(encoded), kept) {
			t.Errorf("%s is gone", kept)
		}
	}
	if after, err := json.Marshal(p); err != nil || !bytes.Equal(before, after) {
		t.Error("the plan itself was changed")
	}
	ids := map[string]bool{}
	for _, step := range masked.Steps {
		ids[step.ID] = true
	}
	if len(ids) != len(p.Steps) || !ids[masked.Steps[3].DependsOn[0]] {
		t.Errorf("step ids: %v, depends on %v", ids, masked.Steps[3].DependsOn)
	}
}

func TestPseudonyms_StayTheSameOverPlansAndDifferByKey(t *testing.T) {
	p, one := crowded(), crowded()
	one.Steps = one.Steps[:2]
	first, second, other := pseudonym.New(key, p), pseudonym.New(key, one),
		pseudonym.New(bytes.Repeat([]byte{8}, pseudonym.KeySize), p)
	text := "ana.planted@acme.example asked"
	if first.Text(text) != second.Text(text) || first.Text(text) == other.Text(text) {
		t.Errorf("%q, %q, %q", first.Text(text), second.Text(text), other.Text(text))
	}
	if got, want := first.Text("(00uPLANTED1)"), "("+first.Pseudonym("okta.corp", "00uPLANTED1")+")"; got != want {
		t.Errorf("an id and a name are two people: %q, %q", got, want)
	}
}

func TestText_ReplacesWordsAndNotPartsOfThem(t *testing.T) {
	p := &plan.Plan{Steps: []plan.Step{{Items: []merge.ItemName{
		{Source: "s", Kind: identity.KindUser, ID: "1", Name: "admin", Person: "1"},
		{Source: "s", Kind: identity.KindUser, ID: "user0007", Name: "Max Müller", Person: "user0007"},
	}}}}
	m := pseudonym.New(key, p)
	max := m.Pseudonym("s", "user0007")
	cases := map[string]string{
		"the realm admin has 1 role": "the realm admin has 1 role",
		"Max Müller's group":         max + "'s group",
		"Max Müllerin":               "Max Müllerin",
		"xuser0007, user00071":       "xuser0007, user00071",
		"user0007":                   max,
		"s/user/user0007/x":          "s/user/" + max + "/x",
		"sha256:00ff and @ alone":    "sha256:00ff and @ alone",
		"":                           "",
	}
	for text, want := range cases {
		if diff := cmp.Diff(want, m.Text(text)); diff != "" {
			t.Error(diff)
		}
	}
	if got := m.Text("mail new@acme.example."); !strings.HasPrefix(got, "mail mail-") || !strings.HasSuffix(got, ".") {
		t.Error(got)
	}
}

func TestNames_TellsAPlanAboutPeopleFromOneWithout(t *testing.T) {
	if !pseudonym.Names(crowded()) {
		t.Error("people were not seen")
	}
	nobody := &plan.Plan{Steps: []plan.Step{{ID: "client:crm",
		Items: []merge.ItemName{{Kind: identity.KindApplication, ID: "0oa1", Name: "CRM"}}}}}
	if pseudonym.Names(nobody) {
		t.Error("somebody was seen")
	}
	nobody.Impacts = []fidelity.Impact{{Items: []string{"okta.corp/user/1"}}}
	if !pseudonym.Names(nobody) {
		t.Error("the people of an impact were not seen")
	}
}

func FuzzJSON_StaysJSONAndKeepsWhatIsNoPerson(f *testing.F) {
	f.Add(`{"a":"ana.planted@acme.example","b":[1,"\u0041\"x"]}`)
	f.Add(`"\\"`)
	f.Add(`{"a`)
	f.Add(`"\`)
	m := pseudonym.New(key, crowded())
	f.Fuzz(func(t *testing.T, text string) {
		masked := m.JSON([]byte(text))
		if json.Valid([]byte(text)) != json.Valid(masked) {
			t.Errorf("%q became %q", text, masked)
		}
	})
}
