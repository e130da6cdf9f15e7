package okta

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

func (r *reader) policies(ctx context.Context) error {
	for _, t := range policyTypes() {
		l := listing{doing: "reading policies of type " + t.name, location: "/api/v1/policies?type=" + t.name, kind: t.kind,
			permission: scopePolicies}
		err := r.pages(ctx, l, func(ctx context.Context, elements []element) error {
			return r.each(ctx, elements, func(ctx context.Context, e element) error { return r.policy(ctx, t, e) })
		})
		if absent, gap := notInOrg(err, l); absent {
			if err := r.sink.Gap(ctx, gap); err != nil {
				return err
			}
			continue
		}
		if _, err := r.settle(ctx, l, err); err != nil {
			return err
		}
	}
	return nil
}

// notInOrg tells whether the list was refused because the org has no such feature: classic orgs answer so for
// ACCESS_POLICY. Nothing is hidden then, so the gap asks for no permission.
func notInOrg(err error, l listing) (bool, identity.Gap) {
	var refused *refusal
	if !errors.As(err, &refused) || refused.location != l.location {
		return false, identity.Gap{}
	}
	if refused.code != "E0000015" && refused.status != http.StatusBadRequest {
		return false, identity.Gap{}
	}
	return true, identity.Gap{Kind: l.kind, Path: l.location, Status: refused.status, Cause: identity.GapNotOffered,
		Reason: "feature not in this org: " + refused.summary}
}

// ruleList is the rules of one policy, sorted as the org evaluates them.
type ruleList struct {
	elements []element
	gaps     []string
	gone     bool
}

func (r *reader) policy(ctx context.Context, t policyType, e element) error {
	id := e.body.At("id").Text()
	l := listing{doing: "reading the rules of policy " + id, location: "/api/v1/policies/" + url.PathEscape(id) + "/rules",
		kind: t.kind, permission: scopePolicies}
	var rules ruleList
	err := r.pages(ctx, l, func(_ context.Context, elements []element) error {
		rules.elements = append(rules.elements, elements...)
		return nil
	})
	if isMissing(err) {
		if rules.gone, err = r.gone(ctx, l, "/api/v1/policies/"+url.PathEscape(id), err); err != nil {
			return err
		} else if !rules.gone {
			rules.gaps = []string{"rules"}
		}
	} else if read, err := r.settle(ctx, l, err); err != nil {
		return err
	} else if !read {
		rules.gaps = []string{"rules"}
	}
	sortRules(rules.elements)
	switch t.kind {
	case identity.KindRoutingRule:
		return r.routingRules(ctx, e.body, rules)
	case identity.KindSessionPolicy:
		item, err := convertSessionPolicy(e.body, rules)
		return r.emit(ctx, withRules(e, rules), item, err)
	default:
		item, err := convertAuthPolicy(e.body, rules)
		return r.emit(ctx, withRules(e, rules), item, err)
	}
}

func (r *reader) routingRules(ctx context.Context, policy reading.Node, rules ruleList) error {
	var earlier domainsTaken
	for _, e := range rules.elements {
		item, err := convertRoutingRule(policy, &earlier, e.body)
		if err := r.emit(ctx, e, item, err); err != nil {
			return err
		}
	}
	return nil
}

// withRules adds the member rules to the raw policy, so that one item holds the whole policy.
func withRules(e element, rules ruleList) element {
	raws := make([]string, 0, len(rules.elements))
	for _, rule := range rules.elements {
		raws = append(raws, string(rule.raw))
	}
	var whole map[string]json.RawMessage
	if json.Unmarshal(e.raw, &whole) != nil {
		return e
	}
	whole["rules"] = json.RawMessage("[" + strings.Join(raws, ",") + "]")
	encoded, err := json.Marshal(whole)
	if err != nil {
		return e
	}
	e.raw = encoded
	return e
}
