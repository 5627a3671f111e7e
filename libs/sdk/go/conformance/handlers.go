package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"mistral-mesh/sdk/mistral"
)

// note appends a line to a file that a scenario looks into, if there is one.
func note(ctx mistral.Context, path, event string) error {
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	run := ctx.Run()
	_, err = fmt.Fprintf(file, "%s %s %s %d\n", event, os.Getenv("MISTRAL_WORKER_ID"), run.IdempotencyKey, run.Attempt)
	return errors.Join(err, file.Close())
}

// wait sleeps, or until the run is to stop.
func wait(ctx context.Context, seconds float64) error {
	select {
	case <-time.After(time.Duration(seconds * float64(time.Second))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func echo(_ mistral.Context, input map[string]any) (map[string]any, error) { return input, nil }

type failInput struct {
	Type      string          `json:"type,omitempty"`
	Message   string          `json:"message,omitempty"`
	Details   json.RawMessage `json:"details,omitempty"`
	Permanent bool            `json:"permanent,omitempty"`
	File      string          `json:"file,omitempty"`
}

func fail(ctx mistral.Context, input failInput) (any, error) {
	if err := note(ctx, input.File, "begin"); err != nil {
		return nil, err
	}
	failure := &mistral.Failure{Type: input.Type, Message: input.Message, Permanent: input.Permanent}
	if input.Details != nil {
		failure.Details = input.Details
	}
	return nil, failure
}

func odd(mistral.Context, map[string]any) (any, error) { panic("odd") }

type sleepInput struct {
	Seconds float64 `json:"seconds"`
	File    string  `json:"file,omitempty"`
}

func sleep(ctx mistral.Context, input sleepInput) (map[string]any, error) {
	if err := note(ctx, input.File, "begin"); err != nil {
		return nil, err
	}
	if err := wait(ctx, input.Seconds); err != nil {
		if errors.Is(context.Cause(ctx), mistral.ErrCancelled) || errors.Is(err, context.DeadlineExceeded) {
			return nil, errors.Join(err, note(ctx, input.File, "cancelled"))
		}
		return nil, err
	}
	return map[string]any{"slept": input.Seconds}, note(ctx, input.File, "end")
}

type progressInput struct {
	Steps   int      `json:"steps"`
	Seconds *float64 `json:"seconds,omitempty"`
	File    string   `json:"file,omitempty"`
}

type step struct {
	Step int `json:"step"`
}

func progress(ctx mistral.Context, input progressInput) (map[string]any, error) {
	var last step
	if _, err := ctx.LastProgress(&last); err != nil {
		return nil, err
	}
	span, first := 0.05, last.Step+1
	if input.Seconds != nil {
		span = *input.Seconds
	}
	for number := first; number <= input.Steps; number++ {
		if err := wait(ctx, span); err != nil {
			return nil, err
		}
		ctx.Logger().Info(fmt.Sprintf("step %d", number))
		if err := ctx.Progress(100*float64(number)/float64(input.Steps), step{number}); err != nil {
			return nil, err
		}
		if err := note(ctx, input.File, "step"); err != nil {
			return nil, err
		}
	}
	return map[string]any{"from": first, "steps": input.Steps}, nil
}

type deferInput struct {
	File string `json:"file,omitempty"`
}

func deferred(ctx mistral.Context, input deferInput) (any, error) {
	if err := note(ctx, input.File, "begin"); err != nil {
		return nil, err
	}
	return nil, mistral.ErrDeferred
}

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
	Size   int   `json:"size"`
	Letter *rune `json:"letter,omitempty"`
}

func blob(_ mistral.Context, input blobInput) (string, error) {
	if input.Size < 0 {
		return "", mistral.Permanent(errors.New("a size is not negative"))
	}
	letter := 'x'
	if input.Letter != nil {
		letter = *input.Letter
	}
	return strings.Repeat(string(letter), input.Size), nil
}
