package mistral

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

// vectors are shared by all SDKs.
type vectors struct {
	Keys   map[string][]byte `json:"keys"`
	Values []struct {
		Name      string            `json:"name"`
		KeyID     string            `json:"kid"`
		Plaintext string            `json:"plaintext"`
		Envelope  map[string]Sealed `json:"envelope"`
	} `json:"values"`
	Documents []struct {
		Plain   json.RawMessage `json:"plain"`
		Encoded json.RawMessage `json:"encoded"`
	} `json:"documents"`
	Refused []struct {
		Name     string          `json:"name"`
		Envelope json.RawMessage `json:"envelope"`
	} `json:"refused"`
	Untouched []json.RawMessage `json:"untouched"`
}

func shared(t *testing.T) (vectors, *Keyring) {
	t.Helper()
	text, err := os.ReadFile("../../../tests/sdk/codec_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var read vectors
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	ring, err := NewKeyring("2026-05", read.Keys)
	if err != nil {
		t.Fatal(err)
	}
	return read, ring
}

func same(t *testing.T, got, want []byte) {
	t.Helper()
	var a, b any
	if decode(got, &a) != nil || decode(want, &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("%s is not %s", got, want)
	}
}

func TestValuesAreSealedAndOpenedAsInAllSDKs(t *testing.T) {
	read, ring := shared(t)
	for _, value := range read.Values {
		want := value.Envelope[marker]
		iv, err := base64.StdEncoding.DecodeString(want.IV)
		if err != nil {
			t.Fatal(err)
		}
		if got := ring.seal(value.KeyID, iv, []byte(value.Plaintext)); got != want {
			t.Errorf("%s: %v", value.Name, got)
		}
		if got, err := ring.Decrypt(want); err != nil || string(got) != value.Plaintext {
			t.Errorf("%s: %s %v", value.Name, got, err)
		}
	}
}

func TestMarkedValuesAreOpenedWhereverTheyAre(t *testing.T) {
	read, ring := shared(t)
	for _, document := range read.Documents {
		opened, err := open(ring, document.Encoded)
		if err != nil {
			t.Fatal(err)
		}
		same(t, opened, document.Plain)
	}
	for _, text := range read.Untouched {
		opened, err := open(ring, text)
		if err != nil {
			t.Fatal(err)
		}
		same(t, opened, text)
	}
}

func TestWhatWasTamperedWithIsRefusedWithoutAPlaintext(t *testing.T) {
	read, ring := shared(t)
	for _, refused := range read.Refused {
		opened, err := open(ring, refused.Envelope)
		if err == nil {
			t.Errorf("%s: opened as %s", refused.Name, opened)
		} else if strings.Contains(err.Error(), "4111") {
			t.Errorf("%s: the error names the plaintext: %v", refused.Name, err)
		}
	}
}

func TestMarkedFieldsAreSealedAndNothingElse(t *testing.T) {
	_, ring := shared(t)
	text := []byte(`{"card":{"number":123456789012345678901234567890,"holder":"Ada"},"sum":1,"none":null}`)
	sealed, err := seal(ring, text, []string{"card.number", "missing", "missing.too", "none.deep"})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("1234567890123")) || !bytes.Contains(sealed, []byte(`"holder":"Ada"`)) {
		t.Errorf("sealed as %s", sealed)
	}
	opened, err := open(ring, sealed)
	if err != nil {
		t.Fatal(err)
	}
	same(t, opened, text)
}

func TestASecretNeverLeavesWithoutACodec(t *testing.T) {
	if sealed, err := seal(nil, []byte(`{"a":1}`), []string{"a"}); err == nil {
		t.Errorf("sealed as %s", sealed)
	}
	_, ring := shared(t)
	if sealed, err := seal(ring, []byte(`[1]`), []string{"a"}); err == nil {
		t.Errorf("a list has no fields, and was sealed as %s", sealed)
	}
}

func TestKeysOfAWrongSizeOrNameAreRefused(t *testing.T) {
	if _, err := NewKeyring("a", map[string][]byte{"a": make([]byte, 16)}); err == nil {
		t.Error("a key of 16 bytes was taken")
	}
	if _, err := NewKeyring("b", map[string][]byte{"a": make([]byte, 32)}); err == nil {
		t.Error("a key that is not there was taken")
	}
	t.Setenv("MISTRAL_CODEC_KEYS", "a=not base64")
	if _, err := KeyringFromEnvironment(); err == nil || strings.Contains(err.Error(), "not base64") {
		t.Errorf("the environment: %v", err)
	}
}
