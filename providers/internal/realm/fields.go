package realm

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// field is one row of a resource type. The schema, the reader, the writer, the check of lengths, the test of the way
// there and back and the reference page follow from it: whoever adds a row has added all of them.
type field struct {
	name string // of the attribute
	doc  string
	form form // how the value stands in the representation
	// where, with slashes between the members; empty where read and write do more, or the value stands elsewhere
	at   string
	none any // the value where the representation holds none; nil for the empty one of its form
	// limit is the most characters that a text may have, or each text of a list or map; 0 where the column has no limit.
	limit int
	long  long

	key, replaces, secret, generated bool
	computed                         bool // it is read only: a value of it is never written

	read  func(o object.Object) any        // in place of at
	write func(o object.Object, value any) // in place of at
}

// column is the length of nearly every text column of Keycloak 26.7.4: VARCHAR(255). A longer value answers 500
// without a reason, and in a realm file it makes the server refuse the whole file. Values of attributes and configs
// are CLOB and have no limit, but for those of groups.
const column = 255

// long says what becomes of a text that does not fit.
type long int

const (
	blocks    long = iota // a name or an address: a part of it would be another one
	shortened             // an ornament that nothing depends on
	leftOut               // worth nothing in part, and nothing depends on it
)

// form is how a value stands in a representation.
type form int

const (
	asText       form = iota // a text
	asFlag                   // true or false
	asFlagText               // true or false as a text, as every value of a config is
	asNumberText             // a whole number as a text
	asSet                    // a list of texts
	asJoined                 // several texts in one, with commas between
	asTable                  // a map
	asMaps                   // a list of maps
)

func (f form) kind() string {
	switch f {
	case asFlag, asFlagText:
		return "bool"
	case asNumberText:
		return "number"
	case asSet, asJoined, asMaps:
		return "list"
	case asTable:
		return "map"
	}
	return "string"
}

// schema is what the engine learns of a row.
func (f field) schema() identity.AttributeSchema {
	kind := f.form.kind()
	return identity.AttributeSchema{
		Name: f.name, Type: kind, Doc: f.doc, Identity: f.key, Computed: f.computed, Sensitive: f.secret,
		Generated: f.generated,
		Unordered: kind == "list", ForcesReplace: f.replaces,
	}
}

func schemas(fields []field) []identity.AttributeSchema {
	all := make([]identity.AttributeSchema, len(fields))
	for i, f := range fields {
		all[i] = f.schema()
	}
	return all
}

// apart tells whether a value stands outside of the representation, so that the caller reads and writes it.
func (f field) apart() bool { return f.at == "" && f.read == nil }

// readFields makes attributes of a representation. Secrets and what stands apart are left out.
func readFields(fields []field, o object.Object) identity.Attributes {
	a := identity.Attributes{}
	for _, f := range fields {
		switch {
		case f.secret || f.apart():
		case f.read != nil:
			a[f.name] = f.read(o)
		default:
			a[f.name] = f.value(o)
		}
	}
	return a
}

func (f field) value(o object.Object) any {
	above, name := f.place(o, false)
	stored, said := above[name]
	if f.none != nil && (!said || stored == "") {
		return f.none
	}
	switch f.form {
	case asFlag, asFlagText:
		return object.Truth(above, name)
	case asNumberText:
		number, err := strconv.ParseFloat(object.Text(above, name), 64)
		if err != nil {
			return float64(0)
		}
		return number
	case asSet:
		return object.Sorted(object.Texts(stored))
	case asJoined:
		var parts []string
		for _, part := range strings.Split(object.Text(above, name), ",") {
			if part = strings.TrimSpace(part); part != "" {
				parts = append(parts, part)
			}
		}
		return object.Sorted(parts)
	}
	return object.Text(above, name)
}

// writeFields puts managed attributes into a representation; one that is not managed is left as it is, a secret that
// is not given too. What the server computes is never sent: it has no place to stand.
func writeFields(fields []field, o object.Object, a identity.Attributes, secrets map[string]string) {
	for _, f := range fields {
		value, managed := a[f.name]
		if f.secret {
			value, managed = secretValue(secrets, f.name)
		}
		switch {
		case !managed || f.apart() || f.computed: // what the server computes stands at no place that could be written
		case f.write != nil:
			f.write(o, value)
		default:
			f.put(o, value)
		}
	}
}

func secretValue(secrets map[string]string, name string) (any, bool) {
	value, known := secrets[name]
	return value, known
}

func (f field) put(o object.Object, value any) {
	above, name := f.place(o, true)
	switch f.form {
	case asFlag, asFlagText:
		on, ok := value.(bool)
		if !ok {
			return
		}
		above[name] = on
		if f.form == asFlagText {
			above[name] = strconv.FormatBool(on)
		}
	case asNumberText:
		if number, ok := object.WholeNumber(value); ok {
			above[name] = strconv.FormatInt(number, 10)
		}
	case asSet:
		above[name] = object.List(object.Texts(value))
	case asJoined:
		above[name] = strings.Join(object.Texts(value), ",")
	default:
		text, _ := value.(string)
		above[name] = text
	}
}

// place finds the object that holds the value, made on demand, and the name of its member.
func (f field) place(o object.Object, made bool) (object.Object, string) {
	members := strings.Split(f.at, "/")
	last := len(members) - 1
	for _, member := range members[:last] {
		if made {
			o = object.Sub(o, member)
		} else {
			o = object.Peek(o, member)
		}
	}
	return o, members[last]
}

// length counts the characters of a text as the server does, which writes one outside of the basic plane as two.
func length(text string) int {
	units := 0
	for _, r := range text {
		units++
		if r > 0xFFFF {
			units++
		}
	}
	return units
}

// fitting is the longest beginning of a text that a column takes, with a sign that something is missing.
func fitting(text string, limit int) string {
	units := 0
	for i, r := range text {
		units++
		if r > 0xFFFF {
			units++
		}
		if units > limit-1 {
			return strings.TrimSpace(text[:i]) + "…"
		}
	}
	return text
}

// limitOf is the most characters of an attribute, 0 for no limit.
func limitOf(resourceType, attribute string) int {
	fields := TypeOf(resourceType).fields
	if i := slices.IndexFunc(fields, func(f field) bool { return f.name == attribute }); i >= 0 {
		return fields[i].limit
	}
	return 0
}
