package switchover

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// shownNames is how many names an error lists.
const shownNames = 10

// Find picks one application by its address, id, client or name. Others are applications of the incumbents, of which no
// plan need move any: an error tells those from names that nobody knows.
func Find(all []Progress, others []identity.Item, text string) (Progress, error) {
	for _, same := range []func(Progress) bool{
		func(p Progress) bool {
			return text == p.Address() || text == p.Item.ID || text == p.Resource.Key || text == p.Resource.String()
		},
		func(p Progress) bool { return p.Name == text },
		func(p Progress) bool { return strings.EqualFold(p.Name, text) },
	} {
		var found []Progress
		for _, p := range all {
			if same(p) {
				found = append(found, p)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return Progress{}, ambiguous(text, found)
		}
	}
	return Progress{}, NotFound(all, others, text)
}

func ambiguous(text string, found []Progress) error {
	addresses := make([]string, len(found))
	for i, p := range found {
		addresses[i] = "  " + p.Address()
	}
	return diag.Errorf("application-ambiguous", "Name means several applications",
		"%s have the name %q:\n%s\nGive one of these addresses.",
		phrase.Plural(len(found), "application", "applications"), text, strings.Join(addresses, "\n"))
}

// NotFound says why there is no application of that name to work with; with an empty text, why there is none at all.
func NotFound(all []Progress, others []identity.Item, text string) error {
	for _, item := range others {
		if item.Name == text || item.ID == text || item.Address().String() == text {
			return diag.Errorf("application-not-moved", "Application is not moved",
				"No plan of this migration gives %q a place in the target: it is blocked, skipped, done by hand, or was not "+
					"planned yet.\nrehome show says why.", item.Name)
		}
	}
	names := make([]string, 0, len(all))
	for _, p := range all {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return diag.Errorf("application-unknown", "Nothing was planned yet",
			"No plan of this migration moves an application. Run rehome plan and rehome apply first.")
	}
	more := ""
	if len(names) > shownNames {
		more = fmt.Sprintf(" and %d more", len(names)-shownNames)
		names = names[:shownNames]
	}
	return diag.Errorf("application-unknown", "No such application", "No application is called %q. There are %s%s.", text,
		strings.Join(names, ", "), more)
}

// Named is the name of an application for messages.
func (p Progress) Named() string { return fmt.Sprintf("%q", phrase.Clean(p.Name)) }
