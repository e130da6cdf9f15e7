package keycloak

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strings"
)

// visitor is somebody with a browser in front of the realm: it keeps cookies by hand, because the server marks them
// Secure even over http, and it follows no redirect by itself.
type visitor struct {
	*client
	cookies map[string]string
}

func (c *client) visitor() *visitor { return &visitor{client: c, cookies: map[string]string{}} }

// open asks for an address of the server; only path and query count, so that an answer that names the public address is
// followed through the address of the configuration. A form makes it a POST.
func (v *visitor) open(ctx context.Context, address string, form url.Values) (reply, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return reply{}, v.invalid(call{method: http.MethodGet, path: "/"}, "it names an address that does not read")
	}
	request := call{method: http.MethodGet, path: strings.TrimPrefix(parsed.EscapedPath(), v.base.Path),
		query: parsed.Query()}
	header := http.Header{"Accept": {"*/*"}}
	var body []byte
	if form != nil {
		request.method, body = http.MethodPost, []byte(form.Encode())
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if len(v.cookies) > 0 {
		header.Set("Cookie", v.cookieLine())
	}
	response, err := v.send(ctx, request, header, body)
	if err != nil {
		return reply{}, err
	}
	for _, cookie := range (&http.Response{Header: response.header}).Cookies() {
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
func formOf(page reply) string {
	if match := formAddress.FindSubmatch(page.body); match != nil {
		return html.UnescapeString(string(match[1]))
	}
	return ""
}

// complaintOf is what an error page says.
func complaintOf(page reply) string {
	if match := errorMessage.FindSubmatch(page.body); match != nil {
		return printable(html.UnescapeString(string(match[1])))
	}
	return "no message"
}

// sentTo is where an answer sends the browser.
func sentTo(response reply) *url.URL {
	parsed, err := url.Parse(response.header.Get("Location"))
	if err != nil || response.header.Get("Location") == "" {
		return nil
	}
	return parsed
}
