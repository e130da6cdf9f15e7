package bucket

import (
	"sync"
	"time"
)

// Minute is a limit of requests per minute. It is safe for many goroutines. The zero value has no limit.
type Minute struct {
	limit int

	mu   sync.Mutex
	ends time.Time
	used int
}

// New gives a bucket of limit requests a minute; zero or less means without limit.
func New(limit int) *Minute { return &Minute{limit: limit} }

// Verdict is the answer to one request.
type Verdict struct {
	// Allowed says whether the request fits into the window.
	Allowed bool
	// Limit and Remaining are requests in the current window; both are zero without a limit.
	Limit, Remaining int
	// Ends is the end of the window.
	Ends time.Time
}

// Take counts one request made at now. A window begins with the first request in it.
func (m *Minute) Take(now time.Time) Verdict {
	if m.limit <= 0 {
		return Verdict{Allowed: true, Ends: now.Add(time.Minute)}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !now.Before(m.ends) {
		m.ends, m.used = now.Add(time.Minute), 0
	}
	v := Verdict{Limit: m.limit, Ends: m.ends}
	if m.used >= m.limit {
		return v
	}
	m.used++
	v.Allowed, v.Remaining = true, m.limit-m.used
	return v
}
