package writing

import (
	"context"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// groupWriter writes groups.
type groupWriter struct{ *current.Realm }

// RefusesTwice implements steps.Refuser: Keycloak 26.7.4 answers 409 to a name among its siblings that is in use.
func (groupWriter) RefusesTwice() bool { return true }

// Find implements steps.Writer.
func (w groupWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	raw, err := w.Group(ctx, realm.GroupPath(step.Resource.Key))
	if err != nil {
		return nil, err
	}
	path := step.Resource.Key
	if raw == nil && step.ServerID != "" && step.Action != contract.ActionCreate {
		if raw, err = w.GroupByID(ctx, step.ServerID); err != nil || raw == nil {
			return nil, err
		}
		if path = pathOf(step.Before, step.Resource.Key); parentOf(path) != parentOf(step.Resource.Key) {
			return nil, steps.Refuse("group %s cannot be moved to %s", path, step.Resource.Key)
		}
	}
	if raw == nil {
		return nil, nil
	}
	return &found{Resource: realm.ReadGroup(raw, path), Raw: raw}, nil
}

// pathOf is the path under which the plan saw a group.
func pathOf(before identity.Attributes, otherwise string) string {
	if path, ok := before["path"].(string); ok {
		return path
	}
	return otherwise
}

func parentOf(path string) string { return path[:strings.LastIndex(path, "/")+1] }

// Create implements steps.Writer.
func (w groupWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	names := realm.GroupPath(step.Resource.Key)
	target := w.Admin("groups")
	if above := names[:len(names)-1]; len(above) > 0 {
		parent, err := w.Group(ctx, above)
		if err != nil {
			return contract.StepResult{}, err
		}
		if parent == nil {
			return contract.StepResult{}, steps.Refuse("its parent /%s is not there", strings.Join(above, "/"))
		}
		target = w.Admin("groups", admin.Text(parent, "id"), "children")
	}
	body := realm.WriteGroup(nil, step.After, step.Tag)
	if admin.Text(body, "name") == "" {
		body["name"] = names[len(names)-1]
	}
	id, err := w.Post(ctx, target, body)
	return contract.StepResult{ServerID: id}, err
}

// Update implements steps.Writer.
func (w groupWriter) Update(ctx context.Context, step contract.StepRequest, live *found) error {
	body := realm.WriteGroup(live.Raw, step.After, step.Tag)
	for _, name := range []string{"id", "path", "parentId", "subGroups", "subGroupCount", "access", "realmRoles",
		"clientRoles"} {
		delete(body, name)
	}
	return w.Put(ctx, w.Admin("groups", live.ServerID), body)
}

// assignmentWriter gives client roles to groups.
type assignmentWriter struct{ *current.Realm }

// assignment is what a role assignment is about.
type assignment struct{ group, client, role string }

func assignmentOf(step contract.StepRequest) assignment {
	return assignment{group: attribute(step, "group"), client: attribute(step, "client"), role: attribute(step, "role")}
}

// attribute reads a text that a step names, from what is wanted or from what was there.
func attribute(step contract.StepRequest, name string) string {
	for _, attributes := range []identity.Attributes{step.After, step.Before} {
		if value, ok := attributes[name].(string); ok && value != "" {
			return value
		}
	}
	return ""
}

// Find implements steps.Writer.
func (w assignmentWriter) Find(ctx context.Context, step contract.StepRequest) (*found, error) {
	want := assignmentOf(step)
	if want.group == "" || want.client == "" || want.role == "" {
		return nil, steps.Refuse("the step does not name group, client and role")
	}
	group, err := w.Group(ctx, realm.GroupPath(want.group))
	if err != nil || group == nil {
		return nil, err
	}
	if !slices.Contains(object.Texts(admin.Part(group, "clientRoles")[want.client]), want.role) {
		return nil, nil
	}
	return &found{Resource: realm.ReadRoleAssignment(want.group, want.client, want.role)}, nil
}

// mapping finds the address of the mappings of the group and client, and the role as it is named there.
func (w assignmentWriter) mapping(ctx context.Context, step contract.StepRequest) (string, []any, error) {
	want := assignmentOf(step)
	group, err := w.Group(ctx, realm.GroupPath(want.group))
	if err != nil {
		return "", nil, err
	}
	if group == nil {
		return "", nil, steps.Refuse("group %s is not there", want.group)
	}
	role, owner, err := w.ClientRole(ctx, want.client, want.role)
	if err != nil {
		return "", nil, err
	}
	if role == nil {
		return "", nil, steps.Refuse("role %s of client %s is not there", want.role, want.client)
	}
	return w.Admin("groups", admin.Text(group, "id"), "role-mappings", "clients", owner),
		[]any{object.Object{"id": admin.Text(role, "id"), "name": want.role}}, nil
}

// Create implements steps.Writer.
func (w assignmentWriter) Create(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	path, roles, err := w.mapping(ctx, step)
	if err != nil {
		return contract.StepResult{}, err
	}
	_, err = w.Post(ctx, path, roles)
	return contract.StepResult{}, err
}

// Update implements steps.Writer.
func (w assignmentWriter) Update(context.Context, contract.StepRequest, *found) error {
	return steps.Refuse("an assignment has nothing to change")
}
