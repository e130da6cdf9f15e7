package leftover

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

func TestUnread_IsWhatNobodyReadSettledOrCarried(t *testing.T) {
	node, err := reading.Parse(json.RawMessage(`{"id":"1","a":"x","b":{"c":"y","@odata.type":"#t"},"uris":["u","v"],"none":null}`))
	if err != nil {
		t.Fatal(err)
	}
	Settle(node, "id", "none")
	SettleAmong(node.At("uris"), "v")
	if got, want := Paths(node, "app"), []string{"app.a", "app.b.c", "app.uris[]"}; !slices.Equal(got, want) {
		t.Errorf("unread are %q, want %q", got, want)
	}
	SettleAmong(node.At("uris"), "u")
	node.At("a").Text()
	node.At("b").Settled()
	if got := Paths(node, "app"); len(got) > 0 {
		t.Errorf("unread are %q", got)
	}
}
