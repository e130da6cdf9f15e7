package handoff

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/switchover"
)

// Criterion is one thing that must be true before the move is finished.
type Criterion struct {
	ID   string   `json:"id"`
	Met  bool     `json:"met"`
	Why  string   `json:"why"`
	ToDo string   `json:"to_do,omitempty"` // empty when met
	Open []string `json:"open,omitempty"`  // what stands in the way, one by one
}

// The criteria that this package judges.
const (
	CriterionRun            = "run_completed"
	CriterionRollback       = "rollback_guidance_recorded"
	CriterionCommunications = "communications_recorded"
	CriterionFollowUps      = "follow_ups_reviewed"
	CriterionApplications   = "applications_confirmed"
	CriterionIncumbentLogs  = "incumbent_logs_exported"
	CriterionProbes         = "probes_passed"
)

// Run is what is known about the latest run of the plan.
type Run struct {
	ID          string         `json:"id"`
	Status      history.Status `json:"status"`
	StartedAt   string         `json:"started_at"`
	CompletedAt string         `json:"completed_at,omitempty"`
	Applied     int            `json:"applied"`
	Failed      int            `json:"failed"`
	NotStarted  int            `json:"not_started"`
	Unknown     int            `json:"unknown"`
}

// Application is one application that the plan moves, with where its cutover is. Owner and Date are the word of HCL
// that it moves later.
type Application struct {
	Address string           `json:"address"`
	Name    string           `json:"name"`
	State   switchover.Stage `json:"state,omitempty"` // empty when nothing is recorded yet
	Owner   string           `json:"owner,omitempty"`
	Date    string           `json:"date,omitempty"` // a day
}

func (a Application) done() bool {
	return a.State == switchover.StageConfirmed || a.State == switchover.StageRetired
}

// Input is all that the criteria are computed from. Also holds criteria that others judged, such as the probes of
// verify; they join the list as they are.
type Input struct {
	Run          *Run
	Declared     declaration.Declared
	Rows         []Row
	Applications []Application
	Probes       *Probes // nil when nothing looked at the run
	Also         []Criterion
}

// Probes is what the newest verification of the run found.
type Probes struct {
	ID      string `json:"id"`
	At      string `json:"at"` // RFC 3339
	Passed  int    `json:"passed"`
	Failed  int    `json:"failed"`
	Unknown int    `json:"unknown"`
}

// Criteria judges every criterion, in a fixed order.
func Criteria(in Input) []Criterion {
	criteria := []Criterion{
		runCompleted(in.Run), rollbackRecorded(in.Declared.Rollback), communicationsRecorded(in.Declared.Evidence),
		followUpsReviewed(in.Rows, in.Declared.Evidence), applicationsConfirmed(in.Applications),
		incumbentLogs(in.Declared.Evidence),
		probesPassed(in.Probes),
	}
	return append(criteria, in.Also...)
}

// Finished tells whether every criterion is met.
func Finished(criteria []Criterion) bool {
	for _, c := range criteria {
		if !c.Met {
			return false
		}
	}
	return true
}

func runCompleted(run *Run) Criterion {
	c := Criterion{ID: CriterionRun}
	if run == nil {
		c.Why, c.ToDo = "The plan was not applied.", "rehome apply"
		return c
	}
	if run.Status.Completed() {
		c.Met, c.Why = true, fmt.Sprintf("Run %s applied %s.", run.ID, steps(run.Applied))
		return c
	}
	if run.Status == history.StatusStarted {
		c.Why, c.ToDo = fmt.Sprintf("Run %s did not end.", run.ID),
			"Run the same rehome apply again; it goes on where it stopped."
		return c
	}
	c.Why = fmt.Sprintf("Run %s failed: %s failed, %d did not start, %d unknown.", run.ID, steps(run.Failed),
		run.NotStarted, run.Unknown)
	c.ToDo = "Mend the cause and run the same rehome apply again, or plan again."
	return c
}

func rollbackRecorded(r *declaration.Rollback) Criterion {
	c := Criterion{ID: CriterionRollback,
		ToDo: "Write the rollback block with summary, owner, steps and contact; then rehome evidence record."}
	if r == nil {
		c.Why = "No rollback block is recorded on the plan."
		return c
	}
	if r.Summary == "" || r.Owner == "" || len(r.Steps) == 0 {
		c.Why = "The rollback block lacks a summary, an owner or steps."
		return c
	}
	c.Met, c.ToDo, c.Why = true, "", fmt.Sprintf("%s, owned by %s.", steps(len(r.Steps)), r.Owner)
	return c
}

func communicationsRecorded(e *declaration.Evidence) Criterion {
	c := Criterion{ID: CriterionCommunications,
		ToDo: "Set communications_complete and communications_summary in the evidence block; then rehome evidence record."}
	if e == nil {
		c.Why = "No evidence block is recorded on the plan."
		return c
	}
	if !e.CommunicationsComplete {
		c.Why = "The evidence block does not say that people were told."
		return c
	}
	if e.CommunicationsSummary == "" {
		c.Why = "The evidence block does not say how people were told."
		return c
	}
	c.Met, c.ToDo, c.Why = true, "", e.CommunicationsSummary
	return c
}

// followUpsReviewed is met when a person looked at every row. Rows that are still open stay listed beside that word.
func followUpsReviewed(rows []Row, e *declaration.Evidence) Criterion {
	c := Criterion{ID: CriterionFollowUps}
	blocked := 0
	for _, row := range rows {
		if row.Disposition == plan.DispositionBlocked {
			blocked++
		}
		if row.Closed == nil {
			c.Open = append(c.Open, row.ID)
		}
	}
	counts := fmt.Sprintf("%d by hand and %d blocked, %d of them open", len(rows)-blocked, blocked, len(c.Open))
	if len(rows) == 0 {
		c.Met, c.Why = true, "Nothing was left to do by hand, and nothing was blocked."
		return c
	}
	if e != nil && e.FollowUpReviewed && e.FollowUpSummary != "" {
		c.Met, c.Why = true, counts+"; reviewed: "+e.FollowUpSummary
		return c
	}
	c.Why = counts + "; nobody declared them reviewed."
	c.ToDo = "Go through them, close what is done, set follow_up_reviewed and follow_up_summary in the evidence " +
		"block; then rehome evidence record."
	return c
}

func applicationsConfirmed(applications []Application) Criterion {
	c := Criterion{ID: CriterionApplications}
	confirmed, listed := 0, 0
	for _, a := range applications {
		if a.done() {
			confirmed++
		} else if a.Owner != "" && a.Date != "" {
			listed++
		} else {
			state := a.State
			if state == "" {
				state = "nothing recorded"
			}
			c.Open = append(c.Open, fmt.Sprintf("%s (%s)", a.Name, strings.ReplaceAll(string(state), "_", " ")))
		}
	}
	c.Met = len(c.Open) == 0
	c.Why = fmt.Sprintf("%d of %d confirmed, %d listed with owner and date.", confirmed, len(applications), listed)
	if len(applications) == 0 {
		c.Why = "The plan moves no application."
	}
	if !c.Met {
		c.ToDo = "Have each application's owner confirm it, or list it with owner and date."
	}
	return c
}

func incumbentLogs(e *declaration.Evidence) Criterion {
	c := Criterion{ID: CriterionIncumbentLogs,
		ToDo: "Export the incumbent's sign-in logs before it closes, and set incumbent_logs_exported and " +
			"incumbent_logs_reference in the evidence block; then rehome evidence record."}
	if e == nil || !e.IncumbentLogsExported {
		c.Why = "Nobody declared that the sign-in logs of the incumbent are exported; they go when it closes."
		return c
	}
	if e.IncumbentLogsReference == "" {
		c.Why = "The logs are declared exported, but not where they are."
		return c
	}
	c.Met, c.ToDo, c.Why = true, "", "Kept at "+e.IncumbentLogsReference
	return c
}

// probesPassed is not met by what could not be tried: unknown is not passed.
func probesPassed(p *Probes) Criterion {
	c := Criterion{ID: CriterionProbes, ToDo: "rehome verify"}
	if p == nil {
		c.Why = "No probe looked at what the run made."
		return c
	}
	if p.Failed > 0 || p.Unknown > 0 {
		c.Why = fmt.Sprintf("Verification %s: %d passed, %d failed, %d could not be tried.", p.ID, p.Passed,
			p.Failed, p.Unknown)
		c.ToDo = "Mend what failed, then rehome verify."
		return c
	}
	c.Met, c.ToDo, c.Why = true, "", fmt.Sprintf("Verification %s, %s: all %d passed.", p.ID, p.At, p.Passed)
	return c
}

func steps(n int) string {
	if n == 1 {
		return "1 step"
	}
	return fmt.Sprintf("%d steps", n)
}
