package okta

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"sort"

	"github.com/rehome-iam/rehome/engine/identity"
)

// groups reads the rules first: a group's item says which rule fills it.
func (r *reader) groups(ctx context.Context) error {
	rules, err := r.groupRules(ctx)
	if err != nil {
		return err
	}
	l := listing{doing: "reading groups", location: "/api/v1/groups?limit=10000", kind: identity.KindGroup,
		permission: scopeGroups}
	err = r.pages(ctx, l, func(ctx context.Context, elements []element) error {
		for _, e := range elements {
			if id := e.body.At("id").Text(); rules.named[id] != "" {
				rules.named[id] = e.body.At("profile", "name").Text()
			}
		}
		return r.each(ctx, elements, func(ctx context.Context, e element) error { return r.group(ctx, e, rules) })
	})
	if _, err = r.settle(ctx, l, err); err != nil {
		return err
	}
	for _, e := range rules.elements {
		item, err := convertGroupRule(e.body, rules.named)
		if err := r.emit(ctx, e, item, err); err != nil {
			return err
		}
	}
	return nil
}

// groupFillers tells which expressions fill a group, by group id.
type groupFillers struct {
	known       bool // the rules were read
	expressions map[string][]string
	elements    []element         // the rules, which name groups that are read after them
	named       map[string]string // the name of each group in a rule by its id, which stands for one that is not read
}

func (r *reader) groupRules(ctx context.Context) (groupFillers, error) {
	l := listing{doing: "reading group rules", location: "/api/v1/groups/rules?limit=200", kind: identity.KindAuthPolicy,
		permission: scopeGroups}
	fillers := groupFillers{expressions: map[string][]string{}, named: map[string]string{}}
	err := r.pages(ctx, l, func(_ context.Context, elements []element) error {
		fillers.elements = append(fillers.elements, elements...)
		for _, e := range elements {
			for _, id := range groupsOfRule(e.body) {
				fillers.named[id] = id
			}
			if e.body.At("status").Text() == "ACTIVE" {
				for _, id := range e.body.At("actions", "assignUserToGroups", "groupIds").Texts() {
					fillers.expressions[id] = append(fillers.expressions[id], e.body.At("conditions", "expression", "value").Text())
				}
			}
		}
		return nil
	})
	fillers.known, err = r.settle(ctx, l, err)
	for _, expressions := range fillers.expressions {
		sort.Strings(expressions)
	}
	return fillers, err
}

// membersOf says how reading the members of a group went.
type membersOf struct{ hidden, gone bool }

func (r *reader) group(ctx context.Context, e element, fillers groupFillers) error {
	var members membersOf
	if !isEveryone(e.body) {
		var err error
		if members, err = r.members(ctx, e.body.At("id").Text()); err != nil {
			return err
		}
	}
	item, err := convertGroup(e.body, fillers, members)
	return r.emit(ctx, e, item, err)
}

func (r *reader) members(ctx context.Context, group string) (membersOf, error) {
	l := listing{doing: "reading the members of group " + group, location: "/api/v1/groups/" + url.PathEscape(group) +
		"/users?limit=1000",
		kind: identity.KindMembership, permission: scopeGroups, of: group}
	err := r.pages(ctx, l, func(ctx context.Context, elements []element) error {
		items := make([]identity.Item, 0, len(elements))
		for _, e := range elements {
			item, err := convertMembership(group, e.body)
			if err != nil {
				return err
			}
			item.Page = e.page
			items = append(items, item)
		}
		if len(items) == 0 {
			return nil
		}
		return r.sink.Items(ctx, items...)
	})
	if isMissing(err) {
		gone, err := r.gone(ctx, l, "/api/v1/groups/"+url.PathEscape(group), err)
		return membersOf{gone: gone, hidden: !gone}, err
	}
	read, err := r.settle(ctx, l, err)
	return membersOf{hidden: !read}, err
}

func (r *reader) domains(ctx context.Context) error {
	l := listing{doing: "reading domains", location: "/api/v1/domains", field: "domains", kind: identity.KindDomain,
		permission: scopeDomains}
	err := r.pages(ctx, l, func(ctx context.Context, elements []element) error {
		for _, e := range elements {
			item, err := convertDomain(e.body)
			if err := r.emit(ctx, e, item, err); err != nil {
				return err
			}
		}
		return nil
	})
	_, err = r.settle(ctx, l, err)
	return err
}

// users reads two lists, because the plain one leaves out deprovisioned people. Who is deprovisioned between the two is
// in both and handed out once; the other order would lose that person. Ids are kept as digests of eight bytes, as there
// may be millions.
func (r *reader) users(ctx context.Context) error {
	known := false
	defer func() { r.people.finish(known) }()
	seen := map[uint64]struct{}{}
	current := listing{doing: "reading users", location: "/api/v1/users?limit=200", kind: identity.KindUser,
		permission: scopeUsers}
	err := r.pages(ctx, current, func(ctx context.Context, elements []element) error {
		for _, e := range elements {
			seen[digest(e.body.At("id").Text())] = struct{}{}
		}
		return r.emitUsers(ctx, elements)
	})
	read, err := r.settle(ctx, current, err)
	if err != nil || !read {
		return err
	}
	deprovisioned := listing{doing: "reading deprovisioned users", kind: identity.KindUser, permission: scopeUsers,
		location: "/api/v1/users?filter=" + url.QueryEscape(`status eq "DEPROVISIONED"`) + "&limit=200"}
	err = r.pages(ctx, deprovisioned, func(ctx context.Context, elements []element) error {
		var fresh []element
		for _, e := range elements {
			if _, known := seen[digest(e.body.At("id").Text())]; !known {
				fresh = append(fresh, e)
			}
		}
		return r.emitUsers(ctx, fresh)
	})
	known, err = r.settle(ctx, deprovisioned, err)
	return err
}

func digest(id string) uint64 {
	sum := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint64(sum[:8])
}

func (r *reader) emitUsers(ctx context.Context, elements []element) error {
	items := make([]identity.Item, 0, len(elements))
	for _, e := range elements {
		r.people.add(e.body)
		item, err := convertUser(e.body)
		if err != nil {
			return err
		}
		item.Raw, item.Page = e.raw, e.page
		items = append(items, item)
	}
	if len(items) == 0 {
		return nil
	}
	return r.sink.Items(ctx, items...)
}
