// Package journal is the write-ahead record of a run: what Append returns for is on disk before the target is asked.
//
// In: records of what a run intends and what came of it. Out: the same records, in order, after a crash too; where a
// record was cut off, that it was, and where one is damaged, which. It knows neither keys, which a Cipher has, nor what
// a state makes of the records. Read record.go and journal.go first; how records lie in a file is in frame.go, whose
// file it is while others read it in lock.go, and what becomes of records that a full disk refuses in rescue.go.
package journal
