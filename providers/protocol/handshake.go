package protocol

import (
	"time"

	"github.com/hashicorp/go-plugin"
)

// Version of the protocol that this code speaks. A change that is more than an added field makes a new one.
const Version = 1

// MaxMessage is the largest message in either direction, in bytes.
const MaxMessage = 16 << 20

// MaxMetadata is the largest header of a call, in bytes; the details of a ProviderError travel in one.
const MaxMetadata = 4 << 20

// StartTimeout is how long a plugin may take from its start to its handshake.
const StartTimeout = 10 * time.Second

// Names under which the two services are registered with go-plugin.
const (
	SourceService = "source"
	TargetService = "target"
)

// Handshake proves to a plugin that it was started by rehome and not by hand. It is no protection.
func Handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{MagicCookieKey: "REHOME_PLUGIN", MagicCookieValue: "rehome-provider"}
}
