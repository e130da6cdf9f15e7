package fidelity

// Type says how a part of an item fares in the target. The class of the item follows from its findings.
type Type string

// What a target can say about a part of an item.
const (
	Approximation Type = "approximation"    // works, the stated thing differs
	Lost          Type = "lost"             // no counterpart for this part
	Missing       Type = "missing_evidence" // something needed is not known
	Invalid       Type = "invalid"          // the target would accept it and it would not work
	Rebuild       Type = "rebuild"          // everything is known, but a person must rebuild it
	Invisible     Type = "no_counterpart"   // the whole item has none and nobody loses by its absence
	Blocked       Type = "blocked"          // must not be done as things are
)

// Direction of a difference, seen from who is let in and how well they prove themselves.
type Direction string

// The directions. The zero value counts as the same.
const (
	DirectionSame    Direction = "same"
	DirectionTighter Direction = "tighter"
	DirectionLooser  Direction = "looser"
)

// Audience is who feels a change.
type Audience string

// The audiences.
const (
	AudienceEndUsers       Audience = "end_users"
	AudienceAdministrators Audience = "administrators"
	AudienceHelpDesk       Audience = "help_desk"
	AudienceAppOwners      Audience = "app_owners"
	AudienceSecurity       Audience = "security"
)

// Severity of an impact.
type Severity string

// The severities. The zero value means none.
const (
	SeverityNone   Severity = "none"
	SeverityLow    Severity = "low"
	SeverityMedium Severity = "medium"
	SeverityHigh   Severity = "high"
)

// Finding is one thing a target says about a part of an item.
//
// Compensated says that the same translation makes up for a looser part, and by what. An impact arises when Severity is
// medium or high.
type Finding struct {
	Type        Type      `json:"type"`
	Field       string    `json:"field"`
	Summary     string    `json:"summary"`
	Action      string    `json:"action,omitempty"` // what a person should do
	Direction   Direction `json:"direction,omitempty"`
	Compensated string    `json:"compensated,omitempty"`
	Audience    Audience  `json:"audience,omitempty"`
	Severity    Severity  `json:"severity,omitempty"`
	// stable, groups equal impacts of many items: issuer_changes, secret_changes
	ImpactCode string `json:"impact_code,omitempty"`
	// what to tell the audience, ready to be sent; the same for every item of the code
	Tell string `json:"tell,omitempty"`
}
