#!/bin/sh
# Makes gen/ anew from protos/, or with a folder as argument there. Needs go 1.26, and `make setup` for buf; the generators
# are pinned in go.mod. gen/ is committed, for who uses a Go module builds it without any generator; a test holds it
# equal to the contracts.
set -eu
cd "$(dirname "$0")"
out=${1:-.}
root=$(cd ../../.. && pwd)
image=$(mktemp -d)
trap 'rm -rf "$image"' EXIT
contracts="worker worker_service execution execution_watch execution_report execution_service state task workflow
    workflow_service action_execution action_execution_service"
paths=""
for name in $contracts; do paths="$paths --path mistral/v1/$name.proto"; done

rm -rf "$out/gen"
"$root/.venv/bin/python" "$root/protos/generate.py" "$image/mistral.binpb"
# shellcheck disable=SC2086  # several paths
"$root/.venv/bin/buf" generate "$image/mistral.binpb" $paths --output "$out"
