package mistral

import (
	"encoding/json"
	"math/big"
	"reflect"
	"testing"
	"time"
)

type embedded struct {
	Label string `json:"label" desc:"What it is called"`
}

type node struct {
	Value int    `json:"value"`
	Next  *node  `json:"next,omitempty"`
	Nodes []node `json:"nodes,omitempty"`
}

type everything struct {
	embedded
	Width   int             `json:"width"`
	Count   uint8           `json:"count,omitempty"`
	Ratio   *float64        `json:"ratio"`
	Mode    string          `json:"mode" enum:"fit,fill"`
	Tags    []string        `json:"tags,omitempty"`
	Extra   map[string]bool `json:"extra,omitempty"`
	At      time.Time       `json:"at,omitzero"`
	Big     *big.Int        `json:"big"`
	Raw     json.RawMessage `json:"raw,omitempty"`
	Any     any             `json:"any,omitempty"`
	Bytes   []byte          `json:"bytes,omitempty"`
	Pin     string          `json:"pin,omitempty" mistral:"secret"`
	Skipped string          `json:"-"`
	private string
}

func TestASchemaSaysWhatEncodingJSONDoes(t *testing.T) {
	want := `{"type":"object","additionalProperties":false,"required":["label","mode","width"],"properties":{
		"label":{"type":"string","description":"What it is called"},
		"width":{"type":"integer"},"count":{"type":"integer","minimum":0},"ratio":{"type":["number","null"]},
		"mode":{"type":"string","enum":["fit","fill"]},"tags":{"type":["array","null"],"items":{"type":"string"}},
		"extra":{"type":["object","null"],"additionalProperties":{"type":"boolean"}},
		"at":{"type":"string","format":"date-time"},"big":{"type":["integer","null"]},"raw":{},"any":{},
		"bytes":{"type":"string","contentEncoding":"base64"},
		"pin":{"anyOf":[{"type":"string"},
			{"type":"object","required":["$mistral.encrypted"],"properties":{"$mistral.encrypted":{}}}]}}}`
	expectSchema(t, reflect.TypeFor[everything](), want)
}

func expectSchema(t *testing.T, kind reflect.Type, want string) {
	t.Helper()
	var got, wanted map[string]any
	if err := json.Unmarshal([]byte(schemaOf(kind)), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	for _, schema := range []map[string]any{got, wanted} {
		sortRequired(schema)
	}
	if !reflect.DeepEqual(got, wanted) {
		text, _ := json.MarshalIndent(got, "", " ")
		t.Errorf("%s", text)
	}
}

// sortRequired makes the order of required names the same.
func sortRequired(schema map[string]any) {
	names, found := schema["required"].([]any)
	if !found {
		return
	}
	set := map[string]any{}
	for _, name := range names {
		set[name.(string)] = true
	}
	schema["required"] = set
}

func TestAStructWithinItselfRefersToItself(t *testing.T) {
	fields := `"type":"object","additionalProperties":false,"required":["value"],"properties":{"value":{"type":"integer"},
		"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]},
		"nodes":{"type":["array","null"],"items":{"$ref":"#/$defs/node"}}}`
	var got map[string]any
	if err := json.Unmarshal([]byte(schemaOf(reflect.TypeFor[node]())), &got); err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(`{`+fields+`,"$defs":{"node":{`+fields+`}}}`), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		text, _ := json.MarshalIndent(got, "", " ")
		t.Errorf("%s", text)
	}
}

func TestSecretsAreNamedByTheWayToThem(t *testing.T) {
	type card struct {
		Number string `json:"number" mistral:"secret"`
	}
	type order struct {
		Card *card  `json:"card"`
		Pin  string `json:"pin" mistral:"secret"`
	}
	if ways := secretsOf(reflect.TypeFor[*order]()); !reflect.DeepEqual(ways, []string{"card.number", "pin"}) {
		t.Errorf("ways are %v", ways)
	}
	if ways := secretsOf(reflect.TypeFor[node]()); ways != nil {
		t.Errorf("ways are %v", ways)
	}
}
