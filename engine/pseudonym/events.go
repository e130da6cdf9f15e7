package pseudonym

import (
	"maps"
	"strings"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Event is an audit event without the people that it is about: they have pseudonyms, and so does the resource that was
// made of them. Whoever acted is accountable and stays. E-mail addresses in other words are left to JSON.
func (m *Masker) Event(e audit.Event) audit.Event {
	if m == nil {
		return e
	}
	prefix, address := "", e.Target
	if after, is := strings.CutPrefix(address, "item:"); is {
		prefix, address = "item:", after
	}
	e.Target = prefix + m.Address(address)
	if e.Facts["people"] == "" {
		return e
	}
	e.Facts = maps.Clone(e.Facts)
	resource, first := e.Facts["resource"], ""
	var people []string
	for _, text := range strings.Split(e.Facts["people"], ", ") {
		user, err := identity.ParseAddress(text)
		if err != nil {
			continue
		}
		name := m.Pseudonym(user.Source, user.ID)
		people = append(people, user.Source+"/"+string(user.Kind)+"/"+name)
		e.Facts["items"] = strings.ReplaceAll(e.Facts["items"], user.ID, name)
		if e.Target != resource {
			e.Target = strings.ReplaceAll(e.Target, user.ID, name)
		}
		if first == "" {
			first = name
		}
	}
	e.Facts["people"] = strings.Join(people, ", ")
	delete(e.Facts, "target_id")
	if kind, _, is := strings.Cut(resource, ":"); is {
		e.Facts["resource"] = kind + ":" + first
		if e.Target == resource {
			e.Target = e.Facts["resource"]
		}
	}
	return e
}
