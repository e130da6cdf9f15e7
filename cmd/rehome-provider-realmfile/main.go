// Command rehome-provider-realmfile is the plugin that writes a Keycloak realm file. rehome starts it; it does nothing
// when run by hand.
package main

import (
	"github.com/rehome-iam/rehome/providers/realmfile"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/version"
)

func main() { sdk.ServeTarget(realmfile.New(version.Number)) }
