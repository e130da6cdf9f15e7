// Package switchover says where the cutover of one application stands: what its owner was given and said, what the
// target and the logs of sign-ins tell, and the page that its owner switches it over by.
//
// In: plain values that the caller read from state, target and logs. Out: the furthest stage that is proved, what is
// missing before it, questions, and the next thing to do. It reads no clock, disk or network, and knows no plan: what
// plans and runs say of an application is computed in package handoff. Begin with Of in cutover.go; the sheet is in
// sheet.go, what is remembered of an application in recorded.go.
package switchover
