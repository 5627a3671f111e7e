package main

import (
	"context"
	"net/textproto"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	mistral "mesh.example/grpc-gateway/gen/mistral/v1"
)

// passedOn are the headers that reach the mesh, besides Authorization, which always does.
var passedOn = map[string]string{
	"X-Api-Key":    "x-api-key",
	"X-Auth-Token": "x-auth-token",
	"X-Project-Id": "x-project-id",
	"Traceparent":  "traceparent",
	"Tracestate":   "tracestate",
}

// translator answers HTTP by calls to the mesh, as the annotations of the contracts say.
func translator(ctx context.Context, connection *grpc.ClientConn) (*runtime.ServeMux, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, lines{&runtime.JSONPb{
			MarshalOptions:   protojson.MarshalOptions{EmitUnpopulated: true},
			UnmarshalOptions: protojson.UnmarshalOptions{},
		}}),
		runtime.WithIncomingHeaderMatcher(incoming),
		runtime.WithOutgoingHeaderMatcher(nothing),
		runtime.WithOutgoingTrailerMatcher(nothing),
		runtime.WithErrorHandler(answerFault),
		runtime.WithRoutingErrorHandler(answerNoRoute),
		// A name may hold a slash, sent as %2F.
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptReserved),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithWriteContentLength(),
	)
	for _, register := range mistral.Handlers {
		if err := register(ctx, mux, connection); err != nil {
			return nil, err
		}
	}
	return mux, nil
}

func incoming(header string) (string, bool) {
	key, passed := passedOn[textproto.CanonicalMIMEHeaderKey(header)]
	return key, passed
}

func nothing(string) (string, bool) {
	return "", false
}

// lines says of a stream that it is one JSON object a line.
type lines struct {
	*runtime.JSONPb
}

// StreamContentType is the type of a stream.
func (lines) StreamContentType(any) string {
	return "application/x-ndjson"
}
