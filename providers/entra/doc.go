// Package entra reads a Microsoft Entra ID tenant through Microsoft Graph v1.0.
//
// In: the arguments of a source "entra" block. Out: items, redacted page evidence and gaps, handed to an sdk.Sink.
// It imports sdk, the leaves of the engine and providers/sdk/reading, and is the only package that may import the Graph
// SDK; it knows nothing of any target. Request builders of the SDK make the requests; bodies are decoded here from
// their exact bytes, because the SDK's models turn unknown enumeration values into other ones without an error. Begin
// with provider.go, then Collect in read.go; what is asked for, and with which permission, is in capabilities.go.
package entra
