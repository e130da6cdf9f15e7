// Package verify proves that the target is what the runs made of it.
//
// In: what the runs did (Expected), the live resources, and a target that can be read and probed. Out: a Report of
// results, each with its evidence, and for drift the attributes that somebody else changed. It must not know HCL,
// plugins or the store, and it writes nothing: whoever calls it keeps the report. Begin with Run in verify.go; Compare
// in readback.go is the pure half.
package verify
