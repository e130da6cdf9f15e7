// Package address knows with which addresses Entra lets people come back to an application.
//
// In: the redirect URIs of a registration. Out: the forms in which a request may name each, which a server that
// compares letter by letter must hold one by one. It must not know what a target does with them.
package address

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Forms lists every address under which Entra takes a request, each once, sorted: with and without the slash after a
// bare host, with the host in small letters, and as a browser writes what is not ASCII.
func Forms(addresses []string) []string {
	var forms []string
	for _, address := range addresses {
		forms = append(forms, formsOf(address)...)
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

func formsOf(address string) []string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" ||
		strings.Contains(address, "*") {
		return []string{address}
	}
	forms := []string{address}
	if written := asBrowser(address, *parsed); written != address {
		forms = append(forms, written)
	}
	if parsed.RawQuery != "" || parsed.Fragment != "" {
		return forms
	}
	for _, form := range slices.Clone(forms) {
		switch parsed.Path {
		case "":
			forms = append(forms, form+"/")
		case "/":
			forms = append(forms, strings.TrimSuffix(form, "/"))
		}
	}
	return forms
}

// asBrowser is the address as a browser sends it. A host that has no such form stays as it is.
func asBrowser(address string, parsed url.URL) string {
	host, err := idna.Lookup.ToASCII(parsed.Hostname())
	if err != nil {
		return address
	}
	if port := parsed.Port(); port != "" {
		host += ":" + port
	}
	parsed.Host = host
	written := parsed.String()
	if parsed.Path == "" && !strings.Contains(address, "?") {
		return strings.TrimSuffix(written, "/")
	}
	return written
}
