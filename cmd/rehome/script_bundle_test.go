package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// editBundle changes a text in one file of a zip, or takes the file out when there is no text.
func editBundle(ts *testscript.TestScript, _ bool, args []string) {
	content, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	ts.Check(err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, file := range archive.File {
		entry, err := file.Open()
		ts.Check(err)
		body, err := io.ReadAll(entry)
		ts.Check(err)
		if file.Name == args[2] {
			if len(args) == 3 {
				continue
			}
			if !bytes.Contains(body, []byte(args[3])) {
				ts.Fatalf("%s does not hold %q", args[2], args[3])
			}
			body = []byte(strings.ReplaceAll(string(body), args[3], args[4]))
		}
		f, err := w.Create(file.Name)
		ts.Check(err)
		_, err = f.Write(body)
		ts.Check(err)
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out.Bytes(), 0o600))
}
