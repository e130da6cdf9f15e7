package switchover

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

var notFileName = regexp.MustCompile(`[^a-z0-9]+`)

// longestFileName leaves room for an ending, and for what a file system puts before a name while it is written.
const longestFileName = 200

// FileNames are the names of the files of sheets, without an ending. Applications of one name get their ids too, and
// where the names are still alike, or had to be cut, a digest.
func FileNames(sheets []Sheet) []string {
	names := make([]string, len(sheets))
	for i, sheet := range sheets {
		names[i] = fileName(sheet.Name)
	}
	for i, twice := range alike(names) {
		if twice || names[i] == "" {
			names[i] = strings.Trim(names[i]+"-"+fileName(sheets[i].Address), "-")
		}
	}
	for i, twice := range alike(names) {
		if twice || len(names[i]) > longestFileName {
			sum := sha256.Sum256([]byte(sheets[i].Name + "\x00" + sheets[i].Address))
			names[i] = strings.Trim(names[i][:min(len(names[i]), longestFileName-17)], "-") + "-" + hex.EncodeToString(sum[:8])
		}
	}
	return names
}

// alike tells of each name whether another is the same.
func alike(names []string) []bool {
	count, twice := map[string]int{}, make([]bool, len(names))
	for _, name := range names {
		count[name]++
	}
	for i, name := range names {
		twice[i] = count[name] > 1
	}
	return twice
}

func fileName(text string) string {
	return strings.Trim(notFileName.ReplaceAllString(strings.ToLower(text), "-"), "-")
}
