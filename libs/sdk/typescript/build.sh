#!/bin/sh
# From protos/ to dist/ and a package to install: build/mistral-mesh-sdk.tgz. Needs node 18 with npm, and `make setup`.
set -eu
cd "$(dirname "$0")"
# As the lock file says, and not again while it stays as it is.
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund
sh generate.sh
node_modules/.bin/tsc
mkdir -p build
packed=$(npm pack --silent --pack-destination build)
mv "build/$packed" build/mistral-mesh-sdk.tgz
