package plan

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// A few kilobytes that unpack to as many lines as one wants must end before the lines are held.
func TestRead_RefusesASmallFileThatUnpacksToMuch(t *testing.T) {
	p := fullPlans()["forward"]
	var lines bytes.Buffer
	if err := writeLines(&lines, p); err != nil {
		t.Fatal(err)
	}
	parts := bytes.SplitAfter(lines.Bytes(), []byte("\n"))
	step := parts[len(parts)-3] // before the trailer and the nothing after it
	if !bytes.HasPrefix(step, []byte(`{"step"`)) {
		t.Fatalf("no step: %.40s", step)
	}
	for copies, refused := range map[int]bool{smallPlan / len(step) / 16: false, 4 * smallPlan / len(step): true} {
		var file bytes.Buffer
		sealed := &sealWriter{to: &file, digest: sha256.New()}
		packed, err := zstd.NewWriter(sealed)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range parts[:len(parts)-2] {
			packed.Write(line)
		}
		for range copies {
			packed.Write(step)
		}
		if err := packed.Close(); err != nil {
			t.Fatal(err)
		}
		if err := sealed.close(unsealed); err != nil {
			t.Fatal(err)
		}
		size := file.Len()
		_, _, found := Read(&file)
		if !found.HasErrors() || strings.Contains(found.Error(), "unpacks to more than 8 MiB and 256 times its own size") != refused {
			t.Errorf("%d copies in %d bytes: %v", copies, size, found)
		}
		if size > 64<<10 {
			t.Errorf("the file has %d bytes, so it shows nothing", size)
		}
	}
}
