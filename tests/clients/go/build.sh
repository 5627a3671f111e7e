#!/bin/sh
# From protos/ to build/client. Needs go 1.26, and `make setup` for buf; the generators are pinned in go.mod.
set -eu
cd "$(dirname "$0")"
rm -rf gen && mkdir -p build
export CGO_ENABLED=0

../../../.venv/bin/python ../../../protos/generate.py build/mistral.binpb
../../../.venv/bin/buf generate build/mistral.binpb --path mistral/v1
go build -buildvcs=false -o build/client .
