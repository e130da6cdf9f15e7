package view

import (
	"strings"
	"testing"
)

func TestTable_AlignsByWhatIsSeen(t *testing.T) {
	var b strings.Builder
	err := Table(&b, []Column{{Title: "ID"}, {Title: "ITEMS", Right: true}, {Title: "REASON"}}, [][]string{{"é-1", "7", ""}, {"s-12345", "1,284", "a\x1b[31m\nb"}})
	want := "ID       ITEMS  REASON\né-1          7\ns-12345  1,284  a[31m b\n"
	if err != nil || b.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, b.String(), want)
	}
}

func TestBytes_HasOneUnit(t *testing.T) {
	for n, want := range map[int]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 1_250_000: "1.2 MB", 3_000_000_000: "3.0 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
