package labokta

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// Origin stands for the organization's own URL inside the data files; answers carry the address the caller used.
const Origin = "https://brightwater.okta.example.com"

// object is one element with the few fields that the server itself looks at.
type object struct {
	key    string
	status string
	kind   string
	body   json.RawMessage
}

// tenant is the content of the data folder. Maps are keyed by the id of the parent.
type tenant struct {
	apps, appKeys, idps, idpKeys, policies, groups, groupRules []object
	users, mappings, zones, authorizationServers               []object
	current                                                    []object       // users who are not DEPROVISIONED
	userAt                                                     map[string]int // by id, the place in users

	appGroups, appUsers, policyRules, secrets map[string][]object
	groupMembers                              map[string][]string
	logs                                      []logged

	schemas                 map[string]json.RawMessage // of apps and identity providers by id, of people under user
	domains, org, wellKnown json.RawMessage
}

// load reads the folder. A missing file is an empty list, so that a test can bring only what it needs.
func load(data fs.FS, now time.Time) (*tenant, error) {
	t := &tenant{}
	lists := map[string]*[]object{
		"apps.json": &t.apps, "app-keys.json": &t.appKeys, "idps.json": &t.idps, "idp-keys.json": &t.idpKeys,
		"policies.json": &t.policies,
		"groups.json":   &t.groups, "group-rules.json": &t.groupRules, "users.json": &t.users,
		"mappings.json": &t.mappings, "zones.json": &t.zones, "authorization-servers.json": &t.authorizationServers,
	}
	for name, into := range lists {
		if err := readInto(data, name, into); err != nil {
			return nil, err
		}
	}
	nested := map[string]*map[string][]object{
		"app-groups.json": &t.appGroups, "app-users.json": &t.appUsers,
		"policy-rules.json": &t.policyRules, "secrets.json": &t.secrets,
	}
	for name, into := range nested {
		if err := readInto(data, name, into); err != nil {
			return nil, err
		}
	}
	singles := map[string]*json.RawMessage{
		"domains.json": &t.domains, "org.json": &t.org, "well-known.json": &t.wellKnown,
	}
	for name, into := range singles {
		if err := readInto(data, name, into); err != nil {
			return nil, err
		}
	}
	if err := readInto(data, "group-members.json", &t.groupMembers); err != nil {
		return nil, err
	}
	if err := readInto(data, "schemas.json", &t.schemas); err != nil {
		return nil, err
	}
	t.index()
	var events []json.RawMessage
	if err := readInto(data, "logs.json", &events); err != nil {
		return nil, err
	}
	var err error
	if t.logs, err = loadLogs(events, now); err != nil {
		return nil, fmt.Errorf("reading logs.json: %w", err)
	}
	return t, nil
}

// index makes what every request would otherwise search for.
func (t *tenant) index() {
	t.userAt = make(map[string]int, len(t.users))
	for i, u := range t.users {
		t.userAt[u.key] = i
		if u.status != "DEPROVISIONED" {
			t.current = append(t.current, u)
		}
	}
}

func readInto(data fs.FS, name string, into any) error {
	text, err := fs.ReadFile(data, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}

// UnmarshalJSON keeps the text of the element, in the form in which answers are encoded, and picks out the fields of
// object.
func (o *object) UnmarshalJSON(text []byte) error {
	var head struct {
		ID, Kid, Status string
		Type            json.RawMessage
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return err
	}
	key := head.ID
	if key == "" {
		key = head.Kid
	}
	if key == "" {
		return errors.New("an element has neither id nor kid")
	}
	*o = object{key: key, status: head.Status}
	// The type of a user is an object, everybody else's is a word; only the word matters here.
	if json.Unmarshal(head.Type, &o.kind) != nil {
		o.kind = ""
	}
	encoded, err := json.Marshal(json.RawMessage(text))
	o.body = encoded
	return err
}

// MarshalJSON gives the text back.
func (o object) MarshalJSON() ([]byte, error) { return o.body, nil }

// find returns the object with that key.
func find(objects []object, key string) (object, bool) {
	for _, o := range objects {
		if o.key == key {
			return o, true
		}
	}
	return object{}, false
}

// members resolves the user ids of a group; ids without a user are left out.
func (t *tenant) members(group string) []object {
	out := make([]object, 0, len(t.groupMembers[group]))
	for _, id := range t.groupMembers[group] {
		if i, ok := t.userAt[id]; ok {
			out = append(out, t.users[i])
		}
	}
	return out
}
