// Command rehome-provider-okta is the plugin that reads an Okta org. rehome starts it; it does nothing when run by
// hand.
package main

import (
	"github.com/rehome-iam/rehome/providers/okta"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/version"
)

func main() { sdk.ServeSource(okta.New(version.Number)) }
