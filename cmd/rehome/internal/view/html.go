package view

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/rehome-iam/rehome/engine/phrase"
)

// The pages are one file each: style and script stand inside, nothing is fetched from anywhere, and the policy of the
// page forbids it. Text from outside goes through Clean and through the escaping of html/template; nothing else makes
// HTML.

//go:embed page/*.html page/style.css page/script.js
var pages embed.FS

// page is what the layout needs.
type page struct {
	Title  string
	Policy string
	Style  template.CSS
	Script template.JS
	Foot   string
}

func newPage(title, foot string) (page, error) {
	style, err := pages.ReadFile("page/style.css")
	if err != nil {
		return page{}, fmt.Errorf("reading the style of the page: %w", err)
	}
	script, err := pages.ReadFile("page/script.js")
	if err != nil {
		return page{}, fmt.Errorf("reading the script of the page: %w", err)
	}
	return page{
		Title: title, Foot: foot, Style: template.CSS(style), Script: template.JS(script), // both are ours
		Policy: "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " + digestOf(style) + "; script-src " +
			digestOf(script),
	}, nil
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func writePage(w io.Writer, name string, data any) error {
	parsed, err := template.ParseFS(pages, "page/*.html")
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	if err := parsed.ExecuteTemplate(w, name, data); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

func cleanAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = phrase.Clean(text)
	}
	return out
}
