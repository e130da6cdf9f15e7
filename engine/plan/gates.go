package plan

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// The codes of blockers.
const (
	BlockerPendingDecisions = "pending_merge_decisions"
	BlockerImpacts          = "unacknowledged_impacts"
	BlockerFailedCheck      = "failed_check"
	BlockerStaleSnapshot    = "stale_snapshot"
	BlockerConfigErrors     = "config_errors"
	BlockerDependencies     = "blocked_dependencies"
	BlockerWaves            = "earlier_waves"
	BlockerVolume           = "volume_guard"
)

// The values of preview_handoff_status: whether a plan may be previewed, written to a file and applied.
const (
	HandoffReady    = "ready_for_future_preview"
	HandoffNotReady = "not_ready"
)

// Close applies the gates to a plan: acknowledgements, access, blockers, status and, when none is open, the hash. It
// may be called again with other gates, for example when the access diff and the checks on it became known.
func Close(p *Plan, gates Gates) {
	for i := range p.Steps {
		normalise(&p.Steps[i])
	}
	p.Summary.recount(p.Steps)
	p.CreatedAt, p.ExpiresAt = gates.CreatedAt, gates.ExpiresAt
	p.Access, p.AccessDigest = gates.Access, gates.AccessDigest
	if p.AccessDigest == "" {
		p.AccessDigest = accessDigest(p.Access)
	}
	accept(p.Impacts, gates.Acknowledgements)
	blockers := append(openQuestions(p), circumstances(gates)...)
	p.Handoff = Handoff{Status: HandoffReady, Blockers: blockers}
	p.Status, p.PlanHash = history.PlanPreviewed, ""
	if len(blockers) > 0 {
		p.Handoff.Status, p.Status = HandoffNotReady, history.PlanDraft
		return
	}
	p.PlanHash = Hash(p)
}

// Recheck looks at the gates of a plan that was previewed before, perhaps elsewhere, without changing it: what its own
// steps and impacts leave open, and what the gates say now. Acknowledgements are those of the plan, because its hash
// covers them.
func Recheck(p *Plan, gates Gates) []Blocker {
	blockers := openQuestions(p)
	if p.Handoff.Status != HandoffReady {
		blockers = append(blockers, p.Handoff.Blockers...)
	}
	return append(blockers, circumstances(gates)...)
}

// openQuestions are the blockers that follow from the plan itself.
func openQuestions(p *Plan) []Blocker {
	blockers := []Blocker{}
	for _, b := range []*Blocker{pendingDecisions(p.Steps), unacknowledged(p.Impacts), blockedDependencies(p.Steps)} {
		if b != nil {
			blockers = append(blockers, *b)
		}
	}
	return blockers
}

// circumstances are the blockers that follow from the day and the configuration.
func circumstances(gates Gates) []Blocker {
	var blockers []Blocker
	for _, check := range gates.FailedChecks {
		blockers = append(blockers, Blocker{Code: BlockerFailedCheck, Summary: fmt.Sprintf("check %q: %s", check.Name,
			check.Message), Items: []string{check.Name}})
	}
	for _, text := range gates.StaleSnapshots {
		blockers = append(blockers, Blocker{Code: BlockerStaleSnapshot, Summary: "snapshot is too old: " + text,
			Items: []string{text}, Next: "rehome collect"})
	}
	if len(gates.WavesMissing) > 0 {
		blockers = append(blockers, Blocker{Code: BlockerWaves, Items: gates.WavesMissing,
			Summary: counted(len(gates.WavesMissing), "wave that must come before this one is not applied",
				"waves that must come before this one are not applied"),
			Next: "rehome plan -wave=" + gates.WavesMissing[0]})
	}
	blockers = append(blockers, gates.Volume...)
	for _, d := range gates.ConfigErrors {
		if d.Severity == diag.Error {
			blockers = append(blockers, Blocker{Code: BlockerConfigErrors, Summary: d.Error(), Items: []string{d.Code}})
		}
	}
	return blockers
}

// Pending tells whether the step waits for a merge decision.
func (s Step) Pending() bool {
	return s.Disposition == DispositionBlocked && s.AwaitsDecision
}

func pendingDecisions(steps []Step) *Blocker {
	b := Blocker{Code: BlockerPendingDecisions, Next: "rehome decide"}
	for _, step := range steps {
		if step.Pending() {
			b.Items = append(b.Items, step.ID)
		}
	}
	if len(b.Items) == 0 {
		return nil
	}
	b.Summary = counted(len(b.Items), "merge decision is missing", "merge decisions are missing")
	return &b
}

// accept writes the acknowledgements into the impacts.
func accept(impacts []fidelity.Impact, acknowledgements []Acknowledgement) {
	known := map[string]Acknowledgement{}
	for _, a := range acknowledgements {
		known[a.ID] = a
	}
	for i := range impacts {
		a, found := known[impacts[i].ID]
		impacts[i].Acknowledged, impacts[i].Reason, impacts[i].Reference = found, a.Reason, a.Reference
	}
}

func unacknowledged(impacts []fidelity.Impact) *Blocker {
	b := Blocker{Code: BlockerImpacts, Next: "rehome acknowledge"}
	for _, impact := range impacts {
		if !impact.Acknowledged {
			b.Items = append(b.Items, impact.ID)
		}
	}
	if len(b.Items) == 0 {
		return nil
	}
	b.Summary = counted(len(b.Items), "impact is not acknowledged", "impacts are not acknowledged")
	return &b
}

// blockedDependencies names planned steps that need a step which will not be done. Build blocks such steps too, so this
// holds the gate for a plan that was made or changed in another way.
func blockedDependencies(steps []Step) *Blocker {
	waiting := map[string]bool{}
	for _, step := range steps {
		waiting[step.ID] = step.Disposition == DispositionBlocked
	}
	b := Blocker{Code: BlockerDependencies}
	for _, step := range steps {
		if step.Disposition != DispositionPlanned {
			continue
		}
		for _, id := range step.DependsOn {
			if waiting[id] {
				b.Items = append(b.Items, step.ID+" needs "+id)
			}
		}
	}
	if len(b.Items) == 0 {
		return nil
	}
	b.Summary = counted(len(b.Items), "planned step needs a blocked step", "planned steps need a blocked step")
	return &b
}

// MovesPeople tells whether the plan writes anything about people: a planned step that changes something and was made
// of a person or a membership. People who are only counted, or stay where they are, do not make a plan depend on a
// fresh list of them.
func MovesPeople(p *Plan) bool {
	for _, step := range p.Steps {
		if step.Disposition != DispositionPlanned || step.Action == ActionNone {
			continue
		}
		for _, item := range step.Items {
			if item.Kind.IsPeople() {
				return true
			}
		}
	}
	return false
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// NotReady says in a diagnostic which gates of a plan are open.
func NotReady(blockers []Blocker) diag.Diagnostic {
	lines := []string{"preview_handoff_status is " + HandoffNotReady + ". Nothing was changed."}
	for _, blocker := range blockers {
		lines = append(lines, "  "+blocker.Code+": "+phrase.Clean(blocker.Summary))
	}
	lines = append(lines, "Mend this, plan again and have the new hash approved.")
	return diag.Errorf("plan-not-ready", "Plan is not ready", "%s", strings.Join(lines, "\n"))
}

// UnusedAcknowledgements warns of acknowledgements that no impact of the plan has the ID of. In a part of the move none
// is unused: what is left for later has impacts of its own.
func UnusedAcknowledgements(p *Plan, acknowledgements []Acknowledgement) diag.List {
	if p.Part != nil {
		return nil
	}
	known := map[string]bool{}
	for _, impact := range p.Impacts {
		known[impact.ID] = true
	}
	var found diag.List
	for _, a := range acknowledgements {
		if known[a.ID] {
			continue
		}
		w := diag.Warningf("acknowledgement-unused", "Acknowledgement matches nothing",
			"No impact has the id %q. An impact that changed has a new id and needs a new acknowledgement.", a.ID)
		place := a.Range
		w.Subject = &place
		found = append(found, w)
	}
	return found
}

// Gates is what stands between a draft and a previewed plan, beyond missing decisions.
type Gates struct {
	Acknowledgements []Acknowledgement
	FailedChecks     []FailedCheck
	StaleSnapshots   []string // one text each, such as "okta.corp: 3 days old"
	ConfigErrors     diag.List
	WavesMissing     []string  // waves that must be applied before the plan's own
	Volume           []Blocker // of Volume
	Access           *Access
	AccessDigest     string
	CreatedAt        string // RFC 3339
	ExpiresAt        string // RFC 3339
}

// Acknowledgement is one acknowledge block.
type Acknowledgement struct {
	ID        string
	Reason    string
	Reference string
	Range     diag.Range
}

// FailedCheck is one check block whose condition is not true.
type FailedCheck struct {
	Name    string
	Message string
	Range   diag.Range
}
