package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"

	"github.com/rehome-iam/rehome/engine/identity"
)

// DigestError says that the body of a page does not have the digest that it came with.
type DigestError struct {
	Page identity.PageEvidence
	Got  string // SHA-256 of the body, hex
}

// Error names the page and both digests.
func (e *DigestError) Error() string {
	return fmt.Sprintf("page %d (%s %s) has SHA-256 %s, its evidence says %s", e.Page.Sequence, e.Page.Method, e.Page.Path,
		e.Got, e.Page.SHA256)
}

// CheckPage fails with *DigestError when the body of a page is not the one that its digest was made of.
func CheckPage(page identity.PageEvidence) error {
	sum := sha256.Sum256(page.Body)
	if got := hex.EncodeToString(sum[:]); got != page.SHA256 {
		return &DigestError{Page: page, Got: got}
	}
	return nil
}

// exportedPage is one line of an export. The body is text, so that its bytes and so its digest survive; a body that is
// no text is in body_base64.
type exportedPage struct {
	Sequence  int    `json:"sequence"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	Query     string `json:"query,omitempty"`
	Status    int    `json:"status"`
	At        string `json:"at"`
	ItemCount int    `json:"item_count"`
	Bytes     int    `json:"bytes"`
	SHA256    string `json:"sha256"`
	Body      string `json:"body,omitempty"`
	Base64    []byte `json:"body_base64,omitempty"`
}

// ExportPages writes pages as JSON lines, each checked against its digest first, and returns how many. It stops at the
// first page that does not fit.
func ExportPages(w io.Writer, pages iter.Seq2[identity.PageEvidence, error]) (int, error) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	count := 0
	for page, err := range pages {
		if err != nil {
			return count, fmt.Errorf("reading the page evidence: %w", err)
		}
		if err := CheckPage(page); err != nil {
			return count, err
		}
		line := exportedPage{
			Sequence: page.Sequence, Method: page.Method, Path: page.Path, Query: page.Query, Status: page.Status, At: page.At,
			ItemCount: page.ItemCount, Bytes: page.Bytes, SHA256: page.SHA256,
		}
		if utf8.Valid(page.Body) {
			line.Body = string(page.Body)
		} else {
			line.Base64 = page.Body
		}
		if err := encoder.Encode(line); err != nil {
			return count, fmt.Errorf("writing page %d: %w", page.Sequence, err)
		}
		count++
	}
	return count, nil
}
