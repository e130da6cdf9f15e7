package records

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// Types of stored events that say how a client was used. Machines sign in as the client itself.
const (
	eventLogin            = "LOGIN"
	eventLoginError       = "LOGIN_ERROR"
	eventClientLogin      = "CLIENT_LOGIN"
	eventClientLoginError = "CLIENT_LOGIN_ERROR"
	// An application has done its part when it has redeemed the code that it was given.
	eventRedeemed      = "CODE_TO_TOKEN"
	eventRedeemedError = "CODE_TO_TOKEN_ERROR"
	eventOnDevice      = "OAUTH2_DEVICE_CODE_TO_TOKEN"
	eventOnDeviceError = "OAUTH2_DEVICE_CODE_TO_TOKEN_ERROR"
)

// logins are the events that say who signed in, whatever became of it.
func logins() []string {
	return []string{eventLogin, eventLoginError, eventClientLogin, eventClientLoginError}
}

const (
	eventPage   = 1000
	mostEvents  = 200_000 // of one report; what is older is not covered
	switchStore = `the realm switch "Save events" (Realm settings, Events, User events settings)`
)

// event is one stored sign-in event.
type event struct {
	ID       string            `json:"id"`
	Time     int64             `json:"time"` // milliseconds since 1970
	Type     string            `json:"type"`
	ClientID string            `json:"clientId"`
	UserID   string            `json:"userId"`
	Details  map[string]string `json:"details"`
}

func (e event) at() time.Time { return time.UnixMilli(e.Time).UTC() }

// eventSettings say whether and how long events are kept.
type eventSettings struct {
	Enabled    bool     `json:"eventsEnabled"`
	Expiration int64    `json:"eventsExpiration"`  // seconds, 0 for ever
	Types      []string `json:"enabledEventTypes"` // none means all
}

// keeps tells whether events of a type are stored at all.
func (s eventSettings) keeps(kind string) bool {
	return len(s.Types) == 0 || slices.Contains(s.Types, kind)
}

// SignIns sums up the stored sign-in events since a time, by client. A realm keeps them only when it is told to: where
// it does not, nothing can be told, which is an error and not a report without sign-ins.
func SignIns(ctx context.Context, c *current.Realm, since string) (observation.SignInReport, error) {
	const doing = "reading the sign-in events"
	from, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return observation.SignInReport{}, &contract.ProviderError{Code: contract.ErrorInvalid,
			Message: fmt.Sprintf("%s: %q is no time", doing, since)}
	}
	ctx, requests := admin.WithCounter(ctx)
	covers, settings, err := eventsCover(ctx, c, from)
	if err == nil && !settings.keeps(eventRedeemed) {
		err = noEvents(c, c.Admin("events", "config"), notKept(eventRedeemed))
	}
	if err != nil {
		return observation.SignInReport{}, admin.Outward(doing, err)
	}
	sum := &usageSum{}
	reached, err := events(ctx, c, from, append(logins(), eventRedeemed, eventRedeemedError, eventOnDevice,
		eventOnDeviceError), sum.add)
	if err != nil {
		return observation.SignInReport{}, admin.Outward(doing, err)
	}
	if reached.After(covers) {
		covers = reached
	}
	return observation.SignInReport{Covers: covers.Format(time.RFC3339), Applications: sum.activities(),
		Requests: int(requests.Load())}, nil
}

// eventsCover finds the time from which on the stored events are complete: they end after the retention, and nobody
// knows when the switch was turned on, so what is older than the oldest event that is left is not covered either.
func eventsCover(ctx context.Context, c *current.Realm, from time.Time) (time.Time, eventSettings, error) {
	var settings eventSettings
	path := c.Admin("events", "config")
	if err := c.Get(ctx, path, nil, &settings); err != nil {
		return from, settings, err
	}
	if !settings.Enabled {
		return from, settings, noEvents(c, path,
			"the realm does not keep sign-in events, so it cannot tell who signed in; turn on "+switchStore)
	}
	if !settings.keeps(eventLogin) {
		return from, settings, noEvents(c, path, notKept(eventLogin))
	}
	now := c.Now().UTC()
	covers := from.UTC()
	if settings.Expiration > 0 {
		covers = later(covers, now.Add(-time.Duration(settings.Expiration)*time.Second))
	}
	var oldest []event
	if err := c.Get(ctx, c.Admin("events"), url.Values{"direction": {"asc"}, "max": {"1"}}, &oldest); err != nil {
		return covers, settings, err
	}
	if len(oldest) == 0 {
		return later(covers, now), settings, nil
	}
	return later(covers, oldest[0].at()), settings, nil
}

func notKept(kind string) string {
	return "the realm keeps events, but not those of the type " + kind + "; add it in Realm settings, Events, User events " +
		"settings"
}

func noEvents(c *current.Realm, path, why string) error {
	fault := c.Failure(contract.ErrorForbidden, 0, admin.Call{Method: "GET", Path: path}, why)
	fault.Permission = switchStore
	return fault
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// events hands out the events since a time, newest first, and tells how far back it came. The end is fixed before the
// first page, because what happens meanwhile would move the offsets.
func events(ctx context.Context, c *current.Realm, from time.Time, types []string,
	each func(event)) (time.Time, error) {
	until := c.Now()
	query := url.Values{
		"type":     types,
		"dateFrom": {strconv.FormatInt(from.UnixMilli(), 10)}, "dateTo": {strconv.FormatInt(until.UnixMilli(), 10)},
		"max": {strconv.Itoa(eventPage)},
	}
	seen := map[string]bool{}
	for first := 0; ; first += eventPage {
		query.Set("first", strconv.Itoa(first))
		var page []event
		if err := c.Get(ctx, c.Admin("events"), query, &page); err != nil {
			return from, err
		}
		for _, e := range page {
			if (e.ID != "" && seen[e.ID]) || e.at().Before(from) || e.at().After(until) {
				continue
			}
			seen[e.ID] = true
			each(e)
		}
		if len(page) < eventPage {
			return from, nil
		}
		if first+eventPage >= mostEvents {
			return page[len(page)-1].at(), nil
		}
	}
}

// usageSum adds events up. Names of people stand in their sign-ins only, which may come after what they lead to.
type usageSum struct {
	// begun counts each sign-in of a person, whether or not the application did its part: whoever asks whether a client is
	// in use must hear of both.
	begun    bool
	clients  reading.SignIns
	names    map[string]string // id of a person to login name
	redeemed []event
}

func (s *usageSum) add(e event) {
	if e.ClientID == "" {
		return
	}
	switch e.Type {
	case eventLogin:
		if s.names == nil {
			s.names = map[string]string{}
		}
		s.names[e.UserID] = e.Details["username"]
		if s.begun || !awaitsCode(e) {
			s.clients.Succeeded(e.ClientID, e.at(), e.UserID, e.Details["username"])
		}
	case eventRedeemed, eventOnDevice:
		s.redeemed = append(s.redeemed, e)
	case eventClientLogin:
		s.clients.Succeeded(e.ClientID, e.at(), "", "")
	case eventLoginError, eventClientLoginError, eventRedeemedError, eventOnDeviceError:
		s.clients.Failed(e.ClientID)
	}
}

// awaitsCode tells whether the application must still redeem a code. By SAML and by the implicit grant the server hands
// out all that there is, and hears no more of it. A probe of ours never redeems a code.
func awaitsCode(e event) bool {
	if e.Details["auth_method"] == gating.ProtocolSAML {
		return false
	}
	kind, said := e.Details["response_type"]
	return !said || slices.Contains(strings.Fields(kind), "code")
}

func (s *usageSum) activities() []observation.SignInActivity {
	for _, e := range s.redeemed {
		s.clients.Succeeded(e.ClientID, e.at(), e.UserID, s.names[e.UserID])
	}
	return s.clients.Activities(func(id string, activity *observation.SignInActivity) bool {
		activity.Resource = identity.ResourceID{Type: realm.TypeClient, Key: id}
		return true
	})
}
