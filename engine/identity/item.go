package identity

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Kind names what an item is. The list is closed; see Kinds.
type Kind string

// The kinds of item.
const (
	KindApplication      Kind = "application"
	KindServicePrincipal Kind = "service_principal"
	KindIdentityProvider Kind = "identity_provider"
	KindRoutingRule      Kind = "routing_rule"
	KindDomain           Kind = "domain"
	KindGroup            Kind = "group"
	KindUser             Kind = "user"
	KindMembership       Kind = "membership"
	KindAppAssignment    Kind = "app_assignment"
	KindAuthPolicy       Kind = "auth_policy"
	KindSessionPolicy    Kind = "session_policy"
	KindRole             Kind = "role"
	KindRoleAssignment   Kind = "role_assignment"
	KindAccessKey        Kind = "access_key"
	KindSCIMConnection   Kind = "scim_connection"
	KindSCIMToken        Kind = "scim_token"
)

// Kinds lists every kind in the order in which plans show them: what others refer to comes first.
func Kinds() []Kind {
	return []Kind{
		KindDomain, KindIdentityProvider, KindRoutingRule, KindGroup, KindApplication, KindServicePrincipal,
		KindAppAssignment, KindAuthPolicy, KindSessionPolicy, KindRole, KindRoleAssignment, KindAccessKey,
		KindSCIMConnection, KindSCIMToken, KindUser, KindMembership,
	}
}

// IsPeople tells whether a tenant may have millions of this kind. Such items are streamed, never held.
func (k Kind) IsPeople() bool { return k == KindUser || k == KindMembership }

// StandsAlone tells whether two items of this kind in one source are two, whatever they are called: they hold people,
// or let them in, and made one they would give everybody of both what each of them gives.
func (k Kind) StandsAlone() bool {
	return k == KindGroup || k == KindApplication || k == KindIdentityProvider
}

// ItemID names one item within one source.
type ItemID struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`
}

// Compare orders items as the model does: kinds as Kinds lists them, each kind by id.
func (i ItemID) Compare(other ItemID) int {
	if i.Kind == other.Kind {
		return strings.Compare(i.ID, other.ID)
	}
	return cmp.Compare(slices.Index(Kinds(), i.Kind), slices.Index(Kinds(), other.Kind))
}

// String is kind/id.
func (i ItemID) String() string { return string(i.Kind) + "/" + i.ID }

// Address names one item over all sources: Source is "okta.corp" (provider.name).
type Address struct {
	Source string `json:"source"`
	Kind   Kind   `json:"kind"`
	ID     string `json:"id"`
}

// String is source/kind/id, for example okta.corp/application/0oa1f4k2.
func (a Address) String() string { return a.Source + "/" + string(a.Kind) + "/" + a.ID }

// ParseAddress reads what Address.String wrote. The id may hold slashes.
func ParseAddress(text string) (Address, error) {
	parts := strings.SplitN(text, "/", 3)
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return Address{}, fmt.Errorf("item address %q is not source/kind/id", text)
	}
	return Address{Source: parts[0], Kind: Kind(parts[1]), ID: parts[2]}, nil
}

// Reference points from one item to another of the same source. Role says why, for example "application".
type Reference struct {
	Role string `json:"role"`
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`
}

// SecretField says that the source can hand out a secret of this item when apply needs it.
// The value itself is never in an item.
type SecretField struct {
	Field string `json:"field"` // name within the kind, such as client_secret
}

// Item is one normalised thing of a snapshot.
//
// Attributes is the JSON object of the kind's struct in kinds.go. Raw is the redacted body it came from, or the part of
// a page that belongs to it. Page is the sequence number of the page evidence. Gaps names what the source could not
// tell; unknown is never none.
type Item struct {
	Source     string          `json:"source"`
	Kind       Kind            `json:"kind"`
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Version    int             `json:"version"` // version of the kind; see KindVersion
	Attributes json.RawMessage `json:"attributes"`
	References []Reference     `json:"references,omitempty"`
	Secrets    []SecretField   `json:"secrets,omitempty"`
	Gaps       []string        `json:"gaps,omitempty"`
	Deleted    bool            `json:"deleted,omitempty"` // was in the list, was gone when its detail was asked for
	Raw        json.RawMessage `json:"raw,omitempty"`
	Page       int             `json:"page,omitempty"`
}

// Address of the item.
func (i Item) Address() Address { return Address{Source: i.Source, Kind: i.Kind, ID: i.ID} }

// Refer returns the first reference with this role.
func (i Item) Refer(role string) (Reference, bool) {
	for _, r := range i.References {
		if r.Role == role {
			return r, true
		}
	}
	return Reference{}, false
}

// Person is the id of the user that the item is, or is about; empty when it is about nobody. An application or a policy
// that refers to users is not about one.
func (i Item) Person() string {
	switch i.Kind {
	case KindUser:
		return i.ID
	case KindMembership, KindAppAssignment, KindRoleAssignment, KindAccessKey:
		for _, r := range i.References {
			if r.Kind == KindUser {
				return r.ID
			}
		}
	}
	return ""
}

// Decode reads the attributes into a struct of kinds.go.
func (i Item) Decode(into any) error {
	if err := json.Unmarshal(i.Attributes, into); err != nil {
		return fmt.Errorf("reading the attributes of %s: %w", i.Address(), err)
	}
	return nil
}

// NewItem makes an item of the struct of its kind.
func NewItem(kind Kind, id, name string, attributes any) (Item, error) {
	encoded, err := json.Marshal(attributes)
	if err != nil {
		return Item{}, fmt.Errorf("encoding %s %s: %w", kind, id, err)
	}
	return Item{Kind: kind, ID: id, Name: name, Version: KindVersion, Attributes: encoded}, nil
}

// PageEvidence is the proof of one response page. Body is redacted; SHA256 is the hex digest of that redacted body.
type PageEvidence struct {
	Sequence  int    `json:"sequence"` // counts from 1 within a snapshot
	Method    string `json:"method"`
	Path      string `json:"path"`
	Query     string `json:"query,omitempty"`
	Status    int    `json:"status"`
	At        string `json:"at"` // RFC 3339, UTC
	ItemCount int    `json:"item_count"`
	Bytes     int    `json:"bytes"`
	SHA256    string `json:"sha256"`
	Body      []byte `json:"body,omitempty"`
}

// GapCause is why something was not read.
type GapCause string

// The causes of a gap. The empty one is that of a source which does not tell.
const (
	GapForbidden GapCause = "forbidden" // Permission says what to grant
	// the tenant's edition does not have it: there is nothing to grant, and nothing is hidden
	GapNotOffered GapCause = "not_offered"
	GapFailed     GapCause = "failed" // it was refused in another way
)

// Gap is a kind, or a part of one, that the source did not let us read. It blocks what depends on it, unless it is not
// offered.
type Gap struct {
	Kind       Kind   `json:"kind"`
	Path       string `json:"path"`
	Status     int    `json:"status"`
	Reason     string `json:"reason"`
	Permission string `json:"permission,omitempty"` // what to grant, by the vendor's name
	// Cause is stable and says which advice fits.
	Cause GapCause `json:"cause,omitempty"`
	// Of is the id of the item that a list belongs to which was not read. It is empty where all of the kind was not.
	Of string `json:"of,omitempty"`
}

// Unread is something of an incumbent that its provider never reads. Nobody knows whether there is any, so a person is
// asked.
type Unread struct {
	Name     string `json:"name"`     // admin roles, trusted origins
	Question string `json:"question"` // what to look at there, and what to do with it
}

// KindVersion is the version of what engine/kinds describes. Kinds evolve by adding fields; a field never changes its
// meaning.
const KindVersion = 1

// Statuses that items carry, whatever the source calls them.
const (
	StatusActive   = "active"
	StatusInactive = "inactive"
)

// Who may use an application.
const (
	AccessEveryone = "everyone" // no assignment is asked for
	AccessAssigned = "assigned" // only assigned people and groups
)
