# Every command a person types. Each begins with `setup`, which does nothing when nothing changed.

PYTHON ?= python3
FILE ?= examples/tour.yaml
INPUT ?=
ARGS ?=
TIMES ?= 10
ROWS ?= 1000000
BIN := .venv/bin
# As it was typed: make would expand a dollar sign in it, the shell would trip over a quote.
export WORKFLOW_INPUT := $(value INPUT)

.PHONY: help run up down test test-clients test-sdks crash fuzz bench bench-lists bench-workers lint format proto grpc-gateway lock setup

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

setup: ## install everything into .venv/
	@command -v $(PYTHON) >/dev/null || { echo "python3 (3.11 or newer) is needed. On Debian and Ubuntu: apt install python3 python3-venv"; exit 1; }
	@GOAL="$(or $(firstword $(MAKECMDGOALS)),setup)" $(PYTHON) tools/setup.py

run: setup ## run a workflow on a mesh of its own: FILE=wf.yaml INPUT='{"k": 1}'
	@$(BIN)/mistralctl run --ephemeral $(FILE) $${WORKFLOW_INPUT:+--input "$$WORKFLOW_INPUT"}

up: setup ## the mesh in the foreground, until Ctrl-C
	@$(BIN)/mistralctl up $(ARGS)

down: setup ## stop a mesh left in the background
	@$(BIN)/mistralctl down $(ARGS)

test: setup ## all tests, on real servers: ARGS="tests/core -x"
	@$(BIN)/python -m pytest $(ARGS)

test-clients: setup ## generated clients in four languages and grpc-gateway, on a real mesh
	@$(BIN)/python -m pytest tests/clients -rs $(ARGS)

test-sdks: setup ## the SDKs on a real mesh: SDKS="go java", ARGS="-k cut"
	@MISTRAL_TEST_SDKS="$(or $(SDKS),all)" $(BIN)/python -m pytest tests/sdk -rs $(ARGS)

crash: setup ## the crash tests many times in a row: TIMES=10
	@$(BIN)/python -m tests.system.soak --times $(TIMES) $(ARGS)

fuzz: setup ## made-up requests at a mesh that runs, held against its OpenAPI document: ARGS="--examples 500"
	@$(BIN)/python -m tests.api_gateway.fuzzing $(ARGS)

bench: setup ## the benchmark suite, one JSON line per scenario
	@$(BIN)/python -m tests.bench $(ARGS)

bench-lists: setup ## how long lists take over many executions: ROWS=1000000
	@$(BIN)/python -m tests.bench.lists --rows $(ROWS) $(ARGS)

bench-workers: setup ## what workers cost and how quick they are
	@$(BIN)/python -m tests.bench.workers $(ARGS)

lint: setup ## style, types, import contracts, contracts, house rules
	@$(BIN)/python tools/lint.py

format: setup ## write the code as `make lint` wants it
	@$(BIN)/ruff check --fix -q .
	@$(BIN)/ruff format -q .

proto: setup ## generate the stubs anew
	@$(BIN)/python protos/generate.py
	@$(BIN)/python libs/sdk/python/generate.py
	@PATH="$$PATH:/usr/local/go/bin"; if command -v go >/dev/null; then sh libs/sdk/go/generate.sh; else echo "there is no go: libs/sdk/go/gen stays as it is"; fi

grpc-gateway: setup ## build deploy/grpc-gateway/bin/grpc-gateway: the public API over HTTP (needs go)
	@PATH="$$PATH:/usr/local/go/bin" sh deploy/grpc-gateway/build.sh

lock: setup ## pin what the pyproject.toml files ask for
	@$(BIN)/python tools/lock.py
