package pseudonym_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/pseudonym"
)

func TestItem_LeavesNothingOfAPerson(t *testing.T) {
	mask := pseudonym.New([]byte("a key of thirty-two bytes length"), nil)
	person := identity.Item{Source: "directory.corp", Kind: identity.KindUser, ID: "u1", Name: "ana@acme.example",
		Attributes: json.RawMessage(`{"name":"ana@acme.example"}`), Raw: json.RawMessage(`{"mail":"ana@acme.example"}`)}
	encoded, err := json.Marshal(mask.Item(person))
	if err != nil || strings.Contains(string(encoded), "ana") || strings.Contains(string(encoded), `"u1"`) {
		t.Errorf("%s %v", encoded, err)
	}
	group := identity.Item{Source: "directory.corp", Kind: identity.KindGroup, ID: "g1", Name: "Sales"}
	if diff := cmp.Diff(group, mask.Item(group)); diff != "" {
		t.Errorf("a group is hidden:\n%s", diff)
	}
	if diff := cmp.Diff(person, (*pseudonym.Masker)(nil).Item(person)); diff != "" {
		t.Errorf("hidden although people may be shown:\n%s", diff)
	}
}
