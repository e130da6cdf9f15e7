package writing

import (
	"context"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// clientWriter writes applications, all but their gate and whether they are open.
type clientWriter struct{ *current.Realm }

// RefusesTwice implements steps.Refuser: Keycloak 26.7.4 answers 409 to a client id that is in use.
func (clientWriter) RefusesTwice() bool { return true }

// Find implements steps.Writer.
func (w clientWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	raw, err := w.Application(ctx, step.Resource.Key)
	if err == nil && raw == nil && step.ServerID != "" && step.Action != contract.ActionCreate {
		raw, err = w.ApplicationByID(ctx, step.ServerID)
	}
	if err != nil || raw == nil {
		return nil, err
	}
	return &found{Resource: realm.ReadClient(raw), Raw: raw}, nil
}

// Create implements steps.Writer.
func (w clientWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	body := realm.WriteClient(nil, step.After, step.Tag, step.Secrets)
	// Left out, these get values that depend on whether the body names a protocol; an open password grant is one of them.
	for name, value := range map[string]any{
		"enabled": false, "publicClient": false, "standardFlowEnabled": false, "implicitFlowEnabled": false,
		"directAccessGrantsEnabled": false, "serviceAccountsEnabled": false, "protocol": gating.ProtocolOIDC,
	} {
		if _, said := body[name]; !said {
			body[name] = value
		}
	}
	id, err := w.Post(ctx, w.Admin("clients"), body)
	return contract.StepResult{ServerID: id}, err
}

// Generated is the secret that the server made for a client, when the step brought none.
func (w clientWriter) Generated(step contract.StepRequest, live *found) map[string]string {
	return generatedSecret(live.Raw, step)
}

func generatedSecret(raw object.Object, step contract.StepRequest) map[string]string {
	if _, brought := step.Secrets["secret"]; brought || admin.Text(raw, "protocol") != gating.ProtocolOIDC ||
		raw["publicClient"] == true {
		return nil
	}
	if !strings.HasPrefix(admin.Text(raw, "clientAuthenticatorType"), "client-secret") {
		return nil
	}
	secret := admin.Text(raw, "secret")
	if secret == "" || strings.Trim(secret, "*") == "" {
		return nil
	}
	return map[string]string{"secret": secret}
}

// Update implements steps.Writer.
func (w clientWriter) Update(ctx context.Context, step contract.StepRequest, live *found) error {
	before := object.Texts(live.Raw["defaultClientScopes"])
	id := live.ServerID
	body := realm.WriteClient(live.Raw, step.After, step.Tag, step.Secrets)
	wanted := object.Texts(body["defaultClientScopes"])
	// A PUT of a client does not look at its scopes, and a secret that is left out stays.
	delete(body, "defaultClientScopes")
	delete(body, "optionalClientScopes")
	if _, brought := step.Secrets["secret"]; !brought {
		delete(body, "secret")
	}
	if err := w.Put(ctx, w.Admin("clients", id), body); err != nil {
		return err
	}
	return setScopes(ctx, w.Realm, id, before, wanted)
}

// setScopes makes the default scopes of a client those that are wanted.
func setScopes(ctx context.Context, c *current.Realm, id string, before, wanted []string) error {
	added, dropped := current.Missing(wanted, before), current.Missing(before, wanted)
	if len(added) == 0 && len(dropped) == 0 {
		return nil
	}
	ids, err := c.ScopeIDs(ctx)
	if err != nil {
		return err
	}
	for _, name := range added {
		if ids[name] == "" {
			return steps.Refuse("client scope %s is not there", name)
		}
		if err := c.Put(ctx, c.Admin("clients", id, "default-client-scopes", ids[name]), nil); err != nil {
			return err
		}
	}
	for _, name := range dropped {
		if err := c.Delete(ctx, c.Admin("clients", id, "default-client-scopes", ids[name]), nil); err != nil {
			return err
		}
	}
	return nil
}

// roleWriter writes roles of clients.
type roleWriter struct{ *current.Realm }

// RefusesTwice implements steps.Refuser: Keycloak 26.7.4 answers 409 to the name of a role that is in use.
func (roleWriter) RefusesTwice() bool { return true }

// Find implements steps.Writer.
func (w roleWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	clientID, role := attribute(step, "client"), attribute(step, "role")
	if clientID == "" || role == "" {
		return nil, steps.Refuse("the step does not name client and role")
	}
	raw, owner, err := w.ClientRole(ctx, clientID, role)
	if err != nil || raw == nil {
		return nil, err
	}
	raw["containerId"] = owner
	return &found{Resource: realm.ReadClientRole(clientID, raw), Raw: raw}, nil
}

// Create implements steps.Writer.
func (w roleWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	clientID := attribute(step, "client")
	owner, err := w.Application(ctx, clientID)
	if err != nil {
		return contract.StepResult{}, err
	}
	if owner == nil {
		return contract.StepResult{}, steps.Refuse("client %s is not there", clientID)
	}
	// The answer names the role, and not the id that it got.
	_, err = w.Post(ctx, w.Admin("clients", admin.Text(owner, "id"), "roles"), realm.WriteClientRole(nil, step.After))
	return contract.StepResult{}, err
}

// Update implements steps.Writer.
func (w roleWriter) Update(ctx context.Context, step contract.StepRequest, live *found) error {
	return w.Put(ctx, w.path(live), realm.WriteClientRole(live.Raw, step.After))
}

func (w roleWriter) path(live *found) string {
	return w.Admin("roles-by-id", live.ServerID)
}

// enablementWriter opens and closes clients.
type enablementWriter struct{ *current.Realm }

// Later: the client is there before it is opened, so a create finds it closed.
func (w enablementWriter) Later(live *found) []string {
	if live.Raw["enabled"] == true {
		return nil
	}
	// without its gate, or when people sign in otherwise than it demands, it is refused with the reason
	return append([]string{"enabled", "gated"}, realm.SignInAttributes()...)
}

// Find implements steps.Writer.
func (w enablementWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	raw, err := w.Application(ctx, step.Resource.Key)
	if err != nil || raw == nil {
		return nil, err
	}
	if step.Action == contract.ActionDelete && raw["enabled"] != true {
		return nil, nil // a closed client is all that taking the enablement back asks for
	}
	opening := realm.ReadEnablement(raw)
	if _, demands := step.After[contract.OpensWithFlow]; demands {
		signIns, err := w.SignIns(ctx, raw)
		if err != nil {
			return nil, err
		}
		opening = signIns.Into(opening, raw)
	}
	return &found{Resource: opening, Raw: raw}, nil
}

// Create implements steps.Writer.
func (w enablementWriter) Create(_ context.Context, step contract.StepRequest) (contract.StepResult, error) {
	return contract.StepResult{}, steps.Refuse("client %s is not there", step.Resource.Key)
}

// Update opens or closes a client. One that has any part of a gate, or must have one, is opened only when nothing leads
// around the gate, asked just before, and the role is there.
func (w enablementWriter) Update(ctx context.Context, step contract.StepRequest, live *found) error {
	wanted, said := step.After["enabled"].(bool)
	if !said {
		return w.setGated(ctx, step, live)
	}
	if wanted {
		gated, _ := step.After["gated"].(bool)
		if err := w.checkDoors(ctx, live.Raw, gated); err != nil {
			return err
		}
		if why := realm.NotAsDemanded(step.After, live.Attributes); len(why) > 0 {
			return steps.Refuse("%s", realm.StaysClosed(step.Resource.Key, why))
		}
	}
	return enable(ctx, w.Realm, live, wanted)
}

// setGated is for a client that stays as open as it is. Its gate makes it gated; taken back, the gate goes with what it
// changed of the client.
func (w enablementWriter) setGated(ctx context.Context, step contract.StepRequest, live *found) error {
	if step.After["gated"] != false {
		return steps.Refuse("client %s has no gate, which is made by the step of type %s", step.Resource.Key, realm.TypeGate)
	}
	return gateWriter(w).Remove(ctx, step, live)
}

func (w enablementWriter) checkDoors(ctx context.Context, raw object.Object, gated bool) error {
	gate, exists, err := w.Gate(ctx, raw)
	if err != nil || !exists && !gated {
		return err
	}
	situation, err := w.Situation(ctx, raw, gate.Attributes)
	if err != nil {
		return err
	}
	if open := realm.OpenDoors(situation); len(open) > 0 {
		return steps.Refuse("%s", realm.StaysShut(admin.Text(raw, "clientId"), open))
	}
	role, _, err := w.ClientRole(ctx, admin.Text(raw, "clientId"), gating.AccessRole)
	if err != nil {
		return err
	}
	if role == nil {
		return steps.Refuse("client %s has a gate but no role %s, so nobody could use it", admin.Text(raw, "clientId"),
			gating.AccessRole)
	}
	return nil
}

func enable(ctx context.Context, c *current.Realm, live *found, enabled bool) error {
	body := object.Object{"clientId": admin.Text(live.Raw, "clientId"), "enabled": enabled}
	return c.Put(ctx, c.Admin("clients", admin.Text(live.Raw, "id")), body)
}
