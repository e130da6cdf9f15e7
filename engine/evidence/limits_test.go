package evidence

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
)

// Two files of five bytes: each limit holds at its edge, and one less refuses.
func TestReadZip_HoldsNoMoreThanItMay(t *testing.T) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, name := range []string{"a", "b"} {
		file, err := archive.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write([]byte("12345")); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		most limits
		want string
	}{
		{"just as many files and bytes", limits{files: 2, bytes: 10}, ""},
		{"a file too many", limits{files: 1, bytes: 10}, "2 files"},
		{"the last file a byte too large", limits{files: 2, bytes: 9}, "more than 9 bytes"},
		{"the first file too large", limits{files: 2, bytes: 4}, "more than 4 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			contents, err := readZip(bytes.NewReader(out.Bytes()), int64(out.Len()), c.most)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || string(contents["a"]) != "12345" || string(contents["b"]) != "12345" {
				t.Errorf("read %q, error %v", contents, err)
			}
		})
	}
}

// A bundle of a few kilobytes that unpacks to hundreds of megabytes is refused at a small part of that.
func TestCheck_RefusesASmallBundleThatUnpacksToMuch(t *testing.T) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	file, err := archive.Create(FileManifest)
	if err != nil {
		t.Fatal(err)
	}
	for range 64 {
		if _, err := file.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if size := int64(out.Len()); size > 100<<10 || limitsOf(size).bytes > 20<<20 {
		t.Fatalf("%d bytes, of which %d are read", size, limitsOf(size).bytes)
	}
	_, err = Check(bytes.NewReader(out.Bytes()), int64(out.Len()), Expected{})
	if err == nil || !strings.Contains(err.Error(), "unpacks to more than") {
		t.Error(err)
	}
	if limitsOf(1<<30).bytes != maxBytes {
		t.Errorf("a large file may unpack to %d bytes", limitsOf(1<<30).bytes)
	}
}
