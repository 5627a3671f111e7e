#!/bin/sh
# Makes build/worker. Needs go 1.26.
set -eu
cd "$(dirname "$0")"
mkdir -p build
CGO_ENABLED=0 go build -buildvcs=false -o build/worker .
