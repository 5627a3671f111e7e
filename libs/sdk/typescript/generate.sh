#!/bin/sh
# Makes src/gen/ from protos/. Needs `npm ci`, and `make setup` for protoc; versions stand in package-lock.json.
set -eu
cd "$(dirname "$0")"
root=../../..
googleapis=$($root/.venv/bin/python -c 'import google.api, os; print(os.path.abspath(google.api.__path__[0] + "/../.."))')
contracts=""
for name in worker worker_service execution execution_watch execution_report execution_service state task workflow \
    workflow_service action_execution action_execution_service; do
    contracts="$contracts $root/protos/mistral/v1/$name.proto"
done

rm -rf src/gen && mkdir -p src/gen
# shellcheck disable=SC2086  # several files
$root/.venv/bin/python -m grpc_tools.protoc -I $root/protos -I "$googleapis" \
    --plugin=node_modules/.bin/protoc-gen-ts_proto --ts_proto_out=src/gen \
    --ts_proto_opt=outputServices=grpc-js,esModuleInterop=true,forceLong=bigint,oneof=unions-value,importSuffix=.js \
    --ts_proto_opt=outputJsonMethods=false,env=node,snakeToCamel=true \
    $contracts
# Annotations for HTTP are of no use here.
rm -rf src/gen/google/api src/gen/google/protobuf/descriptor.ts
