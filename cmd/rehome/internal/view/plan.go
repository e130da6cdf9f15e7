package view

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
)

// PlanOptions say how much of a plan is shown.
type PlanOptions struct {
	Style      Style
	Verbose    bool // every step, equal ones and visible items too
	Automation bool // no advice to type commands
	Now        time.Time
	SavedTo    string // plan file, empty when none was written
	Read       *contract.ReadSummary
}

// equalShape is from how many equal steps on they are folded to one line.
const equalShape = 4

// shownSteps is how many steps with their attributes a terminal gets before the rest is counted only.
const shownSteps = 200

// Plan writes a plan for a person: what can hurt first, equal steps folded, what to do next last.
func Plan(w io.Writer, p *plan.Plan, options PlanOptions) error {
	var b strings.Builder
	header(&b, p, options)
	dangers(&b, p, options)
	steps(&b, p, options)
	footer(&b, p, options)
	_, err := io.WriteString(w, b.String())
	return err
}

func header(b *strings.Builder, p *plan.Plan, o PlanOptions) {
	target := p.Target.Name + ": " + phrase.Clean(p.Target.Summary)
	if at, err := time.Parse(time.RFC3339, p.Target.SnapshotAt); err == nil {
		target += fmt.Sprintf(", as it was at %s, %s (from a file)", phrase.Moment(at), phrase.Ago(at, o.Now))
	} else if o.Read != nil {
		target += fmt.Sprintf(", %s read (%s)", phrase.Plural(o.Read.Resources, "resource", "resources"),
			phrase.Plural(o.Read.Requests, "request", "requests"))
	}
	fmt.Fprintf(b, "Target    %s\n", target)
	if p.Rollback != nil {
		fmt.Fprintf(b, "Rollback  of run %s, which carried out %s\n", phrase.Clean(p.Rollback.Run),
			phrase.ShortHash(p.Rollback.PlanHash))
	}
	for i, s := range p.Snapshots {
		label := "Snapshot"
		if i > 0 {
			label = "        "
		}
		age := ""
		if at, err := time.Parse(time.RFC3339, s.CompletedAt); err == nil {
			age = phrase.Moment(at) + ", " + phrase.Ago(at, o.Now)
		}
		fmt.Fprintf(b, "%s  %s: %s, %s", label, phrase.Clean(s.Source), age, phrase.Plural(s.Items, "item", "items"))
		if len(s.Gaps) > 0 {
			fmt.Fprintf(b, "; %s: %s", phrase.Plural(len(s.Gaps), "gap", "gaps"), gapText(s.Gaps))
		}
		fmt.Fprintln(b)
	}
	if p.Part != nil {
		part(b, p.Part)
	}
	fmt.Fprintln(b)
}

// withdrawn says first what the source took away: whoever had something by it has it in the target still.
func withdrawn(b *strings.Builder, p *plan.Plan, o PlanOptions) {
	const most = 20
	gone := p.Withdrawn()
	for i, step := range gone {
		if i == 0 {
			fmt.Fprintf(b, "Withdrawn %s at the source, still in the target:\n", phrase.Plural(len(gone), "resource", "resources"))
		}
		if i == most && !o.Verbose {
			fmt.Fprintf(b, "          … and %s more\n", phrase.Count(len(gone)-most))
			break
		}
		fmt.Fprintf(b, "%s %s: %s\n", o.Style.symbol("!"), phrase.Clean(step.ID), phrase.Clean(step.Reason))
		fmt.Fprintf(b, "    to do: %s\n", phrase.Clean(step.ToDo))
	}
}

// part says which part of the move the plan is for, what it takes along and what it leaves.
func part(b *strings.Builder, part *plan.Part) {
	const most = 10
	var names []string
	if part.Wave != "" {
		names = append(names, fmt.Sprintf("wave %q", phrase.Clean(part.Wave)))
	}
	for _, name := range part.Targets {
		names = append(names, "-target="+phrase.Clean(name))
	}
	for _, name := range part.Excludes {
		names = append(names, "-exclude="+phrase.Clean(name))
	}
	fmt.Fprintf(b, "Part      %s; %s left for later, nothing outside is touched\n", strings.Join(names, " "),
		phrase.Plural(part.Left, "step", "steps"))
	for i, id := range part.PulledIn {
		if i == most {
			fmt.Fprintf(b, "          … and %s more\n", phrase.Count(len(part.PulledIn)-most))
			return
		}
		label := ""
		if i == 0 {
			label = "pulled in"
		}
		fmt.Fprintf(b, "%-9s %s\n", label, phrase.Clean(id))
	}
}

func gapText(gaps []identity.Gap) string {
	texts := make([]string, 0, len(gaps))
	for _, g := range gaps {
		text := string(g.Kind)
		switch {
		case g.Permission != "":
			text += fmt.Sprintf(" (%d, needs %s)", g.Status, g.Permission)
		case g.Reason != "":
			text += " (" + g.Reason + ")"
		}
		texts = append(texts, phrase.Clean(text))
	}
	return strings.Join(texts, "; ")
}

func dangers(b *strings.Builder, p *plan.Plan, o PlanOptions) {
	if p.Rollback != nil {
		fmt.Fprintf(b, "Access    %s closed; who gains or loses by it is not computed\n\n",
			phrase.Plural(p.Rollback.Closes, "application is", "applications are"))
		return
	}
	withdrawn(b, p, o)
	if p.Access == nil {
		fmt.Fprintf(b, "Access    not computed: who may use what before and after is not compared by this version\n")
	} else {
		fmt.Fprintf(b, "Access    %s lose an application, %d gain one\n",
			phrase.Plural(len(p.Access.Lost), "person", "people"),
			len(p.Access.Gained))
	}
	open := 0
	for _, impact := range p.Impacts {
		if !impact.Acknowledged {
			open++
		}
	}
	fmt.Fprintf(b, "Impacts   %d found, %d not acknowledged\n", len(p.Impacts), open)
	for _, impact := range p.Impacts {
		if impact.Acknowledged && !o.Verbose {
			continue
		}
		fmt.Fprintf(b, "%s: %s (%s)\n", impactHead(impact, true, o.Style), phrase.Clean(impact.Summary),
			phrase.Plural(impact.Count, "item", "items"))
		if impact.Tell != "" && o.Verbose {
			fmt.Fprintf(b, "    %s %s\n", o.Style.dim("tell them:"), phrase.Clean(impact.Tell))
		}
	}
	if open > 0 && !o.Verbose && !o.Automation {
		fmt.Fprintf(b, "    %s\n", o.Style.dim("rehome acknowledge says what to tell them"))
	}
	fmt.Fprintln(b)
	for _, blocker := range p.Handoff.Blockers {
		if blocker.Code == plan.BlockerImpacts {
			continue // listed above, one by one
		}
		fmt.Fprintf(b, "%s %s\n", o.Style.symbol("!"), o.Style.bold(phrase.Clean(blocker.Summary)))
		for _, item := range blocker.Items {
			fmt.Fprintf(b, "    %s\n", phrase.Clean(item))
		}
		fmt.Fprintln(b)
	}
}

// impactHead is the first line of an impact: ! while nobody acknowledged it, = after that and when no plan finds it any
// more.
func impactHead(impact fidelity.Impact, current bool, style Style) string {
	sign, gone := "!", ""
	if impact.Acknowledged || !current {
		sign = "="
	}
	if !current {
		gone = ", no longer found"
	}
	return fmt.Sprintf("%s %s  %s, %s%s", style.symbol(sign), impact.ID, impact.Severity, audience(impact.Audience), gone)
}

func audience(a fidelity.Audience) string { return strings.ReplaceAll(string(a), "_", " ") }

// steps writes deletions and changes first, then creations, then what is not automatic.
func steps(b *strings.Builder, p *plan.Plan, o PlanOptions) {
	order := map[string]int{"-": 0, "~": 1, "+": 2, ">": 3, "?": 4, "!": 5, "=": 6}
	shown := make([]plan.Step, 0, len(p.Steps))
	for _, step := range p.Steps {
		stays := p.Rollback != nil && step.Disposition == plan.DispositionSkipped
		if sign := signOf(step); sign != "=" || o.Verbose || stays {
			shown = append(shown, step)
		}
	}
	sort.SliceStable(shown, func(i, j int) bool { return order[signOf(shown[i])] < order[signOf(shown[j])] })
	shapes := map[string]int{}
	for _, step := range shown {
		shapes[shape(step)]++
	}
	written, folded, noted, bare := 0, map[string]bool{}, map[string]bool{}, false
	for _, step := range shown {
		gap := ""
		if bare {
			gap = "\n"
		}
		key := shape(step)
		if key != "" && shapes[key] >= equalShape && !o.Verbose {
			if !folded[key] {
				folded[key] = true
				bare = false
				fmt.Fprintf(b, gap+"  %s %s  (+ %s of this shape)  -v to list\n\n", o.Style.symbol(signOf(step)), title(step),
					phrase.Count(shapes[key]-1))
			}
			continue
		}
		if written == shownSteps && !o.Verbose {
			fmt.Fprintf(b, gap+"  … and %s; rehome show lists them all\n\n", phrase.Plural(len(shown)-written, "step", "steps"))
			return
		}
		written++
		var one strings.Builder
		oneStep(&one, step, noted, o)
		text := one.String()
		if bare = strings.Count(text, "\n") == 2; bare { // steps of which the name says all stand under each other
			b.WriteString(strings.TrimSuffix(text, "\n"))
			continue
		}
		b.WriteString(gap + text)
	}
	if bare {
		fmt.Fprintln(b)
	}
}

// signOf is the symbol of a step: + create, ~ update, - delete, > map, ? by hand, ! blocked, = nothing to do.
func signOf(step plan.Step) string {
	switch step.Disposition {
	case plan.DispositionBlocked:
		return "!"
	case plan.DispositionManual:
		return "?"
	case plan.DispositionSkipped, plan.DispositionUnchanged:
		return "="
	}
	switch step.Action {
	case plan.ActionCreate:
		return "+"
	case plan.ActionUpdate:
		return "~"
	case plan.ActionDelete:
		return "-"
	case plan.ActionMap:
		return ">"
	default:
		return "="
	}
}

// shape groups steps that say the same about different items; changes and deletions are never folded.
func shape(step plan.Step) string {
	sign := signOf(step)
	if sign == "~" || sign == "-" || sign == ">" {
		return ""
	}
	if sign == "+" && step.Resource.Type != "role_assignment" && step.Resource.Type != "client_role" &&
		step.Resource.Type != "user" && step.Resource.Type != "membership" {
		return ""
	}
	kind := step.Resource.Type
	if len(step.Items) > 0 {
		kind += "/" + string(step.Items[0].Kind)
	}
	if sign == "+" {
		return sign + kind
	}
	return sign + kind + step.Reason
}

func title(step plan.Step) string {
	if step.Resource.Type != "" && !keyUnknown(step) {
		return phrase.Clean(step.Resource.String())
	}
	if step.Crowd != nil && len(step.Items) > 0 {
		return phrase.Plural(step.Crowd.Count, string(step.Items[0].Kind),
			string(step.Items[0].Kind)+"s") + " of " + phrase.Clean(step.Items[0].Source)
	}
	if len(step.Items) > 0 {
		item := step.Items[0]
		return fmt.Sprintf("%s %q", phrase.Clean(string(item.Kind)), phrase.Clean(item.Name))
	}
	return phrase.Clean(step.ID)
}

// keyUnknown tells whether the resource has no key yet, because what it refers to will not be there: its item's address
// stands for it.
func keyUnknown(step plan.Step) bool {
	if len(step.Items) == 0 {
		return false
	}
	item := step.Items[0]
	return step.Resource.Key == identity.Address{Source: item.Source, Kind: item.Kind, ID: item.ID}.String()
}

func oneStep(b *strings.Builder, step plan.Step, noted map[string]bool, o PlanOptions) {
	sign := signOf(step)
	fmt.Fprintf(b, "  %s %s", o.Style.symbol(sign), o.Style.bold(title(step)))
	facts := []string{}
	if step.Decision != "" {
		facts = append(facts, step.Decision)
	}
	if step.DecidedBy != nil {
		facts = append(facts, fmt.Sprintf("%s:%d", phrase.Clean(step.DecidedBy.File), step.DecidedBy.Line))
	}
	if step.Class != "" {
		facts = append(facts, string(step.Class))
	}
	if len(facts) > 0 {
		fmt.Fprintf(b, "  %s", o.Style.dim(strings.Join(facts, ", ")))
	}
	fmt.Fprintln(b)
	if step.Resource.Type != "" {
		for _, item := range step.Items {
			fmt.Fprintf(b, "      from %s %s %q (%s)%s\n", phrase.Clean(item.Source), item.Kind, phrase.Clean(item.Name),
				phrase.Clean(item.ID),
				o.Style.dim(joinedBy(item)))
		}
	}
	if step.Reason != "" {
		fmt.Fprintf(b, "      %s\n", phrase.Clean(step.Reason))
	}
	if step.ToDo != "" {
		fmt.Fprintf(b, "      to do: %s\n", phrase.Clean(step.ToDo))
	}
	switch {
	case len(step.Sides) > 0:
		sides(b, step.Sides, o)
	case sign == "-" && step.Unbinds && !o.Verbose: // all that the run made goes: its name says enough
	case sign == "+" || sign == "~" || sign == "-":
		attributes(b, step, o.Style)
	}
	notes(b, step.Notes, noted, o)
	if step.NoWayBack != "" {
		fmt.Fprintf(b, "      no way back: %s\n", phrase.Clean(step.NoWayBack))
	}
	fmt.Fprintln(b)
}

// notes writes each note of a plan once; where it comes again, the field that it is about stands for it.
func notes(b *strings.Builder, texts []string, noted map[string]bool, o PlanOptions) {
	var again []string
	times := map[string]int{}
	for _, text := range texts {
		field, _, found := strings.Cut(text, ": ")
		if noted[text] && found && !o.Verbose {
			if times[field]++; times[field] == 1 {
				again = append(again, field)
			}
			continue
		}
		noted[text] = true
		fmt.Fprintf(b, "      %s %s\n", o.Style.dim("note"), phrase.Clean(text))
	}
	for i, field := range again {
		again[i] = phrase.Clean(field)
		if n := times[field]; n > 1 {
			again[i] += fmt.Sprintf(" (%d)", n)
		}
	}
	if len(again) > 0 {
		fmt.Fprintf(b, "      %s as above: %s\n", o.Style.dim("note"), strings.Join(again, ", "))
	}
}

// joinedBy says which block lets an item use what the item of another source makes.
func joinedBy(item merge.ItemName) string {
	if item.Decision == "" || item.DecidedBy == nil {
		return ""
	}
	return fmt.Sprintf("  %s, %s:%d", item.Decision, phrase.Clean(item.DecidedBy.File), item.DecidedBy.Line)
}

// place is " (file:line)" of what decided a step, empty when nothing did.
func place(step plan.Step) string {
	if step.DecidedBy == nil {
		return ""
	}
	return fmt.Sprintf(" (%s:%d)", phrase.Clean(step.DecidedBy.File), step.DecidedBy.Line)
}

// numbers is what a plan does and leaves, in numbers. Every view says them in this order.
func numbers(s plan.Summary) string {
	return fmt.Sprintf("%s create, %s change, %s delete, %s map; %s equal; %s by hand, %s blocked, %s skipped; %s not moved",
		phrase.Count(s.Create), phrase.Count(s.Update), phrase.Count(s.Delete), phrase.Count(s.Map),
		phrase.Count(s.Unchanged), phrase.Count(s.ManualFollowUp), phrase.Count(s.Blocked), phrase.Count(s.Skipped),
		phrase.Count(s.NotMoved))
}

func footer(b *strings.Builder, p *plan.Plan, o PlanOptions) {
	s := p.Summary
	if p.Rollback != nil {
		fmt.Fprintf(b, "Rollback  %s delete, %s restore; %s stay, %s changed by others, %s with nothing to do\n",
			phrase.Count(s.Delete), phrase.Count(s.Update), phrase.Count(s.Skipped), phrase.Count(s.Blocked),
			phrase.Count(s.Unchanged+s.NotMoved))
		irreversible(b, p)
		closing(b, p, o)
		return
	}
	fmt.Fprintf(b, "Plan      %s\n", numbers(s))
	fmt.Fprintf(b, "Classes   %s\n", classes(s.Classes))
	k := s.Books
	fmt.Fprintf(b, "Books     %s = %s done by resources + %s folded into them + %s visible only + %s by hand + %s "+
		"blocked + %s skipped\n",
		phrase.Plural(k.Items, "item", "items"), phrase.Count(k.Done), phrase.Count(k.Folded), phrase.Count(k.Visible),
		phrase.Count(k.Manual), phrase.Count(k.Blocked),
		phrase.Count(k.Skipped))
	irreversible(b, p)
	closing(b, p, o)
}

// irreversible counts the steps that nothing takes back.
func irreversible(b *strings.Builder, p *plan.Plan) {
	steps := 0
	for _, step := range p.Steps {
		if step.NoWayBack != "" && step.Disposition == plan.DispositionPlanned {
			steps++
		}
	}
	if steps > 0 {
		fmt.Fprintf(b, "Needs     %s no way back\n", phrase.Plural(steps, "step has", "steps have"))
	}
}

// closing says the hash, and what to do next.
func closing(b *strings.Builder, p *plan.Plan, o PlanOptions) {
	s := p.Summary
	fmt.Fprintln(b)
	if p.PlanHash == "" {
		fmt.Fprintf(b, "%s\n", o.Style.yellow("Not ready: "+notReady(p)+". A draft has no hash."))
		if next := firstNext(p); next != "" && !o.Automation {
			fmt.Fprintf(b, "Next: %s\n", next)
		}
		return
	}
	saved := ""
	if o.SavedTo != "" {
		saved = "   (saved to " + o.SavedTo + goodUntil(p) + ")"
	}
	fmt.Fprintf(b, "Hash      %s%s\n", o.Style.bold(p.PlanHash), saved)
	if o.Automation {
		return
	}
	if s.Create+s.Update+s.Delete == 0 && p.Rollback != nil {
		fmt.Fprintf(b, "Nothing is left to take back but what stays.\n")
		return
	}
	if gone := len(p.Withdrawn()); s.Create+s.Update+s.Delete == 0 && gone > 0 {
		fmt.Fprintf(b, "Nothing is planned, and %s withdrawn at the source still there: see above.\n", phrase.Plural(gone,
			"resource is", "resources are"))
		return
	}
	if s.Create+s.Update+s.Delete == 0 {
		fmt.Fprintf(b, "Nothing to change: the target is as the configuration wants it.\n")
		return
	}
	command := "rehome apply"
	if o.SavedTo != "" {
		command += " " + o.SavedTo
	}
	fmt.Fprintf(b, "Apply with: %s -plan-hash=%s\n", command, p.PlanHash)
}

func goodUntil(p *plan.Plan) string {
	until, err := time.Parse(time.RFC3339, p.ExpiresAt)
	if err != nil {
		return ""
	}
	return ", good until " + until.UTC().Format("2 Jan 15:04 UTC")
}

func classes(counts map[assess.Class]int) string {
	var parts []string
	for _, n := range classNames() {
		parts = append(parts, fmt.Sprintf("%s %s", n.label, phrase.Count(counts[n.class])))
	}
	return strings.Join(parts, "  ")
}

type className struct {
	class assess.Class
	label string
}

func classNames() []className {
	return []className{
		{assess.ClassNative, "native"}, {assess.ClassApproximation, "approximated"}, {assess.ClassVisibility, "visible only"},
		{assess.ClassManual, "by hand"}, {assess.ClassBlocked, "blocked"},
	}
}

func notReady(p *plan.Plan) string {
	parts := make([]string, 0, len(p.Handoff.Blockers))
	for _, blocker := range p.Handoff.Blockers {
		parts = append(parts, fmt.Sprintf("%s (%d)", strings.ReplaceAll(blocker.Code, "_", " "), max(1, len(blocker.Items))))
	}
	return strings.Join(parts, ", ")
}

func firstNext(p *plan.Plan) string {
	for _, blocker := range p.Handoff.Blockers {
		if blocker.Next != "" {
			return blocker.Next
		}
	}
	return ""
}
