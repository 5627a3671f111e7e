package mistral

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// encode writes a value as compact JSON. Numbers of type json.Number, *big.Int and json.RawMessage keep every digit.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// decode reads one JSON value; none at all is read as null. Numbers become json.Number where the type leaves it open.
func decode(text []byte, into any) error {
	if len(text) == 0 {
		text = []byte("null")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the JSON value")
	}
	return nil
}
