package okta

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// tidyLinks rewrites the Link header into one line a relation, because the SDK panics on a URL that cannot be parsed
// and mixes up relations that share a line. A link to the next page that cannot be read, or that leads to another host,
// is an error: the list would end early or go on with foreign data. Only relation next is kept.
func tidyLinks(response *http.Response, orgURL string) error {
	lines := response.Header.Values("Link")
	response.Header.Del("Link")
	next := ""
	for _, line := range lines {
		for _, link := range splitLinks(line) {
			if link.relation != "next" {
				continue
			}
			if next != "" && next != link.target {
				return fmt.Errorf("the Link header names two next pages")
			}
			next = link.target
		}
	}
	if next == "" {
		return nil
	}
	target, err := url.Parse(next)
	if err != nil {
		return fmt.Errorf("the link to the next page is no URL")
	}
	if target.Host != "" {
		origin, err := reading.ParseOrigin(target.Scheme + "://" + target.Host)
		own, ownErr := reading.ParseOrigin(orgURL)
		if err != nil || ownErr != nil || origin != own {
			return fmt.Errorf("the link to the next page leads to another host (%s)", target.Host)
		}
	}
	if !strings.HasPrefix(target.Path, "/") {
		return fmt.Errorf("the link to the next page has no path")
	}
	target.Scheme, target.Host, target.User = "", "", nil
	response.Header.Set("Link", "<"+strings.ReplaceAll(target.String(), ";", "%3B")+`>; rel="next"`)
	return nil
}

type link struct{ target, relation string }

// splitLinks reads <url>; rel="x", <url>; rel="y". What it cannot read it leaves out.
func splitLinks(line string) []link {
	var links []link
	for {
		start := strings.IndexByte(line, '<')
		if start < 0 {
			return links
		}
		end := strings.IndexByte(line[start:], '>')
		if end < 0 {
			return links
		}
		target := line[start+1 : start+end]
		line = line[start+end+1:]
		parameters := line
		if following := strings.IndexByte(line, '<'); following >= 0 {
			parameters, line = line[:following], line[following:]
		} else {
			line = ""
		}
		for _, parameter := range strings.FieldsFunc(parameters, func(r rune) bool { return r == ';' || r == ',' }) {
			name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
			if strings.EqualFold(strings.TrimSpace(name), "rel") {
				links = append(links, link{target, strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`))})
			}
		}
	}
}

// lastSegment of a link: the id of what it leads to.
func lastSegment(link string) string {
	link, _, _ = strings.Cut(link, "?")
	link = strings.TrimRight(link, "/")
	return link[strings.LastIndex(link, "/")+1:]
}
