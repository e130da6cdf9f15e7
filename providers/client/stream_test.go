package client

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/protocol"
)

type ignore struct{}

func (ignore) Page(identity.PageEvidence) error { return nil }

func (ignore) Items([]identity.Item) error { return nil }

func (ignore) Gap(identity.Gap) error { return nil }

func page(n int64) *protocol.CollectResponse {
	return &protocol.CollectResponse{Event: &protocol.CollectResponse_Page{Page: &protocol.PageEvidence{Sequence: n}}}
}

func batch(items ...*protocol.Item) *protocol.CollectResponse {
	return &protocol.CollectResponse{Event: &protocol.CollectResponse_Items{Items: &protocol.ItemBatch{Items: items}}}
}

func gap(kind string) *protocol.CollectResponse {
	return &protocol.CollectResponse{Event: &protocol.CollectResponse_Gap{Gap: &protocol.Gap{Kind: kind}}}
}

func end(pages, items, gaps int64) *protocol.CollectResponse {
	return &protocol.CollectResponse{Event: &protocol.CollectResponse_End{End: &protocol.CollectEnd{Pages: pages,
		Items: items, Gaps: gaps}}}
}

func TestAStreamThatBreaksTheContractIsRefused(t *testing.T) {
	good := &protocol.Item{Kind: "group", Id: "1", AttributesJson: []byte("{}"), Page: 1}
	cases := []struct {
		name   string
		stream []*protocol.CollectResponse
		want   string
	}{
		{"good", []*protocol.CollectResponse{page(1), batch(good), gap("user"), end(1, 1, 1)}, ""},
		{"page left out", []*protocol.CollectResponse{page(2)}, "page 2 came after page 0"},
		{"page twice", []*protocol.CollectResponse{page(1), page(1)}, "page 1 came after page 1"},
		{"item before its page", []*protocol.CollectResponse{batch(good)}, "names page 1"},
		{"item without id", []*protocol.CollectResponse{batch(&protocol.Item{Kind: "group", AttributesJson: []byte("{}")})},
			"has no id"},
		{"item with a list as attributes", []*protocol.CollectResponse{batch(&protocol.Item{Kind: "group", Id: "1",
			AttributesJson: []byte("[]")})}, "not a JSON object"},
		{"gap of no kind", []*protocol.CollectResponse{gap("")}, "is not known"},
		{"items lost", []*protocol.CollectResponse{page(1), batch(good), end(1, 2, 0)}, "counts 1 pages, 2 items"},
		{"more after the end", []*protocol.CollectResponse{end(0, 0, 0), page(1)}, "after the end marker"},
		{"empty message", []*protocol.CollectResponse{{}}, "is empty"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			collected := collection{handler: ignore{}}
			var err error
			for _, message := range c.stream {
				if err = collected.take(message); err != nil {
					break
				}
			}
			var broken contractError
			if c.want == "" && (err != nil || !collected.ended) {
				t.Errorf("error is %v, ended %t", err, collected.ended)
			}
			if c.want != "" && (!errors.As(err, &broken) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestTheTailKeepsTheLastTwentyLines(t *testing.T) {
	var kept tail
	for n := range 30 {
		fmt.Fprintf(&kept, "line %d\n", n)
	}
	fmt.Fprint(&kept, `{"@level":"error","@message":"broken\u001b[2J"}`, "\nno line break")
	lines := strings.Split(kept.text(), "\n")
	if len(lines) != tailLines+1 || lines[0] != "line 11" || lines[19] != "error: broken[2J" ||
		lines[20] != "no line break" {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	fmt.Fprintf(&kept, "%s\n", strings.Repeat("x", 1<<20))
	if text := kept.text(); len(text) > (tailLines+1)*(tailWidth+10) {
		t.Errorf("%d bytes are kept", len(text))
	}
}

func TestSocketsOfDeadHostsAreSwept(t *testing.T) {
	parent := t.TempDir()
	dead, ours, other := filepath.Join(parent, "rehome-plugin-999999999-1"),
		filepath.Join(parent, fmt.Sprintf("rehome-plugin-%d-1", os.Getpid())), filepath.Join(parent, "other-999999999-1")
	for _, dir := range []string{dead, ours, other} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	sweepSocketDirs(parent, time.Now())
	if _, err := os.Stat(dead); err != nil {
		t.Errorf("a young directory is gone: %v", err)
	}
	sweepSocketDirs(parent, time.Now().Add(time.Hour))
	left, err := filepath.Glob(filepath.Join(parent, "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestTheHandshakeCannotBeChangedThroughTheEnvironment(t *testing.T) {
	names := []string{"PLUGIN_CLIENT_CERT", "REHOME_PLUGIN", "A=B", "OKTA_TOKEN"}
	var set []string
	for _, name := range names {
		set = append(set, name+"=v")
	}
	for _, variable := range environment(names, set) {
		if strings.HasPrefix(variable, "PLUGIN_") || strings.HasPrefix(variable, "REHOME_PLUGIN") ||
			strings.HasPrefix(variable, "A=") {
			t.Errorf("%s is passed", variable)
		}
	}
}
