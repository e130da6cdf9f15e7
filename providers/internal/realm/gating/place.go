package gating

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// A client that lives may be bound to a flow of its own. It keeps what that demands: the gates stand behind a copy of
// that flow too, in a place of its own, one for each such flow. Its gate stands there and not in the place of the realm.

// onMark is what follows a place in the name of one that stands behind the flow of single clients.
const onMark = " on "

// On is the place behind a flow that single clients are bound to. Its name holds the whole digest of the flow's: no two
// flows share one.
func On(kind Place, flow string) Place {
	digest := sha256.Sum256([]byte(flow))
	return kind + onMark + Place(hex.EncodeToString(digest[:]))
}

// kind is the place of the realm that a place is like.
func (place Place) kind() Place {
	kind, _, _ := strings.Cut(string(place), onMark)
	return Place(kind)
}

// placeIn takes the name of a flow or configuration of ours apart: its place, and what follows the name of that one's
// top-level flow.
func placeIn(name string) (place Place, rest string, ours bool) {
	for _, kind := range Places() {
		rest, begins := strings.CutPrefix(name, TopFlow(kind))
		if !begins {
			continue
		}
		if digest, on := strings.CutPrefix(rest, onMark); on {
			key, _, _ := strings.Cut(digest, " ")
			if raw, err := hex.DecodeString(key); err == nil && len(raw) == sha256.Size {
				return kind + onMark + Place(key), strings.TrimPrefix(digest, key), true
			}
		}
		if rest == "" || strings.HasPrefix(rest, " ") {
			return kind, rest, true
		}
	}
	return "", "", false
}

// PlaceOf is the place that a top-level flow of ours belongs to.
func PlaceOf(alias string) (Place, bool) {
	place, rest, ours := placeIn(alias)
	return place, ours && rest == ""
}

// IsOurs tells whether a top-level flow holds gates.
func IsOurs(alias string) bool {
	_, ours := PlaceOf(alias)
	return ours
}

// IsBelow tells whether a flow has a name that only what is below a flow of ours has.
func IsBelow(alias string) bool {
	_, rest, ours := placeIn(alias)
	return ours && rest != ""
}

// Places lists the places of a realm: those of every one, and those behind flows of single clients.
func (s FlowSet) Places() []Place {
	all := Places()
	for alias, flow := range s.flows {
		if place, ours := PlaceOf(alias); ours && object.Truth(flow, "topLevel") && place != place.kind() {
			all = append(all, place)
		}
	}
	slices.Sort(all[len(Places()):])
	return all
}

// The attributes of a client that say which flows it was bound to before its gate, by their ids, and whether it was open
// then: what it gets back when the gate is taken off.
const (
	FormerBrowser = "rehome.former.browser"
	FormerDirect  = "rehome.former.direct_grant"
	FormerOpen    = "rehome.former.open"
)

// Binding is one flow that a client may be bound to in place of the realm's.
type Binding struct {
	Field  string // of authenticationFlowBindingOverrides
	Former string // attribute that says what it was bound to before
	Kind   Place
}

// Bindings lists them.
func Bindings() []Binding {
	return []Binding{{"browser", FormerBrowser, PlaceBrowser}, {"direct_grant", FormerDirect, PlaceDirect}}
}

// PlaceFor is where the gate of a client must stand: behind the flow that it is bound to, or was before its gate, or
// behind that of the realm.
func (s FlowSet) PlaceFor(client object.Object, b Binding) Place {
	id := object.Text(object.Peek(client, "authenticationFlowBindingOverrides"), b.Field)
	alias := s.byID[id]
	if place, ours := PlaceOf(alias); ours && place != b.Kind {
		return place
	}
	if alias == "" || IsOurs(alias) {
		if alias = s.byID[object.Text(object.Peek(client, "attributes"), b.Former)]; alias == "" || IsOurs(alias) {
			return b.Kind
		}
	}
	return On(b.Kind, alias)
}

// PlacesFor lists where the gate of a client must stand.
func (s FlowSet) PlacesFor(client object.Object) []Place {
	var places []Place
	for _, b := range Bindings() {
		places = append(places, s.PlaceFor(client, b))
	}
	return append(places, PlaceBroker)
}

// Like lists the places of a realm that are like one of every realm, that one first.
func (s FlowSet) Like(kind Place) []Place {
	return slices.DeleteFunc(s.Places(), func(place Place) bool { return place.kind() != kind })
}
