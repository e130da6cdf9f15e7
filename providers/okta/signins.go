package okta

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

var _ sdk.SignInReader = (*Source)(nil)

const (
	scopeLogs    = "okta.logs.read (or the role Read-only Administrator)"
	logRetention = 90 * 24 * time.Hour // the org keeps its System Log this long
	logPage      = 1000
	mostLogPages = 100 // of one report; what is older is not covered
)

// SignIns sums up the System Log's events user.authentication.sso since a time, by application. The query has an end,
// because one without would be answered with a link to the next page for ever. The newest events come first, so that a
// log that is too long to read whole loses its oldest part, which Covers then says.
func (s *Source) SignIns(ctx context.Context, since string) (observation.SignInReport, error) {
	const doing = "reading the System Log"
	if s.client == nil {
		return observation.SignInReport{}, notConfigured()
	}
	from, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return observation.SignInReport{}, &contract.ProviderError{Code: contract.ErrorInvalid,
			Message: fmt.Sprintf("%s: %q is no time", doing, since)}
	}
	until := time.Now().UTC()
	covers := from.UTC()
	if oldest := until.Add(-logRetention); oldest.After(covers) {
		covers = oldest
	}
	query := url.Values{
		"since": {covers.Format(time.RFC3339)}, "until": {until.Format(time.RFC3339)}, "limit": {fmt.Sprint(logPage)},
		"sortOrder": {"DESCENDING"}, "filter": {`eventType eq "user.authentication.sso"`},
	}
	sum := &signInSum{seen: map[uint64]bool{}}
	book := reading.NewPages(http.MethodGet, "/api/v1/logs?"+query.Encode())
	for {
		a, err := s.client.get(ctx, doing, book.Location())
		if err != nil {
			return observation.SignInReport{}, asProviderError(s.client.problem(doing, scopeLogs, err))
		}
		last, err := sum.page(book, a)
		if err != nil {
			return observation.SignInReport{}, err
		}
		if a.next == "" || last.IsZero() {
			break
		}
		if book.Count() == mostLogPages {
			covers = last
			break
		}
		if err := book.Next(a.next); err != nil {
			return observation.SignInReport{}, err
		}
	}
	return observation.SignInReport{Covers: covers.Format(time.RFC3339), Applications: sum.activities(),
		Requests: book.Count()}, nil
}

// signInSum adds log events up. An event that comes on two pages counts once.
type signInSum struct {
	seen         map[uint64]bool
	applications reading.SignIns // by id of the application
}

// page adds one page and tells the time of its last event, the zero time for an empty page.
func (s *signInSum) page(book *reading.Pages, a answer) (time.Time, error) {
	raws, err := book.Take(a.body, "", nil)
	if err != nil {
		return time.Time{}, err
	}
	var last time.Time
	for _, raw := range raws {
		body, err := reading.Parse(raw)
		if err != nil {
			return last, reading.Invalid(http.MethodGet, a.location, "an event cannot be read: %v", err)
		}
		at, err := time.Parse(time.RFC3339, body.At("published").Text())
		if err != nil {
			return last, reading.Invalid(http.MethodGet, a.location, "an event has no time")
		}
		last = at.UTC()
		if id := body.At("uuid").Text(); id != "" {
			if s.seen[digest(id)] {
				continue
			}
			s.seen[digest(id)] = true
		}
		s.add(body, last)
	}
	return last, nil
}

func (s *signInSum) add(event reading.Node, at time.Time) {
	for _, target := range event.At("target").List() {
		id := target.At("id").Text()
		if target.At("type").Text() != "AppInstance" || id == "" {
			continue
		}
		switch event.At("outcome", "result").Text() {
		case "SUCCESS", "ALLOW":
			actor := event.At("actor")
			s.applications.Succeeded(id, at, actor.At("id").Text(), actor.At("alternateId").Text())
		default:
			s.applications.Failed(id)
		}
	}
}

func (s *signInSum) activities() []observation.SignInActivity {
	return s.applications.Activities(func(id string, activity *observation.SignInActivity) bool {
		activity.Item = identity.ItemID{Kind: identity.KindApplication, ID: id}
		return true
	})
}
