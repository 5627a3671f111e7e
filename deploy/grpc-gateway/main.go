// Command grpc-gateway serves the public API of a mesh, gRPC `mistral.v1`, over HTTP with JSON.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	wanted, err := readSettings("grpc-gateway", os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "grpc-gateway:", err)
		os.Exit(2)
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level(wanted)})))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, wanted); err != nil {
		slog.Error("ended", "error", err)
		os.Exit(1)
	}
}

func level(wanted *settings) slog.Level {
	if wanted.verbose {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// run serves until the context is done, and then lets running requests end.
func run(ctx context.Context, wanted *settings) error {
	connection, err := dial(wanted)
	if err != nil {
		return err
	}
	defer connection.Close()
	api, err := translator(ctx, connection)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", wanted.listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           routes(api, connection, wanted.bodyLimit),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(server, listener, wanted) }()
	slog.Info("serving", "address", listener.Addr().String(), "mesh", wanted.mesh)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		slog.Info("stopping")
		return drain(server, wanted.drain)
	}
}

func serve(server *http.Server, listener net.Listener, wanted *settings) error {
	if wanted.cert != "" {
		return server.ServeTLS(listener, wanted.cert, wanted.key)
	}
	return server.Serve(listener)
}

// drain takes no new requests and ends what still runs after a while, such as a watch.
func drain(server *http.Server, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}
