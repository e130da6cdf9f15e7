package args

import (
	"net"
	"net/url"
	"strings"
)

// Origin reads https://host[:port], in lower case and without a slash at the end. Tokens must never travel in the
// clear, so there is no exception for plain http. Empty when none is given or it is refused.
func (a *Args) Origin(name string) string {
	text := strings.TrimRight(a.Text(name), "/")
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		a.Fail(name, "It must be an address of the form https://host or https://host:port.")
	case u.Scheme != "https":
		a.Fail(name, "It must begin with https://, because a secret would travel in clear otherwise. For a private "+
			"certificate authority set ca_file.")
	case u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		a.Fail(name, "It must name the host only, as https://host or https://host:port: no path, query or user.")
	default:
		return "https://" + strings.ToLower(u.Host)
	}
	return ""
}

// Base reads an address that may have a path, without a slash at the end. Plain http is allowed for loopback addresses
// only. Nil when none is given or it is refused.
func (a *Args) Base(name string) *url.URL {
	text := a.Text(name)
	if text == "" {
		return nil
	}
	parsed, err := url.Parse(text)
	switch {
	case err != nil || parsed.Host == "":
		a.Fail(name, "It must be an address such as https://id.example.com.")
	case parsed.User != nil:
		a.Fail(name, "It must not hold a name or password.")
	case parsed.RawQuery != "" || parsed.Fragment != "":
		a.Fail(name, "It must not hold a query or fragment.")
	case parsed.Scheme == "http" && !Loopback(parsed.Hostname()):
		a.Fail(name, "It must begin with https: http is for loopback addresses only.")
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		a.Fail(name, "It must begin with https.")
	default:
		parsed.Path, parsed.RawPath = strings.TrimRight(parsed.Path, "/"), ""
		return parsed
	}
	return nil
}

// Loopback tells whether a host is this machine.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
