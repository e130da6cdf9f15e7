package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	abs "github.com/microsoft/kiota-abstractions-go"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// list is one collection of Graph.
type list struct {
	resource
	first *abs.RequestInformation
	id    func(json.RawMessage) (string, error) // nil for reading.ElementID
	pause time.Duration                         // before each page after the first
	of    string                                // id of the item that it belongs to, empty for all of a kind
}

// page is one page of a list, redacted.
type page struct {
	path, query string
	at          time.Time
	size        int // bytes as they came
	body        []byte
	elements    []json.RawMessage
	next        string // link of the following page
}

func (p page) name() string {
	if p.query == "" {
		return http.MethodGet + " " + p.path
	}
	return http.MethodGet + " " + p.path + "?" + p.query
}

func (p page) evidence() identity.PageEvidence {
	return reading.Evidence(http.MethodGet, p.path, p.query, http.StatusOK, p.at, len(p.elements), p.size, p.body)
}

// each reads a list page by page. A link is followed only within the configured Graph host; a link that leads back, a
// page or id that comes twice, and a list that is null are errors, because the SDK's iterator takes all of them for
// good.
func (c *client) each(ctx context.Context, l list, take func(page) error) error {
	address, err := l.first.GetUri()
	if err != nil {
		return fmt.Errorf("making the request for %s: %w", l.name, err)
	}
	book := reading.NewPages(http.MethodGet, located(address))
	request := l.first
	for {
		current, err := c.page(ctx, l, request, book)
		if book.Again(err) {
			request = l.first
			continue
		}
		if err != nil {
			return err
		}
		if err := take(current); err != nil {
			return err
		}
		if current.next == "" {
			return nil
		}
		link, err := c.follow(current)
		if err != nil {
			return err
		}
		if err := book.Next(located(link)); err != nil {
			return err
		}
		if err := c.rest(ctx, l.pause); err != nil {
			return err
		}
		request = followRequest(link)
	}
}

func located(address *url.URL) string {
	path, query := locate(address)
	if query == "" {
		return path
	}
	return path + "?" + query
}

func (c *client) page(ctx context.Context, l list, request *abs.RequestInformation, book *reading.Pages) (page, error) {
	address, err := request.GetUri()
	if err != nil {
		return page{}, fmt.Errorf("making the request for %s: %w", l.name, err)
	}
	body, err := c.send(ctx, l.resource, request)
	if err != nil {
		return page{}, err
	}
	current := page{at: time.Now(), size: len(body)}
	current.path, current.query = locate(address)
	if len(body) > 0 {
		if current.body, err = redact(body); err != nil {
			return page{}, reading.Invalid(http.MethodGet, book.Location(), "%v", err)
		}
	}
	id := l.id
	if id == nil {
		id = reading.ElementID
	}
	if current.elements, err = book.Take(current.body, "value", id); err != nil {
		return page{}, err
	}
	var envelope struct {
		Next *string `json:"@odata.nextLink"`
	}
	if err := json.Unmarshal(current.body, &envelope); err != nil {
		return page{}, reading.Invalid(http.MethodGet, book.Location(), "the link to the next page is no text")
	}
	if envelope.Next != nil {
		current.next = *envelope.Next
	}
	return current, nil
}

// onePage is the evidence of an object that stands alone.
func onePage(address *url.URL, body []byte) (page, error) {
	one := page{at: time.Now(), size: len(body)}
	one.path, one.query = locate(address)
	var err error
	if one.body, err = redact(body); err != nil {
		return page{}, reading.Invalid(http.MethodGet, one.path, "%v", err)
	}
	one.elements = []json.RawMessage{one.body}
	return one, nil
}

// follow parses the link of the next page.
func (c *client) follow(p page) (*url.URL, error) {
	link, err := url.Parse(p.next)
	if err != nil || link.Host == "" || link.User != nil {
		return nil, reading.Invalid(http.MethodGet, p.path, "the link to the next page is no address")
	}
	origin, err := reading.ParseOrigin(link.Scheme + "://" + link.Host)
	if err != nil || origin != c.origin {
		return nil, reading.Invalid(http.MethodGet, p.path,
			"the link to the next page leads to another host (%s://%s); only %s is asked",
			link.Scheme, link.Host, c.origin)
	}
	return link, nil
}

func (c *client) rest(ctx context.Context, pause time.Duration) error {
	if pause <= 0 {
		return ctx.Err()
	}
	if c.settings.sleep != nil {
		return c.settings.sleep(ctx, pause)
	}
	return reading.Sleep(ctx, pause)
}

func asProviderError(err error) error {
	var known *contract.ProviderError
	if errors.As(err, &known) {
		return known
	}
	code := contract.ErrorInternal
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		code = contract.ErrorUnreachable
	}
	return &contract.ProviderError{Code: code, Message: reading.Clean(err.Error())}
}

func invalidElement(p page, err error) error {
	return reading.Invalid(http.MethodGet, p.path, "an element cannot be read: %v", err)
}
