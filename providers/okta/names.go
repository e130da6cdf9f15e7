package okta

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// peopleNames holds the names of the org's people by which the names that they have in applications are compared, as
// digests of eight bytes: there may be millions. It is filled by the list of users, while applications wait for it.
type peopleNames struct {
	mu     sync.Mutex
	fields map[string]map[uint64]uint64 // login and email: id of the person to name
	known  bool
	done   chan struct{} // closed when all users were read, or cannot be
}

func newPeopleNames() *peopleNames {
	return &peopleNames{fields: map[string]map[uint64]uint64{"login": {}, "email": {}}, done: make(chan struct{})}
}

func (p *peopleNames) add(user reading.Node) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for field, names := range p.fields {
		names[digest(user.At("id").Text())] = nameDigest(user.At("profile", field).Text())
	}
}

// finish says that no more will come, and whether all were read.
func (p *peopleNames) finish(known bool) {
	p.known = known
	close(p.done)
}

// A target compares names without their case.
func nameDigest(name string) uint64 { return digest(strings.ToLower(name)) }

// appName is the name that one person has in an application.
type appName struct{ person, name uint64 }

// namesUnknown says that the names of people could not be compared.
const namesUnknown = -1

var plainNameTemplate = regexp.MustCompile(`^\$?\{?(?:user|source)\.(login|email)\}?$`)

// differing counts the people whose name in an application is another than its template makes. A template that is more
// than one of the names that are kept is told as it is, and nothing is compared with it.
func (p *peopleNames) differing(ctx context.Context, template string, given []appName) (int, error) {
	match := plainNameTemplate.FindStringSubmatch(template)
	if match == nil || len(given) == 0 {
		return 0, nil
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if !p.known {
		return namesUnknown, nil
	}
	count := 0
	for _, one := range given {
		if name, exists := p.fields[match[1]][one.person]; exists && name != one.name {
			count++
		}
	}
	return count, nil
}
