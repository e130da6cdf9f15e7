package probing

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

// visitor is somebody with a browser in front of the realm: it keeps cookies by hand, because the server marks them
// Secure even over http, and it follows no redirect by itself.
type visitor struct {
	*current.Realm
	cookies map[string]string
}

func newVisitor(c *current.Realm) *visitor { return &visitor{Realm: c, cookies: map[string]string{}} }

// open asks for an address of the server; only path and query count, so that an answer that names the public address is
// followed through the address of the configuration. A form makes it a POST.
func (v *visitor) open(ctx context.Context, address string, form url.Values) (admin.Reply, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return admin.Reply{}, v.Invalid(admin.Call{Method: http.MethodGet, Path: "/"},
			"it names an address that does not read")
	}
	request := admin.Call{Method: http.MethodGet, Path: strings.TrimPrefix(parsed.EscapedPath(), v.Base.Path),
		Query: parsed.Query()}
	header := http.Header{"Accept": {"*/*"}}
	var body []byte
	if form != nil {
		request.Method, body = http.MethodPost, []byte(form.Encode())
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if len(v.cookies) > 0 {
		header.Set("Cookie", v.cookieLine())
	}
	response, err := v.Send(ctx, request, header, body)
	if err != nil {
		return admin.Reply{}, err
	}
	for _, cookie := range (&http.Response{Header: response.Header}).Cookies() {
		v.cookies[cookie.Name] = cookie.Value
	}
	return response, nil
}

func (v *visitor) cookieLine() string {
	pairs := make([]string, 0, len(v.cookies))
	for name, value := range v.cookies {
		pairs = append(pairs, name+"="+value)
	}
	sort.Strings(pairs)
	return strings.Join(pairs, "; ")
}

var (
	formAddress  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]+)"`)
	errorMessage = regexp.MustCompile(`(?s)class="instruction"[^>]*>\s*([^<]{1,200}?)\s*<`)
)

// formOf is where the page sends its form, empty when it has none.
func formOf(page admin.Reply) string {
	if match := formAddress.FindSubmatch(page.Body); match != nil {
		return html.UnescapeString(string(match[1]))
	}
	return ""
}

// complaintOf is what an error page says.
func complaintOf(page admin.Reply) string {
	if match := errorMessage.FindSubmatch(page.Body); match != nil {
		return admin.Printable(html.UnescapeString(string(match[1])))
	}
	return "no message"
}

// sentTo is where an answer sends the browser.
func sentTo(response admin.Reply) *url.URL {
	parsed, err := url.Parse(response.Header.Get("Location"))
	if err != nil || response.Header.Get("Location") == "" {
		return nil
	}
	return parsed
}
