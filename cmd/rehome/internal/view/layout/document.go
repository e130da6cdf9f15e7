package layout

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Encoded is a value as one JSON document for a file or a terminal: indented, with < > & as they are.
func Encoded(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encoding the document: %w", err)
	}
	return b.Bytes(), nil
}

// Document writes one JSON document as it is: it names nobody, or only whom the configuration names.
func Document(w io.Writer, value any) error {
	encoded, err := Encoded(value)
	if err == nil {
		_, err = w.Write(encoded)
	}
	return err
}

// Buffered gathers what write writes into few system calls.
func Buffered(w io.Writer, write func(io.Writer) error) error {
	out := bufio.NewWriter(w)
	err := write(out)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	return err
}

// Fields are the members of a report as an event has them.
func Fields(report any) map[string]any {
	fields := map[string]any{}
	encoded, err := json.Marshal(report)
	if err == nil {
		err = json.Unmarshal(encoded, &fields)
	}
	if err != nil { // a report is made of texts, numbers and lists
		panic(err)
	}
	return fields
}
