package mistral

import (
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"strings"
	"time"
)

// Schemed is implemented by types that know their own JSON Schema.
type Schemed interface{ JSONSchema() json.RawMessage }

type object = map[string]any

var (
	schemedType  = reflect.TypeFor[Schemed]()
	readerType   = reflect.TypeFor[json.Unmarshaler]()
	writerType   = reflect.TypeFor[json.Marshaler]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	knownSchemas = map[reflect.Type]object{
		reflect.TypeFor[time.Time]():       {"type": "string", "format": "date-time"},
		reflect.TypeFor[json.Number]():     {"type": "number"},
		reflect.TypeFor[big.Int]():         {"type": "integer"},
		reflect.TypeFor[json.RawMessage](): {},
		reflect.TypeFor[[]byte]():          {"type": "string", "contentEncoding": "base64"},
	}
)

// schemaOf writes the JSON Schema of a Go type, as encoding/json reads and writes it. Fields with `omitempty` or
// `omitzero`, and pointers, may be left out. Tags: `desc:"..."`, `enum:"a,b"`, and `mistral:"secret"`.
func schemaOf(kind reflect.Type) string {
	writer := schemaWriter{open: map[reflect.Type]bool{}, definitions: object{}}
	schema := writer.schema(kind)
	if len(writer.definitions) > 0 {
		schema["$defs"] = writer.definitions
	}
	// Made of maps, lists and strings alone, it cannot fail.
	text, _ := encode(schema)
	return string(text)
}

type schemaWriter struct {
	// open are the structs that are being written: one inside itself becomes a reference.
	open        map[reflect.Type]bool
	definitions object
}

func (s *schemaWriter) schema(kind reflect.Type) object {
	if known, found := knownSchemas[kind]; found {
		return clone(known)
	}
	if schema, found := own(kind); found {
		return schema
	}
	switch kind.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Slice, reflect.Array:
		return object{"type": list(kind, "array"), "items": s.schema(kind.Elem())}
	case reflect.Map:
		return object{"type": list(kind, "object"), "additionalProperties": s.schema(kind.Elem())}
	case reflect.Pointer:
		return s.nullable(kind.Elem())
	case reflect.Struct:
		return s.structure(kind)
	default:
		return object{}
	}
}

// own returns the schema of a type that reads itself: what it says, a string, or anything.
func own(kind reflect.Type) (object, bool) {
	pointer := reflect.PointerTo(kind)
	switch {
	case kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Interface:
		return nil, false
	case pointer.Implements(schemedType):
		schema := object{}
		if err := decode(reflect.New(kind).Interface().(Schemed).JSONSchema(), &schema); err != nil {
			return object{}, true
		}
		return schema, true
	case pointer.Implements(readerType) || pointer.Implements(writerType):
		return object{}, true
	case pointer.Implements(textType):
		return object{"type": "string"}, true
	default:
		return nil, false
	}
}

// list names the type of what is null when it is nil.
func list(kind reflect.Type, name string) any {
	if kind.Kind() == reflect.Array {
		return name
	}
	return []string{name, "null"}
}

func (s *schemaWriter) nullable(kind reflect.Type) object {
	schema := s.schema(kind)
	if name, plain := schema["type"].(string); plain {
		schema["type"] = []string{name, "null"}
		return schema
	}
	if _, several := schema["type"]; several || len(schema) == 0 {
		return schema
	}
	return object{"anyOf": []any{schema, object{"type": "null"}}}
}

func (s *schemaWriter) structure(kind reflect.Type) object {
	if s.open[kind] {
		if _, defined := s.definitions[kind.Name()]; !defined {
			// Holds the place while the definition is written, which refers to itself again.
			s.definitions[kind.Name()] = object{}
			again := schemaWriter{open: map[reflect.Type]bool{kind: true}, definitions: s.definitions}
			s.definitions[kind.Name()] = again.fields(kind)
		}
		return object{"$ref": "#/$defs/" + kind.Name()}
	}
	s.open[kind] = true
	defer delete(s.open, kind)
	return s.fields(kind)
}

func (s *schemaWriter) fields(kind reflect.Type) object {
	properties, required := object{}, []string{}
	for _, field := range fieldsOf(kind) {
		properties[field.name] = s.property(field)
		if !field.optional {
			required = append(required, field.name)
		}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

func (s *schemaWriter) property(field field) object {
	schema := s.schema(field.kind)
	if field.quoted {
		schema = object{"type": "string"}
	}
	if names := field.tag.Get("enum"); names != "" {
		schema["enum"] = strings.Split(names, ",")
	}
	if field.secret {
		sealed := object{"type": "object", "required": []string{marker}, "properties": object{marker: object{}}}
		schema = object{"anyOf": []any{schema, sealed}}
	}
	if text := field.tag.Get("desc"); text != "" {
		schema["description"] = text
	}
	return schema
}

// field is one that encoding/json reads and writes.
type field struct {
	name                     string
	kind                     reflect.Type
	tag                      reflect.StructTag
	optional, secret, quoted bool
}

// fieldsOf lists the fields of a struct; those of embedded structs count as its own.
func fieldsOf(kind reflect.Type) []field {
	var fields []field
	for member := range kind.Fields() {
		name, options, _ := strings.Cut(member.Tag.Get("json"), ",")
		embedded := member.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		switch {
		case name == "-" && options == "":
			continue
		case member.Anonymous && name == "" && embedded.Kind() == reflect.Struct:
			fields = append(fields, fieldsOf(embedded)...)
			continue
		case !member.IsExported():
			continue
		case name == "":
			name = member.Name
		}
		has := func(option string) bool { return strings.Contains(","+options+",", ","+option+",") }
		fields = append(fields, field{
			name: name, kind: member.Type, tag: member.Tag, quoted: has("string"),
			optional: has("omitempty") || has("omitzero") || member.Type.Kind() == reflect.Pointer,
			secret:   member.Tag.Get("mistral") == "secret",
		})
	}
	return fields
}

// secretsOf lists the ways to the fields of a type that are tagged `mistral:"secret"`.
func secretsOf(kind reflect.Type) []string { return secretsWithin(kind, map[reflect.Type]bool{}) }

func secretsWithin(kind reflect.Type, seen map[reflect.Type]bool) []string {
	for kind != nil && kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind == nil || kind.Kind() != reflect.Struct || seen[kind] {
		return nil
	}
	seen[kind] = true
	defer delete(seen, kind)
	var ways []string
	for _, field := range fieldsOf(kind) {
		if field.secret {
			ways = append(ways, field.name)
			continue
		}
		for _, way := range secretsWithin(field.kind, seen) {
			ways = append(ways, field.name+"."+way)
		}
	}
	return ways
}

func clone(schema object) object {
	copied := object{}
	for key, value := range schema {
		copied[key] = value
	}
	return copied
}
