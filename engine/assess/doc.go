// Package assess says how well each item carries over, and what people will feel of the move.
//
// In: an item, what the target's Translate says about it, the gaps of its snapshot. Out: a Result with class, rationale
// and what is missing; over all results, the impacts. The class follows from the findings alone, so a new target needs
// no new classifier. It imports identity only: no clock, no network, no disk, so that an assessment repeats byte for
// byte. Begin with Assess in assess.go; the classes are in class.go, which gap blocks which kind in gaps.go, impacts in
// impacts.go.
package assess
