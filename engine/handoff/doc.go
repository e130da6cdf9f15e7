// Package handoff computes how far a migration is: the gates that depend on the clock, and the summary that status
// shows.
//
// In: plain values that the caller read from state and configuration. Out: words and counts with fixed names, and the
// one command to run next. It reads no clock, disk or network: the time is an argument. It must not know state, config
// or providers. Begin with Compute in summary.go; how old a snapshot may be is in freshness.go, what ends a move in
// criteria.go, the rows that never leave a report in rows.go, what runs did for an application in executed.go.
package handoff
