package labentra

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// The @odata.type of the members that have a list of their own.
const (
	userType             = "#microsoft.graph.user"
	groupType            = "#microsoft.graph.group"
	servicePrincipalType = "#microsoft.graph.servicePrincipal"
)

// object is one element with its properties in the order of the file.
type object struct {
	id    string
	odata string
	names []string
	value map[string]json.RawMessage
}

// UnmarshalJSON keeps the order of the properties.
func (o *object) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return errors.New("an element is not an object")
	}
	o.value = map[string]json.RawMessage{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		o.names = append(o.names, fmt.Sprint(name))
		o.value[fmt.Sprint(name)] = value
	}
	if raw, ok := o.value["id"]; !ok || json.Unmarshal(raw, &o.id) != nil || o.id == "" {
		return errors.New("an element has no id")
	}
	if raw, ok := o.value["@odata.type"]; ok && json.Unmarshal(raw, &o.odata) != nil {
		return fmt.Errorf("the @odata.type of %s is not a word", o.id)
	}
	return nil
}

// MarshalJSON writes the properties in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			out.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		out.Write(key)
		out.WriteByte(':')
		out.Write(o.value[name])
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// tenant is the content of the data folder. Maps are keyed by the id of the parent.
type tenant struct {
	organization, applications, servicePrincipals, groups, users []object
	domains, policies, namedLocations, identityProviders, grants []object

	signIns  []signIn // oldest first
	defaults json.RawMessage

	assignedTo, members, federation, claimsPolicies, federatedCredentials map[string][]object
}

// load reads the folder. A missing file is an empty list, so that a test can bring only what it needs.
func load(data fs.FS, now time.Time) (*tenant, error) {
	t := &tenant{}
	var signIns []object
	files := map[string]any{
		"sign-ins.json":                       &signIns,
		"security-defaults.json":              &t.defaults,
		"organization.json":                   &t.organization,
		"applications.json":                   &t.applications,
		"service-principals.json":             &t.servicePrincipals,
		"groups.json":                         &t.groups,
		"users.json":                          &t.users,
		"domains.json":                        &t.domains,
		"conditional-access-policies.json":    &t.policies,
		"named-locations.json":                &t.namedLocations,
		"identity-providers.json":             &t.identityProviders,
		"permission-grants.json":              &t.grants,
		"app-role-assignments.json":           &t.assignedTo,
		"group-members.json":                  &t.members,
		"federation-configurations.json":      &t.federation,
		"claims-mapping-policies.json":        &t.claimsPolicies,
		"federated-identity-credentials.json": &t.federatedCredentials,
	}
	for name, into := range files {
		text, err := fs.ReadFile(data, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	var err error
	if t.signIns, err = loadSignIns(signIns, now); err != nil {
		return nil, fmt.Errorf("reading sign-ins.json: %w", err)
	}
	return t, nil
}

func find(objects []object, id string) (object, bool) {
	for _, o := range objects {
		if o.id == id {
			return o, true
		}
	}
	return object{}, false
}

// groupMembers resolves the members of a group to whole objects that carry their @odata.type.
func (t *tenant) groupMembers(group string) []object {
	from := map[string][]object{
		userType:             t.users,
		groupType:            t.groups,
		servicePrincipalType: t.servicePrincipals,
	}
	var out []object
	for _, reference := range t.members[group] {
		whole, ok := find(from[reference.odata], reference.id)
		if !ok {
			// Devices and contacts have no list of their own; the reference is all there is.
			out = append(out, reference)
			continue
		}
		out = append(out, typed(whole, reference.odata))
	}
	return out
}

// typed returns a copy of the object that begins with its @odata.type.
func typed(o object, odata string) object {
	value := map[string]json.RawMessage{}
	for name, raw := range o.value {
		value[name] = raw
	}
	// A string always encodes.
	value["@odata.type"], _ = json.Marshal(odata)
	return object{id: o.id, odata: odata, names: append([]string{"@odata.type"}, o.names...), value: value}
}

// transitive resolves members of members; a group that contains itself is visited once.
func (t *tenant) transitive(group string) []object {
	seen := map[string]bool{group: true}
	var out []object
	waiting := []string{group}
	for len(waiting) > 0 {
		next := waiting[0]
		waiting = waiting[1:]
		for _, m := range t.groupMembers(next) {
			if seen[m.id] {
				continue
			}
			seen[m.id] = true
			out = append(out, m)
			if m.odata == groupType {
				waiting = append(waiting, m.id)
			}
		}
	}
	return out
}
