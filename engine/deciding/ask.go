package deciding

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
)

// errLeft says that a person left the questions without an answer to be kept.
var errLeft = errors.New("left without an answer: nothing was written")

// askAll asks about each overlap. An empty answer leaves it open, q keeps what was decided so far and ends.
func askAll(ctx context.Context, p *project.Project, waiting []merge.Overlap,
	present func(merge.Overlap, int, int) error,
) ([]decision, error) {
	var made []decision
	for i, overlap := range waiting {
		if err := present(overlap, i+1, len(waiting)); err != nil {
			return nil, err
		}
		proposal, err := ask(ctx, p, overlap)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if proposal.Decision != "" {
			made = append(made, decision{overlap, proposal})
		}
	}
	return made, nil
}

// line asks for one line. io.EOF means that there are no more.
func line(ctx context.Context, p *project.Project, question string) (string, error) {
	text, err := p.Ask.Line(ctx, question)
	if err != nil && ctx.Err() != nil {
		return "", errLeft
	}
	return text, err
}

// ask asks about one overlap until an answer fits. A proposal without a decision leaves it open; io.EOF ends the
// questions.
func ask(ctx context.Context, p *project.Project, o merge.Overlap) (draft.Proposal, error) {
	for {
		text, err := line(ctx, p, question(o))
		if err != nil {
			return draft.Proposal{}, err
		}
		if text == "q" {
			return draft.Proposal{}, io.EOF
		}
		proposal, fits := answer(o, text)
		if !fits {
			p.Note("That is none of the answers.")
			continue
		}
		switch {
		case proposal.Decision == string(merge.DecisionCreate) && o.NeedsRename:
			proposal.Rename, err = line(ctx, p,
				fmt.Sprintf("%s is taken. New name instead of %q (Enter leaves it a follow-up): ",
					phrase.Clean(o.Wanted.String()), phrase.Clean(o.RenameFrom)))
		case proposal.Decision == string(merge.DecisionReconcile):
			var names string
			names, err = line(ctx, p, "Attributes to overwrite, with commas between (Enter overwrites none): ")
			proposal.Overwrite = commaSeparated(names)
		}
		return proposal, err
	}
}

// question says which answers there are to an overlap.
func question(o merge.Overlap) string {
	var parts []string
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

// answer makes a proposal of what a person typed, without one where nothing was; fits tells whether it is an answer at
// all. A rename and the attributes to overwrite are asked for afterwards.
func answer(o merge.Overlap, text string) (proposal draft.Proposal, fits bool) {
	switch {
	case text == "":
		return draft.Proposal{}, true
	case text == "s":
		return draft.Proposal{Decision: string(merge.DecisionSkip)}, true
	case text == "c":
		return draft.Proposal{Decision: string(merge.DecisionCreate)}, may(o, merge.DecisionCreate)
	case strings.HasPrefix(text, "r"):
		target, found := candidate(o, strings.TrimSpace(text[1:]), true)
		return draft.Proposal{Decision: string(merge.DecisionReconcile), Target: target}, found &&
			may(o, merge.DecisionReconcile)
	}
	target, found := candidate(o, text, false)
	return draft.Proposal{Decision: string(merge.DecisionMap), Target: target}, found && may(o, merge.DecisionMap)
}

func may(o merge.Overlap, wanted merge.Decision) bool {
	return slices.Contains(o.Decisions, string(wanted))
}

// candidate finds the match of a number. Only one that lives can be reconciled; without a number that is the first.
func candidate(o merge.Overlap, number string, lives bool) (string, bool) {
	n, err := strconv.Atoi(number)
	if number == "" && lives {
		n, err = 1, nil
	}
	if err != nil || n < 1 || n > len(o.Matches) || lives && o.Matches[n-1].Item != "" {
		return "", false
	}
	return o.Matches[n-1].Resource.String(), true
}

// commaSeparated is never nil.
func commaSeparated(text string) []string {
	names := []string{}
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
