package mistral

import (
	"encoding/json"
	"math/big"
	"testing"
)

const hard = `{"big":123456789012345678901234567890,"text":"Grüße <мир> & 世界 🦊 \u2028","e":1e400,"exact":9007199254740993}`

func TestEveryDigitAndLetterSurvivesReadingAndWriting(t *testing.T) {
	var anything map[string]any
	if err := decode([]byte(hard), &anything); err != nil {
		t.Fatal(err)
	}
	written, err := encode(anything)
	if err != nil {
		t.Fatal(err)
	}
	var again map[string]any
	if err := decode(written, &again); err != nil {
		t.Fatal(err)
	}
	for key, value := range anything {
		if again[key] != value {
			t.Errorf("%s became %v from %v", key, again[key], value)
		}
	}
	if again["big"] != json.Number("123456789012345678901234567890") {
		t.Errorf("the integer became %v", again["big"])
	}
}

func TestTypedIntegersAreWholeOrRefused(t *testing.T) {
	var typed struct{ Big *big.Int }
	if err := decode([]byte(hard), &typed); err != nil || typed.Big.String() != "123456789012345678901234567890" {
		t.Errorf("%v %v", typed.Big, err)
	}
	var small struct{ Big int64 }
	if err := decode([]byte(hard), &small); err == nil {
		t.Errorf("it was cut to %d", small.Big)
	}
}

func TestWhatFollowsAValueIsRefusedAndNothingIsNull(t *testing.T) {
	var value any
	if err := decode([]byte(`1 2`), &value); err == nil {
		t.Error("two values were read")
	}
	value = 1
	if err := decode(nil, &value); err != nil || value != nil {
		t.Errorf("nothing was read as %v %v", value, err)
	}
}
