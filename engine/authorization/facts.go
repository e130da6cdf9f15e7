package authorization

import (
	"encoding/json"
	"fmt"
	"strings"
)

// ReadFacts finds the facts in the claims of a verified token. A claim that is absent is empty; one of a form that
// cannot be understood is an error, because a context that does not read must not count as none.
func ReadFacts(claims map[string]any, where Claims) (Facts, error) {
	issuer, _ := claims["iss"].(string)
	subject, _ := claims["sub"].(string)
	facts := Facts{Issuer: issuer, Subject: subject}
	tenants, err := texts(claims, where.Tenant)
	if err != nil {
		return facts, err
	}
	if len(tenants) > 1 {
		return facts, fmt.Errorf("the claim %s names %d tenants; a token acts for one", where.Tenant, len(tenants))
	}
	if len(tenants) == 1 {
		facts.Tenant = tenants[0]
	}
	if facts.Permissions, err = texts(claims, where.Permissions); err != nil {
		return facts, err
	}
	facts.Permissions = words(facts.Permissions)
	if facts.Contexts, err = texts(claims, where.Context); err != nil {
		return facts, err
	}
	facts.Contexts = words(facts.Contexts)
	return facts, nil
}

// words splits texts at white space: a scope is a list in one text.
func words(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, strings.Fields(text)...)
	}
	return all
}

// texts reads a claim that is a text or a list of texts.
func texts(claims map[string]any, path string) ([]string, error) {
	value, ok := claim(claims, path)
	if !ok || value == nil {
		return nil, nil
	}
	switch v := value.(type) {
	case string:
		if v == "" {
			return nil, nil
		}
		return []string{v}, nil
	case json.Number:
		return []string{v.String()}, nil
	case []any:
		var all []string
		for _, element := range v {
			text, ok := element.(string)
			if !ok {
				return nil, fmt.Errorf("the claim %s is a list that holds other things than texts", path)
			}
			all = append(all, text)
		}
		return all, nil
	}
	return nil, fmt.Errorf("the claim %s is neither a text nor a list of texts", path)
}

// claim finds a value by its dotted path. A name may hold dots itself, as names made of addresses do: the longest name
// wins.
func claim(object map[string]any, path string) (any, bool) {
	if path == "" {
		return nil, false
	}
	if value, ok := object[path]; ok {
		return value, true
	}
	for end := strings.LastIndexByte(path, '.'); end > 0; end = strings.LastIndexByte(path[:end], '.') {
		if inner, ok := object[path[:end]].(map[string]any); ok {
			if value, ok := claim(inner, path[end+1:]); ok {
				return value, true
			}
		}
	}
	return nil, false
}
