package reading_test

import (
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

func parsed(t *testing.T, text string) reading.Node {
	t.Helper()
	node, err := reading.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return node
}

func TestNode_UnreadIsWhatIsSetAndWasNeverRead(t *testing.T) {
	const body = `{"name":"a","logo":"https://l","off":false,"empty":{"x":null,"y":[]},"n":0,
		"sign":{"on":true,"by":"k","list":[{"url":"u","index":1},{"url":"v","index":0,"extra":"e"}]},
		"texts":["a",7],"deep":{"one":{"two":"set"}},"visited":{"inner":{"two":"set"}}}`
	cases := []struct {
		name string
		read func(reading.Node)
		want []string
	}{
		{"nothing is read", func(reading.Node) {}, []string{"deep.one.two", "logo", "name", "sign.by", "sign.list", "sign.on",
			"texts", "visited.inner.two"}},
		{"going somewhere is not reading", func(n reading.Node) {
			n.At("deep",
				"one")
			n.At("name").IsNull()
			n.At("name").IsSet()
			n.Names()
		},
			[]string{"deep.one.two", "logo", "name", "sign.by", "sign.list", "sign.on", "texts", "visited.inner.two"}},
		{"what is read is not named", func(n reading.Node) {
			n.At("name").Text()
			n.At("logo").Text()
			n.At("sign", "on").Flag()
			for _, e := range n.At("sign", "list").List() {
				e.At("url").Text()
			}
			n.At("deep").Plain()
			n.At("visited", "inner", "two").Text()
		}, []string{"sign.by", "sign.list[].extra", "sign.list[].index", "texts"}},
		{"what is no text stays",
			func(n reading.Node) { n.At("texts").Texts(); n.At("sign").Plain(); n.At("deep").Settled() },
			[]string{"logo", "name", "texts[]", "visited.inner.two"}},
		{"a copy shares the memory", func(n reading.Node) { m := n; m.At("name").Text(); m.At("sign").Settled() },
			[]string{"deep.one.two", "logo", "texts", "visited.inner.two"}},
		{"a default sets nothing", func(n reading.Node) { n.At("name").SettledIf("a"); n.At("logo").SettledIf("other") },
			[]string{"deep.one.two", "logo", "sign.by", "sign.list", "sign.on", "texts", "visited.inner.two"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			node := parsed(t, body)
			c.read(node)
			if got := node.Unread(""); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := parsed(t, `{"a":{"b":1}}`).At("a").Unread("a"); !slices.Equal(got, []string{"a.b"}) {
		t.Errorf("an object below a prefix that nobody read is %q", got)
	}
}

func TestNode_NamesWhatWasReadAsSomethingElse(t *testing.T) {
	node := parsed(t, `{"text":4,"flag":"true","number":"4","list":{"a":1},"texts":["a",7],"time":"soon","object":["x"],"null":null,
		"right":{"text":"x","flag":true,"number":4,"time":"2026-01-02T03:04:05Z"}}`)
	node.At("text").Text()
	node.At("flag").Flag()
	node.At("number").Number()
	node.At("list").List()
	node.At("texts").Texts()
	node.At("time").Time()
	node.At("object", "x").Text()
	node.At("null").Text()
	right := node.At("right")
	right.At("text").Text()
	right.At("flag").Flag()
	right.At("number").Number()
	if at := right.At("time").Time(); at.Unix() != 1767323045 {
		t.Errorf("the time is %v", at)
	}
	want := []string{"flag", "list", "number", "object", "text", "texts[]", "time"}
	if got := node.Mistyped(""); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	want[1] = "list.a"
	if got := node.Unread(""); !slices.Equal(got, want) {
		t.Errorf("what was not understood is not told as unread: %q, want %q", got, want)
	}
}

func TestNode_TheSameValueElsewhereTellsIt(t *testing.T) {
	node := parsed(t, `{"a":["x"],"b":["x"],"c":["y"]}`)
	node.At("b").SettledAs(node.At("a"))
	node.At("c").SettledAs(node.At("a"))
	if got := node.Unread(""); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("got %q", got)
	}
}

func TestNode_ReadsWhatIsNotThereAsNothing(t *testing.T) {
	node := parsed(t, `{"text":"x","number":12.9,"large":9007199254740993,"huge":1e300,"list":["a",1,null],"flag":true,"null":null}`)
	if node.At("gone", "deeper").Text() != "" || node.At("text").Flag() || node.At("flag").Number() != 0 ||
		node.At("text", "x").Text() != "" {
		t.Error("what is not there, or of another type, is something")
	}
	if node.At("number").Number() != 12 || node.At("large").Number() != 9007199254740993 || node.At("huge").Number() != 0 {
		t.Error("numbers are not read as written")
	}
	if !slices.Equal(node.At("list").Texts(), []string{"a"}) || node.At("text").Texts() != nil ||
		parsed(t, `[]`).Texts() == nil {
		t.Error("texts of a list")
	}
	if !node.At("null").IsNull() || node.At("text").IsNull() || !node.At("list").IsList() {
		t.Error("null or list")
	}
	if node.At("large").Plain() != "9007199254740993" || node.At("text").Plain() != "x" {
		t.Error("plain text")
	}
	var none reading.Node
	none.Settled()
	if none.Unread("x") != nil || len(none.List()) != 0 || none.At("x").Text() != "" {
		t.Error("the zero node is not empty")
	}
	for _, text := range []string{``, `{`, `{} {}`, `{}x`} {
		if _, err := reading.Parse([]byte(text)); err == nil {
			t.Errorf("%q is taken for one JSON value", text)
		}
	}
}

func TestNode_AnySetLooksAtTheNamedMembersOnly(t *testing.T) {
	n := parsed(t, `{"off":false,"empty":[],"on":["x"]}`)
	if n.AnySet("off", "empty", "absent") || !n.AnySet("off", "on") || n.AnySet() {
		t.Error("what says something is not told from what does not")
	}
	if unread := n.Unread(""); len(unread) != 1 {
		t.Errorf("looking reads: %v are left", unread)
	}
}
