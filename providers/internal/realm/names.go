package realm

import (
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// NamesOf lists what of a person an application is told, as a realm calls it: whoever may change these himself can pass
// for somebody else. a are attributes of a client.
func NamesOf(a identity.Attributes) []string {
	names := map[string]bool{}
	scopes := object.Texts(a["default_client_scopes"])
	if object.Text(a, "protocol") == gating.ProtocolSAML {
		switch object.Text(object.Peek(a, "attributes"), "saml_name_id_format") {
		case "email":
			names["email"] = true
		case "username":
			names["username"] = true
		}
	} else if slices.Contains(scopes, "profile") {
		names["username"], names["firstName"], names["lastName"] = true, true, true
	}
	if slices.Contains(scopes, "email") {
		names["email"] = true
	}
	for _, mapper := range object.Objects(a["protocol_mappers"]) {
		if attribute := object.Text(object.Peek(mapper, "config"), "user.attribute"); attribute != "" {
			names[attribute] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// ProfileField is one field of a profile, with who may change it.
type ProfileField struct {
	Name        string `json:"name"`
	Permissions struct {
		Edit []string `json:"edit"`
	} `json:"permissions"`
}

// Profile is what a realm lets people do with the fields of their own profile.
type Profile struct {
	Fields []ProfileField `json:"attributes"`
	// Unmanaged says what of fields that are not listed: empty for nothing, ENABLED for everybody.
	Unmanaged string `json:"unmanagedAttributePolicy"`
}

// OwnToChange lists those of the names that a person may change himself. A user name follows a switch of the realm.
func (p Profile) OwnToChange(names []string, editUsername bool) []string {
	var own []string
	for _, name := range names {
		at := slices.IndexFunc(p.Fields, func(f ProfileField) bool { return f.Name == name })
		switch {
		case name == "username" && !editUsername:
		case at < 0 && p.Unmanaged == "ENABLED", at >= 0 && slices.Contains(p.Fields[at].Permissions.Edit, "user"):
			own = append(own, name)
		}
	}
	return own
}
