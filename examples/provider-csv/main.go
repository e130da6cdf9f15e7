// Command rehome-provider-csv reads groups and applications from a folder of CSV files, as many systems export them. It
// is an example for authors of providers: everything it needs is public. Begin with source.go; docs/providers.md
// explains it line by line.
package main

import "github.com/rehome-iam/rehome/providers/sdk"

func main() { sdk.ServeSource(&source{}) }
