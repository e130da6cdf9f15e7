// Package writing adds blocks to files of a configuration, as a person would have written them.
//
// In: the text of a file, and what was decided. Out: the same text with a block at its end; what stands there already,
// comments and spacing included, stays as it is. It writes no file and reads no block. Begin with AppendMerge in blocks.go.
package writing
