package main

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

//go:embed gen/mistral.swagger.json
var openapi []byte

const healthSeconds = 3 * time.Second

// routes is all that is served: the API, its description, and whether the mesh is well.
func routes(api http.Handler, connection *grpc.ClientConn, bodyLimit int64) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, openapi) })
	mux.HandleFunc("GET /healthz", health(grpc_health_v1.NewHealthClient(connection)))
	mux.Handle("/", limited(api, bodyLimit))
	return logged(mux)
}

func health(mesh grpc_health_v1.HealthClient) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthSeconds)
		defer cancel()
		answer, err := mesh.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		code, state := http.StatusOK, answer.GetStatus().String()
		switch {
		case err != nil:
			code, state = http.StatusServiceUnavailable, "UNREACHABLE"
			slog.Warn("the mesh cannot be reached", "error", err)
		case answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING:
			code = http.StatusServiceUnavailable
		}
		writeJSON(w, code, fmt.Appendf(nil, `{"status":%q}`, state))
	}
}

func limited(next http.Handler, bodyLimit int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > bodyLimit {
			said := status.Newf(codes.InvalidArgument, "the body has more than %d bytes", bodyLimit)
			writeFault(w, http.StatusRequestEntityTooLarge, said)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
		next.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, code int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if _, err := w.Write(text); err != nil {
		slog.Debug("the client is gone", "error", err)
	}
}

// logged writes one line a request; never a header or a body, which may hold secrets.
func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		seen := &recorder{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(seen, r)
		slog.Debug("answered", "method", r.Method, "path", r.URL.Path, "status", seen.code,
			"ms", time.Since(began).Milliseconds(), "traceparent", r.Header.Get("Traceparent"))
	})
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap lets a stream be flushed.
func (r *recorder) Unwrap() http.ResponseWriter {
	return r.ResponseWriter
}
