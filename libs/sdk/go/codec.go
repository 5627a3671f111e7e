package mistral

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// marker is the only key of an object that stands for an encrypted value.
const marker = "$mistral.encrypted"

const algorithm = "A256GCM"

// Sealed is an encrypted value as it stands in inputs and results, under the key `$mistral.encrypted`.
type Sealed struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	IV        string `json:"iv"`
	Data      string `json:"data"`
}

// Codec encrypts what is marked as secret before it leaves the process, and decrypts what comes in.
// Its errors must not contain what was encrypted.
type Codec interface {
	// Encrypt seals the JSON text of one value.
	Encrypt(plaintext []byte) (Sealed, error)
	// Decrypt returns the JSON text of the value.
	Decrypt(sealed Sealed) ([]byte, error)
}

// Keyring is a [Codec] of AES-256 in Galois/counter mode, with keys by id.
type Keyring struct {
	current string
	ciphers map[string]cipher.AEAD
}

// NewKeyring makes a codec that encrypts with the key of the id `current` and decrypts with all. Keys have 32 bytes.
func NewKeyring(current string, keys map[string][]byte) (*Keyring, error) {
	ring := &Keyring{current: current, ciphers: make(map[string]cipher.AEAD, len(keys))}
	for id, key := range keys {
		if len(key) != 32 {
			return nil, fmt.Errorf("mistral: key %q has %d bytes, 32 are needed", id, len(key))
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if ring.ciphers[id], err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
	}
	if _, known := ring.ciphers[current]; !known {
		return nil, fmt.Errorf("mistral: there is no key with the id %q", current)
	}
	return ring, nil
}

// KeyringFromEnvironment reads MISTRAL_CODEC_KEYS (`id=base64,id=base64`) and MISTRAL_CODEC_KID, the id to encrypt with;
// it returns nil if there are no keys.
func KeyringFromEnvironment() (Codec, error) {
	text := os.Getenv("MISTRAL_CODEC_KEYS")
	if text == "" {
		return nil, nil
	}
	keys, first := map[string][]byte{}, ""
	for pair := range strings.SplitSeq(text, ",") {
		id, encoded, _ := strings.Cut(strings.TrimSpace(pair), "=")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || id == "" {
			return nil, errors.New("mistral: MISTRAL_CODEC_KEYS must be id=base64,id=base64")
		}
		if keys[id] = key; first == "" {
			first = id
		}
	}
	if current := os.Getenv("MISTRAL_CODEC_KID"); current != "" {
		first = current
	}
	ring, err := NewKeyring(first, keys)
	if err != nil {
		return nil, err
	}
	return ring, nil
}

// Encrypt implements [Codec].
func (k *Keyring) Encrypt(plaintext []byte) (Sealed, error) {
	iv := make([]byte, 12)
	if _, err := rand.Read(iv); err != nil {
		return Sealed{}, err
	}
	return k.seal(k.current, iv, plaintext), nil
}

func (k *Keyring) seal(id string, iv, plaintext []byte) Sealed {
	data := k.ciphers[id].Seal(nil, iv, plaintext, []byte(id))
	text := base64.StdEncoding.EncodeToString
	return Sealed{Algorithm: algorithm, KeyID: id, IV: text(iv), Data: text(data)}
}

// Decrypt implements [Codec].
func (k *Keyring) Decrypt(sealed Sealed) ([]byte, error) {
	if sealed.Algorithm != algorithm {
		return nil, fmt.Errorf("mistral: unknown algorithm %q of an encrypted value", sealed.Algorithm)
	}
	ring, known := k.ciphers[sealed.KeyID]
	if !known {
		return nil, fmt.Errorf("mistral: no key with the id %q to decrypt a value", sealed.KeyID)
	}
	iv, badIV := base64.StdEncoding.Strict().DecodeString(sealed.IV)
	data, badData := base64.StdEncoding.Strict().DecodeString(sealed.Data)
	if badIV != nil || badData != nil || len(iv) != ring.NonceSize() {
		return nil, fmt.Errorf("mistral: an encrypted value of key %q is malformed", sealed.KeyID)
	}
	plaintext, err := ring.Open(nil, iv, data, []byte(sealed.KeyID))
	if err != nil {
		return nil, fmt.Errorf("mistral: a value of key %q cannot be decrypted", sealed.KeyID)
	}
	return plaintext, nil
}

// open decrypts every encrypted value in a JSON text. Without a codec, or anything encrypted, it returns the text.
func open(codec Codec, text []byte) ([]byte, error) {
	if codec == nil || !bytes.Contains(text, []byte(marker)) {
		return text, nil
	}
	var value any
	if err := decode(text, &value); err != nil {
		return nil, err
	}
	opened, err := openValue(codec, value)
	if err != nil {
		return nil, err
	}
	return encode(opened)
}

func openValue(codec Codec, value any) (any, error) {
	var err error
	switch value := value.(type) {
	case map[string]any:
		if inner, marked := value[marker]; marked && len(value) == 1 {
			return openMarked(codec, inner)
		}
		for key, inner := range value {
			if value[key], err = openValue(codec, inner); err != nil {
				return nil, err
			}
		}
	case []any:
		for index, inner := range value {
			if value[index], err = openValue(codec, inner); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

func openMarked(codec Codec, inner any) (any, error) {
	text, err := encode(inner)
	if err != nil {
		return nil, err
	}
	var sealed Sealed
	if err := decode(text, &sealed); err != nil {
		return nil, errors.New("mistral: an encrypted value is malformed")
	}
	plaintext, err := codec.Decrypt(sealed)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(plaintext), nil
}

// seal encrypts fields of a JSON object, each named by the way to it, such as `card.number`. A field that is not there,
// or null on the way to it, is passed over.
func seal(codec Codec, text []byte, fields []string) ([]byte, error) {
	if len(fields) == 0 {
		return text, nil
	}
	if codec == nil {
		return nil, errors.New("mistral: a value is marked as secret and there is no codec to encrypt it with")
	}
	for _, field := range fields {
		var err error
		if text, err = sealField(codec, text, strings.Split(field, ".")); err != nil {
			return nil, err
		}
	}
	return text, nil
}

func sealField(codec Codec, text []byte, way []string) ([]byte, error) {
	if len(way) == 0 {
		sealed, err := codec.Encrypt(text)
		if err != nil {
			return nil, err
		}
		return encode(map[string]Sealed{marker: sealed})
	}
	object := map[string]json.RawMessage{}
	if err := decode(text, &object); err != nil {
		return nil, fmt.Errorf("mistral: %q is marked as secret and is no field of an object", strings.Join(way, "."))
	}
	inner, present := object[way[0]]
	if !present {
		return text, nil
	}
	sealed, err := sealField(codec, inner, way[1:])
	if err != nil {
		return nil, err
	}
	object[way[0]] = sealed
	return encode(object)
}
