package reading

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Redacted stands where a secret was.
const Redacted = "(redacted)"

// Rules say which JSON strings are secrets. Names compare without case, underscores and dashes.
type Rules struct {
	Names    []string // the whole name of a member: client_secret also means clientSecret
	Suffixes []string // the end of a name: secret also means webhookSecret
	Paths    []string // the end of a path of names, lists left out: credentials.password.value
	Except   []string // names that are none although another rule says so
}

// StandardRules are the names that hold secrets wherever they stand.
func StandardRules() Rules {
	return Rules{
		Names: []string{"client_secret", "secretText", "password", "passphrase", "token", "access_token", "refresh_token", "id_token",
			"privateKey", "private_key", "apiKey", "secret", "secretKey", "credential", "sharedSecret", "clientAssertion", "authorization"},
		Suffixes: []string{"password", "secret", "privatekey", "apikey", "apitoken", "accesstoken", "authtoken", "secretkey", "secrettoken", "bearertoken"},
		Paths: []string{"password.value", "password.hash", "password.salt", "hash.value", "recoveryquestion.answer",
			"keys.d", "keys.p", "keys.q", "keys.dp", "keys.dq", "keys.qi", "keys.k"},
	}
}

// Redact returns the body with every secret string replaced. All other bytes stay as they are, so numbers keep their digits and
// members their order. Lists of strings under a secret name are redacted too; an object under one is walked like any other.
// Text that holds a PEM private key is always redacted. A body that is not exactly one JSON value is an error and gives no bytes.
func Redact(body []byte, rules Rules) ([]byte, error) {
	walk := walker{body: body, decoder: json.NewDecoder(bytes.NewReader(body)), rules: rules.compile()}
	walk.decoder.UseNumber()
	if err := walk.value(nil, false); err != nil {
		return nil, fmt.Errorf("redacting a body: %w", err)
	}
	if rest := bytes.TrimSpace(body[walk.decoder.InputOffset():]); len(rest) > 0 {
		return nil, fmt.Errorf("redacting a body: %d bytes follow the JSON value", len(rest))
	}
	walk.out.Write(body[walk.copied:])
	return walk.out.Bytes(), nil
}

type compiled struct {
	names, except map[string]bool
	suffixes      []string
	paths         [][]string
}

func (r Rules) compile() compiled {
	c := compiled{names: map[string]bool{}, except: map[string]bool{}}
	for _, name := range r.Names {
		c.names[fold(name)] = true
	}
	for _, name := range r.Except {
		c.except[fold(name)] = true
	}
	for _, suffix := range r.Suffixes {
		c.suffixes = append(c.suffixes, fold(suffix))
	}
	for _, path := range r.Paths {
		var names []string
		for _, name := range strings.Split(path, ".") {
			names = append(names, fold(name))
		}
		c.paths = append(c.paths, names)
	}
	return c
}

func fold(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// secret tells whether the member at the end of the path is one. Path names are folded.
func (c compiled) secret(path []string) bool {
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
		if len(path) >= len(want) && equal(path[len(path)-len(want):], want) {
			return true
		}
	}
	return false
}

func equal(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// deepest nesting of members that is walked, so that a hostile body cannot exhaust the stack.
const deepest = 1000

// walker copies the body up to each secret and writes Redacted in its place.
type walker struct {
	body    []byte
	decoder *json.Decoder
	rules   compiled
	out     bytes.Buffer
	copied  int64 // bytes of body already in out, or replaced
	depth   int
}

func (w *walker) value(path []string, secret bool) error {
	before := w.decoder.InputOffset()
	token, err := w.decoder.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		if w.depth++; w.depth > deepest {
			return fmt.Errorf("the body is nested deeper than %d", deepest)
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

func (w *walker) object(path []string) error {
	for w.decoder.More() {
		token, err := w.decoder.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return fmt.Errorf("name of a member is %v", token)
		}
		inner := append(path[:len(path):len(path)], fold(name))
		if err := w.value(inner, w.rules.secret(inner)); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}

func (w *walker) list(path []string, secret bool) error {
	for w.decoder.More() {
		if err := w.value(path, secret); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}

// replace puts Redacted in the place of the string token that was just read; before is the offset ahead of it.
func (w *walker) replace(before int64) {
	start := before + int64(bytes.IndexByte(w.body[before:], '"'))
	w.out.Write(w.body[w.copied:start])
	w.out.WriteString(`"` + Redacted + `"`)
	w.copied = w.decoder.InputOffset()
}
