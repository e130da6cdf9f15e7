package reading

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// longestPause caps what a server may ask for with one header.
const longestPause = 10 * time.Minute

// longestTold keeps a number of a server within what a time can hold.
const longestTold = 200 * 365 * 24 * time.Hour

func retryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// backoff is the pause before try+1: half of 0.5, 1, 2, 4 ... seconds, and up to as much again by chance.
func backoff(try int) time.Duration {
	full := 500 * time.Millisecond << min(try-1, 6)
	return full/2 + time.Duration(rand.Int64N(int64(full/2)))
}

// askedWait reads how long the server wants to be left alone. Retry-After counts seconds, also with a fraction, or is a
// date; X-Rate-Limit-Reset is a time in epoch seconds by the server's own clock, which is in Date.
func askedWait(header http.Header, now time.Time) (time.Duration, bool) {
	wait, ok := toldWait(header, now)
	return clampPause(wait.Seconds()), ok
}

// toldWait is what the server says, however long.
func toldWait(header http.Header, now time.Time) (time.Duration, bool) {
	if text := strings.TrimSpace(header.Get("Retry-After")); text != "" {
		if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 {
			return time.Duration(min(seconds, longestTold.Seconds()) * float64(time.Second)), true
		}
		if at, err := http.ParseTime(text); err == nil {
			return at.Sub(serverTime(header, now)), true
		}
	}
	if reset, ok := resetTime(header); ok {
		return reset.Sub(serverTime(header, now)), true
	}
	return 0, false
}

// Asked says how long a server wants to be left alone, as the end of a sentence about its answer; nothing where it does
// not say.
func Asked(header http.Header, now time.Time) string {
	wait, ok := toldWait(header, now)
	if !ok || wait <= 0 {
		return ""
	}
	if wait > 24*time.Hour {
		return ", and asked to wait until " + now.Add(wait).UTC().Format(time.RFC3339)
	}
	return ", and asked to wait " + wait.Round(time.Second).String()
}

func clampPause(seconds float64) time.Duration {
	if !(seconds > 0) {
		return 0
	}
	if seconds > longestPause.Seconds() {
		return longestPause
	}
	return time.Duration(seconds * float64(time.Second))
}

func resetTime(header http.Header) (time.Time, bool) {
	seconds, err := strconv.ParseInt(strings.TrimSpace(header.Get("X-Rate-Limit-Reset")), 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0), true
}

func serverTime(header http.Header, now time.Time) time.Time {
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		return at
	}
	return now
}

// pace slows down before the server has to say 429: once the share of a bucket is used, requests wait for its reset.
type pace struct {
	share float64
	mu    sync.Mutex
	until map[string]time.Time // bucket to the time before which nothing is sent
	far   map[string]time.Time // bucket to a reset that is further away than is waited for at once
}

func newPace(share float64) *pace {
	if !(share > 0) || share > 1 {
		share = 1
	}
	return &pace{share: share, until: map[string]time.Time{}, far: map[string]time.Time{}}
}

// learn reads the announced limit of a response.
func (p *pace) learn(bucket string, response *http.Response, now time.Time) {
	if response == nil {
		return
	}
	limit, errLimit := strconv.ParseFloat(response.Header.Get("X-Rate-Limit-Limit"), 64)
	remaining, errRemaining := strconv.ParseFloat(response.Header.Get("X-Rate-Limit-Remaining"), 64)
	reset, ok := resetTime(response.Header)
	if errLimit != nil || errRemaining != nil || !ok || !(limit > 0) {
		return
	}
	if used := limit - remaining; used < limit*p.share {
		return
	}
	reported := reset.Sub(serverTime(response.Header, now))
	wait := clampPause(reported.Seconds())
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.far, bucket)
	if reported > wait {
		p.far[bucket] = reset
	}
	if until := now.Add(wait); until.After(p.until[bucket]) {
		p.until[bucket] = until
	}
}

func (p *pace) wait(bucket string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until[bucket].Sub(now)
}

// reason says why requests of a bucket wait.
func (p *pace) reason(bucket string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if reset, far := p.far[bucket]; far {
		return "the share of the rate limit is used up, and the server gives none before " +
			reset.UTC().Format(time.RFC3339) + "; it is asked again after each wait"
	}
	return "the share of the rate limit is used up"
}
