package mistral

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

// action is something that a worker offers.
type action struct {
	offer   *pb.ActionOffer
	secrets []string
	handle  func(ctx Context, input []byte) (output []byte, err error)
}

// ActionOption says more about an action.
type ActionOption func(*action)

// Describe says what the action does, for people; the first line stands in lists.
func Describe(text string) ActionOption {
	return func(a *action) { a.offer.Description = text }
}

// SafeRerun says that a second run does no harm: the action is run again when a worker is lost.
func SafeRerun() ActionOption {
	return func(a *action) { a.offer.SafeRerun = true }
}

// Public offers the action to all projects, which the policy must allow.
func Public() ActionOption {
	return func(a *action) { a.offer.Public = true }
}

// Concurrency is the most runs of the action at once in this worker; 0 leaves it to the slots.
func Concurrency(most int) ActionOption {
	return func(a *action) { a.offer.Concurrency = int32(most) }
}

// InputSchema replaces the JSON Schema that is made from the input type.
func InputSchema(schema json.RawMessage) ActionOption {
	return func(a *action) { a.offer.InputSchema = string(schema) }
}

// OutputSchema replaces the JSON Schema that is made from the output type.
func OutputSchema(schema json.RawMessage) ActionOption {
	return func(a *action) { a.offer.OutputSchema = string(schema) }
}

// Secret names fields of the result to encrypt, such as `card.number`, beside those tagged `mistral:"secret"`.
func Secret(fields ...string) ActionOption {
	return func(a *action) { a.secrets = append(a.secrets, fields...) }
}

// Action has a worker offer an action. Input and output are read and written as encoding/json does it; their JSON
// Schemas are made from the types. Use json.Number, *big.Int or json.RawMessage where numbers may be large.
//
// The handler's context ends when the run is cancelled, at its deadline, and when the worker has lost it. What is wrong
// with the name or an option is returned by [Worker.Run].
func Action[In, Out any](
	w *Worker, name string, handler func(Context, In) (Out, error), options ...ActionOption,
) {
	offered := &action{
		offer: &pb.ActionOffer{
			Name: name, InputSchema: inputSchema[In](), OutputSchema: schemaOf(reflect.TypeFor[Out]()),
		},
		secrets: secretsOf(reflect.TypeFor[Out]()),
		handle:  typed(handler),
	}
	for _, option := range options {
		option(offered)
	}
	w.offer(offered)
}

// inputSchema is empty when the type says nothing of the input.
func inputSchema[In any]() string {
	kind := reflect.TypeFor[In]()
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch schema := schemaOf(kind); {
	case kind.Kind() == reflect.Map:
		return `{"type":"object"}`
	case schema == "{}":
		return ""
	default:
		return schema
	}
}

func typed[In, Out any](handler func(Context, In) (Out, error)) func(Context, []byte) ([]byte, error) {
	return func(ctx Context, text []byte) ([]byte, error) {
		var input In
		if err := decode(text, &input); err != nil {
			return nil, &Failure{Type: "InvalidInput", Message: plain(err), Permanent: true, cause: err}
		}
		output, err := handler(ctx, input)
		if err != nil {
			return nil, err
		}
		written, err := encode(output)
		if err != nil {
			return nil, &Failure{Type: "InvalidResult", Message: plain(err), Permanent: true, cause: err}
		}
		return written, nil
	}
}

// plain says what is wrong with JSON without the words of Go.
func plain(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Sprintf("%s: a %s does not fit %s", wrong.Field, wrong.Value, wrong.Type)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// perform runs the handler of an action on an input as it came, and returns the result as it goes.
func (w *Worker) perform(ctx Context, offered *action, input []byte) (output []byte, err error) {
	returned := false
	defer func() {
		switch cause := recover(); {
		case cause != nil:
			w.log.Error("a handler panicked", "action", offered.offer.Name, "stack", string(debug.Stack()))
			output, err = nil, &Failure{Type: "Panic", Message: fmt.Sprint(cause)}
		case !returned:
			output, err = nil, &Failure{Type: "Panic", Message: "the handler ended its goroutine"}
		}
	}()
	output, err = w.coded(ctx, offered, input)
	returned = true
	return output, err
}

func (w *Worker) coded(ctx Context, offered *action, input []byte) ([]byte, error) {
	opened, err := open(w.options.Codec, input)
	if err != nil {
		return nil, &Failure{Type: "DecryptionFailed", Message: err.Error()}
	}
	output, err := offered.handle(ctx, opened)
	if err != nil {
		return nil, err
	}
	sealed, err := seal(w.options.Codec, output, offered.secrets)
	if err != nil {
		return nil, &Failure{Type: "EncryptionFailed", Message: err.Error()}
	}
	if most := w.largest(); len(sealed) > most {
		text := fmt.Sprintf("the result is too large: it has %d bytes, at most %d are allowed", len(sealed), most)
		return nil, &Failure{Type: "ResultTooLarge", Message: text, Permanent: true}
	}
	return sealed, nil
}
