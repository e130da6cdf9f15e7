package inventory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

func page(sequence int, body string) identity.PageEvidence {
	sum := sha256.Sum256([]byte(body))
	return identity.PageEvidence{Sequence: sequence, Method: "GET", Path: "/api/v1/apps", Status: 200,
		SHA256: hex.EncodeToString(sum[:]), Body: []byte(body)}
}

func pagesOf(pages ...identity.PageEvidence) iter.Seq2[identity.PageEvidence, error] {
	return func(yield func(identity.PageEvidence, error) bool) {
		for _, p := range pages {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func TestExportPages_KeepsTheBytesThatTheDigestWasMadeOf(t *testing.T) {
	var b strings.Builder
	bodies := []string{"[ {\"a\" : \"<&>\u2028\"} ]\n", "", "\xff\x00"}
	n, err := ExportPages(&b, pagesOf(page(1, bodies[0]), page(2, bodies[1]), page(3, bodies[2])))
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
	for i, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		var got struct {
			SHA256 string `json:"sha256"`
			Body   string `json:"body"`
			Base64 []byte `json:"body_base64"`
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(got.Body + string(got.Base64)))
		if hex.EncodeToString(sum[:]) != got.SHA256 {
			t.Errorf("page %d: the exported body %q has another digest", i+1, got.Body)
		}
	}
}

func TestExportPages_NamesThePageWhoseDigestDoesNotFit(t *testing.T) {
	changed := page(2, "[]")
	changed.Body = []byte("[1]")
	var b strings.Builder
	n, err := ExportPages(&b, pagesOf(page(1, "{}"), changed, page(3, "{}")))
	var digest *DigestError
	if n != 1 || !errors.As(err, &digest) || digest.Page.Sequence != 2 ||
		!strings.Contains(err.Error(), "page 2 (GET /api/v1/apps)") {
		t.Errorf("%d pages, %v", n, err)
	}
}

// sender is a source that sends one page.
type sender struct{ page identity.PageEvidence }

func (s sender) Identify(context.Context) (contract.SourceIdentity, error) {
	return contract.SourceIdentity{}, nil
}
func (s sender) Collect(_ context.Context, h Handler) error { return h.Page(s.page) }

// nothing takes everything and keeps nothing.
type nothing struct{}

func (nothing) Page(identity.PageEvidence) error { return nil }
func (nothing) Items([]identity.Item) error      { return nil }
func (nothing) Gap(identity.Gap) error           { return nil }

func TestCollect_RefusesAPageThatIsNotTheOneItsDigestWasMadeOf(t *testing.T) {
	if _, err := Collect(context.Background(), sender{page(1, "[]")}, nothing{}, nil); err != nil {
		t.Fatal(err)
	}
	changed := page(1, "[]")
	changed.Body = []byte("[1]")
	_, err := Collect(context.Background(), sender{changed}, nothing{}, nil)
	if PageAtFault(err) != "GET /api/v1/apps" {
		t.Errorf("page at fault %q of %v", PageAtFault(err), err)
	}
}
