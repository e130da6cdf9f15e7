package reading_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// The reference reads token by token with encoding/json. It is slow and plain; Redact must give the same bytes.

func redactByTokens(body []byte, rules reading.Rules) ([]byte, error) {
	walk := reference{body: body, decoder: json.NewDecoder(bytes.NewReader(body)), rules: compileReference(rules)}
	walk.decoder.UseNumber()
	if err := walk.value(nil, false); err != nil {
		return nil, err
	}
	if rest := bytes.Trim(body[walk.decoder.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow the JSON value", len(rest))
	}
	walk.out.Write(body[walk.copied:])
	return walk.out.Bytes(), nil
}

func FuzzRedact_GivesWhatReadingTokenByTokenGives(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,{"password":"x"}]}`, `["\u0000",1.0e5,null]`,
		`{"keys":[{"d":"x","n":"y"}],"password" : {"value" :["a",["b"]] , "c":""}}`,
		`{"p\u0061ssword":"a\"b\\","x":"-----BEGIN PRIVATE KEY\u002d----"}`, ` "token" `,
		`{"hash":{"value":{"value":"x"}},"credential":{"secret":true,"Secret-Key":"y"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		want, wantErr := redactByTokens(body, reading.StandardRules())
		got, err := reading.Redact(body, reading.StandardRules())
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
			t.Fatalf("%q became %q (%v), token by token %q (%v)", body, got, err, want, wantErr)
		}
	})
}

type referenceRules struct {
	names, except map[string]bool
	suffixes      []string
	paths         [][]string
}

func compileReference(r reading.Rules) referenceRules {
	c := referenceRules{names: map[string]bool{}, except: map[string]bool{}}
	for _, name := range r.Names {
		c.names[referenceFold(name)] = true
	}
	for _, name := range r.Except {
		c.except[referenceFold(name)] = true
	}
	for _, suffix := range r.Suffixes {
		c.suffixes = append(c.suffixes, referenceFold(suffix))
	}
	for _, path := range r.Paths {
		var names []string
		for _, name := range strings.Split(path, ".") {
			names = append(names, referenceFold(name))
		}
		c.paths = append(c.paths, names)
	}
	return c
}

func referenceFold(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// secret tells whether the member at the end of the path is one. Path names are folded.
func (c referenceRules) secret(path []string) bool {
	name := path[len(path)-1]
	if c.except[name] {
		return false
	}
	if c.names[name] {
		return true
	}
	for _, suffix := range c.suffixes {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	for _, want := range c.paths {
		if len(path) >= len(want) && referenceEqual(path[len(path)-len(want):], want) {
			return true
		}
	}
	return false
}

func referenceEqual(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// reference copies the body up to each secret and writes Redacted in its place.
type reference struct {
	body    []byte
	decoder *json.Decoder
	rules   referenceRules
	out     bytes.Buffer
	copied  int64 // bytes of body already in out, or replaced
	depth   int
}

func (w *reference) value(path []string, secret bool) error {
	before := w.decoder.InputOffset()
	token, err := w.decoder.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		if w.depth++; w.depth > 1000 {
			return fmt.Errorf("the body is nested deeper than %d", 1000)
		}
		defer func() { w.depth-- }()
		if t == '{' {
			return w.object(path)
		}
		return w.list(path, secret)
	case string:
		if (secret && t != "") || strings.Contains(t, "PRIVATE KEY-----") {
			w.replace(before)
		}
	}
	return nil
}

func (w *reference) object(path []string) error {
	for w.decoder.More() {
		token, err := w.decoder.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return fmt.Errorf("name of a member is %v", token)
		}
		inner := append(path[:len(path):len(path)], referenceFold(name))
		if err := w.value(inner, w.rules.secret(inner)); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}

func (w *reference) list(path []string, secret bool) error {
	for w.decoder.More() {
		if err := w.value(path, secret); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}

// replace puts Redacted in the place of the string token that was just read; before is the offset ahead of it.
func (w *reference) replace(before int64) {
	start := before + int64(bytes.IndexByte(w.body[before:], '"'))
	w.out.Write(w.body[w.copied:start])
	w.out.WriteString(`"` + reading.Redacted + `"`)
	w.copied = w.decoder.InputOffset()
}
