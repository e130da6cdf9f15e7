// Package args checks the arguments of a source or target block against the schema that the provider gives, and reads
// them.
//
// In: identity.ProviderSchema and the map that Configure gets. Out: typed values, and diagnostics that name the
// argument in Address. It imports the leaves of the engine only and knows no provider: names, types, defaults and
// limits come from the schema, so that what the reference says, what is refused and what the message says cannot
// differ. Begin with Read in args.go; addresses and certificates are in address.go and roots.go.
//
// Arguments that every provider has are named and meant alike: ca_file adds to what the machine trusts and replaces
// nothing, concurrency is the number of requests at a time.
package args
