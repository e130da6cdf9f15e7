package contract

import (
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
)

// ConfigAttribute is one argument of a provider's source or target block in HCL.
type ConfigAttribute struct {
	Name      string   `json:"name"`
	Type      string   `json:"type"` // string, number, bool, list(string)
	Required  bool     `json:"required,omitempty"`
	Sensitive bool     `json:"sensitive,omitempty"`
	Default   any      `json:"default,omitempty"`
	OneOf     []string `json:"one_of,omitempty"` // the only values allowed
	Min       float64  `json:"min,omitempty"`    // of a number, with Max
	Max       float64  `json:"max,omitempty"`    // 0 means that there are no limits
	Whole     bool     `json:"whole,omitempty"`  // a number without a fraction
	Doc       string   `json:"doc"`
	// TargetFile says that the argument names a file which is the whole target: a rehearsal is given a copy of it.
	TargetFile bool `json:"target_file,omitempty"`
}

// ProviderSchema is what a plugin says about itself before it is configured.
type ProviderSchema struct {
	Name    string `json:"name"`    // okta
	Version string `json:"version"` // 0.1.0
	Doc     string `json:"doc"`
	// variables the plugin may see, beyond proxy and CA ones
	Environment []string                  `json:"environment,omitempty"`
	Config      []ConfigAttribute         `json:"config"`
	Kinds       []identity.Kind           `json:"kinds,omitempty"`     // of a source: what it reads
	Resources   []identity.ResourceSchema `json:"resources,omitempty"` // of a target: what it writes
	// of a source: what it does not read, though an incumbent may have it
	Unread []identity.Unread `json:"unread,omitempty"`
}

// SourceIdentity says which tenant a source reads.
type SourceIdentity struct {
	Tenant string `json:"tenant"` // the vendor's id or host name of the tenant
	Detail string `json:"detail,omitempty"`
}

// TargetIdentity says which target is written; Identity is part of the plan hash and must not change between runs.
type TargetIdentity struct {
	Identity string `json:"identity"` // for example https://id.acme.example/realms/acme
	Summary  string `json:"summary"`  // for people: Keycloak 26.7.4, realm acme
}

// ReadSummary says what a read of the target cost.
type ReadSummary struct {
	Resources int `json:"resources"`
	Requests  int `json:"requests"`
}

// CheckFinding is something that only the whole set of desired resources shows: a key taken twice, a provider without
// the gate.
type CheckFinding struct {
	Resource identity.ResourceID `json:"resource"`
	Finding  fidelity.Finding    `json:"finding"`
}

// StepRequest asks a target to do one step. Before is what the plan saw (managed attributes only), nil for a create.
// The plugin reads the live resource first and refuses with a Conflict when Before is no longer true; a create that
// finds the resource exactly as wanted, with our tag, is already done.
type StepRequest struct {
	StepID   string              `json:"step_id"`
	Action   string              `json:"action"` // ActionCreate, ActionUpdate or ActionDelete
	Resource identity.ResourceID `json:"resource"`
	ServerID string              `json:"server_id,omitempty"`
	Before   identity.Attributes `json:"before,omitempty"`
	After    identity.Attributes `json:"after,omitempty"`
	Tag      string              `json:"tag,omitempty"` // item address to leave on the resource
	// values of SecretReferences in After, keyed by attribute; never logged
	Secrets map[string]string `json:"-"`
	// Begun says that an earlier part of the run may have sent requests of this step, so what is there must be looked at
	// first. One that was never begun may write first, where the target itself refuses what is there already.
	Begun bool `json:"begun,omitempty"`
}

// Attributes of a resource type that opens something. Where policies of the incumbent were built again by hand in the
// target, the host puts into the opening what must be so there; the target reads it back, opens nothing where it is not
// so, and writes none of it. A type that lacks the first opens nothing that stands under such a policy.
const (
	OpensWithFlow       = "sign_in_flow"    // the flow in which people prove who they are
	OpensBeyondPassword = "beyond_password" // it asks everybody for a step beyond a password
	OpensUnasked        = "unasked"         // providers whose people it does not ask, because those do
)

// Actions of a step.
const (
	ActionCreate = "create"
	ActionUpdate = "update"
	ActionDelete = "delete"
)

// StepResult is what came of a step.
type StepResult struct {
	ServerID  string            `json:"server_id,omitempty"`
	Already   bool              `json:"already,omitempty"` // found done: nothing was sent
	Requests  int               `json:"requests"`
	Generated map[string]string `json:"-"` // one-time secrets, keyed by attribute; given out once, never stored
}

// Marker is the one object that rehome keeps in a target.
type Marker struct {
	Migration string `json:"migration"`
	// whose migration it is; empty in a marker of an earlier version
	Tenant      string   `json:"tenant,omitempty"`
	AppliedPlan string   `json:"applied_plan,omitempty"` // hash of the plan applied last
	AppliedMade string   `json:"applied_made,omitempty"` // when that plan was made, RFC 3339: older ones are over
	Revoked     []string `json:"revoked,omitempty"`      // hashes that nobody may apply any more, oldest first
	Run         string   `json:"run,omitempty"`
	RunHost     string   `json:"run_host,omitempty"`
	Lease       Lease    `json:"lease,omitzero"` // of who may write now
	Fence       int64    `json:"fence"`          // grows with every lease
	// item address#type → type:key, for resources that cannot carry a tag
	Bindings map[string]string `json:"bindings,omitempty"`
}

// Lease says who may write to a target, and until when. The zero value means that nobody does.
type Lease struct {
	ID      string `json:"id"` // what force-unlock must be told
	Run     string `json:"run,omitempty"`
	Actor   string `json:"actor,omitempty"`
	Host    string `json:"host,omitempty"`
	PID     int    `json:"pid,omitempty"`
	Command string `json:"command,omitempty"`
	Since   string `json:"since,omitempty"`   // RFC 3339
	Expires string `json:"expires,omitempty"` // RFC 3339
}

// MarkerRevision is an opaque token: a write names the revision it was based on and is refused when it is no longer the
// newest.
type MarkerRevision string

// ErrorCode tells the host why a provider call failed, so that it can choose the exit status and the advice.
type ErrorCode string

// The codes of a ProviderError.
const (
	ErrorUnreachable  ErrorCode = "unreachable"  // no connection, no TLS, name not found
	ErrorUnauthorized ErrorCode = "unauthorized" // token wrong or expired
	ErrorForbidden    ErrorCode = "forbidden"    // permission missing; Permission names it
	ErrorNotFound     ErrorCode = "not_found"    // the org, tenant or realm is not there
	ErrorConflict     ErrorCode = "conflict"     // the live resource is not what the step expects
	ErrorInvalid      ErrorCode = "invalid"      // refused by the target, or a body that breaks the contract
	ErrorRateLimited  ErrorCode = "rate_limited"
	ErrorUnsupported  ErrorCode = "unsupported" // the provider does not offer this call
	ErrorInternal     ErrorCode = "internal"
)

// ProviderError is the error form of every provider call; it crosses gRPC unchanged. It never holds a secret.
type ProviderError struct {
	Code       ErrorCode           `json:"code"`
	Message    string              `json:"message"`              // what was being done and what happened
	Permission string              `json:"permission,omitempty"` // what to grant
	Page       string              `json:"page,omitempty"`       // method and path of the page at fault
	Live       identity.Attributes `json:"live,omitempty"`       // of a conflict: what is there now
}

// Error is the message.
func (e *ProviderError) Error() string { return e.Message }

// WaitMessage is what a plugin logs, at Warn with method, path, seconds and reason, before it waits long.
const WaitMessage = "waiting"
