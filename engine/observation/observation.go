package observation

import "github.com/rehome-iam/rehome/engine/identity"

// PermissionState says whether a credential has a right.
type PermissionState string

// The states of a permission. Unknown means that the provider has no way to find out without using it.
const (
	PermissionGranted PermissionState = "granted"
	PermissionMissing PermissionState = "missing"
	PermissionUnknown PermissionState = "unknown"
)

// PermissionCheck is one right that a provider needs, and whether its credential has it.
type PermissionCheck struct {
	Name   string          `json:"name"` // as the vendor names it: okta.apps.read, Policy.Read.All, view-clients
	For    string          `json:"for"`  // what needs it: collect applications, plan, apply groups
	State  PermissionState `json:"state"`
	Action string          `json:"action,omitempty"` // what to do when it is missing

	// Optional says that everything but what For names works without it, so that its lack is told and is no error.
	Optional bool `json:"optional,omitempty"`

	// Types are the resource types of a target whose steps need it. None means that everything needs it: an apply reads the
	// whole target before it writes.
	Types []string `json:"types,omitempty"`
}

// SignInActivity says how much one application was used. Exactly one of Item and Resource is set: a source knows items,
// a target resources. People holds at most a hundred login names, sorted.
type SignInActivity struct {
	Item        identity.ItemID     `json:"item,omitzero"`
	Resource    identity.ResourceID `json:"resource,omitzero"`
	Last        string              `json:"last,omitempty"` // RFC 3339; of the newest successful sign-in
	SignIns     int                 `json:"sign_ins"`
	Failures    int                 `json:"failures"`
	PeopleCount int                 `json:"people_count"`
	People      []string            `json:"people,omitempty"`
}

// SignInReport is what a log of sign-ins says since a time. An application that is not in it had no sign-in in the time
// that the log covers, which may begin later than was asked for: Covers says when.
type SignInReport struct {
	Covers       string           `json:"covers"` // RFC 3339: the log is complete from here on
	Applications []SignInActivity `json:"applications"`
	Requests     int              `json:"requests"`
}

// ConnectionFact is one thing that the owner of an application must know to connect it: an address, a key, a name.
// Names are the same on both sides, so that old and new stand next to each other: see the Connection constants.
type ConnectionFact struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Expires string `json:"expires,omitempty"` // RFC 3339, of a certificate
	Note    string `json:"note,omitempty"`
}

// Names of connection facts. A provider may send others; they are shown under their own name.
const (
	ConnectionProtocol      = "protocol"
	ConnectionIssuer        = "issuer"
	ConnectionDiscovery     = "discovery_url"
	ConnectionAuthorization = "authorization_endpoint"
	ConnectionToken         = "token_endpoint"
	ConnectionKeys          = "jwks_url"
	ConnectionLogout        = "logout_url"
	ConnectionClientID      = "client_id"
	ConnectionClientSecret  = "client_secret" // the way it arrives, never its value
	ConnectionRedirects     = "redirect_uris"
	ConnectionScopes        = "scopes"
	ConnectionMetadata      = "metadata_url"
	ConnectionEntityID      = "idp_entity_id"
	ConnectionSignOn        = "sso_url"
	ConnectionCertificate   = "signing_certificate" // PEM, public
	ConnectionAudience      = "sp_entity_id"
	ConnectionACS           = "acs_urls"
	ConnectionNameID        = "name_id_format"
	ConnectionClaims        = "claims" // a sample, with made-up values
	ConnectionTest          = "test_url"
	ConnectionState         = "state"
	ConnectionWhoMay        = "who_may"
	ConnectionMethod        = "client_authentication"
	ConnectionProofKey      = "proof_key"
	ConnectionGrants        = "grant_types"
	ConnectionResponses     = "response_types"
	ConnectionDevice        = "device_endpoint"
	ConnectionUserInfo      = "userinfo_endpoint"
	ConnectionIntrospection = "introspection_endpoint"
	ConnectionRevocation    = "revocation_endpoint"
	ConnectionSigning       = "token_signing"
	ConnectionBindings      = "bindings"
	ConnectionSigned        = "signed_parts"
	ConnectionRequests      = "request_signing"
	ConnectionEncryption    = "encryption"
)

// ProbeStatus is how a probe ended. Unknown is a question to a person, not a pass.
type ProbeStatus string

// The ends of a probe.
const (
	ProbePassed  ProbeStatus = "passed"
	ProbeFailed  ProbeStatus = "failed"
	ProbeSkipped ProbeStatus = "skipped"
	ProbeUnknown ProbeStatus = "unknown"
)

// BreakGlassType is the resource type under which a break-glass account is probed; its key is a login name.
const BreakGlassType = "break_glass"

// ProbeRequest asks a target to try one resource. Attributes are those that the plan wanted.
type ProbeRequest struct {
	Resource    identity.ResourceID `json:"resource"`
	ServerID    string              `json:"server_id,omitempty"`
	Attributes  identity.Attributes `json:"attributes,omitempty"`
	Impersonate bool                `json:"impersonate,omitempty"` // allowed by the configuration
	Member      string              `json:"member,omitempty"`      // login name of somebody who may
	Stranger    string              `json:"stranger,omitempty"`    // login name of somebody who may not
}

// ProbeResult is what one probe found. Evidence names facts (status, header, field) and never holds a secret.
type ProbeResult struct {
	Probe    string              `json:"probe"` // stable name: oidc_discovery, redirect_refused, gate_intact
	Resource identity.ResourceID `json:"resource"`
	Status   ProbeStatus         `json:"status"`
	Summary  string              `json:"summary"`
	LookAt   string              `json:"look_at,omitempty"` // for a probe that failed
	Evidence map[string]string   `json:"evidence,omitempty"`
	Requests int                 `json:"requests"`
}

// Usage says what people did with a resource since it was made, so that going back does not destroy it.
type Usage struct {
	Resource identity.ResourceID `json:"resource"`
	Used     bool                `json:"used"`
	Facts    []string            `json:"facts,omitempty"`   // a sign-in on 2026-11-22, 3 consents, a password set
	Unknown  string              `json:"unknown,omitempty"` // why it cannot be told; then it counts as used
}

// UsageQuestion asks how a live resource was used since it was made. Of its attributes only texts and truths are sent,
// enough to find it and to know what it is.
type UsageQuestion struct {
	Resource identity.Resource `json:"resource"`
	Since    string            `json:"since,omitempty"` // RFC 3339: when it was made, empty when that is not known
	Opened   bool              `json:"opened"`          // people could use it since then
}

// ChangeEvent is one write that a target recorded by itself, whoever did it. It names nobody and holds no content but
// its digest.
type ChangeEvent struct {
	ID string `json:"id,omitempty"` // as the target names it
	// RFC 3339 with fractions, by the clock of the host as well as can be told
	At          string `json:"at"`
	Operation   string `json:"operation"`             // create, update, delete, action
	Type        string `json:"type"`                  // of what was written, in the target's words
	Path        string `json:"path"`                  // of what was written, with the target's ids
	ByUs        bool   `json:"by_us"`                 // by the credential that the run wrote with
	By          string `json:"by,omitempty"`          // the target's id of who wrote; never a name
	Bookkeeping bool   `json:"bookkeeping,omitempty"` // of ours: the marker, which belongs to no step
	// resources that such a write makes or changes; without a key where it cannot be told which
	About     []identity.ResourceID `json:"about,omitempty"`
	ServerIDs []string              `json:"server_ids,omitempty"` // ids of the target that it names
	// sha256:… of what was sent, as the target recorded it, secrets masked
	Digest string `json:"digest,omitempty"`
}

// ChangeReport is what a target recorded between two times, oldest first. What was written before Covers may be
// missing.
type ChangeReport struct {
	Covers   string        `json:"covers"` // RFC 3339
	Note     string        `json:"note,omitempty"`
	Events   []ChangeEvent `json:"events"`
	Requests int           `json:"requests"`
}

// Blueprint is a copy of a target's settings from which a throw-away target can be made elsewhere. It holds no secret
// and nothing that would reach the world outside.
type Blueprint struct {
	Name     string   `json:"name"`     // of the copy
	Document []byte   `json:"document"` // what the technology's own import takes
	Stripped []string `json:"stripped"` // what was taken out or switched off, for people; sorted
}
