package view

import (
	"time"

	"github.com/rehome-iam/rehome/engine/phrase"
)

// Words of engine/phrase under the names that commands know; new code says phrase itself.

// Clean is phrase.Clean.
func Clean(text string) string { return phrase.Clean(text) }

// Count is phrase.Count.
func Count(n int) string { return phrase.Count(n) }

// Plural is phrase.Plural.
func Plural(n int, one, many string) string { return phrase.Plural(n, one, many) }

// Bytes is phrase.Bytes.
func Bytes(n int) string { return phrase.Bytes(n) }

// ShortHash is phrase.ShortHash.
func ShortHash(hash string) string { return phrase.ShortHash(hash) }

// Moment is phrase.Moment.
func Moment(at time.Time) string { return phrase.Moment(at) }

// Day is phrase.Day.
func Day(at time.Time) string { return phrase.Day(at) }

// MomentOf is phrase.MomentOf.
func MomentOf(text string) string { return phrase.MomentOf(text) }

// MomentAgo is phrase.MomentAgo.
func MomentAgo(text string, now time.Time) string { return phrase.MomentAgo(text, now) }

// Ago is phrase.Ago.
func Ago(at, now time.Time) string { return phrase.Ago(at, now) }

// Took is phrase.Took.
func Took(d time.Duration) string { return phrase.Took(d) }
