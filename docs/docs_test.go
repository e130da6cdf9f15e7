// Package docs_test reads the pages that people read: README.md, CONTRIBUTING.md and everything below docs/. It refuses
// what a merge leaves behind (a heading twice, a heading without text, a paragraph twice) and links that lead nowhere.
package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// root is the folder of the repository, seen from this package.
const root = ".."

func TestPages_HaveNoFaults(t *testing.T) {
	for _, name := range pages(t) {
		t.Run(name, func(t *testing.T) {
			if faults := readPage(t, name).faults(); len(faults) > 0 {
				t.Errorf("%s:\n%s", name, strings.Join(faults, "\n"))
			}
		})
	}
}

// The test of the test: each fault on its own, so that none can pass unseen.
func TestPage_Faults(t *testing.T) {
	long := strings.Repeat("the same words again and again ", 4)
	cases := []struct {
		name, text string
		want       []string
	}{
		{"a page without faults", "# A\n\n## 1. B\n\n### C\n\ntext, [see](#1-b)\n\n## 2. D\n\ntext\n", nil},
		{
			"a heading that comes twice", "# A\n\ntext\n\n## B\n\ntext\n\n## B\n\nother\n",
			[]string{"9: the heading \"B\" is there twice"},
		},
		{
			"a doubled part without its number", "## 1. B\n\ntext\n\n## B\n\nother\n",
			[]string{"5: the heading \"B\" is there twice"},
		},
		{
			"a number that comes twice", "## 1. A\n\ntext\n\n## 1. B\n\ntext\n",
			[]string{"5: the heading \"1. B\" should be number 2"},
		},
		{"a heading without text", "## A\n\n## B\n\ntext\n", []string{"1: nothing stands below the heading \"A\""}},
		{"a heading at the end", "## A\n\ntext\n\n### B\n", []string{"5: nothing stands below the heading \"B\""}},
		{"a heading in a block of code is none", "## A\n\n```\n# A\n# A\n```\n", nil},
		{
			"a paragraph that comes twice", long + "\n\nother\n\n" + long + "\n",
			[]string{"5: this paragraph is there twice, first in line 1"},
		},
		{"a link to a page that is not there", "[see](gone.md)\n", []string{"1: the link gone.md leads nowhere"}},
		{"a link to a heading that is not there", "# A\n\n[see](#b)\n", []string{"3: the link #b leads nowhere"}},
		{
			"a link to a heading of another page", "[see](guide.md#1-set-up), [not](guide.md#nowhere)\n",
			[]string{"1: the link guide.md#nowhere leads nowhere"},
		},
		{
			"a file that is named and not there", "see `engine/gone.go`, `engine/plan` and `engine/plan.Build`\n",
			[]string{"1: there is no engine/gone.go"},
		},
		{"a block of code that does not end", "text\n```\nmore\n", []string{"2: the block of code does not end"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, parse("docs/page.md", c.text).faults()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// page is one page, with its blocks of code taken out so that their lines are neither headings nor links.
type page struct {
	path     string // from the root
	lines    []string
	headings []heading
	open     int // line of a block of code that does not end
}

type heading struct {
	line, level int
	text        string
}

var (
	headingLine = regexp.MustCompile(`^(#{1,6}) +(.*?) *$`)
	number      = regexp.MustCompile(`^(\d+)\. `)
	link        = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	ownPath     = regexp.MustCompile("`((?:cmd|config|docs|engine|examples|providers|state)/[^`\\s]*?)(?:\\.[A-Z]\\w*)?`")
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

func parse(path, text string) page {
	p := page{path: path}
	for i, line := range strings.Split(text, "\n") {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && p.open == 0:
			p.open, line = i+1, "```"
		case fence:
			p.open, line = 0, "```"
		case p.open > 0:
			line = "```"
		}
		if m := headingLine.FindStringSubmatch(line); m != nil {
			p.headings = append(p.headings, heading{i + 1, len(m[1]), m[2]})
		}
		p.lines = append(p.lines, line)
	}
	return p
}

// faults are sentences that begin with the number of the line.
func (p page) faults() []string {
	faults := p.headingFaults()
	faults = append(faults, p.doubledParagraphs()...)
	for i, line := range p.lines {
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			if !p.leads(m[1]) {
				faults = append(faults, fmt.Sprintf("%d: the link %s leads nowhere", i+1, m[1]))
			}
		}
		for _, m := range ownPath.FindAllStringSubmatch(line, -1) {
			if found, err := filepath.Glob(filepath.Join(root, m[1])); err != nil || len(found) == 0 {
				faults = append(faults, fmt.Sprintf("%d: there is no %s", i+1, m[1]))
			}
		}
	}
	if p.open > 0 {
		faults = append(faults, fmt.Sprintf("%d: the block of code does not end", p.open))
	}
	return faults
}

func (p page) headingFaults() []string {
	var faults []string
	seen := map[string]bool{}
	next := map[int]int{} // by level: the number that must come next
	for i, h := range p.headings {
		title := number.ReplaceAllString(h.text, "")
		if seen[title] {
			faults = append(faults, fmt.Sprintf("%d: the heading %q is there twice", h.line, title))
		}
		seen[title] = true
		if m := number.FindStringSubmatch(h.text); m != nil {
			next[h.level]++
			if m[1] != fmt.Sprint(next[h.level]) {
				faults = append(faults, fmt.Sprintf("%d: the heading %q should be number %d", h.line, h.text, next[h.level]))
			}
		}
		if p.empty(i) {
			faults = append(faults, fmt.Sprintf("%d: nothing stands below the heading %q", h.line, h.text))
		}
	}
	return faults
}

// empty tells whether neither text nor a deeper heading follows.
func (p page) empty(i int) bool {
	end := len(p.lines)
	if i+1 < len(p.headings) {
		if p.headings[i+1].level > p.headings[i].level {
			return false
		}
		end = p.headings[i+1].line - 1
	}
	return strings.TrimSpace(strings.Join(p.lines[p.headings[i].line:end], "")) == ""
}

// doubledParagraphs looks at prose only: a short line, a row of a table or a note of one sentence may well come again.
func (p page) doubledParagraphs() []string {
	var faults []string
	first := map[string]int{}
	begin := 0
	for i := 0; i <= len(p.lines); i++ {
		if i < len(p.lines) && strings.TrimSpace(p.lines[i]) != "" {
			continue
		}
		text := strings.Join(p.lines[begin:i], " ")
		if len(text) > 100 && !strings.HasPrefix(text, "|") && !strings.HasPrefix(text, "```") {
			if line, ok := first[text]; ok {
				faults = append(faults, fmt.Sprintf("%d: this paragraph is there twice, first in line %d", begin+1, line))
			} else {
				first[text] = begin + 1
			}
		}
		begin = i + 1
	}
	return faults
}

// leads follows a link within the repository; what leaves it is not asked for, as tests talk to loopback only.
func (p page) leads(target string) bool {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return true
	}
	path, anchor, hasAnchor := strings.Cut(target, "#")
	to := p
	if path != "" {
		name := filepath.Join(filepath.Dir(p.path), path)
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil || (hasAnchor && info.IsDir()) {
			return false
		}
		if hasAnchor {
			text, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				return false
			}
			to = parse(name, string(text))
		}
	}
	return !hasAnchor || to.hasAnchor(anchor)
}

// hasAnchor makes the anchors as GitHub and GitLab do: lower case, punctuation away, spaces to hyphens.
func (p page) hasAnchor(anchor string) bool {
	for _, h := range p.headings {
		made := notInAnchor.ReplaceAllString(strings.ToLower(h.text), "")
		if strings.ReplaceAll(made, " ", "-") == anchor {
			return true
		}
	}
	return false
}

func pages(t *testing.T) []string {
	t.Helper()
	names := []string{"README.md", "CONTRIBUTING.md"}
	err := fs.WalkDir(os.DirFS(root), "docs", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func readPage(t *testing.T, name string) page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return parse(name, string(text))
}
