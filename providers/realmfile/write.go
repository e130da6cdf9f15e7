package realmfile

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/google/uuid"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// leastWhole is how many bytes of steps may stand beside a small realm file before it is written whole.
const leastWhole = 1 << 20

// Apply does one step in memory and keeps it beside the file. What is decided about it is in providers/sdk/steps. A
// step that finds its work done writes nothing.
func (t *Target) Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	if err := ctx.Err(); err != nil {
		return contract.StepResult{}, err
	}
	var result contract.StepResult
	var durable func() error
	err := t.hold(func(o *opened) error {
		kind := realm.TypeOf(step.Resource.Type)
		if kind.ReadOnly {
			return invalid("a realm file holds no resource that can be written of the type %s", step.Resource.Type)
		}
		c := newChange(o.document, step)
		var err error
		if result, err = steps.Apply(ctx, kind.Schema, c, step); err == nil && c.wrote {
			durable, err = t.keep(o, c)
		}
		if err != nil && c.wrote {
			t.forget() // a half of it may be in memory
		}
		result.Requests = 1
		if c.wrote {
			result.Requests = 2
		}
		return err
	})
	if err == nil && durable != nil {
		err = durable()
	}
	if err != nil {
		return contract.StepResult{}, err
	}
	return result, nil
}

// keep puts a step that was done in memory beside the file, or writes the file whole when enough is there. The step
// counts when the function that it gives returns.
func (t *Target) keep(o *opened, c *change) (durable func() error, err error) {
	if o.stale || o.pending.size > max(leastWhole, o.file.size) {
		return nil, o.save(t.resolved())
	}
	number, err := o.pending.append(o.base, c.step, c.generated)
	if err != nil {
		return nil, err
	}
	o.isNew = false
	if o.beside, err = stampOf(o.pending.path); err != nil {
		return nil, fileError("looking at what is beside the realm file", err)
	}
	pending := o.pending
	return func() error { return pending.sync(number) }, nil
}

// change is one step at work on the realm in memory. It is its writer for steps.
type change struct {
	*document
	step      contract.StepRequest
	generated map[string]string
	wrote     bool
}

type found = steps.Live[struct{}]

func newChange(d *document, step contract.StepRequest) *change {
	return &change{document: d, step: step, generated: map[string]string{}}
}

// Find implements steps.Writer. What the step renames is found under its old name.
func (c *change) Find(_ context.Context, step contract.StepRequest) (*found, error) {
	live, exists := c.current()
	if old, renames := c.formerName(); renames && !exists {
		live, exists = c.read(old)
	}
	if exists && live.Type == realm.TypeGate {
		live = gating.FormerGate(step, live)
	}
	if !exists {
		return nil, nil
	}
	return &found{Resource: live}, nil
}

func (c *change) formerName() (identity.ResourceID, bool) {
	return steps.FormerName(realm.TypeOf(c.step.Resource.Type).Schema, c.step)
}

// current reads the resource of the step.
func (c *change) current() (identity.Resource, bool) {
	if find := rows()[c.step.Resource.Type].find; find != nil {
		return find(c)
	}
	return c.read(c.step.Resource)
}

// findRole and findAssignment read what has a key of several parts by the attributes that hold them.
func (c *change) findRole() (identity.Resource, bool) {
	return c.readRole(c.text("client"), c.text("role"))
}

func (c *change) findAssignment() (identity.Resource, bool) {
	return c.readAssignment(c.text("group"), c.text("client"), c.text("role"))
}

// findEnablement finds none of a closed client when it is taken back: that it is closed is all that is asked for.
func (c *change) findEnablement() (identity.Resource, bool) {
	live, exists := c.read(c.step.Resource)
	if _, demands := c.step.After[contract.OpensWithFlow]; demands && exists {
		live = realm.ReadSignIns(c.root).Into(live, c.find("clients", c.step.Resource.Key))
	}
	return live, exists && (!c.deletes() || live.Attributes["enabled"] == true)
}

// Create implements steps.Writer.
func (c *change) Create(context.Context, contract.StepRequest) (contract.StepResult, error) {
	if err := c.do(); err != nil {
		return contract.StepResult{}, err
	}
	made, _ := c.current()
	result := contract.StepResult{ServerID: made.ServerID}
	if len(c.generated) > 0 {
		result.Generated = c.generated
	}
	return result, nil
}

// Update implements steps.Writer.
func (c *change) Update(context.Context, contract.StepRequest, *found) error { return c.do() }

// Remove implements steps.Writer.
func (c *change) Remove(context.Context, contract.StepRequest, *found) error { return c.do() }

// Later implements steps.Resumer.
func (c *change) Later(live *found) []string {
	if later := rows()[live.Type].later; later != nil {
		return later(live.Resource)
	}
	return nil
}

// laterEnablement: a client was made closed, which is what its first opening expects.
func laterEnablement(live identity.Resource) []string {
	if live.Attributes["enabled"] == false {
		// without its gate, or when people sign in otherwise than it demands, it is refused with the reason
		return append([]string{"enabled", "gated"}, realm.SignInAttributes()...)
	}
	return nil
}

// laterFlows: of the flows for gates what is missing is added.
func laterFlows(identity.Resource) []string { return []string{"flows"} }

func (c *change) do() error {
	c.wrote = true
	return rows()[c.step.Resource.Type].write(c)
}

func (c *change) deletes() bool { return c.step.Action == contract.ActionDelete }

// text is an attribute that names the resource: of After, or of Before of a delete.
func (c *change) text(name string) string {
	from := c.step.After
	if c.deletes() {
		from = c.step.Before
	}
	value, _ := from[name].(string)
	return value
}

func (c *change) client() error {
	id := c.step.Resource.Key
	if c.deletes() {
		c.remove("clients", id)
		if roles, ok := within(c.root, "roles", "client"); ok {
			delete(roles, id)
		}
		return nil
	}
	base := c.find("clients", id)
	if old, renames := c.formerName(); renames && base == nil {
		base = c.renameClient(old.Key, id)
	}
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
		client["id"] = c.freeID(id)
		c.add("clients", client)
		return nil
	}
	normalise(client)
	return nil
}

// needsSecret tells whether a new client proves itself with a secret that the plan does not bring.
func needsSecret(a identity.Attributes) bool {
	public, _ := a["public"].(bool)
	authenticator, _ := a["client_authenticator"].(string)
	protocol, _ := a["protocol"].(string)
	_, brought := a["secret"]
	return !public && !brought && protocol == gating.ProtocolOIDC &&
		(authenticator == "" || authenticator == "client-secret" || authenticator == "client-secret-jwt")
}

// Generated implements steps.SecretKeeper.
func (c *change) Generated(step contract.StepRequest, _ *found) map[string]string {
	if generated := rows()[step.Resource.Type].generated; generated != nil {
		return generated(c)
	}
	return nil
}

// generatedSecret is the secret that an earlier, interrupted part of the run made for a client. Its delivery may have
// been lost with it.
func (c *change) generatedSecret() map[string]string {
	if !needsSecret(c.step.After) {
		return nil
	}
	secret := text(c.find("clients", c.step.Resource.Key), "secret")
	if secret == "" {
		return nil
	}
	return map[string]string{"secret": secret}
}

func (c *change) secrets(name string) map[string]string {
	secrets := map[string]string{}
	if value, exists := c.step.Secrets[name]; exists {
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

// derivedID makes an id that is the same in every run. Ids of flows are unique over a whole server, hence the realm in
// it.
func derivedID(realmName, kind, name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("rehome:"+realmName+":"+kind+":"+name)).String()
}

// freeID is the id of a new client. One that had this client id before, and has another one now, keeps its id.
func (c *change) freeID(clientID string) string {
	id := derivedID(c.name(), "client", clientID)
	for find(c.root, "clients", "id", id) != nil {
		id = derivedID(c.name(), "client", id)
	}
	return id
}

func (c *change) clientRole() error {
	client, role := c.text("client"), c.text("role")
	if c.find("clients", client) == nil && !c.deletes() {
		return invalid("the role %s needs the client %s, which is not in the file", role, client)
	}
	roles := object.Sub(object.Sub(c.root, "roles"), "client")
	holder := object.Object{"roles": roles[client]}
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
	client := c.find("clients", c.step.Resource.Key)
	if client == nil {
		return invalid("the client %s is not in the file", c.step.Resource.Key)
	}
	enabled, said := c.step.After["enabled"].(bool)
	if !said && !c.deletes() { // it stays as open as it is, and its gate goes with what it changed of the client
		if c.step.After["gated"] != false {
			return steps.Refuse("client %s has no gate, which is made by the step of type %s", c.step.Resource.Key, realm.TypeGate)
		}
		return c.takeGateOff()
	}
	enabled = enabled && !c.deletes()
	if enabled {
		if err := c.shut(client); err != nil {
			return err
		}
		now := realm.ReadSignIns(c.root).Of(client)
		if why := realm.NotAsDemanded(c.step.After, now); len(why) > 0 {
			return steps.Refuse("%s", realm.StaysClosed(c.step.Resource.Key, why))
		}
	}
	client["enabled"] = enabled
	return nil
}

// shut refuses when anything leads around the gate of a client that has one or must have one.
func (c *change) shut(client object.Object) error {
	gate, exists := c.gateOf(client)
	if must, _ := c.step.After["gated"].(bool); !exists && !must {
		return nil
	}
	if open := realm.OpenDoors(c.situation(client, gate.Attributes)); len(open) > 0 {
		return steps.Conflict(gate.Attributes, realm.StaysShut(c.step.Resource.Key, open))
	}
	return nil
}

// situation is what the doors of a client are judged by, as the file is now.
func (c *change) situation(client object.Object, gate identity.Attributes) realm.Situation {
	s := realm.Situation{Realm: realm.ReadRealmSwitches(c.root).Attributes, Gate: gate,
		Client: realm.ReadClient(client).Attributes, Others: realm.Exchangers(object.Objects(c.root["clients"]))}
	for _, provider := range object.Objects(c.root["identityProviders"]) {
		s.Providers = append(s.Providers, c.readProvider(provider).Attributes)
	}
	return s
}
