package view

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"
)

// rendered is what a reader of a pull request gets to see of Markdown: text without tags.
func rendered(t *testing.T, markdown string) (text, source string) {
	t.Helper()
	var out bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM),
		goldmark.WithRendererOptions(renderer.WithUnsafe())).Convert([]byte(markdown), &out); err != nil {
		t.Fatal(err)
	}
	source = out.String()
	return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(source, "")), source
}

var foreign = []string{
	`a\b`, `a\\b`, `\*a\*`, `a\`, `trailing \\`, `&amp;`, `&lt;script&gt;`, `R&D`, `&#64;all`, `&copy;`, `~~gone~~`, `~a~`,
	`*a*`, `**a**`, `_a_`, `__a__`, "`a`", "``a``", "``` a", `[a](https://evil.example)`, `![a](https://evil.example/x.png)`,
	`[x] done`, `<b>a</b>`, `<https://evil.example>`, `<!-- a`, `a|b`, `a\|b`, `|`, `# a`, `### a`, `- a`, `+ a`, `1. a`, `12) a`,
	`> a`, `=== a`, `---`, `===`, `https://evil.example/a`, `see http://evil.example`, `www.evil.example`, `a@evil.example`,
	`ftp://evil.example`, `    a`, `[a]: https://evil.example`, `$a$`, `a:b`, `\&amp;`, `\~~a~~`, `~~~ a`, `: a`, `[^1]`,
	`a*b_c~d\e&f|g`,
}

// A name from outside is read as it is spelt, wherever it stands, and makes nothing of its surroundings.
func TestEscape_MakesForeignTextInert(t *testing.T) {
	wrapped := map[string]struct{ before, after, tags string }{
		"a paragraph": {"", "", "p"}, "a sentence": {"Name: ", ", done", "p"}, "an item": {"- ", "", "ul li"},
		"a heading": {"# ", "", "h1"}, "bold": {"**", "**", "p strong"},
		"a cell": {"| h |\n| --- |\n| ", " |", "table thead tr th tbody td"},
	}
	tag := regexp.MustCompile(`<([a-z0-9]+)`)
	for where, w := range wrapped {
		for _, name := range foreign {
			text, source := rendered(t, w.before+escape(name)+w.after)
			for _, found := range tag.FindAllStringSubmatch(source, -1) {
				if !strings.Contains(" "+w.tags+" ", " "+found[1]+" ") {
					t.Errorf("%q in %s makes a <%s>: %s", name, where, found[1], source)
				}
			}
			if !strings.Contains(text, strings.TrimSpace(name)) {
				t.Errorf("%q in %s is read as %q", name, where, text)
			}
		}
	}
}

// A value of a sheet is copied by its owner: every character must be there, and no other.
func TestCodeSpan_ShowsEveryCharacter(t *testing.T) {
	for _, value := range append([]string{"a``b", "`", "``", " a ", "https://a.example/cb?x=1&y=2", `C:\temp`, `a\|b|c`}, foreign...) {
		for where, w := range map[string][2]string{"a paragraph": {"Now: ", "."}, "a cell": {"| h |\n| --- |\n| ", " |"}} {
			_, source := rendered(t, w[0]+codeSpan(value)+w[1])
			shown := regexp.MustCompile(`(?s)<code>(.*?)</code>`).FindAllStringSubmatch(source, -1)
			if len(shown) != 1 || strings.TrimSpace(html.UnescapeString(shown[0][1])) != strings.TrimSpace(value) {
				t.Errorf("%q in %s: %s", value, where, source)
			}
		}
	}
}
