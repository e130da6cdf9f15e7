// Package protocol is what rehome and a provider plugin say to each other: the protobuf services, their generated code,
// the handshake, and the translation between messages and the types of engine/identity.
//
// In: values of engine/identity and engine/diag. Out: messages, and values again, checked on the way in: a kind that is
// known, an id that is not empty, attributes that are a JSON object, texts without control characters.
// It knows nothing of processes, files, state or HCL. The only generated code of the project is here.
// Begin with rehome.proto; the rules of a decoded value are in validate.go, the batches of a stream in batch.go.
//
//go:generate protoc --proto_path=. --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative rehome.proto
package protocol
