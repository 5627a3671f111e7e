#!/bin/sh
# From protos/ to bin/grpc-gateway. Needs go 1.26, and `make setup` for buf; the generators are pinned in go.mod.
set -eu
cd "$(dirname "$0")"
rm -rf gen && mkdir -p gen bin
# The generators and the program are then compiled alike, and most of it once.
export CGO_ENABLED=0

../../.venv/bin/python ../../protos/generate.py gen/mistral.binpb
../../.venv/bin/buf generate gen/mistral.binpb --path mistral/v1

# Every service that has a path is served, also one that is new.
{
    echo "package mistralv1"
    echo
    echo 'import ('
    echo '	"context"'
    echo '	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"'
    echo '	"google.golang.org/grpc"'
    echo ')'
    echo
    echo "// Handlers puts each service with paths of its own into a mux."
    echo "var Handlers = []func(context.Context, *runtime.ServeMux, *grpc.ClientConn) error{"
    sed -n 's/^func \(Register[A-Za-z]*ServiceHandler\)(.*/	\1,/p' gen/mistral/v1/*.pb.gw.go
    echo "}"
} >gen/mistral/v1/handlers.go

go build -buildvcs=false -ldflags=-s -o bin/grpc-gateway .
