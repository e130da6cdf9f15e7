package reading

import (
	"net/url"
	"strings"
)

// WildcardHost tells whether an address holds * in its host. What is no address is looked at as text.
func WildcardHost(address string) bool {
	if u, err := url.Parse(address); err == nil {
		return strings.Contains(u.Host, "*")
	}
	_, rest, found := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return found && strings.Contains(host, "*")
}
