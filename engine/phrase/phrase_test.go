package phrase

import (
	"errors"
	"testing"
)

func TestBytes_HasOneUnit(t *testing.T) {
	for n, want := range map[int]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 1_250_000: "1.2 MB", 3_000_000_000: "3.0 GB", 7_000_000_000_000: "7000.0 GB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestCount_SeparatesThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1284: "1,284", -1_000_000: "-1,000,000"} {
		if got := Count(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	if one, many := Plural(1, "item", "items"), Plural(2000, "item", "items"); one != "1 item" || many != "2,000 items" {
		t.Errorf("%q and %q", one, many)
	}
}

func TestSentence_BeginsAndEndsAsOne(t *testing.T) {
	for text, want := range map[string]string{
		"reading x: gone": "Reading x: gone.", " Done. ": "Done.", "": "Something failed without a word.",
	} {
		if got := Sentence(errors.New(text)); got != want {
			t.Errorf("%q reads %q, want %q", text, got, want)
		}
	}
}

func TestShortHash_LeavesWhatIsShortOrNoHash(t *testing.T) {
	for hash, want := range map[string]string{"sha256:9f2c61d0aa": "sha256:9f2c61d0…",
		"sha256:9f2c61d0": "sha256:9f2c61d0", "none": "none"} {
		if got := ShortHash(hash); got != want {
			t.Errorf("%q is %q, want %q", hash, got, want)
		}
	}
}
