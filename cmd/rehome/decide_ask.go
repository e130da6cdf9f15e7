package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// errLeft says that a person left the questions without an answer to be kept.
var errLeft = errors.New("left without an answer: nothing was written")

// asker asks about overlaps one by one.
type asker struct {
	ctx context.Context
	s   *session
}

// ask prints a question and waits for one line. io.EOF means that there are no more.
func (a *asker) ask(question string) (string, error) {
	line, err := a.s.Ask.Line(a.ctx, question)
	if err != nil && a.ctx.Err() != nil {
		return "", errLeft
	}
	return line, err
}

// askAll asks about each overlap. An empty answer leaves it open, q keeps what was decided so far and ends.
func askAll(ctx context.Context, s *session, pending []plan.Overlap) ([]decision, error) {
	a := &asker{ctx: ctx, s: s}
	var made []decision
	for i, overlap := range pending {
		fmt.Fprintf(s.env.err, "\n(%d of %d) ", i+1, len(pending))
		if err := view.Overlap(s.env.err, overlap, s.env.style(s.global.noColor)); err != nil {
			return nil, err
		}
		proposal, stop, err := a.decide(overlap)
		if err != nil {
			return nil, err
		}
		if proposal.Decision != "" {
			made = append(made, decision{overlap, proposal})
		}
		if stop {
			break
		}
	}
	return made, nil
}

// decide asks until an answer fits.
func (a *asker) decide(o plan.Overlap) (proposal plan.Proposal, stop bool, err error) {
	for {
		answer, err := a.ask(question(o))
		if errors.Is(err, io.EOF) {
			return plan.Proposal{}, true, nil
		}
		if err != nil {
			return plan.Proposal{}, false, err
		}
		switch {
		case answer == "":
			return plan.Proposal{}, false, nil
		case answer == "q":
			return plan.Proposal{}, true, nil
		case answer == "s":
			return plan.Proposal{Decision: string(merge.DecisionSkip)}, false, nil
		case answer == "c" && may(o, merge.DecisionCreate):
			return a.create(o)
		case strings.HasPrefix(answer, "r") && may(o, merge.DecisionReconcile):
			if target, ok := candidate(o, strings.TrimSpace(answer[1:]), true); ok {
				return a.reconcile(o, target)
			}
		default:
			if target, ok := candidate(o, answer, false); ok {
				return plan.Proposal{Decision: string(merge.DecisionMap), Target: target}, false, nil
			}
		}
		fmt.Fprintf(a.s.env.err, "That is none of the answers.\n")
	}
}

func question(o plan.Overlap) string {
	parts := []string{}
	if may(o, merge.DecisionMap) {
		parts = append(parts, "a number maps to it")
	}
	if may(o, merge.DecisionReconcile) {
		parts = append(parts, "r and a number reconciles with it")
	}
	if may(o, merge.DecisionCreate) {
		parts = append(parts, "c creates a new one")
	}
	return strings.Join(append(parts, "s skips, Enter leaves it open, q ends"), ", ") + ": "
}

func may(o plan.Overlap, wanted merge.Decision) bool {
	for _, d := range o.Decisions {
		if d == string(wanted) {
			return true
		}
	}
	return false
}

// candidate finds the match of a number. Only one that lives can be reconciled.
func candidate(o plan.Overlap, number string, lives bool) (string, bool) {
	n, err := strconv.Atoi(number)
	if number == "" && lives {
		n, err = 1, nil
	}
	if err != nil || n < 1 || n > len(o.Matches) || lives && o.Matches[n-1].Item != "" {
		return "", false
	}
	return o.Matches[n-1].Resource.String(), true
}

func (a *asker) create(o plan.Overlap) (plan.Proposal, bool, error) {
	p := plan.Proposal{Decision: string(merge.DecisionCreate)}
	if !o.NeedsRename {
		return p, false, nil
	}
	name, err := a.ask(fmt.Sprintf("%s is taken. New name instead of %q (Enter leaves it a follow-up): ", view.Clean(o.Wanted.String()), view.Clean(o.RenameFrom)))
	if errors.Is(err, io.EOF) {
		return plan.Proposal{}, true, nil
	}
	p.Rename = name
	return p, false, err
}

func (a *asker) reconcile(o plan.Overlap, target string) (plan.Proposal, bool, error) {
	names, err := a.ask("Attributes to overwrite, with commas between (Enter overwrites none): ")
	if errors.Is(err, io.EOF) {
		return plan.Proposal{}, true, nil
	}
	p := plan.Proposal{Decision: string(merge.DecisionReconcile), Target: target, Overwrite: []string{}}
	for _, name := range strings.Split(names, ",") {
		if name = strings.TrimSpace(name); name != "" {
			p.Overwrite = append(p.Overwrite, name)
		}
	}
	return p, false, err
}
