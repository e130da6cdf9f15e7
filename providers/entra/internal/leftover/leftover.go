// Package leftover marks what of an object of Graph is carried, so that the rest of what is set can be named.
//
// In: the nodes of an object. Out: the paths of what is set and was never read. It must not know what a member means.
package leftover

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// Paths names what is set and was never read. Annotations of the protocol set nothing.
func Paths(node reading.Node, prefix string) []string {
	return slices.DeleteFunc(node.Unread(prefix), func(path string) bool { return strings.ContainsAny(path, "@#") })
}

// Settle marks what Entra writes itself and what is carried elsewhere.
func Settle(node reading.Node, names ...string) {
	for _, name := range names {
		node.At(name).Settled()
	}
}

// SettleAmong marks the texts of a list that are carried by a field with these values.
func SettleAmong(list reading.Node, carried ...string) {
	for _, one := range list.List() {
		for _, text := range carried {
			one.SettledIf(text)
		}
	}
}
