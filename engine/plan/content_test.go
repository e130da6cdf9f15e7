package plan

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
)

// unsealed is the seal of a file that nobody vouches for.
func unsealed([32]byte) ([]byte, error) { return make([]byte, SealSize), nil }

// fullPlans are one plan of each kind, with a value in every field at any depth.
func fullPlans() map[string]*Plan {
	full := func(change func(*Plan)) *Plan {
		p := &Plan{}
		next := 0
		fill(reflect.ValueOf(p).Elem(), &next)
		p.FormatVersion, p.Snapshots = FormatVersion, p.Snapshots[:1]
		for i := range p.Steps {
			s := &p.Steps[i]
			s.ID, s.Action, s.Disposition = fmt.Sprint("client:", i), ActionUpdate, DispositionPlanned
			s.Unordered, s.DependsOn = []string{"set", "single"}, []string{"client:a", "client:b"}
			s.AwaitsDecision = false
			if s.Crowd != nil {
				s.Disposition = DispositionSkipped
			}
		}
		change(p)
		for i := range p.Steps {
			normalise(&p.Steps[i])
		}
		p.Summary.recount(p.Steps)
		p.AccessDigest, p.Status, p.Handoff = accessDigest(p.Access), history.PlanPreviewed,
			Handoff{Status: HandoffReady, Blockers: []Blocker{}}
		p.Overlaps, p.PlanHash = nil, Hash(p)
		return p
	}
	return map[string]*Plan{
		"forward":  full(func(p *Plan) { p.Part, p.Rollback = nil, nil }),
		"rollback": full(func(p *Plan) { p.Part, p.Impacts, p.Access = nil, []fidelity.Impact{}, nil }),
		"part":     full(func(p *Plan) { p.Rollback = nil }),
	}
}

// fill gives every field a value of its own; lists get two elements, or one where the second would try nothing else.
func fill(v reflect.Value, next *int) {
	*next++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), next)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), next)
	case reflect.Slice:
		length := 2
		if below := structBelow(v.Type()); below != nil && !shapeOf(below).envelope {
			length = 1
		}
		v.Set(reflect.MakeSlice(v.Type(), length, length))
		for i := range length {
			fill(v.Index(i), next)
		}
	case reflect.Map:
		if v.Type() == reflect.TypeFor[identity.Attributes]() {
			v.Set(reflect.ValueOf(attributesOfAllSorts()))
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key").Convert(v.Type().Key()), reflect.ValueOf(*next))
	case reflect.Interface:
		v.Set(reflect.ValueOf(map[string]any{"value": "text", "list": []any{"x"}}))
	case reflect.String:
		v.SetString(fmt.Sprintf("t\u00e9xt %d", *next))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*next))
	default:
		panic(v.Type().String())
	}
}

func attributesOfAllSorts() identity.Attributes {
	return identity.Attributes{
		"set": []any{"a", "b"}, "single": []any{"a"}, "list": []any{"b", "a"}, "number": json.Number("120"), "on": true,
		"text": "caf\u00e9", "table": map[string]any{"inner": "x", "number": json.Number("3")},
		"secret": identity.Secret("okta.corp", identity.KindApplication, "0oa", "client_secret"), "off": false,
		"zero": json.Number("0"),
	}
}

func TestContent_EveryFieldIsHashedUnlessItIsDeclared(t *testing.T) {
	for kind, p := range fullPlans() {
		whole := appendLine(nil, "all", p)
		fields := 0
		walk(reflect.ValueOf(p).Elem(), kind, "", func(path, tag string, v reflect.Value) {
			old := reflect.New(v.Type()).Elem()
			old.Set(v)
			v.SetZero()
			defer v.Set(old)
			fields++
			hashed := Hash(p) != p.PlanHash && path != kind+".plan_hash"
			written := !bytes.Equal(appendLine(nil, "all", p), whole)
			if old.IsZero() || old.Kind() == reflect.Slice && old.Len() == 0 {
				return
			}
			switch tag {
			case "":
				// an access diff that is listed has its digest whether or not it stands there
				if !hashed && path != kind+".access_digest" {
					t.Errorf("%s can be taken away under the same hash", path)
				}
			case tagEnvelope:
				if hashed || !written {
					t.Errorf("%s is envelope; hashed: %v, under the seal: %v", path, hashed, written)
				}
			case tagDerived:
				if hashed || written {
					t.Errorf("%s is derived; hashed: %v, written: %v", path, hashed, written)
				}
			default:
				t.Errorf("%s is declared as %q, which is no sort", path, tag)
			}
		})
		if fields < 100 {
			t.Errorf("%s: only %d fields were looked at", kind, fields)
		}
	}
}

// walk visits every field at any depth with the sort that it has.
func walk(v reflect.Value, path, tag string, visit func(path, tag string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			sort := tag
			if own := field.Tag.Get("plan"); tag == "" {
				sort = own
			}
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			visit(path+"."+name, sort, v.Field(i))
			walk(v.Field(i), path+"."+name, sort, visit)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), path, tag, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i), tag, visit)
		}
	}
}

func TestRead_GivesBackWhatWasWritten(t *testing.T) {
	for kind, p := range fullPlans() {
		var file bytes.Buffer
		if err := Write(&file, p, unsealed); err != nil {
			t.Fatal(kind, err)
		}
		read, _, problems := Read(&file)
		if problems.HasErrors() {
			t.Fatal(kind, problems)
		}
		want, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(read); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v\n%s\n%s", kind, err, got, want)
		}
	}
}

// TestRead_RefusesEveryFlipOfContent is somebody who replaces a plan file and keeps the approved hash: he changes one
// value, its form, its order or its presence, and makes all digests anew. What is content is refused. The rest is under
// the seal, which is of the digest of all.
func TestRead_RefusesEveryFlipOfContent(t *testing.T) {
	for kind, p := range fullPlans() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			lines := linesOf(t, p)
			if _, err := reread(lines, p.PlanHash); err != nil {
				t.Fatal(err)
			}
			flips := 0
			for n := range lines {
				flips += flipLine(t, p, lines, n)
			}
			if flips < 1000 {
				t.Errorf("only %d flips", flips)
			}
		})
	}
}

// flipLine tries all that differs from a line in one place, and counts it.
func flipLine(t *testing.T, p *Plan, lines []string, n int) int {
	t.Helper()
	flips := flipsOf(t, lines[n])
	for _, f := range flips {
		changed := slices.Clone(lines)
		changed[n] = f.line
		switch read, err := reread(changed, p.PlanHash); {
		case err != nil:
		case !f.envelope:
			t.Errorf("line %d: %s passes", n, f.what)
		case Hash(read) != p.PlanHash:
			t.Errorf("line %d: %s changes the hash", n, f.what)
		}
	}
	for _, moved := range [][]string{slices.Delete(slices.Clone(lines), n, n+1),
		slices.Insert(slices.Clone(lines), n, lines[n])} {
		if _, err := reread(moved, p.PlanHash); err == nil {
			t.Errorf("line %d: it can be left out, or be there twice", n)
		}
	}
	return len(flips)
}

func TestRead_RefusesAnotherOrderOfSteps(t *testing.T) {
	p := fullPlans()["forward"]
	lines := linesOf(t, p)
	end := len(lines) - 1
	lines[end], lines[end-1] = lines[end-1], lines[end]
	if _, err := reread(lines, p.PlanHash); err == nil {
		t.Error("the steps change places under the same hash")
	}
}

func TestRead_RefusesASummaryThatDoesNotCountTheSteps(t *testing.T) {
	p := fullPlans()["forward"]
	p.Summary.Delete, p.Summary.Skipped = 1, p.Summary.Skipped-1
	p.PlanHash = Hash(p)
	if _, err := reread(linesOf(t, p), p.PlanHash); err == nil {
		t.Error("a plan under a hash of its own says what its steps do not do")
	}
}

func linesOf(t *testing.T, p *Plan) []string {
	t.Helper()
	var b bytes.Buffer
	if err := writeLines(&b, p); err != nil {
		t.Fatal(err)
	}
	var lines []string
	scanner := bufio.NewScanner(&b)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	return lines[:len(lines)-1]
}

// reread reads lines behind which a trailer stands that fits them.
func reread(lines []string, hash string) (*Plan, error) {
	steps, text := 0, strings.Join(lines, "\n")+"\n"
	for _, line := range lines {
		if strings.HasPrefix(line, `{"step"`) {
			steps++
		}
	}
	sum := sha256.Sum256([]byte(text))
	end := appendTrailer(trailer{PlanHash: hash, SHA256: hex.EncodeToString(sum[:]), Steps: steps})
	return readLines(bufio.NewReader(strings.NewReader(text + string(end))))
}

type flip struct {
	what     string
	line     string
	envelope bool
}

// flipsOf are all lines that differ from a line in one place.
func flipsOf(t *testing.T, line string) []flip {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	var flips []flip
	each(tree, "", func(path string, variants map[string]string, whole func(string) string) {
		for what, text := range variants {
			changed := whole(text)
			if changed == line {
				continue
			}
			flips = append(flips, flip{path + ": " + what, changed, strings.HasPrefix(path, ".envelope")})
		}
	})
	return flips
}

// each calls visit with the other forms of every value, and with what puts one of them in its place.
func each(v any, path string, visit func(string, map[string]string, func(string) string)) {
	descend(v, path, func(text string) string { return text }, visit)
}

func descend(v any, path string, whole func(string) string, visit func(string, map[string]string,
	func(string) string)) {
	visit(path, variantsOf(v), whole)
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		for _, name := range names {
			descend(v[name], path+"."+name, func(text string) string {
				return whole(tableText(v, names, func(n string) string {
					if n == name {
						return quoted(n) + ":" + text
					}
					return quoted(n) + ":" + plain(v[n])
				}))
			}, visit)
			without := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
			member := func(n string) string { return quoted(n) + ":" + plain(v[n]) }
			visit(path+"."+name, map[string]string{
				"absent":     tableText(v, without, member),
				"twice":      tableText(v, append(slices.Clone(names), name), member),
				"other case": tableText(v, names, func(n string) string { return caseFlipped(n, n == name) + ":" + plain(v[n]) }),
				"one more":   tableText(v, append(slices.Clone(names), name), func(n string) string { return member(n) }),
			}, whole)
		}
	case []any:
		for i := range v {
			descend(v[i], fmt.Sprintf("%s[%d]", path, i), func(text string) string {
				var texts []string
				for j, element := range v {
					if texts = append(texts, plain(element)); i == j {
						texts[j] = text
					}
				}
				return whole("[" + strings.Join(texts, ",") + "]")
			}, visit)
		}
	}
}

func caseFlipped(name string, flipped bool) string {
	if flipped {
		return quoted(strings.ToUpper(name[:1]) + name[1:])
	}
	return quoted(name)
}

func tableText(_ map[string]any, names []string, member func(string) string) string {
	var texts []string
	for _, name := range names {
		texts = append(texts, member(name))
	}
	return "{" + strings.Join(texts, ",") + "}"
}

func quoted(text string) string { return string(appendText(nil, text)) }

// plain is a value in the form in which the file has it.
func plain(v any) string { return string(appendExact(nil, v)) }

// variantsOf are other values, and other forms of the same value.
func variantsOf(v any) map[string]string {
	text := plain(v)
	variants := map[string]string{
		"null": "null", "an empty text": `""`, "false": "false", "zero": "0", "an empty list": "[]", "an empty table": "{}",
		"in a list": "[" + text + "]", "blanks": " " + text,
	}
	switch v := v.(type) {
	case string:
		variants["another text"] = quoted(v + "x")
		variants["escaped"] = `"` + fmt.Sprintf("\\u%04x", []rune(v + "x")[0]) + text[1+len(string([]rune(v + "x")[0])):]
		variants["decomposed"] = strings.ReplaceAll(text, "\u00e9", "e\u0301")
		variants["not UTF-8"] = `"` + "\xff" + text[1:]
		if _, err := strconv.Atoi(v); err == nil {
			variants["a number"] = v
		}
	case json.Number:
		variants["another number"] = string(v) + "1"
		variants["with a fraction"] = string(v) + ".0"
		variants["with an exponent"] = string(v) + "e0"
		variants["shifted"] = string(v) + "0e-1"
		variants["a text"] = quoted(string(v))
		variants["negative"] = "-" + string(v)
	case bool:
		variants["the other"] = strconv.FormatBool(!v)
		variants["a text"] = quoted(strconv.FormatBool(v))
	case []any:
		if len(v) == 1 {
			variants["bare"] = plain(v[0])
		}
		turned := slices.Clone(v)
		slices.Reverse(turned)
		variants["turned round"] = plain(turned)
		variants["one twice"] = plain(append(slices.Clone(v), v[0]))
		variants["one less"] = plain(v[1:])
		variants["a null more"] = plain(append(slices.Clone(v), nil))
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		slices.Reverse(names)
		variants["turned round"] = tableText(v, names, func(n string) string { return quoted(n) + ":" + plain(v[n]) })
		more := maps.Clone(v)
		more["unheard_of"] = nil
		variants["a member more"] = plain(more)
	}
	return variants
}

func FuzzRead(f *testing.F) {
	p := fullPlans()["forward"]
	var file bytes.Buffer
	if err := Write(&file, p, unsealed); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, _, problems := Read(bytes.NewReader(data)); !problems.HasErrors() && Hash(p) != p.PlanHash {
			t.Fatal("read a plan that does not have its hash")
		}
	})
}
