package switchover

import (
	"regexp"
	"strings"
)

var notFileName = regexp.MustCompile(`[^a-z0-9]+`)

// FileNames are the names of the files of sheets, without an ending. Two applications of one name get their ids too.
func FileNames(sheets []Sheet) []string {
	names, count := make([]string, len(sheets)), map[string]int{}
	for i, sheet := range sheets {
		names[i] = fileName(sheet.Name)
		count[names[i]]++
	}
	for i, sheet := range sheets {
		if names[i] == "" || count[names[i]] > 1 {
			names[i] = strings.Trim(names[i]+"-"+fileName(sheet.Address), "-")
		}
	}
	return names
}

func fileName(text string) string {
	return strings.Trim(notFileName.ReplaceAllString(strings.ToLower(text), "-"), "-")
}
