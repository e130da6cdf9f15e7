package layout

import (
	"strings"
	"testing"
)

func TestTable_AlignsByWhatIsSeen(t *testing.T) {
	var b strings.Builder
	err := Table(&b, []Heading{{Title: "ID"}, {Title: "ITEMS", Right: true}, {Title: "REASON"}},
		[][]string{{"é-1", "7", ""}, {"s-12345", "1,284", "a\x1b[31m\nb"}})
	want := "ID       ITEMS  REASON\né-1          7\ns-12345  1,284  a[31m b\n"
	if err != nil || b.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, b.String(), want)
	}
}
