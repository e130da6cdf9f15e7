package reading

import (
	"bytes"
	"encoding/json"
	"errors"
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
	if !json.Valid(body) {
		return nil, errors.New("redacting a body: it is not one JSON value")
	}
	walk := walker{body: body, rules: rules.compile(), members: map[string]*member{}}
	if err := walk.value(false); err != nil {
		return nil, fmt.Errorf("redacting a body: %w", err)
	}
	walk.out = append(walk.out, body[walk.copied:]...)
	return walk.out, nil
}

// compiled rules; every name is folded.
type compiled struct {
	names, except map[string]bool
	suffixes      []string
	paths         map[string][][]string // by the last name
}

func (r Rules) compile() compiled {
	c := compiled{names: map[string]bool{}, except: map[string]bool{}, paths: map[string][][]string{}}
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
		names := strings.Split(path, ".")
		for i := range names {
			names[i] = fold(names[i])
		}
		last := names[len(names)-1]
		c.paths[last] = append(c.paths[last], names)
	}
	return c
}

// fold drops case, underscores, dashes and blanks.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// member is what the rules say about a name, worked out once: pages repeat the same names thousands of times.
type member struct {
	folded string
	secret bool       // wherever it stands
	paths  [][]string // it is secret at the end of one of these
}

func (c compiled) member(name string) *member {
	m := &member{folded: fold(name)}
	if c.except[m.folded] {
		return m
	}
	m.secret = c.names[m.folded]
	for _, suffix := range c.suffixes {
		m.secret = m.secret || strings.HasSuffix(m.folded, suffix)
	}
	m.paths = c.paths[m.folded]
	return m
}

// isSecret tells whether the member is one at the end of the path. Path names are folded.
func (m *member) isSecret(path []string) bool {
	if m.secret {
		return true
	}
	for _, want := range m.paths {
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

// privateKey is how the first line of every PEM private key ends.
const privateKey = "PRIVATE KEY-----"

// walker copies the body up to each secret and writes Redacted in its place. The body is valid JSON, so it looks at bytes only.
type walker struct {
	body    []byte
	at      int // the next byte
	rules   compiled
	members map[string]*member // by name as written, quotes included
	path    []string           // names of the members around, folded
	out     []byte
	copied  int // bytes of body already in out, or replaced
	depth   int
}

// peek is the next byte that is no white space.
func (w *walker) peek() byte {
	for {
		switch b := w.body[w.at]; b {
		case ' ', '\t', '\r', '\n':
			w.at++
		default:
			return b
		}
	}
}

// text passes a string and returns it with its quotes.
func (w *walker) text() []byte {
	start := w.at
	for w.at++; w.body[w.at] != '"'; w.at++ {
		if w.body[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
	return w.body[start:w.at]
}

func (w *walker) value(secret bool) error {
	switch w.peek() {
	case '{':
		return w.nested(w.object)
	case '[':
		return w.nested(func() error { return w.list(secret) })
	case '"':
		if text := w.text(); (secret && len(text) > 2) || holdsPrivateKey(text) {
			w.replace(text)
		}
	default: // a number, true, false or null
		for w.at < len(w.body) && strings.IndexByte(",]} \t\r\n", w.body[w.at]) < 0 {
			w.at++
		}
	}
	return nil
}

// nested walks what stands between brackets.
func (w *walker) nested(walk func() error) error {
	if w.depth++; w.depth > deepest {
		return fmt.Errorf("the body is nested deeper than %d", deepest)
	}
	w.at++
	err := walk()
	w.at++
	w.depth--
	return err
}

func (w *walker) object() error {
	for w.peek() != '}' {
		m := w.member(w.text())
		w.peek()
		w.at++ // the colon
		w.path = append(w.path, m.folded)
		if err := w.value(m.isSecret(w.path)); err != nil {
			return err
		}
		w.path = w.path[:len(w.path)-1]
		w.comma()
	}
	return nil
}

func (w *walker) list(secret bool) error {
	for w.peek() != ']' {
		if err := w.value(secret); err != nil {
			return err
		}
		w.comma()
	}
	return nil
}

func (w *walker) comma() {
	if w.peek() == ',' {
		w.at++
	}
}

func (w *walker) member(quoted []byte) *member {
	m := w.members[string(quoted)]
	if m == nil {
		m = w.rules.member(unquote(quoted))
		w.members[string(quoted)] = m
	}
	return m
}

// unquote decodes a string that is known to be one.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // the body was checked
	return text
}

// holdsPrivateKey looks into the escapes too, as a dash can be written as one.
func holdsPrivateKey(quoted []byte) bool {
	if len(quoted) <= len(privateKey) {
		return false
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return bytes.Contains(quoted, []byte(privateKey))
	}
	return strings.Contains(unquote(quoted), privateKey)
}

// replace puts Redacted in the place of the string that was just passed.
func (w *walker) replace(text []byte) {
	w.out = append(w.out, w.body[w.copied:w.at-len(text)]...)
	w.out = append(w.out, `"`+Redacted+`"`...)
	w.copied = w.at
}
