# Everything needs Python 3.11 or newer and make; the first target that needs more installs it into .venv.
PYTHON ?= python3
BIN := .venv/bin
SAM_CLI := .venv-sam/bin/sam
CHECKOV := .venv-checkov/bin/checkov

LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-strip-extras --quiet

# The addresses of the components of compose.yaml.
EXTERNAL := KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:8000

# The packages of each folder of functions/ and of each service of examples/; those of a new one are locked and installed
# like the others.
FUNCTION_REQUIREMENTS := $(wildcard functions/*/requirements.in examples/*/src/requirements.in)

# The time that builds write into what they make: the commit's, so that two builds of one commit are the same.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1580601600)
# The templates of the services beside the order system, and those of them that `make run WITH="reward shipment"` runs.
EXAMPLES := $(wildcard examples/*/template.yaml)
EXAMPLE_NAMES := $(EXAMPLES:examples/%/template.yaml=%)
UNKNOWN_EXAMPLES := $(filter-out $(EXAMPLE_NAMES),$(WITH))
# Their with-orders.yaml has parameters of the order system: notify then reads their topics, too.
RUN_WITH := $(if $(WITH),template.yaml $(WITH:%=examples/%/template.yaml) --parameter-overrides $(WITH:%=file://examples/%/with-orders.yaml))

# Parameters of `make build` and `make dist`: the runtime and the processor of the functions.
ENVIRONMENT ?= prod

# Of `make test`, where there is Node.js: what programs beside the order system need.
NODE_PACKAGES := $(if $(shell command -v npm),$(addsuffix /node_modules/installed,\
  examples/plain samrun/tests/console/mailpit_client benchmarks/peers))

# Of `make test`: on two cores, one more than there are cores, since the system tests wait now and then.
WORKERS ?= 3

# Byte code is kept between runs, whatever the environment says: without it, each start compiles all modules again.
run services demo test test-fast proof coverage: export PYTHONDONTWRITEBYTECODE :=

# The tests that start brokers, browsers, containers, installations, linters or downloads.
SYSTEM := tests/system tests/sam tests/browser $(wildcard examples/*/tests/test_application.py) \
  tests/performance/test_requests_of_an_order.py \
  tests/template/test_lint.py tests/tools/test_scanners.py \
  tests/test_platforms.py tests/tools/test_install.py samrun/tests/system samrun/tests/browser samrun/tests/test_wheel.py
# Those that start other processes (single tests have the mark `processes`) or Kafka's mock broker, read the whole
# repository or all packages, explore the models, or make many requests or events up (schemathesis takes long to import).
PROCESSES := tests/models tests/test_words.py tests/notify/test_privacy.py tests/notify/test_injection.py \
  tests/order/api/test_openapi_answers.py tests/tools/test_supply_chain.py tests/performance/test_imports.py \
  $(addprefix samrun/tests/functions/test_,debugger.py deployment_package.py invoke_api.py missing_package.py process_runtime.py) \
  samrun/tests/mapping/test_client_records.py samrun/tests/services/test_java_programs.py samrun/tests/test_container.py \
  samrun/tests/supervision/test_process.py samrun/tests/scaffold/test_linters.py \
  samrun/tests/cli/test_command_line.py samrun/tests/cli/test_run_until_signal.py samrun/tests/pythons

.DEFAULT_GOAL := help
.PHONY: help run services demo preview test test-fast proof chaos soak coverage bench check supply-chain build sbom dist format hooks \
  support openapi contract cost scaling lock clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

# .venv has the packages of all functions, so that a first start installs nothing more. OWN_PACKAGES=1 gives each
# function those of its own requirements.txt.
run: .venv/installed $(if $(SAM),.venv-sam/installed) ## Run everything on this machine (WITH="reward shipment" too) and show where; Ctrl-C ends it.
	@$(if $(UNKNOWN_EXAMPLES),echo "WITH: no example has the name $(UNKNOWN_EXAMPLES). There are: $(EXAMPLE_NAMES)." >&2; exit 1)
	$(if $(COMPOSE),docker compose up -d --wait)
	@$(if $(COMPOSE),$(EXTERNAL)) $(if $(SAM),SAMRUN_SAM_CLI=$(SAM_CLI)) $(BIN)/samrun up $(if $(SAM),--sam,$(if $(OWN_PACKAGES),,--use-current-env)) $(RUN_WITH) $(ARGS)

services: .venv/installed ## Run Kafka, DynamoDB, AWS and the inbox only: `sam local` brings the functions.
	$(if $(COMPOSE),docker compose up -d --wait)
	@$(if $(COMPOSE),$(EXTERNAL)) $(BIN)/samrun services $(ARGS)

demo: .venv/installed ## Place the orders of events/api/, and show their mails; KEEP=1 leaves the stack up until Ctrl-C.
	@$(BIN)/python -m tools.demo $(if $(KEEP),--leave-up)

preview: .venv/developing ## Render every mail and text message into .preview/, with pictures.
	@$(BIN)/python -m tools.preview

test: .venv/developing .venv/java-programs .venv-sam/installed .venv-supply-chain/installed $(NODE_PACKAGES) ## Run the tests of both products; the large proofs are in `make proof`.
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

test-fast: .venv/developing ## Run the unit tests that start no other process and use no emulated AWS.
	@$(BIN)/python -m pytest -n 2 --dist worksteal --no-processes $(addprefix --ignore=,$(SYSTEM) $(PROCESSES)) -m "not (proof or emulated_aws or processes)" --hypothesis-profile fast $(ARGS)

proof: .venv/developing .venv/java-programs .venv-sam/installed ## Run the large proofs: 10,000 records, 20 kills at each step, a stack disturbed 20 times.
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "proof or hypothesis" --hypothesis-profile many $(ARGS)

chaos: .venv/developing .venv/java-programs ## Disturb a stack under load (MINUTES=5, SEED=), and check that nothing is lost or doubled.
	@$(BIN)/python -m tools.chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(ARGS)

soak: .venv/developing .venv/java-programs ## Run the stack under load without faults (MINUTES=10), and check that no process grows.
	@$(BIN)/python -m tools.chaos.soak $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

coverage: .venv/developing ## Measure the coverage of all tests but the system tests; fail below the floor.
	@$(BIN)/python -m pytest -n 2 $(addprefix --ignore=,$(SYSTEM)) --cov $(ARGS)

bench: .venv/developing .venv/java-programs .venv-sam/installed $(NODE_PACKAGES) ## Measure times, sizes and memory against their aims, and write docs/performance.md (ONLY=NAME, QUICK=1: prints only).
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick,$(if $(ONLY),,--write)) $(ARGS)

check: .venv/developing .venv-sam/installed .venv-checkov/installed .venv-supply-chain/installed ## Check format, lint, types, templates, generated files and the supply chain.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tools.check_words
	$(BIN)/cfn-lint template.yaml infrastructure/*.yaml $(EXAMPLES)
	for template in template.yaml $(EXAMPLES); do \
	  SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM_CLI) validate --lint --template $$template || exit; \
	done
	$(CHECKOV) --framework cloudformation --file template.yaml infrastructure/*.yaml $(EXAMPLES) --skip-download --quiet --compact
	$(BIN)/python -m tools.contract
	$(BIN)/python -m tools.completeness
	$(BIN)/python -m tools.openapi --check
	$(BIN)/python -m tools.cost --check
	$(BIN)/python -m tools.scaling --check
	$(BIN)/python -m benchmarks.page --check
	$(BIN)/python -m tools.preview --check
	$(BIN)/python samrun/tools/support_tables.py --check
	$(BIN)/python -m tools.supply_chain check

supply-chain: .venv/developing .venv-supply-chain/installed ## Check licences, secrets, workflows and known vulnerabilities.
	@$(BIN)/python -m tools.supply_chain check

build: .venv/developing .venv-sam/installed ## Build the functions for a deployment (ENVIRONMENT=prod): small, with byte code.
	SAM_CLI_TELEMETRY=0 $(SAM_CLI) build --parallel $(BUILD_ARGS) --config-env $(ENVIRONMENT)
	@$(BIN)/python -m tools.trim

sbom: export SOURCE_DATE_EPOCH := $(SOURCE_DATE_EPOCH)
sbom: .venv/developing ## Write an SBOM (CycloneDX) of each artifact into dist/.
	@$(BIN)/python -m tools.supply_chain sbom

dist: export SOURCE_DATE_EPOCH := $(SOURCE_DATE_EPOCH)
dist: BUILD_ARGS := --no-cached
dist: build ## Build all artifacts into dist/, the same from one commit each time.
	rm -rf dist
	@$(BIN)/python -m tools.supply_chain sbom
	@$(BIN)/python -m tools.supply_chain zip
	cd samrun && ../$(BIN)/python -m hatchling build --directory ../dist
	cd dist && sha256sum *.cdx.json *.zip *.whl *.tar.gz > SHA256SUMS

format: .venv/developing ## Format the code, and repair what the linter can.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

hooks: .venv/developing ## Have git check each commit before it is made.
	@$(BIN)/pre-commit install

support: .venv/developing ## Write samrun/docs/support.md from the code.
	@$(BIN)/python samrun/tools/support_tables.py

openapi: .venv/developing ## Write docs/openapi.json from the code.
	$(BIN)/python -m tools.openapi

contract: .venv/developing ## Publish the schemas of events/ with a release; refuse changes that break readers.
	@$(BIN)/python -m tools.contract --publish

cost: .venv/developing ## Compute a month's cost on AWS: make cost ORDERS_PER_DAY=10000.
	@$(BIN)/python -m tools.cost $(if $(ORDERS_PER_DAY),--orders-per-day $(ORDERS_PER_DAY)) $(ARGS)

scaling: .venv/developing ## Compute which limit binds at a rate: make scaling ORDERS_PER_SECOND=10.
	@$(BIN)/python -m tools.scaling $(if $(ORDERS_PER_SECOND),--orders-per-second $(ORDERS_PER_SECOND)) $(ARGS)

lock: .venv/developing ## Compile the lock files from the *.in files, samrun's pyproject.toml and the two Java programs, with today's versions.
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --upgrade requirements.in $(FUNCTION_REQUIREMENTS) samrun/pyproject.toml -o requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) -c requirements.lock requirements-run.in $(FUNCTION_REQUIREMENTS) samrun/pyproject.toml -o requirements-run.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) -c requirements.lock requirements-uv.in -o requirements-uv.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) -c requirements.lock samrun/pyproject.toml -o samrun/requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --upgrade requirements-sam.in -o requirements-sam.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --upgrade requirements-checkov.in -o requirements-checkov.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --upgrade requirements-supply-chain.in -o requirements-supply-chain.lock
	for requirements in $(FUNCTION_REQUIREMENTS); do \
	  UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) -c requirements.lock $$requirements -o $${requirements%.in}.txt; \
	done
	$(BIN)/python samrun/tools/lock_java_programs.py

clean: ## Remove data, logs, builds and caches; the installed packages stay.
	@if [ -e .local/endpoints.json ]; then echo "A stack runs on .local (it has .local/endpoints.json): end it first."; exit 1; fi
	rm -rf .local .preview .aws-sam dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -path './.venv*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# Running needs the first one only; tests and checks need both, in the same environment.
.venv/installed: requirements-run.lock samrun/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, and $(PYTHON) is %s. Name another: make PYTHON=python3.12 …" % sys.version.split()[0])'
	@$(PYTHON) tools/install.py .venv requirements-run.lock --editable samrun
	@touch $@

.venv/developing: requirements.lock | .venv/installed
	@$(PYTHON) tools/install.py .venv requirements.lock
	@touch $@

# Kafka and DynamoDB Local, from Maven's repository. `make run` fetches them by itself; tests do not wait for downloads.
.venv/java-programs: samrun/src/samrun/services/java_programs.json | .venv/installed
	@$(BIN)/samrun fetch
	@touch $@

%/node_modules/installed: %/package-lock.json
	@npm ci --prefix $* --silent --no-audit --no-fund
	@touch $@

# The SAM CLI, checkov and the scanners: each in an environment of its own, .venv-NAME, with pip, which `sam build` uses.
.venv-sam/installed .venv-checkov/installed .venv-supply-chain/installed: .venv-%/installed: requirements-%.lock | .venv/installed
	@$(PYTHON) tools/install.py .venv-$* requirements-$*.lock --with-pip
	@touch $@
