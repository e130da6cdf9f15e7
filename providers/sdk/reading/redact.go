package reading

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
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
	Free     []Free   // maps of which nobody knows what they hold
}

// Free is a map whose members a vendor, a partner or a customer names as he likes: any of them may hold a secret, so
// its texts are redacted unless they are named. Lists and objects in it are part of it.
type Free struct {
	Path      string   // the end of a path of names, lists left out: settings.app
	Open      []string // names of members that are kept
	Addresses []string // names of members that are kept without query, fragment and user
}

// StandardRules are the names that hold secrets wherever they stand.
func StandardRules() Rules {
	return Rules{
		Names: []string{"client_secret", "secretText", "password", "passphrase", "token", "access_token", "refresh_token",
			"id_token",
			"privateKey", "private_key", "apiKey", "secret", "secretKey", "credential", "sharedSecret", "clientAssertion",
			"authorization"},
		Suffixes: []string{"password", "secret", "privatekey", "apikey", "apitoken", "accesstoken", "authtoken",
			"secretkey", "secrettoken", "bearertoken"},
		Paths: []string{"password.value", "password.hash", "password.salt", "hash.value", "recoveryquestion.answer",
			"keys.d", "keys.p", "keys.q", "keys.dp", "keys.dq", "keys.qi", "keys.k"},
	}
}

// Redact returns the body with every secret string replaced. All other bytes stay as they are, so numbers keep their
// digits and members their order. Lists of strings under a secret name are redacted too; an object under one is walked
// like any other. Text that holds a PEM private key is always redacted. A body that is not exactly one JSON value is an
// error and gives no bytes.
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
	free          []freeMap
}

// freeMap is Free with folded names.
type freeMap struct {
	path            []string
	open, addresses map[string]bool
}

func (f Free) compile() freeMap {
	out := freeMap{open: map[string]bool{}, addresses: map[string]bool{}}
	for _, name := range strings.Split(f.Path, ".") {
		out.path = append(out.path, fold(name))
	}
	for _, name := range f.Open {
		out.open[fold(name)] = true
	}
	for _, name := range f.Addresses {
		out.addresses[fold(name)] = true
	}
	return out
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
	for _, free := range r.Free {
		c.free = append(c.free, free.compile())
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
	free   []*freeMap // their paths end with it
}

func (c compiled) member(name string) *member {
	m := &member{folded: fold(name)}
	for i := range c.free {
		if path := c.free[i].path; path[len(path)-1] == m.folded {
			m.free = append(m.free, &c.free[i])
		}
	}
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

// walker copies the body up to each secret and writes Redacted in its place. The body is valid JSON, so it looks at
// bytes only.
type walker struct {
	body    []byte
	at      int // the next byte
	rules   compiled
	members map[string]*member // by name as written, quotes included
	path    []string           // names of the members around, folded
	out     []byte
	copied  int // bytes of body already in out, or replaced
	depth   int
	free    *freeMap // the one that the walk is in, nil outside
	keep    keep     // of the values of the member that the walk is in
}

// keep is what may stay of a value.
type keep int

const (
	keepAll     keep = iota
	keepAddress      // without query, fragment and user
	keepNothing
)

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
		switch text := w.text(); {
		case len(text) == 2: // empty
		case secret, holdsPrivateKey(text), w.keep == keepNothing:
			w.replace(len(text), Redacted)
		case w.keep == keepAddress:
			if whole := unquote(text); publicPart(whole) != whole {
				w.replace(len(text), publicPart(whole))
			}
		}
	default: // a number, true, false or null
		start := w.at
		for w.at < len(w.body) && strings.IndexByte(",]} \t\r\n", w.body[w.at]) < 0 {
			w.at++
		}
		if b := w.body[start]; w.keep != keepAll && b != 't' && b != 'f' && b != 'n' {
			w.replace(w.at-start, Redacted)
		}
	}
	return nil
}

// publicPart is an address without what may hold a token; a text that is no address is redacted whole.
func publicPart(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return Redacted
	}
	if parsed.User == nil && parsed.RawQuery == "" && parsed.Fragment == "" && !parsed.ForceQuery {
		return address
	}
	return parsed.Scheme + "://" + parsed.Host + parsed.EscapedPath() + "?" + Redacted
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
		around, kept := w.free, w.keep
		w.enter(m)
		if err := w.value(m.isSecret(w.path)); err != nil {
			return err
		}
		w.free, w.keep = around, kept
		w.path = w.path[:len(w.path)-1]
		w.comma()
	}
	return nil
}

// enter says what may stay of the values of a member.
func (w *walker) enter(m *member) {
	switch {
	case w.free == nil:
		for _, free := range m.free {
			if len(w.path) >= len(free.path) && equal(w.path[len(w.path)-len(free.path):], free.path) {
				w.free, w.keep = free, keepNothing
			}
		}
	case w.free.open[m.folded]:
		w.keep = keepAll
	case w.free.addresses[m.folded]:
		w.keep = keepAddress
	default:
		w.keep = keepNothing
	}
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

// replace puts a text in the place of the value of so many bytes that was just passed.
func (w *walker) replace(size int, text string) {
	quoted, err := json.Marshal(text)
	if err != nil {
		quoted = []byte(`"` + Redacted + `"`)
	}
	w.out = append(w.out, w.body[w.copied:w.at-size]...)
	w.out = append(w.out, quoted...)
	w.copied = w.at
}
