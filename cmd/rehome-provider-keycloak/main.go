// Command rehome-provider-keycloak is the plugin that writes to a Keycloak realm. rehome starts it; it does nothing
// when run by hand.
package main

import (
	"github.com/rehome-iam/rehome/providers/keycloak"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/version"
)

func main() { sdk.ServeTarget(keycloak.New(version.Number)) }
