package view

import (
	"fmt"
	"io"
	"regexp"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
)

// MarkdownLimit is how many characters a pull-request comment may have on GitHub.
const MarkdownLimit = 65536

// firstNames is how many names a list keeps when the whole does not fit.
const firstNames = 10

// Markdown writes the plan for a pull-request comment. The verdict, the hash and everything dangerous always fit: past
// their budget they become counts with the first ten names. The harmless end goes first.
func Markdown(w io.Writer, p *plan.Plan, limit int) error {
	head := markdownHead(p)
	var dangerous strings.Builder
	section(&dangerous, "Deleted", p, "-")
	section(&dangerous, "Changed", p, "~")
	section(&dangerous, "Blocked", p, "!")
	must := head + dangerous.String()
	if len(must) > limit*3/4 {
		must = head + counted(p, "-", "Deleted") + counted(p, "~", "Changed") + counted(p, "!", "Blocked")
	}
	left := ""
	for _, part := range []struct{ sign, name string }{{"+", "Created"}, {">", "Mapped to what exists"}, {"?", "By hand"},
		{"=", "Nothing to do"}} {
		text := folded(p, part.sign, part.name)
		if len(must)+len(text)+400 > limit {
			left += fmt.Sprintf("%s: %s. ", part.name, phrase.Plural(count(p, part.sign), "step", "steps"))
			continue
		}
		must += text
	}
	if left != "" {
		must += "\nLeft out, as it does not fit here: " + left + "`rehome show` of the plan file lists everything.\n"
	}
	_, err := io.WriteString(w, must)
	return err
}

func markdownHead(p *plan.Plan) string {
	var b strings.Builder
	verdict := "ready"
	if p.PlanHash == "" {
		verdict = "not ready"
	}
	what := "plan"
	if p.Rollback != nil {
		what = "rollback of run " + escape(p.Rollback.Run)
	}
	fmt.Fprintf(&b, "## rehome %s: %s\n\n", what, verdict)
	fmt.Fprintf(&b, "Migration **%s** into %s\n\n", escape(p.Migration.Name), escape(p.Target.Summary))
	if p.PlanHash != "" {
		fmt.Fprintf(&b, "Hash `%s`\n\n", p.PlanHash)
	}
	for i, step := range p.Withdrawn() {
		if i == 0 {
			fmt.Fprintf(&b, "**Withdrawn at the source, still in the target: %d**\n\n", len(p.Withdrawn()))
		}
		if i == 20 {
			fmt.Fprintf(&b, "- … and %d more\n", len(p.Withdrawn())-i)
			break
		}
		fmt.Fprintf(&b, "- %s: %s\n", escape(step.ID), escape(step.Reason))
	}
	if len(p.Withdrawn()) > 0 {
		b.WriteString("\n")
	}
	s := p.Summary
	fmt.Fprintf(&b, "| create | change | delete | map | equal | by hand | blocked | skipped | not moved |\n"+
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	fmt.Fprintf(&b, "| %d | %d | %d | %d | %d | %d | %d | %d | %d |\n\n", s.Create, s.Update, s.Delete, s.Map, s.Unchanged,
		s.ManualFollowUp, s.Blocked, s.Skipped, s.NotMoved)
	switch {
	case p.Rollback != nil:
		fmt.Fprintf(&b, "**Access**: %s closed; %s what is used or needed as it is.\n\n",
			phrase.Plural(p.Rollback.Closes, "application is", "applications are"),
			phrase.Plural(s.Skipped, "step leaves", "steps leave"))
	case p.Access == nil:
		b.WriteString("**Access** is not computed: who may use what before and after is not compared by this version.\n\n")
	default:
		fmt.Fprintf(&b, "**Access**: %d lose an application, %d gain one.\n\n", len(p.Access.Lost), len(p.Access.Gained))
	}
	for i, blocker := range p.Handoff.Blockers {
		if i == firstNames {
			fmt.Fprintf(&b, "- … and %d more\n", len(p.Handoff.Blockers)-i)
			break
		}
		fmt.Fprintf(&b, "- **%s** %s\n", escape(blocker.Code), escape(blocker.Summary))
	}
	for i, impact := range p.Impacts {
		if i == 4*firstNames {
			fmt.Fprintf(&b, "- … and %d more impacts\n", len(p.Impacts)-i)
			break
		}
		mark := "not acknowledged"
		if impact.Acknowledged {
			mark = "acknowledged"
		}
		fmt.Fprintf(&b, "- `%s` %s, %s: %s (%s, %s)\n", impact.ID, impact.Severity, audience(impact.Audience),
			escape(impact.Summary), phrase.Plural(impact.Count, "item", "items"), mark)
		if !impact.Acknowledged && impact.Tell != "" {
			fmt.Fprintf(&b, "  Tell them: %s\n", escape(impact.Tell))
		}
	}
	return b.String() + "\n"
}

func withSign(p *plan.Plan, sign string) []plan.Step {
	var found []plan.Step
	for _, step := range p.Steps {
		if signOf(step) == sign {
			found = append(found, step)
		}
	}
	return found
}

func count(p *plan.Plan, sign string) int { return len(withSign(p, sign)) }

// section lists steps in full, in a fence longer than any run of backticks inside.
func section(b *strings.Builder, name string, p *plan.Plan, sign string) {
	found := withSign(p, sign)
	if len(found) == 0 {
		return
	}
	var body strings.Builder
	noted := map[string]bool{}
	for _, step := range found {
		oneStep(&body, step, noted, PlanOptions{})
	}
	fence := strings.Repeat("`", longestRun(body.String(), '`')+3)
	fmt.Fprintf(b, "### %s (%d)\n\n%sdiff\n%s%s\n\n", name, len(found), fence, body.String(), fence)
}

func longestRun(text string, wanted rune) int {
	longest, run := 0, 0
	for _, r := range text {
		if r == wanted {
			run++
			longest = max(longest, run)
			continue
		}
		run = 0
	}
	return longest
}

func counted(p *plan.Plan, sign, name string) string {
	found := withSign(p, sign)
	if len(found) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "### %s (%d)\n\n", name, len(found))
	for i, step := range found {
		if i == firstNames {
			fmt.Fprintf(&b, "- … and %d more\n", len(found)-i)
			break
		}
		fmt.Fprintf(&b, "- %s\n", escape(shorten(title(step)+place(step))))
	}
	return b.String() + "\n"
}

func folded(p *plan.Plan, sign, name string) string {
	found := withSign(p, sign)
	if len(found) == 0 {
		return ""
	}
	lines := map[string]int{}
	for _, step := range found {
		line := title(step) + place(step)
		if step.Reason != "" {
			line += ": " + step.Reason
		}
		lines[escape(shorten(line))]++
	}
	sorted := make([]string, 0, len(lines))
	for line, n := range lines {
		if n > 1 {
			line += fmt.Sprintf(" (%d times)", n)
		}
		sorted = append(sorted, "- "+line)
	}
	sort.Strings(sorted)
	return fmt.Sprintf("<details><summary>%s (%d)</summary>\n\n%s\n\n</details>\n\n", name, len(found),
		strings.Join(sorted, "\n"))
}

// markup is what CommonMark and its GitHub dialect make something of within a line. A bar is no escape but an entity,
// because a table is cut at bars before escapes are read. An address is broken so that it is no link.
var markup = strings.NewReplacer(`\`, `\\`, "&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "*", `\*`, "_", `\_`,
	"`", "\\`", "[", `\[`, "]", `\]`, "~", `\~`, "$", `\$`, "@", "&#64;", "://", ":&#47;/", "www.", `www\.`,
	"WWW.", `WWW\.`)

// opening is what makes a block of a line that begins so.
var opening = regexp.MustCompile(`^([0-9]*)([-+#=.):])`)

// escape makes text from outside harmless in Markdown and HTML, wherever in a line it stands.
func escape(text string) string {
	return opening.ReplaceAllString(markup.Replace(strings.TrimLeft(phrase.Clean(text), " ")), `$1\$2`)
}
