#!/bin/sh
# From protos/ to gen/. Needs `make setup`, or grpcio-tools, googleapis-common-protos and grpcio-status of your own.
set -eu
cd "$(dirname "$0")"
rm -rf gen && mkdir gen

googleapis=$(../../../.venv/bin/python -c 'import google.api, os; print(os.path.abspath(google.api.__path__[0] + "/../.."))')
../../../.venv/bin/python -m grpc_tools.protoc -I ../../../protos -I "$googleapis" \
    --python_out=gen --pyi_out=gen --grpc_python_out=gen ../../../protos/mistral/v1/*.proto
