package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Style says how to render. The zero value has no colour.
type Style struct {
	Color bool
}

func (s Style) paint(code, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s Style) red(text string) string    { return s.paint("31", text) }
func (s Style) green(text string) string  { return s.paint("32", text) }
func (s Style) yellow(text string) string { return s.paint("33", text) }
func (s Style) dim(text string) string    { return s.paint("2", text) }
func (s Style) bold(text string) string   { return s.paint("1", text) }

// symbol of a step, always in the first column, so that colour is never the only carrier of meaning.
func (s Style) symbol(sign string) string {
	switch sign {
	case "+":
		return s.green(sign)
	case "-", "!":
		return s.red(sign)
	case "~", "?":
		return s.yellow(sign)
	default:
		return sign
	}
}

// Clean strips control characters and direction marks from text that came from a file or a server.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
}

// Count writes a number with separators: 1,284.
func Count(n int) string {
	digits := strconv.Itoa(n)
	if n < 0 {
		return "-" + Count(-n)
	}
	var parts []string
	for len(digits) > 3 {
		parts = append([]string{digits[len(digits)-3:]}, parts...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, parts...), ",")
}

// Plural is "1 item" or "2 items".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Ago says how long before now a time was, in one unit.
func Ago(at, now time.Time) string {
	passed := now.Sub(at)
	switch {
	case passed < time.Minute:
		return "just now"
	case passed < time.Hour:
		return Plural(int(passed/time.Minute), "minute", "minutes") + " ago"
	case passed < 48*time.Hour:
		return Plural(int(passed/time.Hour), "hour", "hours") + " ago"
	default:
		return Plural(int(passed/(24*time.Hour)), "day", "days") + " ago"
	}
}

// ShortHash is the part of a hash that people compare: sha256:9f2c61d0….
func ShortHash(hash string) string {
	name, digits, found := strings.Cut(hash, ":")
	if !found || len(digits) <= 8 {
		return hash
	}
	return fmt.Sprintf("%s:%s…", name, digits[:8])
}
