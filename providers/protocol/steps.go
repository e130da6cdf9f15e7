package protocol

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

// EncodeStep makes a message of a step, with the values of its secrets.
func EncodeStep(step contract.StepRequest) (*ApplyRequest, error) {
	before, err := EncodeAttributes(step.Before)
	if err != nil {
		return nil, fmt.Errorf("encoding what step %s expects: %w", step.StepID, err)
	}
	after, err := EncodeAttributes(step.After)
	if err != nil {
		return nil, fmt.Errorf("encoding what step %s wants: %w", step.StepID, err)
	}
	return &ApplyRequest{
		StepId: step.StepID, Action: step.Action, Resource: EncodeResourceID(step.Resource), ServerId: step.ServerID,
		BeforeJson: before, AfterJson: after, Tag: step.Tag, Secrets: step.Secrets, Begun: step.Begun,
	}, nil
}

// DecodeStep reads a step. An action that is not known is refused before anything is sent to a target.
func DecodeStep(message *ApplyRequest) (contract.StepRequest, error) {
	switch message.GetAction() {
	case contract.ActionCreate, contract.ActionUpdate, contract.ActionDelete:
	default:
		return contract.StepRequest{}, fmt.Errorf("action %q of a step is not known", CleanText(message.GetAction()))
	}
	before, err := DecodeAttributes(message.GetBeforeJson())
	if err != nil {
		return contract.StepRequest{}, fmt.Errorf("what the step expects: %w", err)
	}
	after, err := DecodeAttributes(message.GetAfterJson())
	if err != nil {
		return contract.StepRequest{}, fmt.Errorf("what the step wants: %w", err)
	}
	step := contract.StepRequest{
		StepID: message.GetStepId(), Action: message.GetAction(), Resource: DecodeResourceID(message.GetResource()),
		ServerID: message.GetServerId(), Before: before, After: after, Tag: message.GetTag(), Secrets: message.GetSecrets(),
		Begun: message.GetBegun(),
	}
	return step, ValidateResource(identity.Resource{Type: step.Resource.Type, Key: step.Resource.Key})
}

// EncodeStepResult makes a message of what came of a step.
func EncodeStepResult(result contract.StepResult) *ApplyResponse {
	return &ApplyResponse{ServerId: result.ServerID, Already: result.Already, Requests: int64(result.Requests),
		Generated: result.Generated}
}

// DecodeStepResult reads what came of a step.
func DecodeStepResult(message *ApplyResponse) contract.StepResult {
	return contract.StepResult{
		ServerID: message.GetServerId(), Already: message.GetAlready(), Requests: int(message.GetRequests()),
		Generated: message.GetGenerated(),
	}
}

// EncodeMarker makes a message of a marker.
func EncodeMarker(m contract.Marker) *Marker {
	return &Marker{
		Migration: m.Migration, Tenant: m.Tenant, AppliedPlan: m.AppliedPlan, AppliedMade: m.AppliedMade,
		Revoked: m.Revoked, Run: m.Run,
		RunHost: m.RunHost, Lease: encodeLease(m.Lease), Fence: m.Fence, Bindings: m.Bindings,
	}
}

func encodeLease(l contract.Lease) *Lease {
	if l == (contract.Lease{}) {
		return nil
	}
	return &Lease{
		Id: l.ID, Run: l.Run, Actor: l.Actor, Host: l.Host, Pid: int64(l.PID), Command: l.Command, Since: l.Since,
		Expires: l.Expires,
	}
}

func decodeLease(message *Lease) contract.Lease {
	return contract.Lease{
		ID: message.GetId(), Run: message.GetRun(), Actor: message.GetActor(), Host: message.GetHost(),
		PID:     int(message.GetPid()),
		Command: message.GetCommand(), Since: message.GetSince(), Expires: message.GetExpires(),
	}
}

// DecodeMarker reads a marker; no message is the zero marker.
func DecodeMarker(message *Marker) contract.Marker {
	return contract.Marker{
		Migration: message.GetMigration(), Tenant: message.GetTenant(), AppliedPlan: message.GetAppliedPlan(),
		AppliedMade: message.GetAppliedMade(), Revoked: message.GetRevoked(), Run: message.GetRun(),
		RunHost: message.GetRunHost(),
		Lease:   decodeLease(message.GetLease()), Fence: message.GetFence(), Bindings: message.GetBindings(),
	}
}
