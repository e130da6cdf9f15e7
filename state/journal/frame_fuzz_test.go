package journal

import (
	"bytes"
	"testing"
)

// FuzzJournalFrames: whatever lies in a journal, reading it ends, and the part that it calls whole reads again without
// a rest.
func FuzzJournalFrames(f *testing.F) {
	one, err := encodeFrame(nil, 1, []byte("first"))
	if err != nil {
		f.Fatal(err)
	}
	two, err := encodeFrame(one, 2, []byte("second"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{nil, one, two, two[:len(two)-3], append(append([]byte{}, one[:7]...), two[len(one):]...),
		[]byte(frameMagic)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		count := 0
		end, err := scanFrames(bytes.NewReader(content), int64(len(content)), Mark{},
			func(frame, Mark) error { count++; return nil })
		if err != nil {
			return
		}
		if end.Offset+end.torn != int64(len(content)) || int(end.Sequence) != count {
			t.Fatalf("%d records end at %d with %d torn of %d bytes", end.Sequence, end.Offset, end.torn, len(content))
		}
		again, err := scanFrames(bytes.NewReader(content[:end.Offset]), end.Offset, Mark{},
			func(frame, Mark) error { return nil })
		if err != nil || again.torn != 0 || again.Offset != end.Offset {
			t.Fatalf("the whole part reads as %+v, %v", again, err)
		}
	})
}
