package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/audit"
)

func exported(t testing.TB, records []audit.Record) []string {
	t.Helper()
	lines := []string{}
	add := func(value any) {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(encoded))
	}
	head := ""
	if len(records) > 0 {
		head = records[len(records)-1].Hash
	}
	add(audit.NewHeader(len(records), head))
	for _, record := range records {
		add(record)
	}
	return lines
}

func TestVerifyFile_NamesWhatWasDoneToAnExport(t *testing.T) {
	whole := exported(t, chain(t, 4))
	shorter := exported(t, chain(t, 3))
	checkpoint := chain(t, 4)[3].Hash
	cases := map[string]struct {
		lines      []string
		checkpoint string
		broken     int // 0: it is whole
		says       string
	}{
		"untouched":                  {whole, checkpoint, 0, ""},
		"a changed record":           {replaced(whole, 2, `"target":"1"`, `"target":"9"`), "", 2, "hash"},
		"a removed record":           {slices.Delete(slices.Clone(whole), 2, 3), "", 2, "missing"},
		"two exchanged":              {[]string{whole[0], whole[2], whole[1], whole[3], whole[4]}, "", 1, "in its place"},
		"a cut end":                  {whole[:4], "", 4, "ends at record 3 of 4"},
		"half a line":                {append(slices.Clone(whole[:4]), whole[4][:20]), "", 4, "does not read"},
		"a field beside the record":  {replaced(whole, 3, `{"sequence"`, `{"note":"x","sequence"`), "", 3, "does not read"},
		"a cut end with its header":  {shorter, checkpoint, -1, "cut off"},
		"another file":               {[]string{`{"type":"version"}`}, "", -1, "no audit chain"},
		"an empty file":              {nil, "", -1, "empty"},
		"a checkpoint of two digits": {whole, "4b", -1, "at least 12"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			report, err := audit.VerifyFile(strings.NewReader(strings.Join(c.lines, "\n")), c.checkpoint)
			if c.broken == 0 {
				if err != nil || report.Records != 4 || report.Checkpoint != 4 {
					t.Errorf("%+v, %v", report, err)
				}
				return
			}
			var broken *audit.BrokenError
			if err == nil || !strings.Contains(err.Error(), c.says) || c.broken > 0 &&
				(!errors.As(err, &broken) || broken.Sequence != c.broken) {
				t.Errorf("wanted record %d and %q, got %v", c.broken, c.says, err)
			}
		})
	}
}

func replaced(lines []string, at int, before, after string) []string {
	changed := slices.Clone(lines)
	changed[at] = strings.Replace(changed[at], before, after, 1)
	return changed
}

func FuzzVerifyFile(f *testing.F) {
	f.Add([]byte(strings.Join(exported(f, nil), "\n")))
	f.Add([]byte(`{"type":"audit_export","format_version":"1.0","records":1,"head":""}` + "\n{}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		report, err := audit.VerifyFile(bytes.NewReader(content), "")
		if err == nil && report.Records < 0 {
			t.Error("a chain of fewer than no records")
		}
	})
}
