package pseudonym

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// KeySize is how many random bytes a key has.
const KeySize = 32

// shortest text that is looked for inside other texts; shorter ones stand in too many words.
const shortest = 6

var email = regexp.MustCompile(`[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+`)

// Masker replaces people by pseudonyms. It is read only after New and safe for many goroutines.
type Masker struct {
	key     []byte
	known   map[string]string   // text → pseudonym
	persons map[string]string   // address of an item about a person → id of the user
	starts  map[string][]string // first bytes of a known text → such texts
	open    map[string]bool     // texts that stand in steps about nobody
}

// New learns the people of a plan, which may be nil: then only e-mail addresses are known.
func New(key []byte, p *plan.Plan) *Masker {
	m := &Masker{key: key, known: map[string]string{}, persons: map[string]string{}, starts: map[string][]string{},
		open: map[string]bool{}}
	if p == nil {
		return m
	}
	for _, step := range p.Steps {
		for _, item := range step.Items {
			m.learn(item)
		}
	}
	if p.Access != nil {
		for _, changes := range [][]plan.AccessChange{p.Access.Gained, p.Access.Lost} {
			for _, change := range changes {
				m.know(change.Person, m.accessName(change.Person))
			}
		}
	}
	for i := range p.Steps {
		if !Personal(&p.Steps[i]) {
			m.learnOpen(&p.Steps[i])
		}
	}
	return m
}

// Names tells whether a plan names anybody.
func Names(p *plan.Plan) bool {
	for i := range p.Steps {
		if Personal(&p.Steps[i]) {
			return true
		}
	}
	if p.Access != nil && len(p.Access.Gained)+len(p.Access.Lost) > 0 {
		return true
	}
	for _, impact := range p.Impacts {
		for _, item := range impact.Items {
			if address, err := identity.ParseAddress(item); err == nil && address.Kind.IsPeople() {
				return true
			}
		}
	}
	encoded, err := json.Marshal(p)
	return err != nil || email.Match(encoded)
}

// Pseudonym of a user of a source: person- and ten letters.
func (m *Masker) Pseudonym(source, id string) string {
	return m.name("person", "user\x00"+source+"\x00"+id)
}

func (m *Masker) name(label, text string) string {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte("rehome/people/v1\x00" + text))
	return label + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil))[:10])
}

func (m *Masker) learn(item merge.ItemName) {
	if item.Person == "" {
		return
	}
	pseudonym := m.Pseudonym(item.Source, item.Person)
	m.persons[identity.Address{Source: item.Source, Kind: item.Kind, ID: item.ID}.String()] = item.Person
	m.know(item.Person, pseudonym)
	name, _, _ := strings.Cut(item.Name, " -> ")
	m.know(name, pseudonym)
}

// know remembers a text that names a person. The first pseudonym of a text stays.
func (m *Masker) know(text, pseudonym string) {
	if _, known := m.known[text]; known || text == "" {
		return
	}
	m.known[text] = pseudonym
	if distinctive(text) {
		start := text[:4]
		m.starts[start] = append(m.starts[start], text)
	}
}

// distinctive tells whether a text can be looked for inside others: somebody who is called "admin" must not change
// every word.
func distinctive(text string) bool {
	return len(text) >= shortest && strings.ContainsFunc(text,
		func(r rune) bool { return unicode.IsDigit(r) || r == ' ' || r == '@' || r == '.' })
}

func (m *Masker) accessName(person string) string {
	if address, err := identity.ParseAddress(person); err == nil && address.Kind == identity.KindUser {
		return m.Pseudonym(address.Source, address.ID)
	}
	if known, found := m.known[person]; found {
		return known
	}
	return m.name("person", "access\x00"+person)
}

// Text replaces what names a person in a text: the people of the plan, and every e-mail address. An address whose
// person the plan does not list becomes mail- and ten letters.
func (m *Masker) Text(text string) string {
	if known, found := m.known[text]; found && distinctive(text) {
		return known
	}
	if strings.Contains(text, "@") {
		text = email.ReplaceAllStringFunc(text, func(address string) string {
			if known, found := m.known[address]; found {
				return known
			}
			return m.name("mail", "mail\x00"+strings.ToLower(address))
		})
	}
	return m.inside(text)
}

// inside replaces known texts that stand as words of their own.
func (m *Masker) inside(text string) string {
	if len(m.starts) == 0 || len(text) < shortest {
		return text
	}
	var out strings.Builder
	begin, before := 0, ' '
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !wordRune(before) && wordRune(r) {
			if found := m.at(text[i:]); found != "" {
				out.WriteString(text[begin:i] + m.known[found])
				i += len(found)
				begin, before = i, 'x'
				continue
			}
		}
		before = r
		i += size
	}
	if begin == 0 {
		return text
	}
	return out.String() + text[begin:]
}

// at is the longest known text that text begins with, as a word of its own.
func (m *Masker) at(text string) string {
	if len(text) < 4 {
		return ""
	}
	longest := ""
	for _, known := range m.starts[text[:4]] {
		if len(known) <= len(longest) || !strings.HasPrefix(text, known) {
			continue
		}
		if next, _ := utf8.DecodeRuneInString(text[len(known):]); len(text) == len(known) || !wordRune(next) {
			longest = known
		}
	}
	return longest
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// JSON replaces people in every text of a JSON document; everything else stays byte for byte. What is not JSON stays as
// it is. A nil masker hides nobody.
func (m *Masker) JSON(encoded []byte) []byte {
	if m == nil {
		return encoded
	}
	var out bytes.Buffer
	for i := 0; i < len(encoded); {
		if encoded[i] != '"' {
			out.WriteByte(encoded[i])
			i++
			continue
		}
		end := i + 1
		for end < len(encoded) && encoded[end] != '"' {
			if encoded[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(encoded))
		out.Write(m.token(encoded[i:end]))
		i = end
	}
	return out.Bytes()
}

func (m *Masker) token(token []byte) []byte {
	var text string
	if json.Unmarshal(token, &text) != nil {
		return token
	}
	masked := m.Text(text)
	if masked == text {
		return token
	}
	return quote(masked)
}

func quote(text string) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return []byte(`""`)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
