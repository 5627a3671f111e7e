// Command conformance is the worker that the conformance suite of the SDKs drives. What it offers is the same in every
// language; tests/sdk has the scenarios.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"mistral-mesh/sdk/mistral"
)

func main() {
	codec, err := mistral.KeyringFromEnvironment()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	crashes := &crashes{due: map[string]crashInput{}}
	worker := mistral.NewWorker(mistral.Options{
		Labels: labels(os.Getenv("MISTRAL_LABELS")), Codec: codec, Log: log, Observe: crashes.observe,
	})
	mistral.Action(worker, "conf.echo", echo, mistral.Describe("Returns its input."), mistral.SafeRerun())
	mistral.Action(worker, "conf.fail", fail, mistral.Describe("Fails as its input says."), mistral.SafeRerun())
	mistral.Action(worker, "conf.sleep", sleep, mistral.Describe("Takes its time."))
	mistral.Action(worker, "conf.progress", progress, mistral.Describe("Tells how far it is."))
	mistral.Action(worker, "conf.crash", crashes.run, mistral.Describe("Kills its process at a given moment, once."))
	mistral.Action(worker, "conf.defer", deferred, mistral.Describe("Leaves its end to somebody else."))
	mistral.Action(worker, "conf.blob", blob, mistral.Describe("Returns a long string."), mistral.SafeRerun())
	if codec != nil {
		mistral.Action(worker, "conf.secret", secret, mistral.Describe("Returns a secret, encrypted."))
	}
	mistral.Main(worker)
}

func labels(text string) map[string]string {
	read := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if key, value, found := strings.Cut(pair, "="); found {
			read[key] = value
		}
	}
	return read
}

func echo(_ mistral.Context, input map[string]any) (map[string]any, error) { return input, nil }

type failInput struct {
	Type      string          `json:"type,omitempty"`
	Message   string          `json:"message"`
	Details   json.RawMessage `json:"details,omitempty"`
	Permanent bool            `json:"permanent,omitempty"`
}

func fail(_ mistral.Context, input failInput) (any, error) {
	failure := &mistral.Failure{Type: input.Type, Message: input.Message, Permanent: input.Permanent}
	if input.Details != nil {
		failure.Details = input.Details
	}
	return nil, failure
}

type sleepInput struct {
	Seconds float64 `json:"seconds"`
}

func sleep(ctx mistral.Context, input sleepInput) (map[string]any, error) {
	select {
	case <-time.After(time.Duration(input.Seconds * float64(time.Second))):
		return map[string]any{"slept": input.Seconds}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type progressInput struct {
	Steps int `json:"steps"`
	// Pause is how many seconds a step takes.
	Pause float64 `json:"pause,omitempty"`
}

type step struct {
	Step int `json:"step"`
}

func progress(ctx mistral.Context, input progressInput) (map[string]any, error) {
	var last step
	if _, err := ctx.LastProgress(&last); err != nil {
		return nil, err
	}
	first := last.Step + 1
	for number := first; number <= input.Steps; number++ {
		ctx.Logger().Info(fmt.Sprintf("step %d", number))
		if err := ctx.Progress(100*float64(number)/float64(input.Steps), step{number}); err != nil {
			return nil, err
		}
		select {
		case <-time.After(time.Duration(input.Pause * float64(time.Second))):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return map[string]any{"from": first, "steps": input.Steps}, nil
}

func deferred(mistral.Context, map[string]any) (any, error) { return nil, mistral.ErrDeferred }

type secretInput struct {
	Secret string `json:"secret" mistral:"secret"`
}

type secretOutput struct {
	Secret string `json:"secret" mistral:"secret"`
	Length int    `json:"length"`
}

func secret(_ mistral.Context, input secretInput) (secretOutput, error) {
	return secretOutput{Secret: input.Secret, Length: utf8.RuneCountInString(input.Secret)}, nil
}

type blobInput struct {
	Size int `json:"size"`
}

func blob(_ mistral.Context, input blobInput) (string, error) {
	if input.Size < 0 {
		return "", mistral.Permanent(errors.New("a size is not negative"))
	}
	return strings.Repeat("x", input.Size), nil
}

func kill() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
