// Package version holds the one version number that all providers of this repository are built with.
//
// In: nothing. Out: Number. It imports nothing, so that a provider's main can name its version without knowing another
// provider. Begin with Number in version.go.
package version
