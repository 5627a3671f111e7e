package mistral

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

type resizeInput struct {
	URL   string `json:"url"`
	Width int    `json:"width"`
}

type resizeOutput struct {
	URL string `json:"url"`
}

func resize(ctx Context, in resizeInput) (resizeOutput, error) {
	var last struct{ Step int }
	if _, err := ctx.LastProgress(&last); err != nil {
		return resizeOutput{}, err
	}
	ctx.Logger().With("run", 1).WithGroup("image").Info("resizing", "width", in.Width)
	if err := ctx.Progress(50, map[string]int{"step": last.Step + 1}); err != nil {
		return resizeOutput{}, err
	}
	if in.Width <= 0 {
		return resizeOutput{}, &Failure{Type: "BadWidth", Message: "too small", Details: in, Permanent: true}
	}
	return resizeOutput{URL: in.URL + "?small"}, nil
}

func worker(t *testing.T, options Options) *Worker {
	t.Helper()
	w := NewWorker(options)
	Action(w, "images.resize", resize)
	return w
}

func TestAHandlerIsTriedWithoutAServer(t *testing.T) {
	trial := Trial{Attempt: 2, LastProgress: map[string]int{"step": 4}}
	outcome := worker(t, Options{}).Try(t.Context(), "images.resize", resizeInput{"x.png", 10}, trial)
	var output resizeOutput
	if err := outcome.Decode(&output); err != nil || output.URL != "x.png?small" {
		t.Fatalf("%v %v", output, err)
	}
	if outcome.Percent != 50 || string(outcome.Details) != `{"step":5}` {
		t.Errorf("progress is %v %s", outcome.Percent, outcome.Details)
	}
	if len(outcome.Lines) != 1 || outcome.Lines[0] != "resizing run=1 image.width=10" {
		t.Errorf("lines are %q", outcome.Lines)
	}
}

func TestAFailureKeepsTypeDetailsAndPermanence(t *testing.T) {
	outcome := worker(t, Options{}).Try(t.Context(), "images.resize", resizeInput{"x", 0}, Trial{})
	failure := outcome.Failure
	if failure == nil || failure.Type != "BadWidth" || !failure.Permanent || failure.Message != "too small" {
		t.Fatalf("failure is %v", failure)
	}
	if details := failure.Details.(json.RawMessage); string(details) != `{"url":"x","width":0}` {
		t.Errorf("details are %s", details)
	}
}

func TestInputThatDoesNotFitTheTypeFailsForGoodAndNamesTheField(t *testing.T) {
	input := map[string]any{"url": "x", "width": "wide"}
	failure := worker(t, Options{}).Try(t.Context(), "images.resize", input, Trial{}).Failure
	if failure == nil || failure.Type != "InvalidInput" || !failure.Permanent {
		t.Fatalf("failure is %v", failure)
	}
	if !strings.HasPrefix(failure.Message, "width: ") {
		t.Errorf("message is %q", failure.Message)
	}
}

func TestHandlersEndInManyWays(t *testing.T) {
	w := NewWorker(Options{})
	Action(w, "panic", func(Context, any) (any, error) { panic("odd") })
	Action(w, "defer", func(Context, any) (any, error) { return nil, ErrDeferred })
	Action(w, "permanent", func(Context, any) (any, error) { return nil, Permanent(errors.New("never")) })
	Action(w, "channel", func(Context, any) (any, error) { return make(chan int), nil })
	Action(w, "stop", func(ctx Context, _ any) (any, error) { <-ctx.Done(); return nil, ctx.Err() })
	try := func(action string) *Outcome { return w.Try(t.Context(), action, nil, Trial{}) }

	if failure := try("panic").Failure; failure == nil || failure.Type != "Panic" || failure.Message != "odd" {
		t.Errorf("a panic became %v", failure)
	}
	if outcome := try("defer"); !outcome.Deferred || outcome.Failure != nil {
		t.Errorf("a deferral became %v", outcome)
	}
	if failure := try("permanent").Failure; failure == nil || !failure.Permanent || failure.Message != "never" {
		t.Errorf("a permanent error became %v", failure)
	}
	if failure := try("channel").Failure; failure == nil || failure.Type != "InvalidResult" {
		t.Errorf("a channel became %v", failure)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrCancelled)
	if outcome := w.Try(ctx, "stop", nil, Trial{}); !outcome.Cancelled || outcome.Failure != nil {
		t.Errorf("a cancellation became %v", outcome)
	}
	if outcome := try("unknown"); outcome.Err == nil {
		t.Error("an unknown action was tried")
	}
}

func TestSecretsAreDecryptedForTheHandlerAndEncryptedInItsResult(t *testing.T) {
	type note struct {
		Text string `json:"text" mistral:"secret"`
	}
	_, ring := shared(t)
	w := NewWorker(Options{Codec: ring})
	Action(w, "notes.keep", func(_ Context, in note) (note, error) { return note{in.Text + "!"}, nil })
	sealed, err := seal(ring, []byte(`{"text":"hush"}`), []string{"text"})
	if err != nil {
		t.Fatal(err)
	}
	outcome := w.Try(t.Context(), "notes.keep", json.RawMessage(sealed), Trial{})
	var kept note
	if err := outcome.Decode(&kept); err != nil || kept.Text != "hush!" {
		t.Fatalf("%v %v", kept, err)
	}
	if strings.Contains(string(outcome.Sent), "hush") {
		t.Errorf("sent was %s", outcome.Sent)
	}
	strange, _ := NewKeyring("other", map[string][]byte{"other": make([]byte, 32)})
	other := NewWorker(Options{Codec: strange})
	Action(other, "notes.keep", func(_ Context, in note) (note, error) { return in, nil })
	failure := other.Try(t.Context(), "notes.keep", json.RawMessage(sealed), Trial{}).Failure
	if failure == nil || failure.Type != "DecryptionFailed" || failure.Permanent {
		t.Errorf("without the key: %v", failure)
	}
}

func TestFaultyOptionsAndActionsAreSaidWhenTheWorkerIsRun(t *testing.T) {
	type secret struct {
		Text string `json:"text" mistral:"secret"`
	}
	t.Setenv("MISTRAL_SLOTS", "many")
	w := NewWorker(Options{})
	Action(w, "std.echo", resize)
	Action(w, "twice", resize)
	Action(w, "twice", resize)
	Action(w, "hidden", func(_ Context, in any) (secret, error) { return secret{}, nil })
	err := w.Run(t.Context())
	for _, part := range []string{"MISTRAL_SLOTS", "std.echo", "twice", "no codec"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %v", part, err)
		}
	}
}

func TestProgressIsHeldToItsLimits(t *testing.T) {
	w := NewWorker(Options{})
	Action(w, "far", func(ctx Context, _ any) (any, error) { return nil, ctx.Progress(101, nil) })
	Action(w, "large", func(ctx Context, _ any) (any, error) {
		return nil, ctx.Progress(-1, strings.Repeat("x", mostDetails))
	})
	for _, action := range []string{"far", "large"} {
		if outcome := w.Try(t.Context(), action, nil, Trial{}); outcome.Failure == nil {
			t.Errorf("%s was told", action)
		}
	}
	if text := cut("aä🦊", 4); text != "aä" {
		t.Errorf("cut within a character: %q", text)
	}
}
