// Command rehome-provider-entra is the plugin that reads an Entra tenant. rehome starts it; it does nothing when run by
// hand.
package main

import (
	"github.com/rehome-iam/rehome/providers/entra"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/version"
)

func main() { sdk.ServeSource(entra.New(version.Number)) }
