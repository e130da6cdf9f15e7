package realmfile

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/google/uuid"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// Apply does one step in the file. A step that finds its work done writes nothing.
func (t *Target) Apply(ctx context.Context, step identity.StepRequest) (identity.StepResult, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if err := ctx.Err(); err != nil {
		return identity.StepResult{}, err
	}
	release, err := t.lock()
	if err != nil {
		return identity.StepResult{}, err
	}
	defer release()
	doc, _, err := t.load()
	if err != nil {
		return identity.StepResult{}, err
	}
	live, there := current(doc, step.Resource)
	if old, renames := oldGroup(step); renames && !there {
		live, there = current(doc, old)
	}
	done, err := examine(doc, step, live, there)
	if err != nil {
		return identity.StepResult{}, err
	}
	if done {
		return identity.StepResult{Already: true, ServerID: live.ServerID, Requests: 1, Generated: madeSecret(doc, step)}, nil
	}
	change := &change{doc: doc, realm: doc["realm"].(string), step: step, generated: map[string]string{}}
	if err := change.do(); err != nil {
		return identity.StepResult{}, err
	}
	if err := t.save(doc); err != nil {
		return identity.StepResult{}, err
	}
	result := identity.StepResult{Requests: 2}
	if after, exists := current(doc, step.Resource); exists {
		result.ServerID = after.ServerID
	}
	if len(change.generated) > 0 {
		result.Generated = change.generated
	}
	return result, nil
}

func current(doc realm.Object, id identity.ResourceID) (identity.Resource, bool) {
	for _, resource := range realm.ReadDocument(doc) {
		if resource.ID() == id {
			return resource, true
		}
	}
	return identity.Resource{}, false
}

// examine compares the file with what the step expects: done already, to be done, or in conflict.
func examine(doc realm.Object, step identity.StepRequest, live identity.Resource, there bool) (done bool, err error) {
	kind := step.Resource.Type
	switch step.Action {
	case identity.ActionCreate:
		switch {
		case !there:
			return false, nil
		case realm.Same(kind, step.After, live.Attributes) && (!carriesTag(kind) || live.Tag == step.Tag):
			return true, nil
		case kind == realm.TypeEnablement && live.Attributes["enabled"] == false:
			return false, nil // the client was made disabled, which is what its first opening expects
		case kind == realm.TypeGateFlows:
			return false, nil // what is missing of ours is added, nothing is changed
		}
		return false, conflict(step, live, "is there already and not as wanted")
	case identity.ActionUpdate:
		switch {
		case !there:
			return false, conflict(step, live, "is gone")
		case len(step.Secrets) == 0 && realm.Same(kind, step.After, live.Attributes) && (step.Tag == "" || !carriesTag(kind) || live.Tag == step.Tag):
			return true, nil
		case !realm.Same(kind, step.Before, live.Attributes):
			return false, conflict(step, live, "was changed since the plan was made")
		}
		return false, nil
	case identity.ActionDelete:
		return examineDelete(doc, step, live, there)
	}
	return false, invalid("the step %s wants the unknown action %q", step.StepID, step.Action)
}

func carriesTag(kind string) bool {
	switch kind {
	case realm.TypeGroup, realm.TypeClient, realm.TypeProvider, realm.TypeOrganization:
		return true
	}
	return false
}

func conflict(step identity.StepRequest, live identity.Resource, what string) error {
	return &identity.ProviderError{Code: identity.ErrorConflict, Message: fmt.Sprintf("%s %s", step.Resource, what), Live: live.Attributes}
}

// change is one step at work on the file in memory.
type change struct {
	doc       realm.Object
	realm     string
	step      identity.StepRequest
	generated map[string]string
}

func (c *change) do() error {
	work := map[string]func() error{
		realm.TypeGroup: c.group, realm.TypeGateFlows: c.gateFlows, realm.TypeProvider: c.provider, realm.TypeOrganization: c.organization,
		realm.TypeClient: c.client, realm.TypeClientRole: c.clientRole, realm.TypeGate: c.gate,
		realm.TypeRoleAssignment: c.roleAssignment, realm.TypeEnablement: c.enablement,
	}
	do, known := work[c.step.Resource.Type]
	if !known {
		return invalid("a realm file holds no resource that can be written of the type %s", c.step.Resource.Type)
	}
	return do()
}

func (c *change) deletes() bool { return c.step.Action == identity.ActionDelete }

// attributes are those that name the resource: After, or Before of a delete.
func (c *change) text(name string) string {
	from := c.step.After
	if c.deletes() {
		from = c.step.Before
	}
	text, _ := from[name].(string)
	return text
}

func (c *change) client() error {
	id := c.step.Resource.Key
	if c.deletes() {
		remove(c.doc, "clients", "clientId", id)
		if roles, ok := within(c.doc, "roles", "client"); ok {
			delete(roles, id)
		}
		return nil
	}
	base := find(c.doc, "clients", "clientId", id)
	made := base == nil
	secrets := c.secrets("secret")
	if made && needsSecret(c.step.After) && secrets["secret"] == "" {
		secret, err := newSecret()
		if err != nil {
			return err
		}
		secrets["secret"], c.generated["secret"] = secret, secret
	}
	client := realm.WriteClient(base, c.step.After, c.step.Tag, secrets)
	realm.DropEmptyAttributes(client)
	if made {
		client["id"] = derivedID(c.realm, "client", id)
		add(c.doc, "clients", client)
	}
	return nil
}

// needsSecret tells whether a new client proves itself with a secret that the plan does not bring.
func needsSecret(a identity.Attributes) bool {
	public, _ := a["public"].(bool)
	authenticator, _ := a["client_authenticator"].(string)
	protocol, _ := a["protocol"].(string)
	_, brought := a["secret"]
	return !public && !brought && protocol == realm.ProtocolOIDC && (authenticator == "" || authenticator == "client-secret" || authenticator == "client-secret-jwt")
}

// madeSecret is the secret that an earlier, interrupted part of the run made for a client: its delivery may have been lost with it.
func madeSecret(doc realm.Object, step identity.StepRequest) map[string]string {
	if step.Action != identity.ActionCreate || step.Resource.Type != realm.TypeClient || !needsSecret(step.After) {
		return nil
	}
	secret, _ := find(doc, "clients", "clientId", step.Resource.Key)["secret"].(string)
	if secret == "" {
		return nil
	}
	return map[string]string{"secret": secret}
}

func (c *change) secrets(name string) map[string]string {
	secrets := map[string]string{}
	if value, there := c.step.Secrets[name]; there {
		secrets[name] = value
	}
	return secrets
}

func newSecret() (string, error) {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("making a client secret: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(random), nil
}

// derivedID makes an id that is the same in every run. Ids of flows are unique over a whole server, hence the realm in it.
func derivedID(realmName, kind, name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("rehome:"+realmName+":"+kind+":"+name)).String()
}

func (c *change) clientRole() error {
	client, role := c.text("client"), c.text("role")
	if find(c.doc, "clients", "clientId", client) == nil && !c.deletes() {
		return invalid("the role %s needs the client %s, which is not in the file", role, client)
	}
	roles := object(object(c.doc, "roles"), "client")
	holder := realm.Object{"roles": roles[client]}
	if c.deletes() {
		remove(holder, "roles", "name", role)
	} else if base := find(holder, "roles", "name", role); base != nil {
		realm.WriteClientRole(base, c.step.After)
	} else {
		add(holder, "roles", realm.WriteClientRole(nil, c.step.After))
	}
	roles[client] = holder["roles"]
	return nil
}

func (c *change) enablement() error {
	client := find(c.doc, "clients", "clientId", c.step.Resource.Key)
	if client == nil {
		return invalid("the client %s is not in the file", c.step.Resource.Key)
	}
	enabled, _ := c.step.After["enabled"].(bool)
	gate, gated := current(c.doc, identity.ResourceID{Type: realm.TypeGate, Key: c.step.Resource.Key})
	if enabled && gated && gate.Attributes["intact"] != true {
		return &identity.ProviderError{Code: identity.ErrorConflict, Message: "the gate of " + c.step.Resource.Key + " is not intact, so it stays disabled", Live: gate.Attributes}
	}
	client["enabled"] = enabled && !c.deletes()
	return nil
}
