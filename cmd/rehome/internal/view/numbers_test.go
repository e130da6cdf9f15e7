package view_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/applying/casetest"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/engine/standing"
	"github.com/rehome-iam/rehome/engine/undoing"
)

// practiced is a project with the items of a practice tenant, and a realm that has one of them as it is wanted.
func practiced(t *testing.T) *projecttest.Place {
	t.Helper()
	file, err := os.Open("../../../../providers/internal/realm/translation/testdata/items/okta.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var items []identity.Item
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var item identity.Item
		if err := json.Unmarshal(lines.Bytes(), &item); err != nil {
			t.Fatal(err)
		}
		item.Page = 0
		items = append(items, item)
	}
	place := projecttest.New(t, "acme", items...)
	place.Write("realm.json", `{"realm": "acme", "enabled": true, "groups": [{"name": "Finance", "path": "/Finance"}]}`)
	place.Write("decided.rehome.hcl", "merge \"group\" \"finance\" {\n  where    = item.name == \"Finance\"\n"+
		"  decision = \"map_to_existing\"\n  target   = \"group:/Finance\"\n}\n\nskip \"session_policy\" \"all\" {\n  where  = true\n  reason = \"set by hand\"\n}\n")
	return place
}

// order of the numbers in each view.
var order = []string{"create", "change", "delete", "map", "equal", "by hand", "blocked", "skipped", "not moved"}

// recounted are the numbers as the steps themselves say them, one by one and by no code of the plan.
func recounted(p *plan.Plan) map[string]int {
	n := map[string]int{}
	for _, step := range p.Steps {
		count := 1
		if step.Crowd != nil {
			if step.Disposition == plan.DispositionPlanned || step.Disposition == plan.DispositionUnchanged {
				continue
			}
			if step.Disposition == plan.DispositionSkipped {
				count = step.Crowd.Count
			}
		}
		switch {
		case step.Disposition == plan.DispositionManual:
			n["by hand"] += count
		case step.Disposition == plan.DispositionBlocked:
			n["blocked"] += count
		case step.Disposition == plan.DispositionSkipped:
			n["skipped"] += count
		case step.Action == plan.ActionNone && step.Resource.Key == "":
			n["not moved"] += count
		case step.Action == plan.ActionNone:
			n["equal"] += count
		default:
			n[map[plan.Action]string{plan.ActionCreate: "create", plan.ActionUpdate: "change", plan.ActionDelete: "delete",
				plan.ActionMap: "map"}[step.Action]] += count
		}
	}
	return n
}

// printed finds "12 create", "3 by hand" and the like in a text.
func printed(text string) map[string]int {
	n := map[string]int{}
	for _, name := range order {
		if found := regexp.MustCompile(`(?:^|[^\d ])\s*([\d ]+?) ` + name + `\b`).FindStringSubmatch(text); found != nil {
			n[name], _ = strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(found[1]), " ", ""))
		}
	}
	return n
}

func line(t *testing.T, text, with string) string {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, with) {
			return line
		}
	}
	t.Errorf("no line holds %q:\n%s", with, text)
	return ""
}

// TestNumbers_OfOneThingAgreeWhereverTheyArePrinted makes one plan of a whole tenant and holds every view of it, the
// state and the assessment against its steps.
func TestNumbers_OfOneThingAgreeWhereverTheyArePrinted(t *testing.T) {
	place := practiced(t)
	made, err := planning.Plan(t.Context(), place.Open(), planning.Input{}, "")
	if err != nil {
		t.Fatal(err)
	}
	p := made.Plan
	want := recounted(p)
	for _, name := range []string{"create", "map", "by hand", "blocked", "skipped", "not moved"} {
		if want[name] == 0 {
			t.Errorf("the plan has nothing of %s, so that nothing is compared", name)
		}
	}
	texts := holdViews(t, place, p, want)
	holdImpacts(t, place, p, texts)
	holdItems(t, place, made)

	casetest.Apply(t, place, &casetest.Judged{Plan: p})
	again := casetest.Judge(t, place).Plan
	want = recounted(again)
	if want["equal"] == 0 || want["create"]+want["change"] > 0 {
		t.Errorf("after the apply the steps are %v", want)
	}
	holdViews(t, place, again, want)
}

// holdViews holds the numbers of every view of a plan against those of its steps.
func holdViews(t *testing.T, place *projecttest.Place, p *plan.Plan, want map[string]int) map[string]string {
	t.Helper()
	var terminal, markdown, page, evidence, evidencePage bytes.Buffer
	report := handoff.NewReport(p, nil, handoff.Input{})
	for _, err := range []error{view.Plan(&terminal, p, view.PlanOptions{Now: place.At}), view.Markdown(&markdown, p, 1<<20),
		view.HTML(&page, p), view.Evidence(&evidence, &report, view.EvidenceOptions{Now: place.At}),
		view.EvidenceHTML(&evidencePage, &report)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	views := map[string]map[string]int{
		"the terminal":          printed(line(t, terminal.String(), " create, ")),
		"the evidence":          printed(line(t, evidence.String(), " create, ")),
		"the page of evidence":  printed(line(t, evidencePage.String(), " create, ")),
		"the page":              tiles(page.String()),
		"the table in Markdown": row(t, markdown.String()),
		"JSON":                  encoded(t, p.Summary),
		"JSON of the evidence":  encoded(t, report.Plan.Summary),
	}
	for name, got := range views {
		for _, number := range order {
			if got[number] != want[number] {
				t.Errorf("%s says %d %s, the steps are %d", name, got[number], number, want[number])
			}
		}
	}
	return map[string]string{"the terminal": terminal.String(), "Markdown": markdown.String(), "the page": page.String()}
}

// tiles reads the numbers above a page.
func tiles(page string) map[string]int {
	n := map[string]int{}
	for _, name := range order {
		found := regexp.MustCompile(`<b>([\d ]+)</b>` + name + `</li>`).FindStringSubmatch(page)
		if found != nil {
			n[name], _ = strconv.Atoi(strings.ReplaceAll(found[1], " ", ""))
		}
	}
	return n
}

// row reads the table of the pull request.
func row(t *testing.T, markdown string) map[string]int {
	t.Helper()
	lines := strings.Split(markdown, "\n")
	for i, head := range lines {
		if !strings.HasPrefix(head, "| create |") {
			continue
		}
		names, numbers := strings.Split(strings.Trim(head, "| "), " | "), strings.Split(strings.Trim(lines[i+2], "| "), " | ")
		n := map[string]int{}
		for at, name := range names {
			n[name], _ = strconv.Atoi(numbers[at])
		}
		return n
	}
	t.Error("there is no table")
	return nil
}

func encoded(t *testing.T, s plan.Summary) map[string]int {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var numbers map[string]json.RawMessage
	if err := json.Unmarshal(text, &numbers); err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for name, field := range map[string]string{"create": "create", "change": "update", "delete": "delete", "map": "map",
		"equal": "unchanged", "by hand": "manual_follow_up", "blocked": "blocked", "skipped": "skipped",
		"not moved": "not_moved"} {
		n[name], _ = strconv.Atoi(string(numbers[field]))
	}
	return n
}

// holdImpacts holds how many impacts there are: in the views, in the gate and in the status.
func holdImpacts(t *testing.T, place *projecttest.Place, p *plan.Plan, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		for _, impact := range p.Impacts {
			if !strings.Contains(text, impact.ID) {
				t.Errorf("%s does not name the impact %s", name, impact.ID)
			}
		}
	}
	now, err := standing.Of(t.Context(), place.Open(), undoing.CostOf, false)
	if err != nil {
		t.Fatal(err)
	}
	if now.UnavoidableChangeCount != len(p.Impacts) {
		t.Errorf("the status counts %d impacts, the plan has %d", now.UnavoidableChangeCount, len(p.Impacts))
	}
	for _, blocker := range p.Handoff.Blockers {
		if blocker.Code == plan.BlockerImpacts && len(blocker.Items) != len(p.Impacts) {
			t.Errorf("the gate names %d impacts, the plan has %d", len(blocker.Items), len(p.Impacts))
		}
	}
	if now.Sources[0].Items != p.Summary.Books.Items {
		t.Errorf("the status counts %d items, the books %d", now.Sources[0].Items, p.Summary.Books.Items)
	}
}

// holdItems holds the classes of the assessment against those of the plan, item by item, and the books against both.
func holdItems(t *testing.T, place *projecttest.Place, made *planning.Report) {
	t.Helper()
	opened := place.Open()
	assessments, err := reading.Assessments(t.Context(), opened, "", "")
	if err != nil || len(assessments) != 1 {
		t.Fatalf("%d assessments, %v", len(assessments), err)
	}
	byKind, err := reading.ClassesByKind(t.Context(), opened, assessments[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	judged, all := map[assess.Class]int{}, 0
	for _, classes := range byKind {
		for class, n := range classes {
			judged[class] += n
			all += n
		}
	}
	summary := made.Plan.Summary
	if all != summary.Books.Items || made.Collected[0].Total() != all {
		t.Errorf("%d items were judged, %d read, the books have %d", all, made.Collected[0].Total(), summary.Books.Items)
	}
	for _, class := range assess.Classes() {
		if judged[class] != summary.Classes[class] {
			t.Errorf("%d items are %s, the plan says %d", judged[class], class, summary.Classes[class])
		}
	}
	if err := summary.Books.Reconcile(); err != nil {
		t.Error(err)
	}
}
