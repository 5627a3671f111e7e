#!/bin/sh
# Makes ../dist and build/worker.js. Needs node 18 with npm, and `make setup`.
set -eu
cd "$(dirname "$0")"
sh ../build.sh
../node_modules/.bin/tsc -p .
