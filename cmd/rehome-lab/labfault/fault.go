package labfault

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Name is one way to misbehave. The empty name is no fault.
type Name string

// The faults. The "once" ones hit the first request under the path, the others each of them.
const (
	// TooManyOnce answers 429 with the vendor's wait headers.
	TooManyOnce Name = "429-once"
	// ServerErrorOnce answers 500.
	ServerErrorOnce Name = "500-once"
	// HTML answers 200 with a sign-in page instead of JSON.
	HTML Name = "html-200"
	// LoopPage makes the next link of a list name the same page.
	LoopPage Name = "loop-page"
	// Truncated closes the connection in the middle of the body.
	Truncated Name = "truncated"
	// NullList answers null in place of the list.
	NullList Name = "null-list"
	// ForeignNextLink makes the next link of a list name another host.
	ForeignNextLink Name = "foreign-next-link"
	// ExpiredToken answers 401 as for an expired token.
	ExpiredToken Name = "expired-token"
	// Slow answers only after SlowPause, so that a reader can be met in the middle of its work.
	Slow Name = "slow"
)

// forbiddenPrefix begins the name of a fault that refuses one kind, for example forbidden-groups.
const forbiddenPrefix = "forbidden-"

// SlowPause is how long Slow lets each request wait.
const SlowPause = 2 * time.Second

// ForeignHost is the host that ForeignNextLink points to; it never exists.
const ForeignHost = "elsewhere.invalid"

// Names returns all fixed fault names, sorted. forbidden-KIND comes on top of them.
func Names() []Name {
	names := []Name{TooManyOnce, ServerErrorOnce, HTML, LoopPage, Truncated, NullList, ForeignNextLink, ExpiredToken, Slow}
	slices.Sort(names)
	return names
}

// Fault is a fault and the place where it shows.
type Fault struct {
	// Name is one of Names, forbidden-KIND or empty.
	Name Name
	// Path is the prefix of the request paths that are hit; empty means all of them.
	Path string
}

// Parse checks the name of a fault. For forbidden-KIND the kind is a path segment such as groups or policies.
func Parse(name, path string) (Fault, error) {
	f := Fault{Name: Name(name), Path: path}
	switch {
	case name == "", slices.Contains(Names(), f.Name):
		return f, nil
	case strings.HasPrefix(name, forbiddenPrefix) && len(name) > len(forbiddenPrefix):
		return f, nil
	default:
		return Fault{}, fmt.Errorf("fault %q is not known: use one of %v or forbidden-KIND", name, Names())
	}
}

// kind returns the KIND of forbidden-KIND, or "".
func (f Fault) kind() string {
	kind, ok := strings.CutPrefix(string(f.Name), forbiddenPrefix)
	if !ok {
		return ""
	}
	return kind
}

// hits says whether the fault shows on this request.
func (f Fault) hits(r *http.Request) bool {
	if f.Name == "" || !strings.HasPrefix(r.URL.Path, f.Path) {
		return false
	}
	kind := f.kind()
	if kind == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(r.URL.Path, "/"), func(segment string) bool {
		return strings.EqualFold(segment, kind)
	})
}
