// Command conformance is the worker that the conformance suite of the SDKs drives. What it offers is the same in every
// language; tests/sdk/README.md describes it.
package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"

	"mistral-mesh/sdk/mistral"
)

func main() {
	codec, err := mistral.KeyringFromEnvironment()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	crashes := &crashes{due: map[string]crashInput{}}
	worker := mistral.NewWorker(mistral.Options{
		Labels: labels(os.Getenv("MISTRAL_LABELS")), Codec: codec, Observe: crashes.observe,
		Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	})
	mistral.Action(worker, "conf.echo", echo)
	mistral.Action(worker, "conf.fail", fail)
	mistral.Action(worker, "conf.odd", odd)
	mistral.Action(worker, "conf.sleep", sleep)
	mistral.Action(worker, "conf.progress", progress)
	mistral.Action(worker, "conf.crash", crashes.run)
	mistral.Action(worker, "conf.defer", deferred)
	mistral.Action(worker, "conf.blob", blob)
	if codec != nil {
		mistral.Action(worker, "conf.secret", secret)
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
