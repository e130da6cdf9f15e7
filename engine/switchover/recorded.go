package switchover

import (
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
)

// What somebody gives to the owner of an application.
const (
	GivenSheet  = "sheet"
	GivenSecret = "new secret"
)

// Deliver notes that the sheet written last, or the new secret, was given to an owner. What was never made cannot have
// been given.
func (r Record) Deliver(p Progress, what string, d Delivery) (Record, error) {
	switch {
	case what == GivenSecret && !p.NewSecret:
		return r, diag.Errorf("secret-not-new", "There is no new secret",
			"No run made a secret for %s: it keeps the one it has, or has none. Nothing was recorded.", p.Named())
	case what == GivenSecret:
		r.Secret = &d
	case r.Written == nil:
		return r, diag.Errorf("sheet-not-written", "There is no sheet yet",
			"No sheet of %s was ever written, so none can have been delivered.\nRun rehome sheet first.", p.Named())
	default:
		d.Digest = r.Written.Digest
		r.Sheet = &d
	}
	return r, nil
}

// Confirm notes the word of an owner. An application in which nobody can have signed in confirms nothing, whatever a
// run said.
func (r Record) Confirm(p Progress, now Live, c Confirmation) (Record, error) {
	switch {
	case !now.Exists:
		return r, diag.Errorf("application-not-open", "Application is not in the target",
			"The target does not have %s (%s), so nobody can have confirmed it. Nothing was recorded.", p.Named(), p.Resource)
	case !now.Open:
		return r, diag.Errorf("application-not-open", "Application is closed",
			"%s is in the target and nobody may sign in to it yet, so nobody can have confirmed it. Nothing was recorded.",
			p.Named())
	}
	r.Confirmation = &c
	return r, nil
}

// Withdraw takes the word of an owner back.
func (r Record) Withdraw(p Progress) (Record, error) {
	if r.Confirmation == nil {
		return r, diag.Errorf("not-confirmed", "Nothing to withdraw", "%s was not confirmed. Nothing was recorded.",
			p.Named())
	}
	r.Confirmation = nil
	return r, nil
}

// Wrote notes the digest of a sheet, so that one that was delivered can be told from one that says something else;
// false when the sheet says what the last one said.
func (r Record) Wrote(s Sheet) (Record, bool) {
	if r.Written != nil && r.Written.Digest == s.Digest {
		return r, false
	}
	r.Application, r.Written = s.Address, &Written{At: s.WrittenAt, Digest: s.Digest}
	return r, true
}

// SideLog is what the log of sign-ins of one side says.
type SideLog struct {
	Log    Log
	Report observation.SignInReport
}

// SideLogOf puts the answer of a side together. Problem says why it has none; empty when it has.
func SideLogOf(side, name string, report observation.SignInReport, problem string) SideLog {
	return SideLog{Report: report, Log: Log{
		Side: side, Name: name, Covers: report.Covers, Requests: report.Requests, Readable: problem == "", Reason: problem,
	}}
}

// Learn adds what the logs of both sides say of an application to what is remembered of it.
func (r Record) Learn(p Progress, target, incumbent SideLog, at string) Record {
	r.Target = target.extend(r.Target, at, p.Prepared, p.inTarget)
	r.Incumbent = incumbent.extend(r.Incumbent, at, nil, p.atIncumbent)
	return r
}

// inTarget tells whether a line of the target's log is about the application.
func (p Progress) inTarget(a observation.SignInActivity) bool { return a.Resource == p.Resource }

// atIncumbent tells whether a line of the incumbent's log is about the application.
func (p Progress) atIncumbent(a observation.SignInActivity) bool {
	return a.Item == identity.ItemID{Kind: p.Item.Kind, ID: p.Item.ID}
}

func (l SideLog) extend(old *Reading, at string, made *Mark, is func(observation.SignInActivity) bool) *Reading {
	reading := Reading{Problem: l.Log.Reason, ProblemAt: at}
	if l.Log.Readable {
		reading = ReadingOf(l.Report, at, made, is)
	}
	if old != nil {
		reading = old.Extend(reading)
	}
	return &reading
}

// UseOf is how much each side was used in the time that the logs were asked for; nil where a log could not be read.
func (p Progress) UseOf(target, incumbent SideLog) (inTarget, atIncumbent *Use) {
	return target.use(p.inTarget), incumbent.use(p.atIncumbent)
}

func (l SideLog) use(is func(observation.SignInActivity) bool) *Use {
	if !l.Log.Readable {
		return nil
	}
	use := &Use{}
	for _, a := range l.Report.Applications {
		if is(a) {
			use.SignIns, use.Failures, use.People, use.Last, use.Names = a.SignIns, a.Failures, a.PeopleCount, a.Last, a.People
		}
	}
	return use
}
