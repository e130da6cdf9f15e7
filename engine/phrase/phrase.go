package phrase

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

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

// Bytes writes a size: 812 B, 1.2 MB.
func Bytes(n int) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	size, units := float64(n)/1000, []string{"kB", "MB", "GB"}
	for size >= 1000 && len(units) > 1 {
		size, units = size/1000, units[1:]
	}
	return fmt.Sprintf("%.1f %s", size, units[0])
}

// ShortHash is the part of a hash that people compare: sha256:9f2c61d0….
func ShortHash(hash string) string {
	name, digits, found := strings.Cut(hash, ":")
	if !found || len(digits) <= 8 {
		return hash
	}
	return fmt.Sprintf("%s:%s…", name, digits[:8])
}

// Sentence is the text of an error as a sentence: a capital at its begin, a full stop at its end.
func Sentence(err error) string {
	text := strings.TrimSpace(err.Error())
	if text == "" {
		return "Something failed without a word."
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// FirstLine of a text.
func FirstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
