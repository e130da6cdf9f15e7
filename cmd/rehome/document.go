package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

func encodeDocument(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encoding the document: %w", err)
	}
	return b.Bytes(), nil
}

// showDocument writes one JSON document as it is: it names nobody, or only whom the configuration names.
func showDocument(w io.Writer, document any) error {
	encoded, err := encodeDocument(document)
	if err == nil {
		_, err = w.Write(encoded)
	}
	return err
}
