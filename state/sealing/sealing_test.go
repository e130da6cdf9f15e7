package sealing_test

import (
	"bytes"
	"errors"
	"testing"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/state/fault"
	"github.com/rehome-iam/rehome/state/sealing"
)

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	made, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// open opens a header, or says why it does not open.
func open(h sealing.Header, by age.Identity) (*sealing.Box, error) { return h.Open([]age.Identity{by}) }

func TestHeader_OpensForItsRecipientsOnly(t *testing.T) {
	ours, theirs := identity(t), identity(t)
	header, err := sealing.Begin([]age.Identity{ours})
	if err != nil || !header.Begun() || header.Rotating() || header.Recipients()[0] != ours.Recipient().String() {
		t.Fatalf("error %v, header %v", err, header)
	}
	box, err := open(header, ours)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := box.Seal("records/a", []byte("it"))
	if err != nil {
		t.Fatal(err)
	}
	if value, err := box.Open("records/a", sealed); err != nil || string(value) != "it" {
		t.Errorf("%q, error %v", value, err)
	}
	sealed[len(sealed)-1] ^= 1
	for name, value := range map[string][]byte{"changed": sealed, "short": sealed[:3]} {
		if _, err := box.Open("records/a", value); !errors.Is(err, fault.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := box.Open("records/b", sealed); !errors.Is(err, fault.ErrCorrupt) {
		t.Errorf("moved to another address: %v", err)
	}
	if _, err := open(header, theirs); !errors.Is(err, fault.ErrNoKey) {
		t.Errorf("another identity: %v", err)
	}
	if _, err := sealing.Begin(nil); !errors.Is(err, fault.ErrNoKey) {
		t.Errorf("nobody: %v", err)
	}
	if _, _, err := box.Rotate(nil); err == nil {
		t.Error("a key for nobody")
	}
	if _, _, err := box.Rotate([]string{"age1nobody"}); err == nil {
		t.Error("a key for what is no public key")
	}
}

func TestRotate_BothSidesOpenUntilItIsSettled(t *testing.T) {
	before, after := identity(t), identity(t)
	header, err := sealing.Begin([]age.Identity{before})
	if err != nil {
		t.Fatal(err)
	}
	old, err := open(header, before)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := old.Seal("records/a", []byte("it"))
	if err != nil {
		t.Fatal(err)
	}
	next, begun, err := old.Rotate([]string{after.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	put := func(_, name string, value []byte) error { header[name] = value; return nil }
	remove := func(_, name string) error { delete(header, name); return nil }
	if err := begun.Write(put, remove); err != nil || !header.Rotating() {
		t.Fatalf("error %v, header %v", err, header)
	}
	for name, by := range map[string]age.Identity{"before": before, "after": after} {
		box, err := open(header, by)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if value, err := box.Open("records/a", sealed); err != nil || string(value) != "it" {
			t.Errorf("%s: %q, error %v", name, value, err)
		}
		if box.Blind("a") != old.Blind("a") || !bytes.Equal(box.Derive("p"), old.Derive("p")) {
			t.Errorf("%s: the keys of records moved", name)
		}
	}
	anew, changed, err := next.Renew("records/a", sealed)
	if err != nil || !changed {
		t.Fatalf("changed %v, error %v", changed, err)
	}
	if _, changed, err := next.Renew("records/a", anew); err != nil || changed {
		t.Errorf("renewed twice: changed %v, error %v", changed, err)
	}
	alone, settled, err := next.Settle(header)
	if err != nil {
		t.Fatal(err)
	}
	if err := settled.Write(put, remove); err != nil || header.Rotating() ||
		header.Recipients()[0] != after.Recipient().String() {
		t.Fatalf("error %v, header %v", err, header)
	}
	if _, err := alone.Open("records/a", sealed); !errors.Is(err, fault.ErrCorrupt) {
		t.Errorf("the key of before still opens: %v", err)
	}
	if _, err := open(header, before); !errors.Is(err, fault.ErrNoKey) {
		t.Errorf("the identity of before: %v", err)
	}
	box, err := open(header, after)
	if err != nil {
		t.Fatal(err)
	}
	if value, err := box.Open("records/a", anew); err != nil || string(value) != "it" || box.Blind("a") != old.Blind("a") {
		t.Errorf("%q, error %v", value, err)
	}
}
