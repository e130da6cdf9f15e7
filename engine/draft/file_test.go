package draft

import (
	"bytes"
	"testing"

	"github.com/rehome-iam/rehome/engine/plan"
)

// emptySeal is the seal of a file that nobody vouches for.
func emptySeal([32]byte) ([]byte, error) { return make([]byte, plan.SealSize), nil }

func TestFile_RoundTripsAndRefusesEveryChangedByte(t *testing.T) {
	p := build(t, input())
	var file bytes.Buffer
	if err := plan.Write(&file, p, emptySeal); err != nil {
		t.Fatal(err)
	}
	got, _, problems := plan.Read(bytes.NewReader(file.Bytes()))
	if problems.HasErrors() || got.PlanHash != p.PlanHash || len(got.Steps) != len(p.Steps) {
		t.Fatalf("%v", problems)
	}
	for i := range file.Len() - plan.SealSize {
		damaged := bytes.Clone(file.Bytes())
		damaged[i] ^= 1
		if _, _, problems := plan.Read(bytes.NewReader(damaged)); !problems.HasErrors() ||
			problems[0].Code != "plan-file-damaged" {
			t.Fatalf("byte %d of %d was changed and not seen", i, file.Len())
		}
	}
	if _, _, problems := plan.Read(bytes.NewReader(file.Bytes()[:file.Len()-1])); !problems.HasErrors() {
		t.Error("a cut file was read")
	}
}
