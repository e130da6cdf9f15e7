package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
)

// unmanagedCounts says how many resources of which type are none of rehome's.
func unmanagedCounts(all []plan.Unmanaged) string {
	parts := make([]string, 0, len(all))
	for _, of := range all {
		parts = append(parts, fmt.Sprintf("%s %s", phrase.Count(of.Count), of.Type))
	}
	return strings.Join(parts, ", ")
}

// Unmanaged names what the target has that is none of rehome's.
func Unmanaged(w io.Writer, all []plan.Unmanaged) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "Others'   nothing in the target that rehome neither made nor mapped")
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Others'   %s of the target, neither made nor mapped by rehome\n", unmanagedCounts(all))
	for _, of := range all {
		for _, key := range of.Keys {
			fmt.Fprintf(&b, "          %s:%s\n", of.Type, phrase.Clean(key))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
