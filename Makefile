# Everything needs Python 3.11 or newer and make; the rest is installed into .venv by the first target that wants it.
PYTHON ?= python3
BIN := .venv/bin
SAM_CLI := .venv-sam/bin/sam
CHECKOV := .venv-checkov/bin/checkov

# `pip install --no-deps`: the lock files name every package, so there is nothing left to resolve.
INSTALL := -m pip install --disable-pip-version-check --no-deps --require-hashes
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-strip-extras --quiet

# Where compose.yaml has its components.
ATTACHED := KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:8000

.DEFAULT_GOAL := help
.PHONY: help run services demo preview test check format hooks openapi lock clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: .venv/installed $(if $(SAM),.venv-sam/installed) ## Run everything on this machine and show where; Ctrl-C ends it.
	$(if $(COMPOSE),docker compose up -d --wait)
	@$(if $(COMPOSE),$(ATTACHED)) $(BIN)/python -m local run $(if $(SAM),--sam) $(ARGS)

services: .venv/installed ## Run Kafka, DynamoDB, AWS and the inbox only: `sam local` brings the functions.
	$(if $(COMPOSE),docker compose up -d --wait)
	@$(if $(COMPOSE),$(ATTACHED)) $(BIN)/python -m local services $(ARGS)

demo: .venv/installed ## Place the orders of events/api/, wait for their mails, and show them.
	@$(BIN)/python -m tools.demo

preview: .venv/installed ## Render every mail and text message into .preview/, with pictures.
	@$(BIN)/python -m tools.preview

test: .venv/installed .venv-sam/installed ## Run every test that this machine can run, on a real broker.
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

check: .venv/installed .venv-sam/installed .venv-checkov/installed ## Check format, lint, types, templates and generated files.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yaml infrastructure/*.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM_CLI) validate --lint
	$(CHECKOV) --framework cloudformation --file template.yaml infrastructure/*.yaml --skip-download --quiet --compact
	$(BIN)/python -m tools.openapi --check
	$(BIN)/python -m tools.preview --check

format: .venv/installed ## Format the code and mend what the linter can.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

hooks: .venv/installed ## Have git check each commit before it is made.
	@$(BIN)/pre-commit install

openapi: .venv/installed ## Write docs/openapi.json anew from the code.
	$(BIN)/python -m tools.openapi

lock: .venv/installed ## Compile the pinned requirements anew from the *.in files, with today's versions.
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --upgrade requirements.in -o requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --upgrade requirements-sam.in -o requirements-sam.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --upgrade requirements-checkov.in -o requirements-checkov.lock
	for function in order notify; do \
	  UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) -c requirements.lock \
	    functions/$$function/requirements.in -o functions/$$function/requirements.txt; \
	done

clean: ## Remove data, logs, builds and caches; the installed packages stay.
	@if [ -e .local/endpoints.json ]; then echo "A stack runs on .local (it has .local/endpoints.json): end it first."; exit 1; fi
	rm -rf .local .preview .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -path './.venv*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, and $(PYTHON) is %s. Name another: make PYTHON=python3.12 …" % sys.version.split()[0])'
	@echo "Setting up .venv (once, a minute or two) …"
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing: on Debian and Ubuntu, install python3-venv."; exit 1; }
	@.venv/bin/python $(INSTALL) -r requirements.lock
	@touch $@

.venv-sam/installed: requirements-sam.lock | .venv/installed
	@echo "Setting up .venv-sam, for the AWS SAM CLI (once) …"
	@$(PYTHON) -m venv .venv-sam
	@.venv-sam/bin/python $(INSTALL) -r requirements-sam.lock
	@touch $@

.venv-checkov/installed: requirements-checkov.lock | .venv/installed
	@echo "Setting up .venv-checkov, for checkov (once) …"
	@$(PYTHON) -m venv .venv-checkov
	@.venv-checkov/bin/python $(INSTALL) -r requirements-checkov.lock
	@touch $@
