package entra

import (
	"net/url"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
)

// arguments reads the source block and collects all problems before anything stops.
type arguments struct {
	values   map[string]any
	problems diag.List
}

func (a *arguments) wrong(name, detail string) {
	problem := diag.Errorf("provider-argument", "Wrong provider argument", "The argument %s is wrong. %s", name, detail)
	problem.Address = name
	a.problems = append(a.problems, problem)
}

func (a *arguments) text(name, otherwise string) string {
	value, set := a.values[name]
	if !set || value == nil {
		return otherwise
	}
	text, ok := value.(string)
	if !ok {
		a.wrong(name, "It must be text.")
		return otherwise
	}
	return strings.TrimSpace(text)
}

func (a *arguments) require(name string) {
	if text, ok := a.values[name].(string); a.values[name] == nil || (ok && strings.TrimSpace(text) == "") {
		a.wrong(name, "It must be set and not empty.")
	}
}

func (a *arguments) flag(name string, otherwise bool) bool {
	value, set := a.values[name]
	if !set || value == nil {
		return otherwise
	}
	flag, ok := value.(bool)
	if !ok {
		a.wrong(name, "It must be true or false.")
	}
	return flag
}

func (a *arguments) whole(name string, otherwise, most int) int {
	value, set := a.values[name]
	if !set || value == nil {
		return otherwise
	}
	number, ok := value.(float64)
	if !ok || number != float64(int(number)) || number < 1 || int(number) > most {
		a.wrong(name, "It must be a whole number from 1 to 16.")
		return otherwise
	}
	return int(number)
}

// origin reads an https address without path: tokens must never travel in the clear.
func (a *arguments) origin(name, otherwise string) string {
	text := strings.TrimSuffix(a.text(name, otherwise), "/")
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		a.wrong(name, "It must be an address of the form https://host or https://host:port.")
		return otherwise
	}
	return text
}

func (a *arguments) unknown(known []identity.ConfigAttribute) {
	var names []string
	for name := range a.values {
		if !slices.ContainsFunc(known, func(k identity.ConfigAttribute) bool { return k.Name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		a.wrong(name, "A source of type entra has no such argument.")
	}
}
