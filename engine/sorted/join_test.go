package sorted_test

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/sorted"
)

func stream(ids ...string) iter.Seq2[identity.ItemID, error] {
	return func(yield func(identity.ItemID, error) bool) {
		for _, text := range ids {
			kind, id, _ := strings.Cut(text, "/")
			if !yield(identity.ItemID{Kind: identity.Kind(kind), ID: id}, nil) {
				return
			}
		}
	}
}

func self(id identity.ItemID) identity.ItemID { return id }

func TestJoin_PairsByKindInTheOrderOfTheModelAndThenByID(t *testing.T) {
	var got []string
	for pair, err := range sorted.Join(stream("group/a", "group/c", "user/a"),
		stream("domain/z", "group/b", "group/c", "membership/a"), self, identity.ItemID.Compare) {
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		if pair.Before != nil {
			text = pair.Before.String()
		}
		text += "|"
		if pair.After != nil {
			text += pair.After.String()
		}
		got = append(got, text)
	}
	want := []string{"|domain/z", "group/a|", "|group/b", "group/c|group/c", "user/a|", "|membership/a"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestJoin_StopsWhenTheReaderStopsAndAtTheFirstFault(t *testing.T) {
	for range sorted.Join(stream("group/a", "group/b"), stream(), self, identity.ItemID.Compare) {
		break
	}
	broken := errors.New("disk")
	failing := func(yield func(identity.ItemID, error) bool) { yield(identity.ItemID{}, broken) }
	cases := map[string]iter.Seq2[identity.ItemID, error]{"an error": failing, "twice": stream("group/a", "group/a"),
		"back": stream("user/a", "group/a")}
	for name, elements := range cases {
		t.Run(name, func(t *testing.T) {
			var last error
			n := 0
			for _, err := range sorted.Join(elements, stream("group/0"), self, identity.ItemID.Compare) {
				last = err
				n++
			}
			if last == nil || n > 4 {
				t.Errorf("%d pairs, last error %v", n, last)
			}
		})
	}
}
