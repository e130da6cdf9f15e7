package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/rehome-iam/rehome/engine/identity"
)

// EncodeAttributes writes attributes as JSON; nil attributes become no bytes, which is not the same as an empty object.
func EncodeAttributes(attributes identity.Attributes) ([]byte, error) {
	if attributes == nil {
		return nil, nil
	}
	return json.Marshal(attributes)
}

// DecodeAttributes reads what EncodeAttributes wrote. See DecodeObject for numbers.
func DecodeAttributes(text []byte) (identity.Attributes, error) {
	if len(text) == 0 {
		return nil, nil
	}
	object, err := DecodeObject(text)
	return identity.Attributes(object), err
}

// DecodeObject reads one JSON object. A number that a float64 holds exactly becomes one, as in the rest of rehome; any
// other number stays a json.Number, because an id of twenty digits must not change on its way.
func DecodeObject(text []byte) (map[string]any, error) {
	value, err := decodeValue(text)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("JSON is not an object")
	}
	return object, nil
}

func decodeValue(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("JSON has text after its end")
	}
	return exactNumbers(value), nil
}

func exactNumbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		number, err := v.Float64()
		if err == nil && strconv.FormatFloat(number, 'f', -1, 64) == v.String() {
			return number
		}
		return v
	case []any:
		for i := range v {
			v[i] = exactNumbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = exactNumbers(v[name])
		}
	}
	return value
}
