package handoff

import (
	"slices"
	"time"

	"github.com/rehome-iam/rehome/engine/plan"
)

// Words of the summary. Each field has its own set.
const (
	OCMNotAssessed = "not_assessed"           // no plan says yet what people will feel
	OCMNone        = "no_unavoidable_changes" //
	OCMFound       = "unavoidable_changes"    //

	ReviewNotStarted   = "not_started"  // nothing is known to review
	ReviewNotRequired  = "not_required" // known, and there is nothing to review
	ReviewPending      = "pending"
	ReviewCompleted    = "completed"    // of merge decisions
	ReviewAcknowledged = "acknowledged" // of impacts

	AssessmentNotStarted = "not_started" // a configured source has none
	AssessmentRunning    = "assessing"
	AssessmentFailed     = "failed"
	AssessmentCompleted  = "completed"
)

// Blockers that stand before a plan, beside those of package plan.
const (
	BlockerArchived     = "migration_archived"
	BlockerNoSource     = "no_source"
	BlockerNoInventory  = "no_inventory"
	BlockerNoAssessment = "no_assessment"
	BlockerNoPlan       = "no_plan"
)

// Source is one recorded or configured source.
type Source struct {
	Name       string
	Configured bool // not archived
	Inventory  bool // a completed snapshot exists
	Assessment string
	Started    time.Time // of the newest assessment; zero without one
	Completed  time.Time // of the newest completed assessment; zero without one
}

// Planned is what the newest plan said. Stale holds what Stale says of it now.
type Planned struct {
	Hash              string // empty for a draft
	Expired           bool
	Impacts           int
	Acknowledged      int
	PendingDecisions  int
	ResolvedDecisions int
	Blockers          []plan.Blocker
	Stale             []string
	Written           []string // ids of impacts that acknowledge blocks accept by now
	RollbackOf        string   // the run that the plan takes back; empty for every other plan
	Empty             bool     // it changes nothing
}

// Facts is everything the summary follows from. A nil Planned means that nothing was planned.
type Facts struct {
	Archived      bool
	MergeMode     bool // merge decisions belong to merge_into_existing only
	Sources       []Source
	Planned       *Planned
	RunPlan       string // the plan of the newest run, empty without one
	RunUnfinished bool   // the newest run was interrupted or failed
	Verified      bool   // something was verified after the newest run
	RunLast       bool   // nothing was planned since the newest run began
	OpenFollowUps int
}

// Summary is how far a migration is, as status prints it.
type Summary struct {
	SourceCount            int            `json:"source_count"`
	ConfiguredSourceCount  int            `json:"configured_source_count"`
	OCMStatus              string         `json:"ocm_status"`
	OCMReviewStatus        string         `json:"ocm_review_status"`
	UnavoidableChangeCount int            `json:"unavoidable_change_count"`
	AssessmentStatus       string         `json:"assessment_status"`
	AssessmentStartedAt    *time.Time     `json:"latest_assessment_started_at"`
	AssessmentCompletedAt  *time.Time     `json:"latest_assessment_completed_at"`
	MergeReviewStatus      string         `json:"merge_review_status"`
	PendingMergeDecisions  int            `json:"pending_merge_decision_count"`
	ResolvedMergeDecisions int            `json:"resolved_merge_decision_count"`
	PreviewHandoffStatus   string         `json:"preview_handoff_status"`
	PreviewHandoffBlockers []plan.Blocker `json:"preview_handoff_blockers"`
	OpenFollowUps          int            `json:"open_follow_up_count"`
	// one command, or what to do where no command helps; empty when archived
	Next string `json:"next"`
}

// Compute makes the summary. It is pure: equal inputs give equal summaries.
func Compute(in Facts) Summary {
	s := Summary{SourceCount: len(in.Sources), OpenFollowUps: in.OpenFollowUps}
	for _, source := range in.Sources {
		if source.Configured {
			s.ConfiguredSourceCount++
		}
	}
	s.assessments(in.Sources)
	s.reviews(in)
	s.PreviewHandoffBlockers = blockers(in, s.AssessmentStatus)
	s.PreviewHandoffStatus = plan.HandoffReady
	if len(s.PreviewHandoffBlockers) > 0 {
		s.PreviewHandoffStatus = plan.HandoffNotReady
	}
	s.Next = next(in, s)
	return s
}

// assessments looks at configured sources only; the worst of them is the status.
func (s *Summary) assessments(sources []Source) {
	rank := map[string]int{AssessmentCompleted: 1, AssessmentNotStarted: 2, AssessmentRunning: 3, AssessmentFailed: 4}
	s.AssessmentStatus = AssessmentNotStarted
	worst := 0
	for _, source := range sources {
		if !source.Configured {
			continue
		}
		status := source.Assessment
		if rank[status] == 0 {
			status = AssessmentNotStarted
		}
		if rank[status] > worst {
			worst, s.AssessmentStatus = rank[status], status
		}
		s.AssessmentStartedAt = later(s.AssessmentStartedAt, source.Started)
		s.AssessmentCompletedAt = later(s.AssessmentCompletedAt, source.Completed)
	}
}

func later(a *time.Time, b time.Time) *time.Time {
	if b.IsZero() || a != nil && !a.Before(b) {
		return a
	}
	return &b
}

func (s *Summary) reviews(in Facts) {
	s.OCMStatus, s.OCMReviewStatus, s.MergeReviewStatus = OCMNotAssessed, ReviewNotStarted, ReviewNotStarted
	if p := in.Planned; p != nil {
		s.UnavoidableChangeCount = p.Impacts
		s.PendingMergeDecisions, s.ResolvedMergeDecisions = p.PendingDecisions, p.ResolvedDecisions
		if p.Impacts == 0 {
			s.OCMStatus, s.OCMReviewStatus = OCMNone, ReviewNotRequired
		} else if p.Acknowledged < p.Impacts {
			s.OCMStatus, s.OCMReviewStatus = OCMFound, ReviewPending
		} else {
			s.OCMStatus, s.OCMReviewStatus = OCMFound, ReviewAcknowledged
		}
		if p.PendingDecisions > 0 {
			s.MergeReviewStatus = ReviewPending
		} else if p.ResolvedDecisions > 0 {
			s.MergeReviewStatus = ReviewCompleted
		} else {
			s.MergeReviewStatus = ReviewNotRequired
		}
	}
	if !in.MergeMode {
		s.MergeReviewStatus = ReviewNotRequired
	}
}

// blockers lists what stands in the way, first things first: what is missing before a plan hides what a plan would say.
func blockers(in Facts, assessment string) []plan.Blocker {
	if in.Archived {
		return []plan.Blocker{{Code: BlockerArchived, Summary: "the migration is archived", Items: []string{}}}
	}
	configured, unread := 0, []string{}
	for _, source := range in.Sources {
		if !source.Configured {
			continue
		}
		configured++
		if !source.Inventory {
			unread = append(unread, source.Name)
		}
	}
	if configured == 0 {
		return []plan.Blocker{{Code: BlockerNoSource, Summary: "the migration is a draft: it has no active source",
			Items: []string{}, Next: "add a source block to the configuration"}}
	}
	if len(unread) > 0 {
		return []plan.Blocker{{Code: BlockerNoInventory, Summary: "a source was never read", Items: unread,
			Next: "rehome collect"}}
	}
	if assessment != AssessmentCompleted {
		return []plan.Blocker{{Code: BlockerNoAssessment, Summary: "the newest snapshots are not assessed", Items: []string{},
			Next: "rehome assess"}}
	}
	if in.Planned == nil {
		return []plan.Blocker{{Code: BlockerNoPlan, Summary: "nothing was planned yet", Items: []string{}, Next: planAgain}}
	}
	found := []plan.Blocker{}
	for _, text := range in.Planned.Stale {
		found = append(found, plan.Blocker{Code: plan.BlockerStaleSnapshot, Summary: "snapshot is too old: " + text,
			Items: []string{text}, Next: "rehome collect"})
	}
	for _, b := range in.Planned.Blockers {
		if b.Code == plan.BlockerStaleSnapshot {
			continue
		}
		if b.Code == plan.BlockerImpacts && len(b.Items) > 0 &&
			!slices.ContainsFunc(b.Items, func(id string) bool { return !slices.Contains(in.Planned.Written, id) }) {
			b.Next = planAgain // the blocks are there; a plan reads them
		}
		found = append(found, b)
	}
	return found
}

const planAgain = "rehome plan -out=plan.rehome"

// next is the one thing to do now.
func next(in Facts, s Summary) string {
	if in.Archived {
		return ""
	}
	p := in.Planned
	ours := p != nil && p.Hash == in.RunPlan
	if in.RunUnfinished && in.RunPlan != "" && in.RunLast && (!ours || len(s.PreviewHandoffBlockers) == 0) {
		// the plan of the way back too, though it is not the one previewed last
		return "rehome apply -plan-hash=" + in.RunPlan
	}
	for _, b := range s.PreviewHandoffBlockers {
		if b.Next != "" {
			return b.Next
		}
	}
	done := in.RunPlan == p.Hash && !in.RunUnfinished
	if len(s.PreviewHandoffBlockers) > 0 || p.Hash == "" || (p.Expired && !done) || (p.RollbackOf != "" && done) {
		return planAgain
	}
	if p.RollbackOf != "" && in.RunPlan != p.Hash {
		return "rehome show" // read first: it takes a run back, which is not the way that status leads
	}
	if !done && !p.Empty {
		return "rehome apply -plan-hash=" + p.Hash
	}
	if done && !in.Verified {
		return "rehome verify"
	}
	if in.OpenFollowUps > 0 {
		return "rehome run follow-up list"
	}
	return "rehome evidence"
}
