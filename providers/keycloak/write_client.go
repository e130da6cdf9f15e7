package keycloak

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// clientWriter writes applications, all but their gate and whether they are open.
type clientWriter struct{ *client }

// RefusesTwice implements steps.Refuser: Keycloak 26.7.4 answers 409 to a client id that is in use.
func (clientWriter) RefusesTwice() bool { return true }

// Find implements steps.Writer.
func (w clientWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	raw, err := w.application(ctx, step.Resource.Key)
	if err == nil && raw == nil && step.ServerID != "" && step.Action != contract.ActionCreate {
		raw, err = w.applicationByID(ctx, step.ServerID)
	}
	if err != nil || raw == nil {
		return nil, err
	}
	return &found{Resource: realm.ReadClient(raw), Raw: raw}, nil
}

// application reads a client by its client id, nil when it is not there.
func (c *client) application(ctx context.Context, clientID string) (realm.Object, error) {
	var rows []realm.Object
	if err := c.get(ctx, c.admin("clients"), url.Values{"clientId": {clientID}}, &rows); err != nil {
		return nil, err
	}
	for _, row := range rows {
		if field(row, "clientId") == clientID {
			return row, nil
		}
	}
	return nil, nil
}

func (c *client) applicationByID(ctx context.Context, id string) (realm.Object, error) {
	var raw realm.Object
	err := c.get(ctx, c.admin("clients", id), nil, &raw)
	if isAbsent(err) {
		return nil, nil
	}
	return raw, err
}

// Create implements steps.Writer.
func (w clientWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	body := realm.WriteClient(nil, step.After, step.Tag, step.Secrets)
	// Left out, these get values that depend on whether the body names a protocol; an open password grant is one of them.
	for name, value := range map[string]any{
		"enabled": false, "publicClient": false, "standardFlowEnabled": false, "implicitFlowEnabled": false,
		"directAccessGrantsEnabled": false, "serviceAccountsEnabled": false, "protocol": realm.ProtocolOIDC,
	} {
		if _, said := body[name]; !said {
			body[name] = value
		}
	}
	id, err := w.post(ctx, w.admin("clients"), body)
	if err != nil {
		return contract.StepResult{}, err
	}
	made, err := w.applicationByID(ctx, id)
	if err != nil {
		return contract.StepResult{}, err
	}
	if made == nil {
		return contract.StepResult{}, steps.Conflict(nil, "it was deleted while it was made")
	}
	return contract.StepResult{ServerID: id, Generated: generatedSecret(made, step)}, nil
}

// Generated is the secret that the server made for a client, when the step brought none.
func (w clientWriter) Generated(step contract.StepRequest, live *found) map[string]string {
	return generatedSecret(live.Raw, step)
}

func generatedSecret(raw realm.Object, step contract.StepRequest) map[string]string {
	if _, brought := step.Secrets["secret"]; brought || field(raw, "protocol") != realm.ProtocolOIDC ||
		raw["publicClient"] == true {
		return nil
	}
	if !strings.HasPrefix(field(raw, "clientAuthenticatorType"), "client-secret") {
		return nil
	}
	secret := field(raw, "secret")
	if secret == "" || strings.Trim(secret, "*") == "" {
		return nil
	}
	return map[string]string{"secret": secret}
}

// Update implements steps.Writer.
func (w clientWriter) Update(ctx context.Context, step contract.StepRequest, live *found) error {
	before := realm.Texts(live.Raw["defaultClientScopes"])
	id := live.ServerID
	body := realm.WriteClient(live.Raw, step.After, step.Tag, step.Secrets)
	wanted := realm.Texts(body["defaultClientScopes"])
	// A PUT of a client does not look at its scopes, and a secret that is left out stays.
	delete(body, "defaultClientScopes")
	delete(body, "optionalClientScopes")
	if _, brought := step.Secrets["secret"]; !brought {
		delete(body, "secret")
	}
	if err := w.put(ctx, w.admin("clients", id), body); err != nil {
		return err
	}
	return w.setScopes(ctx, id, before, wanted)
}

// setScopes makes the default scopes of a client those that are wanted.
func (c *client) setScopes(ctx context.Context, id string, before, wanted []string) error {
	added, dropped := missing(wanted, before), missing(before, wanted)
	if len(added) == 0 && len(dropped) == 0 {
		return nil
	}
	ids, err := c.scopeIDs(ctx)
	if err != nil {
		return err
	}
	for _, name := range added {
		if ids[name] == "" {
			return steps.Refuse("client scope %s is not there", name)
		}
		if err := c.put(ctx, c.admin("clients", id, "default-client-scopes", ids[name]), nil); err != nil {
			return err
		}
	}
	for _, name := range dropped {
		if err := c.remove(ctx, c.admin("clients", id, "default-client-scopes", ids[name]), nil); err != nil {
			return err
		}
	}
	return nil
}

// missing lists what is in the first list and not in the second.
func missing(in, from []string) []string {
	var out []string
	for _, name := range in {
		if !slices.Contains(from, name) {
			out = append(out, name)
		}
	}
	return out
}

// scopeIDs lists the client scopes of the realm by name.
func (c *client) scopeIDs(ctx context.Context) (map[string]string, error) {
	var rows []realm.Object
	if err := c.get(ctx, c.admin("client-scopes"), nil, &rows); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, row := range rows {
		ids[field(row, "name")] = field(row, "id")
	}
	return ids, nil
}

// roleWriter writes roles of clients.
type roleWriter struct{ *client }

// RefusesTwice implements steps.Refuser: Keycloak 26.7.4 answers 409 to the name of a role that is in use.
func (roleWriter) RefusesTwice() bool { return true }

// clientRole reads a role, nil when it or its client is not there, and the server's id of the client.
func (c *client) clientRole(ctx context.Context, clientID, role string) (realm.Object, string, error) {
	owner, err := c.application(ctx, clientID)
	if err != nil || owner == nil {
		return nil, "", err
	}
	var raw realm.Object
	err = c.get(ctx, c.admin("clients", field(owner, "id"), "roles", role), nil, &raw)
	if isAbsent(err) {
		return nil, field(owner, "id"), nil
	}
	return raw, field(owner, "id"), err
}

// Find implements steps.Writer.
func (w roleWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	clientID, role := attribute(step, "client"), attribute(step, "role")
	if clientID == "" || role == "" {
		return nil, steps.Refuse("the step does not name client and role")
	}
	raw, owner, err := w.clientRole(ctx, clientID, role)
	if err != nil || raw == nil {
		return nil, err
	}
	raw["containerId"] = owner
	return &found{Resource: realm.ReadClientRole(clientID, raw), Raw: raw}, nil
}

// Create implements steps.Writer.
func (w roleWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	clientID, role := attribute(step, "client"), attribute(step, "role")
	owner, err := w.application(ctx, clientID)
	if err != nil {
		return contract.StepResult{}, err
	}
	if owner == nil {
		return contract.StepResult{}, steps.Refuse("client %s is not there", clientID)
	}
	if _, err := w.post(ctx, w.admin("clients", field(owner, "id"), "roles"),
		realm.WriteClientRole(nil, step.After)); err != nil {
		return contract.StepResult{}, err
	}
	made, _, err := w.clientRole(ctx, clientID, role)
	return contract.StepResult{ServerID: field(made, "id")}, err
}

// Update implements steps.Writer.
func (w roleWriter) Update(ctx context.Context, step contract.StepRequest, live *found) error {
	return w.put(ctx, w.path(live), realm.WriteClientRole(live.Raw, step.After))
}

func (w roleWriter) path(live *found) string {
	return w.admin("roles-by-id", live.ServerID)
}

// enablementWriter opens and closes clients.
type enablementWriter struct{ *client }

// Later: the client is there before it is opened, so a create finds it closed.
func (w enablementWriter) Later(live *found) []string {
	if live.Raw["enabled"] == true {
		return nil
	}
	return []string{"enabled", "gated"} // without its gate it is refused with the reason
}

// Find implements steps.Writer.
func (w enablementWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	raw, err := w.application(ctx, step.Resource.Key)
	if err != nil || raw == nil {
		return nil, err
	}
	if step.Action == contract.ActionDelete && raw["enabled"] != true {
		return nil, nil // a closed client is all that taking the enablement back asks for
	}
	return &found{Resource: realm.ReadEnablement(raw), Raw: raw}, nil
}

// Create implements steps.Writer.
func (w enablementWriter) Create(_ context.Context, step contract.StepRequest) (contract.StepResult, error) {
	return contract.StepResult{}, steps.Refuse("client %s is not there", step.Resource.Key)
}

// Update opens or closes a client. One that has any part of a gate, or must have one, is opened only when nothing leads
// around the gate, asked just before, and the role is there.
func (w enablementWriter) Update(ctx context.Context, step contract.StepRequest, live *found) error {
	wanted, _ := step.After["enabled"].(bool)
	if wanted {
		gated, _ := step.After["gated"].(bool)
		if err := w.checkDoors(ctx, live.Raw, gated); err != nil {
			return err
		}
	}
	return w.enable(ctx, live, wanted)
}

func (w enablementWriter) checkDoors(ctx context.Context, raw realm.Object, gated bool) error {
	gate, there, err := w.gate(ctx, raw)
	if err != nil || !there && !gated {
		return err
	}
	situation, err := w.situation(ctx, raw, gate.Attributes)
	if err != nil {
		return err
	}
	if open := realm.OpenDoors(situation); len(open) > 0 {
		return steps.Refuse("%s", realm.StaysShut(field(raw, "clientId"), open))
	}
	role, _, err := w.clientRole(ctx, field(raw, "clientId"), realm.AccessRole)
	if err != nil {
		return err
	}
	if role == nil {
		return steps.Refuse("client %s has a gate but no role %s, so nobody could use it", field(raw, "clientId"),
			realm.AccessRole)
	}
	return nil
}

func (c *client) enable(ctx context.Context, live *found, enabled bool) error {
	body := realm.Object{"clientId": field(live.Raw, "clientId"), "enabled": enabled}
	return c.put(ctx, c.admin("clients", field(live.Raw, "id")), body)
}
