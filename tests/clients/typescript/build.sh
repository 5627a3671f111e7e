#!/bin/sh
# From protos/ to build/src/main.js. Needs node 20 with npm, and `make setup` for protoc; versions stand in package-lock.json.
set -eu
cd "$(dirname "$0")"
rm -rf gen && mkdir gen

npm ci --no-audit --no-fund
googleapis=$(../../../.venv/bin/python -c 'import google.api, os; print(os.path.abspath(google.api.__path__[0] + "/../.."))')
../../../.venv/bin/python -m grpc_tools.protoc -I ../../../protos -I "$googleapis" \
    --plugin=node_modules/.bin/protoc-gen-ts_proto --ts_proto_out=gen \
    --ts_proto_opt=outputServices=grpc-js,esModuleInterop=true,forceLong=bigint \
    ../../../protos/mistral/v1/*.proto "$googleapis/google/rpc/error_details.proto"
node_modules/.bin/tsc
