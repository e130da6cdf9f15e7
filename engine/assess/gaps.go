package assess

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// gapBlocks lists the kinds that may not be carried over while a gap of the given kind is open: what was not read could
// make the result looser, or wrong. Kinds that merely refer to an item that was not read are not listed, because the
// unresolved reference blocks them one by one. A policy depends on its own kind, because an unseen sibling changes what
// it catches.
func gapBlocks(kind identity.Kind) []identity.Kind {
	switch kind {
	case identity.KindAuthPolicy:
		return []identity.Kind{identity.KindApplication, identity.KindServicePrincipal, identity.KindAuthPolicy}
	case identity.KindSessionPolicy:
		return []identity.Kind{identity.KindSessionPolicy}
	case identity.KindRoutingRule:
		return []identity.Kind{identity.KindRoutingRule}
	case identity.KindIdentityProvider:
		return []identity.Kind{identity.KindRoutingRule}
	case identity.KindAppAssignment:
		return []identity.Kind{identity.KindApplication, identity.KindServicePrincipal}
	case identity.KindRole:
		return []identity.Kind{identity.KindRoleAssignment}
	}
	return nil
}

// openGaps describes the gaps that block the item, in the order given.
func openGaps(item identity.Item, gaps []identity.Gap) []string {
	var open []string
	for _, gap := range gaps {
		if gapConcerns(item, gap) {
			open = append(open, describeGap(gap))
		}
	}
	return open
}

func gapConcerns(item identity.Item, gap identity.Gap) bool {
	if gap.Cause == identity.GapNotOffered {
		return false // a fact about the tenant: nothing is hidden behind it
	}
	if item.ID != "" {
		if item.ID == gap.Of {
			return true
		}
		for _, segment := range strings.Split(gap.Path, "/") {
			if segment == item.ID {
				return true
			}
		}
	}
	if gap.Kind == identity.KindAppAssignment && openToEveryone(item) {
		return false
	}
	if !slices.Contains(gapBlocks(gap.Kind), item.Kind) {
		return false
	}
	return gap.Of == "" || item.Kind == gap.Kind || refersTo(item, gap.Of)
}

func refersTo(item identity.Item, id string) bool {
	return slices.ContainsFunc(item.References, func(r identity.Reference) bool { return r.ID == id })
}

// openToEveryone tells whether assignments have no say in who may use the application.
func openToEveryone(item identity.Item) bool {
	if item.Kind != identity.KindApplication {
		return false
	}
	var application struct {
		Access string `json:"access"`
	}
	return item.Decode(&application) == nil && application.Access == identity.AccessEveryone
}

func describeGap(gap identity.Gap) string {
	text := fmt.Sprintf("%s could not be read", strings.ReplaceAll(string(gap.Kind), "_", " "))
	if gap.Path != "" {
		text += fmt.Sprintf(" (%s, status %d)", gap.Path, gap.Status)
	}
	if gap.Reason != "" {
		text += ": " + gap.Reason
	}
	if gap.Permission != "" {
		text += "; grant " + gap.Permission
	}
	return text
}
