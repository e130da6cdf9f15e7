package switchover

import (
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/observation"
)

// Stage is how far the cutover of one application is. The zero value means that the target does not have it.
type Stage string

// The stages, in order. A later one may be seen before an earlier one: the stage is the furthest that is proved, and
// what lies before it without proof is listed in Missing.
const (
	StageNone       Stage = ""
	StagePrepared   Stage = "prepared"
	StageHandedOver Stage = "handed_over"
	StageEnabled    Stage = "enabled"
	StageSwitched   Stage = "switched"
	StageConfirmed  Stage = "confirmed"
	StageRetired    Stage = "retired"
)

// DefaultQuiet is how long nobody may use the incumbent before an application counts as retired.
const DefaultQuiet = 30 * 24 * time.Hour

// Proof is one fact that the stage rests on: what, since when, and who says so.
type Proof struct {
	Stage Stage  `json:"stage"`
	What  string `json:"what"`
	At    string `json:"at"` // RFC 3339
	From  string `json:"from"`
}

// Delivery is that something was given to the owner of an application.
type Delivery struct {
	At     string `json:"at"`
	To     string `json:"to"`
	By     string `json:"by"`
	Digest string `json:"digest,omitempty"` // of the sheet as it was delivered: sha256:…
}

// Written is the sheet that was written last.
type Written struct {
	At     string `json:"at"`
	Digest string `json:"digest"`
}

// Confirmation is the word of an application's owner that it works. By is the owner's, RecordedBy who wrote it down.
type Confirmation struct {
	At         string `json:"at"`
	By         string `json:"by"`
	Note       string `json:"note,omitempty"`
	RecordedBy string `json:"recorded_by"`
}

// Reading is what a log of sign-ins said about one application. It holds counts and times, no person.
type Reading struct {
	At        string `json:"at,omitempty"`       // when the log was last read
	Covers    string `json:"covers,omitempty"`   // from when to At it is complete
	First     string `json:"first,omitempty"`    // earliest sign-in that counts, as far as it is known
	Last      string `json:"last,omitempty"`     // newest sign-in
	SignIns   int    `json:"sign_ins"`           // in the latest window
	People    int    `json:"people"`             // in the latest window
	Failures  int    `json:"failures,omitempty"` // in the latest window
	Problem   string `json:"problem,omitempty"`
	ProblemAt string `json:"problem_at,omitempty"`
}

// Record is what is remembered about one application beside plans and runs.
type Record struct {
	Application  string        `json:"application"` // address of the item
	Written      *Written      `json:"written,omitempty"`
	Sheet        *Delivery     `json:"sheet,omitempty"`
	Secret       *Delivery     `json:"secret,omitempty"`
	Target       *Reading      `json:"target,omitempty"`
	Incumbent    *Reading      `json:"incumbent,omitempty"`
	Confirmation *Confirmation `json:"confirmation,omitempty"`
}

// Facts are all that is known about one application.
type Facts struct {
	Progress Progress
	Record   Record
	Live     *Live // nil when the target was not read now
	Quiet    time.Duration
	Date     string // agreed day, empty when none
	Now      time.Time
}

// Live is what the target says now.
type Live struct {
	At     string // RFC 3339
	Exists bool
	Open   bool // people may sign in to it
}

// Cutover is where one application stands.
type Cutover struct {
	Stage     Stage    `json:"state"`
	Proofs    []Proof  `json:"evidence"`
	Missing   []string `json:"missing"`   // stages before Stage without proof, in words
	Questions []string `json:"questions"` // what could not be read; never counted as none
	Next      string   `json:"next,omitempty"`
}

// Of is the cutover of one application. A log that could not be read adds a question and proves nothing: nothing
// is ever retired by silence that nobody heard.
func Of(f Facts) Cutover {
	c := Cutover{Proofs: []Proof{}, Missing: []string{}, Questions: []string{}}
	if !c.prepared(f) {
		c.Next = "rehome apply"
		return c
	}
	c.handedOver(f)
	if !c.enabled(f) {
		c.next(f)
		return c
	}
	c.used(f)
	c.next(f)
	return c
}

func (c *Cutover) prove(stage Stage, at, from, format string, args ...any) {
	c.Stage = stage
	c.Proofs = append(c.Proofs, Proof{Stage: stage, What: fmt.Sprintf(format, args...), At: at, From: from})
}

// prepared tells whether the target has the application. What the target says now counts more than what a run did.
func (c *Cutover) prepared(f Facts) bool {
	if f.Live != nil && !f.Live.Exists {
		if f.Progress.Prepared != nil {
			c.Questions = append(c.Questions, "a run made it, but the target does not have it any more")
		}
		return false
	}
	switch {
	case f.Progress.Prepared != nil:
		c.prove(StagePrepared, f.Progress.Prepared.At, f.Progress.Prepared.From, "made with its gate: %s",
			f.Progress.Resource)
	case f.Progress.Partly != "":
		c.Questions = append(c.Questions, "not whole in the target: "+f.Progress.Partly)
		return false
	case f.Live != nil:
		c.prove(StagePrepared, f.Live.At, "target", "the target has it: %s", f.Progress.Resource)
	default:
		return false
	}
	return true
}

func (c *Cutover) handedOver(f Facts) {
	sheet, secret := f.Record.Sheet, f.Record.Secret
	needsSecret := f.Progress.NewSecret && secret == nil
	switch {
	case sheet == nil && needsSecret:
		c.Missing = append(c.Missing, "sheet and new secret are not recorded as delivered")
	case sheet == nil:
		c.Missing = append(c.Missing, "its sheet is not recorded as delivered")
	case needsSecret:
		c.Missing = append(c.Missing, "its new secret is not recorded as delivered")
	default:
		c.prove(StageHandedOver, sheet.At, "recorded by "+sheet.By, "sheet delivered to %s", sheet.To)
		if f.Progress.NewSecret {
			c.prove(StageHandedOver, secret.At, "recorded by "+secret.By, "new secret delivered to %s", secret.To)
		}
	}
	if written := f.Record.Written; sheet != nil && written != nil && sheet.Digest != "" &&
		written.Digest != sheet.Digest {
		c.Questions = append(c.Questions,
			"the sheet written at "+written.At+" says something else than the one that was delivered")
	}
}

// enabled tells whether people may sign in at the target. Closed again means that all that follows is over.
func (c *Cutover) enabled(f Facts) bool {
	run := f.Progress.Enabled
	switch {
	case f.Live != nil && !f.Live.Open:
		if run != nil {
			c.Questions = append(c.Questions, "a run opened it, but the target says that it is closed now")
		}
		return false
	case run != nil:
		c.prove(StageEnabled, run.At, run.From, "opened to the people who may use it")
		return true
	case f.Live != nil:
		c.prove(StageEnabled, f.Live.At, "target", "the target says that it is open")
		return true
	case f.Record.Confirmation != nil: // accepted only because the target said so
		c.prove(StageEnabled, f.Record.Confirmation.At, "target", "it was open when it was confirmed")
		return true
	case f.Record.Target != nil && f.Record.Target.First != "":
		c.prove(StageEnabled, f.Record.Target.First, "sign-in log of the target", "somebody signed in")
		return true
	}
	return false
}

// failing says beside what went well how much did not.
func failing(r *Reading) string {
	if r.Failures == 0 {
		return ""
	}
	return fmt.Sprintf("; %d tries failed in the time that was read last", r.Failures)
}

// used looks at sign-ins and at the owner's word.
func (c *Cutover) used(f Facts) {
	target, confirmed := f.Record.Target, f.Record.Confirmation
	c.ask("target", target)
	switch {
	case target != nil && target.First != "":
		c.prove(StageSwitched, target.First, "sign-in log of the target", "somebody signed in at the target%s", failing(target))
	case target != nil && target.Failures > 0:
		c.Questions = append(c.Questions, fmt.Sprintf("%d tries to sign in at the target failed, and none went through",
			target.Failures))
	case confirmed != nil:
		c.Missing = append(c.Missing, "no sign-in at the target was seen")
	}
	if confirmed == nil {
		c.ask("incumbent", f.Record.Incumbent)
		return
	}
	c.prove(StageConfirmed, confirmed.At, "recorded by "+confirmed.RecordedBy, "confirmed by %s", confirmed.By)
	if quiet, since := silence(f.Record.Incumbent, confirmed.At); quiet >= f.Quiet {
		c.prove(StageRetired, f.Record.Incumbent.At, "sign-in log of the incumbent",
			"no sign-in at the incumbent since %s", since)
		return
	}
	c.ask("incumbent", f.Record.Incumbent)
	if r := f.Record.Incumbent; r != nil && Earlier(confirmed.At, r.Covers) {
		c.Questions = append(c.Questions, "the sign-in log of the incumbent covers only what happened since "+r.Covers)
	}
}

// ask turns what could not be read into a question.
func (c *Cutover) ask(side string, r *Reading) {
	switch {
	case r == nil || (r.At == "" && r.Problem == ""):
		c.Questions = append(c.Questions, fmt.Sprintf("the sign-in log of the %s was never read", side))
	case r.Problem != "" && r.At == "":
		c.Questions = append(c.Questions, fmt.Sprintf("the sign-in log of the %s could not be read: %s", side, r.Problem))
	case r.Problem != "":
		c.Questions = append(c.Questions, fmt.Sprintf("the sign-in log of the %s is known until %s only: %s", side,
			r.At, r.Problem))
	}
}

// silence is how long, up to the last time that the log was read, nobody used the incumbent. It begins at the owner's
// confirmation at the earliest: an application that is used once a quarter is silent before anybody has switched too.
func silence(r *Reading, confirmed string) (time.Duration, string) {
	if r == nil || r.At == "" || r.Covers == "" {
		return 0, ""
	}
	since := confirmed
	for _, later := range []string{r.Covers, r.Last} {
		if later != "" && Earlier(since, later) {
			since = later
		}
	}
	from, errFrom := time.Parse(time.RFC3339, since)
	until, errUntil := time.Parse(time.RFC3339, r.At)
	if errFrom != nil || errUntil != nil {
		return 0, ""
	}
	return until.Sub(from), since
}

// Earlier compares two times of RFC 3339; one that does not read is before nothing and after nothing.
func Earlier(a, b string) bool {
	first, errFirst := time.Parse(time.RFC3339, a)
	second, errSecond := time.Parse(time.RFC3339, b)
	return errFirst == nil && errSecond == nil && first.Before(second)
}

// next is what a person does now.
func (c *Cutover) next(f Facts) {
	switch c.Stage {
	case StagePrepared, StageEnabled, StageHandedOver:
		switch {
		case f.Record.Sheet == nil:
			c.Next = "give its owner the sheet, then rehome sheet record"
		case f.Progress.NewSecret && f.Record.Secret == nil:
			c.Next = "give its owner the new secret, then rehome sheet record -secret"
		case c.Stage == StageHandedOver:
			c.Next = "open it: the step that does waits for its people"
		default:
			c.Next = "its owner switches it over" + due(f.Date, f.Now)
		}
	case StageSwitched:
		c.Next = "ask its owner, then rehome sheet confirm"
	case StageConfirmed:
		c.Next = "wait until nobody uses the incumbent" + quietUntil(f)
	}
}

// due says when the agreed day is, and that it has passed.
func due(date string, now time.Time) string {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		if at, err = time.Parse(time.RFC3339, date); err != nil {
			return ""
		}
	}
	if now.After(at.AddDate(0, 0, 1)) {
		return ": overdue since " + at.Format(time.DateOnly)
	}
	return " on " + at.Format(time.DateOnly)
}

// quietUntil is the first day on which it can be retired.
func quietUntil(f Facts) string {
	since := f.Record.Confirmation.At
	if r := f.Record.Incumbent; r != nil && Earlier(since, r.Last) {
		since = r.Last
	}
	at, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return ""
	}
	return ": " + at.Add(f.Quiet).Format(time.DateOnly) + " at the earliest"
}

// ReadingOf is what a report of sign-ins says about the applications of one item or resource. A sign-in counts as the
// first only when it came after the application was made, as people may have used what it was mapped to before.
func ReadingOf(report observation.SignInReport, at string, made *Mark,
	is func(observation.SignInActivity) bool) Reading {
	r := Reading{At: at, Covers: report.Covers}
	for _, activity := range report.Applications {
		if !is(activity) {
			continue
		}
		r.SignIns, r.People, r.Last = activity.SignIns, activity.PeopleCount, activity.Last
		r.Failures = activity.Failures
		if activity.SignIns > 0 && (made == nil || !Earlier(activity.Last, made.At)) {
			r.First = activity.Last
		}
	}
	return r
}

// Extend adds a newer reading to an older one. Windows that touch become one, so that a log that keeps little still
// proves a long silence when it is read often; a gap between them starts anew. A newer reading with a problem keeps
// what was known.
func (r Reading) Extend(newer Reading) Reading {
	if newer.Problem != "" {
		r.Problem, r.ProblemAt = newer.Problem, newer.ProblemAt
		return r
	}
	if r.At == "" {
		return newer
	}
	if !Earlier(r.At, newer.Covers) && Earlier(r.Covers, newer.Covers) {
		newer.Covers = r.Covers
	}
	if r.Last != "" && (newer.Last == "" || Earlier(newer.Last, r.Last)) {
		newer.Last = r.Last
	}
	if r.First != "" && (newer.First == "" || Earlier(r.First, newer.First)) {
		newer.First = r.First
	}
	return newer
}
