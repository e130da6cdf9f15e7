package leasing

import (
	"context"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// Claim is what this process says of itself to take the lease of an id for a run. Ours is the run whose journal this
// process has open, empty for none.
func Claim(p *project.Project, id, run, ours string) apply.Claim {
	now := p.Now()
	return apply.Claim{
		Owner: p.Owner(), CreatedAt: now,
		Holder: apply.Holder{
			ID: id, Run: run, Actor: p.Actor(), Host: p.Host, PID: p.PID, Command: p.Command, Since: now,
		},
		Dead: func(h apply.Holder) bool { return dead(p, h, ours) },
	}
}

// Await waits for the lease of somebody else as long as LockTimeout allows.
func Await(ctx context.Context, p *project.Project, markers apply.Markers, claim apply.Claim) error {
	return apply.AwaitClaim(ctx, markers, claim, p.Now, p.LockTimeout, func(held *apply.HeldError) {
		p.Note("Waiting for the target at most %s: %s", p.LockTimeout, phrase.Clean(held.Error()))
	})
}

// dead tells whether a holder of the lease was a process that worked with this state and is gone: the apply of its
// migration is ours now, and the journal of its run is here and nobody else writes it. A process of that number that is
// alive on this host is left alone. Ours is the run whose journal we have open ourselves.
func dead(p *project.Project, holder apply.Holder, ours string) bool {
	if holder.Run == "" {
		return false
	}
	process := state.Process{Host: holder.Host, PID: holder.PID}
	if holder.Host == p.Host && holder.PID != p.PID && !process.Dead(p.Host) {
		return false
	}
	folder, err := p.JournalFolder()
	if err != nil {
		return false
	}
	if held, err := journal.Held(folder, holder.Run); (held || err != nil) && holder.Run != ours {
		return false
	}
	return p.Migration().ReadJournal(folder, holder.Run, func(journal.Record) error { return nil }) == nil
}
