package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

var _ sdk.SignInReader = (*source)(nil)

const (
	signInRetention = 30 * 24 * time.Hour // what a tenant with a premium licence keeps
	mostSignInPages = 100                 // of one report; what is older is not covered
	signInPause     = 2 * time.Second     // the log answers five requests in ten seconds
)

func signInsResource() resource {
	return resource{name: "the sign-in log", kind: identity.KindApplication, top: largestPage,
		permission: "AuditLog.Read.All and Directory.Read.All, in a tenant with a Microsoft Entra ID P1 or P2 licence"}
}

// signInBody is one sign-in.
type signInBody struct {
	ID       string    `json:"id"`
	At       time.Time `json:"createdDateTime"`
	AppID    string    `json:"appId"`
	UserID   string    `json:"userId"`
	UserName string    `json:"userPrincipalName"`
	Status   struct {
		Code int `json:"errorCode"`
	} `json:"status"`
}

// interrupted tells whether a sign-in only stopped to ask for more (vendor's list of AADSTS codes): it goes on under
// another event.
func (b signInBody) interrupted() bool {
	switch b.Status.Code {
	case 50058, 50072, 50074, 50076, 50079, 50097, 50125, 50140, 65001:
		return true
	}
	return false
}

// SignIns sums up the sign-in log since a time, by application. The beta endpoint is asked because v1.0 knows
// interactive sign-ins only: an application whose people are kept signed in by refreshed tokens would look unused
// there. The newest come first.
func (s *source) SignIns(ctx context.Context, since string) (observation.SignInReport, error) {
	from, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return observation.SignInReport{}, &contract.ProviderError{Code: contract.ErrorInvalid,
			Message: fmt.Sprintf("reading the sign-in log: %q is no time", since)}
	}
	c, err := s.connect()
	if err != nil {
		return observation.SignInReport{}, err
	}
	until := time.Now().UTC()
	covers := from.UTC()
	if oldest := until.Add(-signInRetention); oldest.After(covers) {
		covers = oldest
	}
	sum := &signInSum{seen: map[string]bool{}}
	reached, requests, err := c.signIns(ctx, covers, until, sum)
	if err != nil {
		return observation.SignInReport{}, asProviderError(err)
	}
	objects, more, err := c.applicationObjects(ctx)
	if err != nil {
		return observation.SignInReport{}, asProviderError(err)
	}
	return observation.SignInReport{Covers: reached.Format(time.RFC3339), Applications: sum.activities(objects),
		Requests: requests + more}, nil
}

// errEnough ends a list that is longer than a report may be.
type errEnough struct{ last time.Time }

func (errEnough) Error() string { return "the log is longer than one report" }

func (c *client) signIns(ctx context.Context, from, until time.Time, sum *signInSum) (reached time.Time, requests int,
	err error) {
	link, err := url.Parse(strings.TrimSuffix(c.base, "/v1.0") + "/beta/auditLogs/signIns")
	if err != nil {
		return from, 0, err
	}
	const layout = "2006-01-02T15:04:05Z"
	link.RawQuery = url.Values{"$top": {fmt.Sprint(largestPage)},
		"$filter": {fmt.Sprintf("createdDateTime ge %s and createdDateTime le %s and "+
			"signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser' or t eq "+
			"'servicePrincipal')", from.Format(layout), until.Format(layout))}}.Encode()
	element := 0
	l := list{resource: signInsResource(), first: followRequest(link), pause: signInPause,
		id: func(json.RawMessage) (string, error) {
			element++ // the log may hand out an event twice; sum counts it once
			return fmt.Sprint(element), nil
		}}
	var last time.Time
	err = c.each(ctx, l, func(p page) error {
		requests++
		for _, raw := range p.elements {
			var body signInBody
			if err := json.Unmarshal(raw, &body); err != nil || body.At.IsZero() {
				return invalidElement(p, fmt.Errorf("a sign-in has no time"))
			}
			last = body.At.UTC()
			sum.add(body)
		}
		if requests == mostSignInPages && p.next != "" {
			return errEnough{last}
		}
		return nil
	})
	if enough, long := err.(errEnough); long {
		return enough.last, requests, nil
	}
	return from, requests, err
}

// applicationObjects finds the object id of each application id: the log knows one, items the other.
func (c *client) applicationObjects(ctx context.Context) (map[string]string, int, error) {
	r := applicationsResource()
	r.fields = []string{"id", "appId"}
	first, err := c.applicationsRequest(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	objects, requests := map[string]string{}, 0
	err = c.each(ctx, list{resource: r, first: first}, func(p page) error {
		requests++
		for _, raw := range p.elements {
			var body struct{ ID, AppID string }
			if err := json.Unmarshal(raw, &body); err != nil {
				return invalidElement(p, err)
			}
			objects[strings.ToLower(body.AppID)] = body.ID
		}
		return nil
	})
	return objects, requests, err
}

// signInSum adds sign-ins up by application id.
type signInSum struct {
	seen         map[string]bool
	applications reading.SignIns
}

func (s *signInSum) add(body signInBody) {
	if s.seen[body.ID] || body.AppID == "" || body.interrupted() {
		return
	}
	s.seen[body.ID] = true
	id := strings.ToLower(body.AppID)
	if body.Status.Code != 0 {
		s.applications.Failed(id)
		return
	}
	s.applications.Succeeded(id, body.At, body.UserID, body.UserName)
}

// activities names each application by its item; those without a registration in the tenant are left out, as no item
// stands for them.
func (s *signInSum) activities(objects map[string]string) []observation.SignInActivity {
	return s.applications.Activities(func(id string, activity *observation.SignInActivity) bool {
		object, own := objects[id]
		activity.Item = identity.ItemID{Kind: identity.KindApplication, ID: object}
		return own
	})
}
