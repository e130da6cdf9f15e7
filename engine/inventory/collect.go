package inventory

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Source is what can be collected from.
type Source interface {
	Identify(ctx context.Context) (contract.SourceIdentity, error)
	Collect(ctx context.Context, handler Handler) error
}

// Handler takes what a source reads.
type Handler interface {
	Page(identity.PageEvidence) error
	Items([]identity.Item) error
	Gap(identity.Gap) error
}

// Progress is told how far a collection is. It may be called often.
type Progress func(items map[identity.Kind]int, pages int)

// Collect runs one collection into writer. The caller completes or fails the snapshot with what Collect returns.
// An item that comes twice fails the collection: a source must never double what it reads.
func Collect(ctx context.Context, source Source, writer Handler, progress Progress) (contract.SourceIdentity, error) {
	who, err := source.Identify(ctx)
	if err != nil {
		return who, fmt.Errorf("asking the source who it is: %w", err)
	}
	checked := &checking{next: writer, seen: map[identity.ItemID]struct{}{}, counts: map[identity.Kind]int{},
		progress: progress}
	if err := source.Collect(ctx, checked); err != nil {
		return who, err
	}
	return who, ctx.Err()
}

// PageAtFault is the page that a provider error names, empty when it names none.
func PageAtFault(err error) string {
	var failure *contract.ProviderError
	if errors.As(err, &failure) {
		return failure.Page
	}
	return ""
}

// checking refuses doubled structural items. People are not remembered here: they may be millions, and the providers
// check each list page by page.
type checking struct {
	next     Handler
	seen     map[identity.ItemID]struct{}
	counts   map[identity.Kind]int
	pages    int
	progress Progress
}

func (c *checking) Page(page identity.PageEvidence) error {
	c.pages++
	if err := CheckPage(page); err != nil {
		return &contract.ProviderError{Code: contract.ErrorInvalid, Message: "the source sent a damaged page: " + err.Error(),
			Page: page.Method + " " + page.Path}
	}
	if err := c.next.Page(page); err != nil {
		return err
	}
	c.report()
	return nil
}

func (c *checking) Items(items []identity.Item) error {
	for _, item := range items {
		if item.ID == "" || item.Kind == "" {
			return &contract.ProviderError{Code: contract.ErrorInvalid,
				Message: fmt.Sprintf("the source sent an item of kind %q without an id", item.Kind)}
		}
		c.counts[item.Kind]++
		if item.Kind.IsPeople() {
			continue
		}
		id := identity.ItemID{Kind: item.Kind, ID: item.ID}
		if _, twice := c.seen[id]; twice {
			return &contract.ProviderError{Code: contract.ErrorInvalid, Message: fmt.Sprintf("the source sent %s twice", id)}
		}
		c.seen[id] = struct{}{}
	}
	if err := c.next.Items(items); err != nil {
		return err
	}
	c.report()
	return nil
}

func (c *checking) Gap(gap identity.Gap) error { return c.next.Gap(gap) }

func (c *checking) report() {
	if c.progress != nil {
		c.progress(c.counts, c.pages)
	}
}
