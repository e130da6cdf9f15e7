package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
)

// How much of a plan a page holds: a browser must still scroll it. What is left out is said, and how to see it.
const (
	pageSteps  = 2000 // in one group
	pageItems  = 5000
	pageAccess = 2000
)

// HTML writes a plan as one page for a reviewer without a terminal: what stops it first, what people feel, every step,
// the books.
func HTML(w io.Writer, p *plan.Plan) error {
	base, err := newPage("rehome plan: "+phrase.Clean(p.Migration.Name),
		"Written by rehome. Created "+phrase.Clean(firstOf(phrase.MomentOf(p.CreatedAt), "at a time that is not known"))+".")
	if err != nil {
		return err
	}
	return writePage(w, "plan", planPageOf(base, p))
}

type planPage struct {
	Page                               page
	Heading, Mode, Hash, Until, Target string
	Snapshots                          []pageSnapshot
	Blockers                           []plan.Blocker
	Part                               string
	PulledIn                           []string
	Warnings                           []pageWarning
	Tiles                              []tile
	Access                             *pageAccessDiff
	Impacts                            []pageImpact
	ImpactCount, ItemCount, ItemsMore  string
	Flow                               *flow
	Groups                             []stepGroup
	Decisions                          []pageDecision
	Books                              pageBooks
	Items                              []pageItem
}

type pageWarning struct{ Summary, Detail, Place string }

type pageSnapshot struct{ Source, At, Items, Gaps string }

type tile struct{ Number, Name string }

type pageImpact struct {
	Severity, ID, Audience, Count, Summary, Tell string
	Items                                        []string
	Acknowledged                                 bool
	Reason, Reference                            string
}

type pageDecision struct{ Decision, About, Place string }

type pageBooks struct {
	Sum, Verdict string
	Fit          bool
}

type pageAccessDiff struct {
	Summary      string
	Lost, Gained *accessList
}

type accessList struct {
	Name    string
	Changes []plan.AccessChange
	More    string
}

type pageItem struct{ Kind, Name, Address, Becomes, Disposition, Class, Why string }

func planPageOf(base page, p *plan.Plan) planPage {
	verdict := "ready"
	if p.PlanHash == "" {
		verdict = "not ready"
	}
	out := planPage{
		Page: base, Heading: fmt.Sprintf("Plan for %s: %s", phrase.Clean(p.Migration.Name), verdict),
		Mode:   words(string(p.Migration.Mode)),
		Hash:   p.PlanHash,
		Target: phrase.Clean(p.Target.Name + ": " + firstOf(p.Target.Summary, p.Target.Identity)), Tiles: tiles(p.Summary),
		Impacts: pageImpacts(p.Impacts),
		Flow:    flowOf(p), Groups: groupSteps(p.Steps), Decisions: decisions(p.Steps), Books: booksOf(p.Summary.Books),
		Access: accessPage(p.Access),
	}
	if until, err := time.Parse(time.RFC3339, p.ExpiresAt); err == nil {
		out.Until = "Good until " + phrase.Moment(until) + ", unless a later plan is previewed"
	}
	for _, s := range p.Snapshots {
		one := pageSnapshot{Source: phrase.Clean(s.Source), At: phrase.Clean(s.CompletedAt),
			Items: phrase.Plural(s.Items, "item", "items"),
			Gaps:  gapText(s.Gaps)}
		if at, err := time.Parse(time.RFC3339, s.CompletedAt); err == nil {
			one.At = phrase.Moment(at)
		}
		out.Snapshots = append(out.Snapshots, one)
	}
	for _, b := range p.Handoff.Blockers {
		out.Blockers = append(out.Blockers, plan.Blocker{Code: words(b.Code), Summary: phrase.Clean(b.Summary),
			Items: cleanAll(b.Items), Next: phrase.Clean(b.Next)})
	}
	open := 0
	for _, impact := range p.Impacts {
		if !impact.Acknowledged {
			open++
		}
	}
	out.ImpactCount = fmt.Sprintf("%d found, %d not acknowledged", len(p.Impacts), open)
	out.fillItems(p)
	out.fillPart(p.Part)
	for _, d := range p.Warnings {
		one := pageWarning{Summary: phrase.Clean(d.Summary), Detail: phrase.Clean(d.Detail)}
		if d.Subject != nil && d.Subject.File != "" {
			one.Place = fmt.Sprintf("%s:%d", phrase.Clean(d.Subject.File), d.Subject.Start.Line)
		}
		out.Warnings = append(out.Warnings, one)
	}
	return out
}

// fillPart says of a plan that is not for the whole move what it is for and what it leaves.
func (out *planPage) fillPart(p *plan.Part) {
	if p == nil {
		return
	}
	var b strings.Builder
	part(&b, p)
	// what is pulled in has a list of its own
	text, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(b.String(), "Part")), "\n")
	out.Part, out.PulledIn = phrase.Clean(text), cleanAll(p.PulledIn)
}

func tiles(s plan.Summary) []tile {
	return []tile{
		{phrase.Count(s.Create), "create"}, {phrase.Count(s.Update), "change"}, {phrase.Count(s.Delete), "delete"},
		{phrase.Count(s.Map), "map"},
		{phrase.Count(s.Unchanged), "equal"},
		{phrase.Count(s.ManualFollowUp), "by hand"}, {phrase.Count(s.Blocked), "blocked"},
		{phrase.Count(s.Skipped), "skipped"}, {phrase.Count(s.NotMoved), "not moved"},
	}
}

func pageImpacts(impacts []fidelity.Impact) []pageImpact {
	out := make([]pageImpact, 0, len(impacts))
	for _, i := range impacts {
		out = append(out, pageImpact{
			Severity: phrase.Clean(string(i.Severity)), ID: phrase.Clean(i.ID), Audience: phrase.Clean(audience(i.Audience)),
			Count: phrase.Plural(max(i.Count, len(i.Items)), "item", "items"), Summary: phrase.Clean(i.Summary),
			Tell: phrase.Clean(i.Tell), Items: cleanAll(i.Items), Acknowledged: i.Acknowledged, Reason: phrase.Clean(i.Reason),
			Reference: phrase.Clean(i.Reference),
		})
	}
	return out
}

func accessPage(a *plan.Access) *pageAccessDiff {
	if a == nil {
		return nil
	}
	list := func(name string, changes []plan.AccessChange) *accessList {
		if len(changes) == 0 {
			return nil
		}
		out := &accessList{Name: name}
		for i, c := range changes {
			if i == pageAccess {
				out.More = fmt.Sprintf("… and %s more; rehome show -json of the plan lists all.", phrase.Count(len(changes)-i))
				break
			}
			out.Changes = append(out.Changes, plan.AccessChange{Person: phrase.Clean(c.Person),
				Application: phrase.Clean(c.Application),
				Privileged:  c.Privileged})
		}
		return out
	}
	return &pageAccessDiff{
		Summary: fmt.Sprintf("%d lose an application, %d gain one, %d stay as they are.", len(a.Lost), len(a.Gained),
			a.Unchanged),
		Lost: list("Lost", a.Lost), Gained: list("Gained", a.Gained),
	}
}

func decisions(steps []plan.Step) []pageDecision {
	var out []pageDecision
	add := func(decision, about string, place *merge.Place) {
		if place != nil {
			out = append(out, pageDecision{Decision: words(firstOf(phrase.Clean(decision), "decided")), About: about,
				Place: fmt.Sprintf("%s:%d", phrase.Clean(place.File), place.Line)})
		}
	}
	for _, step := range steps {
		add(step.Decision, title(step), step.DecidedBy)
		for _, item := range step.Items {
			add(item.Decision, fmt.Sprintf("%s %q for %s", words(string(item.Kind)), phrase.Clean(item.Name), title(step)),
				item.DecidedBy)
		}
	}
	return out
}

func booksOf(k plan.Books) pageBooks {
	out := pageBooks{Fit: k.Reconcile() == nil,
		Verdict: "The books reconcile: every item of every snapshot is accounted for."}
	out.Sum = fmt.Sprintf("%s = %s done by resources + %s folded into them + %s visible only + %s by hand + %s blocked "+
		"+ %s skipped",
		phrase.Plural(k.Items, "item", "items"), phrase.Count(k.Done), phrase.Count(k.Folded), phrase.Count(k.Visible),
		phrase.Count(k.Manual), phrase.Count(k.Blocked),
		phrase.Count(k.Skipped))
	if !out.Fit {
		out.Verdict = "The books do not reconcile: do not approve this plan."
	}
	return out
}

func (out *planPage) fillItems(p *plan.Plan) {
	left := 0
	for _, step := range p.Steps {
		for _, item := range step.Items {
			if len(out.Items) == pageItems {
				left++
				continue
			}
			out.Items = append(out.Items, itemOf(step, item))
		}
		if step.Crowd != nil {
			left += step.Crowd.Count - len(step.Items)
		}
	}
	out.ItemCount = phrase.Plural(p.Summary.Books.Items, "item", "items") + ", one line for each step that an item is in"
	if left > 0 {
		out.ItemsMore = fmt.Sprintf("%s not listed: of people for whom the same holds, the first ten are named.",
			phrase.Plural(left, "more is", "more are"))
	}
}

func itemOf(step plan.Step, item merge.ItemName) pageItem {
	becomes := ""
	if step.Resource.Type != "" && !keyUnknown(step) {
		becomes = phrase.Clean(step.Resource.String())
	}
	disposition := words(string(step.Disposition))
	if step.Disposition == plan.DispositionPlanned {
		disposition = string(step.Action)
	}
	return pageItem{
		Kind: words(string(item.Kind)), Name: phrase.Clean(item.Name), Address: phrase.Clean(item.Address().String()),
		Becomes:     becomes,
		Disposition: disposition, Class: words(string(step.Class)), Why: phrase.Clean(strings.TrimSpace(step.Reason)),
	}
}
