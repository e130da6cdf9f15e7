package realm

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
)

func TestNamesOf_IsWhatAnApplicationIsToldOfAPerson(t *testing.T) {
	mapper := map[string]any{"name": "wiki", "type": "saml-user-attribute-mapper",
		"config": map[string]any{"user.attribute": "wikiName"}}
	for name, c := range map[string]struct {
		client identity.Attributes
		want   []string
	}{
		"by OpenID Connect": {identity.Attributes{"protocol": "openid-connect",
			"default_client_scopes": []any{"profile", "email", "acr"}}, []string{"email", "firstName", "lastName", "username"}},
		"no scope": {identity.Attributes{"protocol": "openid-connect"}, nil},
		"by SAML": {identity.Attributes{"protocol": "saml", "protocol_mappers": []any{mapper},
			"attributes": map[string]any{"saml_name_id_format": "email"}}, []string{"email", "wikiName"}},
		"another name each time": {identity.Attributes{"protocol": "saml",
			"attributes": map[string]any{"saml_name_id_format": "transient"}}, nil},
	} {
		if got := NamesOf(c.client); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestProfile_SaysWhatAPersonMayChangeHimself(t *testing.T) {
	const listed = `{"attributes":[{"name":"username","permissions":{"edit":["admin","user"]}},
		{"name":"email","permissions":{"edit":["admin"]}},{"name":"firstName","permissions":{"edit":["user"]}}]`
	names := []string{"email", "firstName", "username", "wikiName"}
	for _, c := range []struct {
		more string
		edit bool
		want []string
	}{
		{"", false, []string{"firstName"}},
		{"", true, []string{"firstName", "username"}},
		{`,"unmanagedAttributePolicy":"ENABLED"`, false, []string{"firstName", "wikiName"}},
		{`,"unmanagedAttributePolicy":"ADMIN_EDIT"`, false, []string{"firstName"}},
	} {
		var profile Profile
		if err := json.Unmarshal([]byte(listed+c.more+"}"), &profile); err != nil {
			t.Fatal(err)
		}
		if got := profile.OwnToChange(names, c.edit); !slices.Equal(got, c.want) {
			t.Errorf("%s, %v: %v, want %v", c.more, c.edit, got, c.want)
		}
	}
}
