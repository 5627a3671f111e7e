package main

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// answerFault answers with the status as JSON, details and all, and the HTTP status and headers that belong to it.
func answerFault(
	_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error,
) {
	code := 0
	var routing *runtime.HTTPStatusError
	if errors.As(err, &routing) {
		code, err = routing.HTTPStatus, routing.Err
	}
	said := status.Convert(err)
	if code == 0 {
		code = runtime.HTTPStatusFromCode(said.Code())
	}
	if said.Code() == codes.Unauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	for _, detail := range said.Details() {
		if retry, is := detail.(*errdetails.RetryInfo); is {
			seconds := math.Ceil(retry.GetRetryDelay().AsDuration().Seconds())
			w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
		}
	}
	writeFault(w, code, said)
}

// answerNoRoute answers what no path and method of the contracts fits.
func answerNoRoute(
	_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int,
) {
	said := codes.InvalidArgument
	switch code {
	case http.StatusNotFound:
		said = codes.NotFound
	case http.StatusMethodNotAllowed:
		said = codes.Unimplemented
	}
	writeFault(w, code, status.Newf(said, "%s %s: %s", r.Method, r.URL.Path, http.StatusText(code)))
}

func writeFault(w http.ResponseWriter, code int, said *status.Status) {
	marshaler := &runtime.JSONPb{}
	text, err := marshaler.Marshal(said.Proto())
	if err != nil {
		// A detail of a type that is not known here: all else is told.
		slog.Warn("a detail of an error cannot be told", "error", err)
		text, _ = marshaler.Marshal(status.New(said.Code(), said.Message()).Proto())
	}
	w.Header().Del("Transfer-Encoding")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(code)
	if _, err := w.Write(text); err != nil {
		slog.Debug("the client is gone", "error", err)
	}
}
