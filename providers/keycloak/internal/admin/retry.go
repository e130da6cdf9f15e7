package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// The limits of one request: how often it is sent, and how long all tries may take with the waits between.
const (
	mostTries    = 5
	requestLimit = 5 * time.Minute
)

// Send does one request, again where that cannot do harm, and reads the whole answer.
func (c *Client) Send(ctx context.Context, request Call, header http.Header, body []byte) (Reply, error) {
	count(ctx)
	var response Reply
	var err error
	retry := reading.Retry{Tries: mostTries, Budget: requestLimit, Sleep: c.Sleep, Now: c.Now}
	tries := retry.Do(ctx, func(try int) reading.Attempt {
		response, err = c.try(ctx, request, header, body)
		attempt := reading.Attempt{Again: again(request, response, err, try)}
		if err == nil {
			// What may not be repeated waits all the same: whoever sent it asks next what became of it.
			attempt.Header, attempt.Busy = response.Header, response.Status == http.StatusTooManyRequests
			attempt.Limited = attempt.Busy
		}
		return attempt
	}, nil)
	return response, c.finalError(request, err, tries)
}

// slow is a request whose answer did not come within the limit of a try. It is not sent again: what takes the server so
// long would take as long once more, and each try keeps it at work.
func (c *Client) slow(request Call) error {
	return c.Failure(contract.ErrorUnreachable, 0, request, fmt.Sprintf("%s %s: the server is slow, and gave no whole "+
		"answer within %s; it was not asked again. Give it more time with timeout in the target block", request.Method,
		request.Path, c.limit))
}

func (c *Client) finalError(request Call, err error, tries int) error {
	var known *failure
	if err == nil || errors.As(err, &known) {
		return err
	}
	if tries > 1 {
		err = fmt.Errorf("%w (%d tries)", err, tries)
	}
	return c.unreachable(request, err)
}

// again tells whether a request may be sent once more. One that never left was not done. Whether one without a whole
// answer was done is not known, nor of a 429 of something in between, so only what means the same twice is repeated;
// what is not is looked up by its natural key by whoever sent it. A 500 is often a plain user error for Keycloak, so it
// gets one more try and not all.
func again(request Call, response Reply, err error, try int) bool {
	repeatable := request.Method != http.MethodPost || request.Safe
	if err != nil {
		var known *failure
		var dial *net.OpError
		notSent := errors.As(err, &dial) && dial.Op == "dial"
		return !errors.As(err, &known) && !reading.Certain(err) && (repeatable || notSent)
	}
	switch response.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return repeatable
	case http.StatusInternalServerError:
		return repeatable && try == 1
	}
	return false
}

// try sends a request once, within the limit of requests at the same time. An error that is no *failure is the lack of
// an answer.
func (c *Client) try(ctx context.Context, request Call, header http.Header, body []byte) (Reply, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return Reply{}, ctx.Err()
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(outer, c.limit)
	defer cancel()
	slow := func(err error) error {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) && outer.Err() == nil {
			return c.slow(request)
		}
		return err
	}
	target := c.Base.String() + request.Path
	if len(request.Query) > 0 {
		target += "?" + request.Query.Encode()
	}
	out, err := http.NewRequestWithContext(ctx, request.Method, target, bytes.NewReader(body))
	if err != nil {
		return Reply{}, c.Invalid(request, "the address cannot be used")
	}
	out.Header = header.Clone()
	response, err := c.http.Do(out)
	if err != nil {
		return Reply{}, slow(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, largestBody+1))
	if err != nil {
		return Reply{}, slow(fmt.Errorf("the answer was cut short: %w", err))
	}
	if len(content) > largestBody {
		return Reply{}, c.Invalid(request, fmt.Sprintf("the answer is larger than %d bytes", largestBody))
	}
	return Reply{Status: response.StatusCode, Header: response.Header, Body: content}, nil
}
