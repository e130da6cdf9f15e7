package plan

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Canonical JSON: sorted keys, no spaces, text as its bytes with only quote, backslash and control characters escaped, whole
// numbers as digits. Equal values have equal bytes, whatever Go types hold them and however a file spelled them.

func appendCanonical(out []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		return strconv.AppendBool(out, v)
	case string:
		return appendText(out, v)
	case json.Number:
		return appendNumber(out, string(v))
	case float64:
		return appendNumber(out, strconv.FormatFloat(v, 'g', -1, 64))
	case int:
		return strconv.AppendInt(out, int64(v), 10)
	case int64:
		return strconv.AppendInt(out, v, 10)
	case []string:
		return appendList(out, len(v), func(o []byte, i int) []byte { return appendText(o, v[i]) })
	case []any:
		return appendList(out, len(v), func(o []byte, i int) []byte { return appendCanonical(o, v[i]) })
	case identity.Attributes:
		return appendTable(out, v)
	case map[string]any:
		return appendTable(out, v)
	}
	return appendOther(out, value)
}

// appendOther takes any other Go value through JSON, with numbers kept as written.
func appendOther(out []byte, value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("a plan holds a value that is not JSON: %v", err))
	}
	decoder := json.NewDecoder(strings.NewReader(string(encoded)))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		panic(fmt.Sprintf("a plan holds a value that does not read back: %v", err))
	}
	return appendCanonical(out, plain)
}

func appendList(out []byte, length int, each func([]byte, int) []byte) []byte {
	out = append(out, '[')
	for i := range length {
		if i > 0 {
			out = append(out, ',')
		}
		out = each(out, i)
	}
	return append(out, ']')
}

func appendTable(out []byte, table map[string]any) []byte {
	out = append(out, '{')
	for i, name := range identity.Attributes(table).Names() {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, name), ':')
		out = appendCanonical(out, table[name])
	}
	return append(out, '}')
}

func appendText(out []byte, text string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < 0x20:
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// appendNumber writes whole numbers as digits, so that 1, 1.0 and 1e0 are one. Long ones stay as written.
func appendNumber(out []byte, text string) []byte {
	if plain, err := strconv.ParseInt(text, 10, 64); err == nil {
		return strconv.AppendInt(out, plain, 10)
	}
	if len(text) > 40 {
		return append(out, text...)
	}
	if _, exponent, found := strings.Cut(strings.ToLower(text), "e"); found {
		if e, err := strconv.Atoi(exponent); err != nil || e > 100 || e < -100 {
			return append(out, text...)
		}
	}
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return append(out, text...)
	}
	if number.IsInt() {
		return append(out, number.Num().String()...)
	}
	return append(out, number.RatString()...)
}
