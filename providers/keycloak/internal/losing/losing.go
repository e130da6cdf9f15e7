// Package losing says who may use a client no more when it gets a gate.
//
// In: what a plan makes, what lives, and the realm to ask. Out: findings about gates. It reads people, and nothing else
// that plans does, so it is apart. Begin with WhoLoses.
package losing

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

// mostLooked is how many accounts are looked at for one client; namedLosers how many of them are named.
const (
	mostLooked  = 1000
	namedLosers = 10
	lookTime    = time.Minute
)

// WhoLoses says of each client that people use and that gets a gate who may use it no more: the accounts of the realm
// that are in none of the groups that get its role, and do not hold it. It reads only. People are named by their e-mail
// addresses, which every report knows how to hide. Where it cannot be read there is no gate: nobody could decide about
// people whom he does not know.
func WhoLoses(c *current.Realm, desired, live []identity.Resource) []contract.CheckFinding {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime) // a check has no context of its own
	defer cancel()
	exists := map[identity.ResourceID]identity.Resource{}
	for _, r := range live {
		exists[r.ID()] = r
	}
	var found []contract.CheckFinding
	for _, gate := range desired {
		if gate.Type != realm.TypeGate {
			continue
		}
		client, lives := exists[identity.ResourceID{Type: realm.TypeClient, Key: gate.Key}]
		_, gated := exists[gate.ID()]
		opening := exists[identity.ResourceID{Type: realm.TypeEnablement, Key: gate.Key}]
		if !lives || gated || client.Tag != "" || opening.Attributes["enabled"] != true {
			continue
		}
		finding := fidelity.Finding{Type: fidelity.Approximation, Field: "gated", Direction: fidelity.DirectionTighter}
		keep, err := keepers(ctx, c, client, groupsOf(gate.Key, slices.Concat(desired, live)))
		if err == nil {
			finding.Summary, err = losers(ctx, c, client, keep)
		}
		if err != nil {
			finding = fidelity.Finding{Type: fidelity.Blocked, Field: "gated",
				Summary: "people use the client today, and who of them may not behind its gate could not be read: " +
					admin.Outward("reading it", err).Error(),
				Action: "See to it that the target answers and that rehome may view users, then plan again."}
		}
		found = append(found, contract.CheckFinding{Resource: gate.ID(), Finding: finding})
	}
	return found
}

// groupsOf lists the paths of the groups that hold the access role of a client when the plan is done.
func groupsOf(clientID string, resources []identity.Resource) []string {
	var paths []string
	for _, r := range resources {
		if r.Type == realm.TypeRoleAssignment && r.Attributes["client"] == clientID && r.Attributes["role"] == gating.AccessRole {
			path, _ := r.Attributes["group"].(string)
			paths = append(paths, path)
		}
	}
	return paths
}

// keepers are the ids of the accounts that may use the client behind its gate.
func keepers(ctx context.Context, c *current.Realm, client identity.Resource, groups []string) (map[string]bool, error) {
	keep := map[string]bool{}
	add := func(path string) error {
		people, err := some(ctx, c, path)
		for _, person := range people {
			keep[admin.Text(person, "id")] = true
		}
		return err
	}
	role, _, err := c.ClientRole(ctx, client.Key, gating.AccessRole)
	if err != nil {
		return nil, err
	}
	if role != nil {
		if err := add(c.Admin("clients", client.ServerID, "roles", gating.AccessRole, "users")); err != nil {
			return nil, err
		}
	}
	for _, path := range groups {
		group, err := c.Group(ctx, realm.GroupPath(path))
		if err != nil {
			return nil, err
		}
		if group == nil { // made by the plan, and empty until somebody is put into it
			continue
		}
		if err := eachBelow(ctx, c, admin.Text(group, "id"), func(id string) error {
			return add(c.Admin("groups", id, "members"))
		}); err != nil {
			return nil, err
		}
	}
	return keep, nil
}

// eachBelow visits a group and all below it: they hold its roles too.
func eachBelow(ctx context.Context, c *current.Realm, id string, visit func(id string) error) error {
	if err := visit(id); err != nil {
		return err
	}
	children, err := c.Pages(ctx, c.Admin("groups", id, "children"), nil, "id")
	if err != nil {
		return err
	}
	for _, child := range children {
		if err := eachBelow(ctx, c, admin.Text(child, "id"), visit); err != nil {
			return err
		}
	}
	return nil
}

// some lists people, at most mostLooked of them.
func some(ctx context.Context, c *current.Realm, path string) ([]object.Object, error) {
	var people []object.Object
	query := url.Values{"max": {strconv.Itoa(mostLooked)}, "briefRepresentation": {"true"}}
	err := c.Get(ctx, path, query, &people)
	return people, err
}

func losers(ctx context.Context, c *current.Realm, client identity.Resource, keep map[string]bool) (string, error) {
	people, err := some(ctx, c, c.Admin("users"))
	if err != nil {
		return "", err
	}
	var sessions object.Object
	if err := c.Get(ctx, c.Admin("clients", client.ServerID, "session-count"), nil, &sessions); err != nil {
		return "", err
	}
	var lost int
	var names []string
	for _, person := range people {
		if person["enabled"] != true || keep[admin.Text(person, "id")] {
			continue
		}
		lost++
		if mail := admin.Text(person, "email"); mail != "" && len(names) < namedLosers {
			names = append(names, mail)
		}
	}
	count, _ := object.WholeNumber(sessions["count"])
	now := "; " + phrase.Plural(int(count), "session", "sessions") + " at it now"
	if len(people) == mostLooked { // a list that is cut off would name people who keep it
		return fmt.Sprintf("everybody of the realm may use the client today, which are %d accounts or more; behind its gate "+
			"only those may who are in its groups or hold its role, too many to compare them here", mostLooked) + now, nil
	}
	text := fmt.Sprintf("everybody of the realm may use the client today; of %s %d may not behind its gate",
		phrase.Plural(len(people), "account", "accounts"), lost)
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
		if lost > len(names) {
			text += fmt.Sprintf(" and %d more", lost-len(names))
		}
	}
	return text + now, nil
}
