package assess

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
)

// atEveryCutover tells whether an impact code names a change that every application of its protocol sees at cut-over,
// whatever the target makes of it. It lowers no class.
func atEveryCutover(code string) bool {
	switch code {
	case "issuer_changes", "sign_in_address_changes", "saml_metadata_changes":
		return true
	}
	return false
}

// Result is the assessment of one item.
//
// Notes names each approximation and loss as "field: what becomes of it". Missing names what is not known, including
// what the source could not tell about this item. The impacts are the worst severity for operators and for everybody
// else.
type Result struct {
	Address        identity.Address   `json:"address"`
	Name           string             `json:"name"`
	Class          Class              `json:"class"`
	Contract       string             `json:"contract,omitempty"`
	Rationale      string             `json:"rationale"`
	Notes          []string           `json:"notes,omitempty"`
	Missing        []string           `json:"missing,omitempty"`
	BlockedReason  string             `json:"blocked_reason,omitempty"`
	ToDo           string             `json:"to_do,omitempty"`
	OperatorImpact fidelity.Severity  `json:"operator_impact"`
	UserImpact     fidelity.Severity  `json:"user_impact"`
	Findings       []fidelity.Finding `json:"findings,omitempty"`
}

// Assess classifies one item by what the target holds of it afterwards (its contract) and what the target found about
// its parts. It looks at nothing but its arguments; gaps are those of the item's snapshot.
func Assess(item identity.Item, contract string, findings []fidelity.Finding, gaps []identity.Gap) Result {
	r := Result{
		Address: item.Address(), Name: item.Name, Contract: contract, Findings: findings,
		OperatorImpact: fidelity.SeverityNone, UserImpact: fidelity.SeverityNone,
	}
	if item.Deleted {
		r.Class = ClassVisibility
		r.Rationale = "was listed by the source and was gone when its details were asked for"
		return r
	}
	sorted := sortFindings(findings)
	sorted.missing = append(sorted.missing, openGaps(item, gaps)...)
	r.Missing = append(append([]string(nil), sorted.missing...), unknownToSource(item)...)
	r.Notes = sorted.notes
	r.OperatorImpact, r.UserImpact = worstImpacts(findings)
	classify(&r, sorted)
	r.ToDo = sorted.toDo(r.Class)
	return r
}

// classify applies the rules of the classes; the first that fits wins.
func classify(r *Result, s sortedFindings) {
	stops := append(append(append([]string(nil), s.missing...), s.invalid...), append(s.blocked, s.looser...)...)
	switch {
	case len(stops) > 0:
		r.Class = ClassBlocked
		r.BlockedReason = strings.Join(stops, "; ")
		r.Rationale = r.BlockedReason
	case len(s.rebuild) > 0:
		r.Class = ClassManual
		r.Rationale = strings.Join(s.rebuild, "; ")
	case len(s.invisible) > 0:
		r.Class = ClassVisibility
		r.Rationale = strings.Join(s.invisible, "; ")
	case len(s.differences) > 0:
		r.Class = ClassApproximation
		r.Rationale = strings.Join(s.differences, "; ")
	default:
		r.Class = ClassNative
		r.Rationale = "every part has an equal counterpart"
	}
}

// sortedFindings are the findings of one item by the rule that they trigger, as text.
type sortedFindings struct {
	missing, invalid, blocked, looser []string
	rebuild, invisible, differences   []string
	notes                             []string
	actions                           map[fidelity.Type][]string
}

func sortFindings(findings []fidelity.Finding) sortedFindings {
	s := sortedFindings{actions: map[fidelity.Type][]string{}}
	for _, f := range findings {
		text := describe(f)
		kind := f.Type
		switch f.Type {
		case fidelity.Missing:
			s.missing = append(s.missing, text)
		case fidelity.Invalid:
			s.invalid = append(s.invalid, text)
		case fidelity.Rebuild:
			s.rebuild = append(s.rebuild, text)
		case fidelity.Invisible:
			s.invisible = append(s.invisible, text)
		case fidelity.Approximation, fidelity.Lost:
			kind = s.addDifference(f, text)
		default:
			// An unknown type comes from a newer target: what it means is not known, so nothing is done.
			kind = fidelity.Blocked
			s.blocked = append(s.blocked, text)
		}
		if f.Action != "" {
			s.actions[kind] = append(s.actions[kind], f.Action)
		}
	}
	return s
}

// addDifference files an approximation or a loss, and returns the type under which its action counts.
func (s *sortedFindings) addDifference(f fidelity.Finding, text string) fidelity.Type {
	note := text
	if f.Compensated != "" {
		note += " (made up for by " + f.Compensated + ")"
	}
	s.notes = append(s.notes, note)
	switch f.Direction {
	case fidelity.DirectionSame, fidelity.DirectionTighter, "":
	default:
		if f.Compensated == "" {
			s.looser = append(s.looser,
				text+": this would let in more people or ask for weaker proof, and nothing makes up for it")
			return fidelity.Blocked
		}
	}
	if !atEveryCutover(f.ImpactCode) {
		s.differences = append(s.differences, note)
	}
	return f.Type
}

// toDo joins the advice of those findings that decided the class.
func (s sortedFindings) toDo(class Class) string {
	var types []fidelity.Type
	switch class {
	case ClassBlocked:
		types = []fidelity.Type{fidelity.Missing, fidelity.Invalid, fidelity.Blocked}
	case ClassManual:
		types = []fidelity.Type{fidelity.Rebuild}
	case ClassVisibility:
		types = []fidelity.Type{fidelity.Invisible}
	case ClassApproximation, ClassNative:
		types = []fidelity.Type{fidelity.Approximation, fidelity.Lost}
	}
	var actions []string
	seen := map[string]bool{}
	for _, t := range types {
		for _, action := range s.actions[t] {
			if !seen[action] {
				seen[action] = true
				actions = append(actions, action)
			}
		}
	}
	return strings.Join(actions, "; ")
}

func describe(f fidelity.Finding) string {
	if f.Field == "" {
		return f.Summary
	}
	return f.Field + ": " + f.Summary
}

func unknownToSource(item identity.Item) []string {
	texts := make([]string, 0, len(item.Gaps))
	for _, gap := range item.Gaps {
		texts = append(texts, gap+": the source does not tell")
	}
	return texts
}

func worstImpacts(findings []fidelity.Finding) (operators, users fidelity.Severity) {
	operators, users = fidelity.SeverityNone, fidelity.SeverityNone
	for _, f := range findings {
		if f.Audience == fidelity.AudienceEndUsers {
			users = worse(users, f.Severity)
		} else {
			operators = worse(operators, f.Severity)
		}
	}
	return operators, users
}

func worse(a, b fidelity.Severity) fidelity.Severity {
	return slices.MaxFunc([]fidelity.Severity{a, b}, byRank)
}

func byRank(a, b fidelity.Severity) int { return cmp.Compare(rank(a), rank(b)) }

func rank(s fidelity.Severity) int {
	switch s {
	case fidelity.SeverityLow:
		return 1
	case fidelity.SeverityMedium:
		return 2
	case fidelity.SeverityHigh:
		return 3
	}
	return 0
}
