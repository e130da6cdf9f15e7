package assess

import (
	"cmp"
	"slices"
	"strings"

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
	OperatorImpact identity.Severity  `json:"operator_impact"`
	UserImpact     identity.Severity  `json:"user_impact"`
	Findings       []identity.Finding `json:"findings,omitempty"`
}

// Item is one assessed item with what the target makes of it.
type Item struct {
	Item        identity.Item
	Result      Result
	Translation identity.Translation
}

// Assess classifies one item. It looks at nothing but its arguments; gaps are those of the item's snapshot.
func Assess(item identity.Item, t identity.Translation, gaps []identity.Gap) Result {
	r := Result{
		Address: item.Address(), Name: item.Name, Contract: t.Contract, Findings: t.Findings,
		OperatorImpact: identity.SeverityNone, UserImpact: identity.SeverityNone,
	}
	if item.Deleted {
		r.Class = ClassVisibility
		r.Rationale = "was listed by the source and was gone when its details were asked for"
		return r
	}
	sorted := sortFindings(t.Findings)
	sorted.missing = append(sorted.missing, openGaps(item, gaps)...)
	r.Missing = append(append([]string(nil), sorted.missing...), unknownToSource(item)...)
	r.Notes = sorted.notes
	r.OperatorImpact, r.UserImpact = worstImpacts(t.Findings)
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
	actions                           map[identity.FindingType][]string
}

func sortFindings(findings []identity.Finding) sortedFindings {
	s := sortedFindings{actions: map[identity.FindingType][]string{}}
	for _, f := range findings {
		text := describe(f)
		kind := f.Type
		switch f.Type {
		case identity.FindingMissing:
			s.missing = append(s.missing, text)
		case identity.FindingInvalid:
			s.invalid = append(s.invalid, text)
		case identity.FindingRebuild:
			s.rebuild = append(s.rebuild, text)
		case identity.FindingInvisible:
			s.invisible = append(s.invisible, text)
		case identity.FindingApproximation, identity.FindingLost:
			kind = s.addDifference(f, text)
		default:
			// An unknown type comes from a newer target: what it means is not known, so nothing is done.
			kind = identity.FindingBlocked
			s.blocked = append(s.blocked, text)
		}
		if f.Action != "" {
			s.actions[kind] = append(s.actions[kind], f.Action)
		}
	}
	return s
}

// addDifference files an approximation or a loss, and returns the type under which its action counts.
func (s *sortedFindings) addDifference(f identity.Finding, text string) identity.FindingType {
	note := text
	if f.Compensated != "" {
		note += " (made up for by " + f.Compensated + ")"
	}
	s.notes = append(s.notes, note)
	switch f.Direction {
	case identity.DirectionSame, identity.DirectionTighter, "":
	default:
		if f.Compensated == "" {
			s.looser = append(s.looser,
				text+": this would let in more people or ask for weaker proof, and nothing makes up for it")
			return identity.FindingBlocked
		}
	}
	if !atEveryCutover(f.ImpactCode) {
		s.differences = append(s.differences, note)
	}
	return f.Type
}

// toDo joins the advice of those findings that decided the class.
func (s sortedFindings) toDo(class Class) string {
	var types []identity.FindingType
	switch class {
	case ClassBlocked:
		types = []identity.FindingType{identity.FindingMissing, identity.FindingInvalid, identity.FindingBlocked}
	case ClassManual:
		types = []identity.FindingType{identity.FindingRebuild}
	case ClassVisibility:
		types = []identity.FindingType{identity.FindingInvisible}
	case ClassApproximation, ClassNative:
		types = []identity.FindingType{identity.FindingApproximation, identity.FindingLost}
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

func describe(f identity.Finding) string {
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

func worstImpacts(findings []identity.Finding) (operators, users identity.Severity) {
	operators, users = identity.SeverityNone, identity.SeverityNone
	for _, f := range findings {
		if f.Audience == identity.AudienceEndUsers {
			users = worse(users, f.Severity)
		} else {
			operators = worse(operators, f.Severity)
		}
	}
	return operators, users
}

func worse(a, b identity.Severity) identity.Severity {
	return slices.MaxFunc([]identity.Severity{a, b}, byRank)
}

func byRank(a, b identity.Severity) int { return cmp.Compare(rank(a), rank(b)) }

func rank(s identity.Severity) int {
	switch s {
	case identity.SeverityLow:
		return 1
	case identity.SeverityMedium:
		return 2
	case identity.SeverityHigh:
		return 3
	}
	return 0
}
