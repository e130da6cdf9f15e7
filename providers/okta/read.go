package okta

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// Collect reads the org once. Lists are read side by side; no more than concurrency requests are under way.
func (s *Source) Collect(ctx context.Context, sink sdk.Sink) error {
	if s.client == nil {
		return notConfigured()
	}
	r := &reader{client: s.client, sink: sink, workers: s.settings.concurrency, now: time.Now(), people: newPeopleNames()}
	group, ctx := errgroup.WithContext(ctx)
	for _, stage := range []func(context.Context) error{r.applications, r.identityProviders, r.policies, r.groups,
		r.domains, r.users} {
		group.Go(func() error { return stage(ctx) })
	}
	return asProviderError(group.Wait())
}

func asProviderError(err error) error {
	if err == nil {
		return nil
	}
	var known *contract.ProviderError
	if errors.As(err, &known) {
		return known
	}
	code := contract.ErrorInternal
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		code = contract.ErrorUnreachable
	}
	return &contract.ProviderError{Code: code, Message: "collecting the org: " + reading.Clean(err.Error())}
}

// reader is one collection.
type reader struct {
	client  *client
	sink    sdk.Sink
	workers int
	now     time.Time // credentials are judged by it
	people  *peopleNames
}

// listing is one list to read.
type listing struct {
	doing      string // "reading applications"
	location   string // path and query of the first page
	field      string // member that holds the list, empty for a bare list
	kind       identity.Kind
	permission string
	id         string // member that names an element, empty for id
	of         string // id of the item that it belongs to, empty for all of a kind
}

// element of a page: its redacted bytes and the sequence number of the page.
type element struct {
	raw  json.RawMessage
	body reading.Node
	page int
}

// pages reads a list page by page. The error of a refused request is a *refusal, so that the caller can decide what it
// means.
func (r *reader) pages(ctx context.Context, l listing, each func(context.Context, []element) error) error {
	book := reading.NewPages(http.MethodGet, l.location)
	for {
		a, err := r.client.get(ctx, l.doing, book.Location())
		if book.Again(expired(err)) {
			continue
		}
		if err != nil {
			return err
		}
		elements, err := take(book, l, a)
		if err != nil {
			return err
		}
		sequence, err := r.record(ctx, a, len(elements))
		if err != nil {
			return err
		}
		for i := range elements {
			elements[i].page = sequence
		}
		if err := each(ctx, elements); err != nil {
			return err
		}
		if a.next == "" {
			return nil
		}
		if err := book.Next(a.next); err != nil {
			return err
		}
	}
}

// expired marks the refusal of a page for its address, which the org itself gave out and no longer knows.
func expired(err error) error {
	var refused *refusal
	if errors.As(err, &refused) && (refused.status == http.StatusBadRequest || refused.status == http.StatusGone) {
		return &reading.Expired{}
	}
	return err
}

// take splits a page into its elements, each with its id noted in the book, without those that were handed out before the
// list began again. Each element is decoded once, as there may
// be millions.
func take(book *reading.Pages, l listing, a answer) ([]element, error) {
	raws, err := book.Take(a.body, l.field, nil)
	if err != nil {
		return nil, err
	}
	name := l.id
	if name == "" {
		name = "id"
	}
	elements := make([]element, 0, len(raws))
	for i, raw := range raws {
		body, err := reading.Parse(raw)
		if err != nil {
			return nil, reading.Invalid(http.MethodGet, a.location, "element %d cannot be read: %v", i, err)
		}
		id := body.At(name).Text()
		if id == "" {
			return nil, reading.Invalid(http.MethodGet, a.location, "element %d has no id", i)
		}
		if err := book.Seen(id); err != nil {
			return nil, err
		}
		if !book.Given(id) {
			elements = append(elements, element{raw: raw, body: body})
		}
	}
	return elements, nil
}

func (r *reader) record(ctx context.Context, a answer, items int) (int, error) {
	path, query, _ := strings.Cut(a.location, "?")
	return r.sink.Page(ctx, reading.Evidence(http.MethodGet, path, query, a.status, a.at, items, a.size, a.body))
}

// one reads a single object and records its page.
func (r *reader) one(ctx context.Context, doing, location string) (element, error) {
	a, err := r.client.get(ctx, doing, location)
	if err != nil {
		return element{}, err
	}
	body, err := reading.Parse(a.body)
	if err != nil {
		return element{}, reading.Invalid(http.MethodGet, location, "the body cannot be read: %v", err)
	}
	sequence, err := r.record(ctx, a, 1)
	return element{a.body, body, sequence}, err
}

// settle decides what an error of a list means: a list that may not be read, or that the org does not have, is a gap;
// anything else is an error. It tells whether the list was read.
func (r *reader) settle(ctx context.Context, l listing, err error) (bool, error) {
	if err == nil {
		return true, nil
	}
	var refused *refusal
	if !errors.As(err, &refused) {
		return false, r.client.problem(l.doing, l.permission, err)
	}
	path, _, _ := strings.Cut(refused.location, "?")
	gap := identity.Gap{Kind: l.kind, Path: path, Status: refused.status, Reason: l.doing + ": " + refused.summary,
		Of: l.of}
	switch {
	case isNotOffered(refused):
		gap.Cause = identity.GapNotOffered
		gap.Reason = l.doing + ": feature not in this org: " + refused.summary
	case isForbidden(refused):
		gap.Cause, gap.Permission = identity.GapForbidden, l.permission
	default:
		return false, r.client.problem(l.doing, l.permission, err)
	}
	return false, r.sink.Gap(ctx, gap)
}

func isForbidden(r *refusal) bool { return r.status == http.StatusForbidden || r.code == "E0000006" }

// isNotOffered tells an org without the feature from a token without the permission: Okta answers both in the same
// words, and 401 or 403, but has a code of its own (recorded: POST and GET of authorizationServers).
func isNotOffered(r *refusal) bool { return r.code == "E0000015" }

func isMissing(err error) bool {
	var refused *refusal
	return errors.As(err, &refused) && refused.status == http.StatusNotFound
}

// gone tells whether the thing is gone to which a list belongs that was not found. A list can be missing while its
// owner is there, and only the owner can say so; then the list is a gap, because nobody knows what is in it.
func (r *reader) gone(ctx context.Context, l listing, owner string, err error) (bool, error) {
	var refused *refusal
	if !errors.As(err, &refused) || refused.status != http.StatusNotFound {
		return false, err
	}
	_, ownerErr := r.client.get(ctx, l.doing, owner)
	if isMissing(ownerErr) {
		return true, nil
	}
	if ownerErr != nil {
		if _, ownerErr = r.settle(ctx, l, ownerErr); ownerErr != nil {
			return false, ownerErr
		}
	}
	path, _, _ := strings.Cut(refused.location, "?")
	return false, r.sink.Gap(ctx, identity.Gap{Kind: l.kind, Path: path, Status: refused.status,
		Cause: identity.GapFailed, Of: l.of,
		Reason: l.doing + ": not found, although what it belongs to is there: " + refused.summary})
}

// emit hands one item to the sink with its raw body and page.
func (r *reader) emit(ctx context.Context, e element, item identity.Item, err error) error {
	if err != nil {
		return err
	}
	item.Raw, item.Page = e.raw, e.page
	return r.sink.Items(ctx, item)
}

// each runs the work for all elements with as many workers as requests are allowed.
func (r *reader) each(ctx context.Context, elements []element, work func(context.Context, element) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.workers)
	for _, e := range elements {
		group.Go(func() error { return work(ctx, e) })
	}
	return group.Wait()
}
