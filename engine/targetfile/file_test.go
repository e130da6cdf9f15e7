package targetfile

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

func sample() Snapshot {
	return Snapshot{
		Head: Head{FormatVersion: FormatVersion, Target: "keycloak.portal", TakenAt: "2026-11-22T08:00:00Z", Requests: 3,
			Identity: contract.TargetIdentity{Identity: "https://id.acme.example/realms/acme", Summary: "Keycloak"},
			Marker:   contract.Marker{Migration: "acme", Fence: 4}},
		Resources: []identity.Resource{
			{Type: "group", Key: "/eng", ServerID: "1", Tag: "okta.corp/group/1",
				Attributes: identity.Attributes{"name": "eng <&>", "size": json.Number("12345678901234567890")}},
			{Type: "client", Key: "https://app"},
		},
	}
}

func TestRead_GivesBackWhatWasWritten(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, sample()); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got); diff != "" {
		t.Error(diff)
	}
}

func TestRead_RefusesWhatIsNotWhole(t *testing.T) {
	head := `{"head":{"format_version":"1.0","target":"a.b","taken_at":"2026-11-22T08:00:00Z","identity":{"identity":"x"}}}` + "\n"
	cases := map[string]struct{ text, says string }{
		"nothing":                {"", "cut"},
		"cut":                    {head, "cut"},
		"no head":                {`{"end":{"resources":0}}` + "\n", "head"},
		"two heads":              {head + head, "head"},
		"another version":        {strings.Replace(head, "1.0", "9.0", 1), "9.0"},
		"no time":                {strings.Replace(head, "2026-", "x-", 1), "of when"},
		"a resource without key": {head + `{"resource":{"type":"group"}}` + "\n", "no key"},
		"a wrong count":          {head + `{"end":{"resources":1}}` + "\n", "should hold 1"},
		"more after the end":     {head + `{"end":{"resources":0}}` + "\nx\n", "after the end"},
		"an unknown line":        {head + `{"x":1}` + "\n", "no known sort"},
		"no JSON":                {head + "x\n", "does not read"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := Read(packed(t, c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("wanted an error that says %q, got %v", c.says, err)
			}
		})
	}
	if _, err := Read(strings.NewReader("plain text")); err == nil {
		t.Error("plain text was read")
	}
}

func packed(t testing.TB, text string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func FuzzRead(f *testing.F) {
	var whole bytes.Buffer
	if err := Write(&whole, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Add(packed(f, `{"head":{}}`).Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := Read(bytes.NewReader(content))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := Write(&again, s); err != nil {
			t.Fatal(err)
		}
		if back, err := Read(&again); err != nil || !cmp.Equal(s, back) {
			t.Errorf("what was read does not read back: %v", err)
		}
	})
}
