package view

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// sides writes every field of a reconcile: what is overwritten and what is kept with both values, what is equal by
// name.
func sides(b *strings.Builder, all []merge.Side, o PlanOptions) {
	width := 0
	for _, side := range all {
		if side.Fate != merge.FateEqual || o.Verbose {
			width = max(width, min(len(side.Name), 26))
		}
	}
	var equal []string
	for _, side := range all {
		switch {
		case side.Fate == merge.FateEqual && !o.Verbose:
			equal = append(equal, phrase.Clean(side.Name))
		default:
			oneSide(b, side, width, o.Style)
		}
	}
	if len(equal) > 0 {
		fmt.Fprintf(b, "      %s\n", o.Style.dim("equal: "+strings.Join(equal, ", ")))
	}
}

func oneSide(b *strings.Builder, side merge.Side, width int, style Style) {
	prefix := fmt.Sprintf("      %-*s  ", width, phrase.Clean(side.Name))
	target, source := certificates(side.Name, side.Target), certificates(side.Name, side.Source)
	switch {
	case side.Sensitive:
		fmt.Fprintf(b, "%s%s %s\n", prefix, sensitive, side.Fate)
	case side.Fate == merge.FateOverwritten:
		changed(b, prefix+style.symbol("~")+" overwritten  ", target, source, style)
	case side.Fate == merge.FateKept && side.Source == nil:
		fmt.Fprintf(b, "%s= kept         %s\n", prefix, shorten(inline(target)))
	case side.Fate == merge.FateKept:
		fmt.Fprintf(b, "%s= kept         %s, the source has %s\n", prefix, shorten(inline(target)), shorten(inline(source)))
	default:
		fmt.Fprintf(b, "%s= equal        %s\n", prefix, shorten(inline(target)))
	}
}
