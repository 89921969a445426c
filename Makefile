# Everything a change must pass runs here, from a clean checkout with Python 3.11 or later; CI runs the same targets.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Installing is skipped while neither the project nor its pins changed.
RUNNABLE := $(VENV)/.installed-demo
WORKABLE := $(VENV)/.installed-dev
SPARKABLE := $(VENV)/.installed-spark
# It wants other versions of what the tests use, so it lives apart.
FUZZER := .venv-schemathesis/bin/schemathesis

.DEFAULT_GOAL := help
.PHONY: help setup format lint types test test-heavy test-spark test-connectors test-e2e check-api docs docs-check demo picture bench check clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(WORKABLE) ## Make .venv and install everything for development

format: $(WORKABLE) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(WORKABLE) ## Check style and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

types: $(WORKABLE) ## Check types
	$(BIN)/mypy

test: $(WORKABLE) ## Run the tests
	$(BIN)/pytest -m "not e2e and not pages and not connectors"

test-heavy: $(WORKABLE) ## Run the property tests with many more examples
	SATSUMA_HYPOTHESIS_PROFILE=heavy $(BIN)/pytest tests/property

test-spark: $(SPARKABLE) ## Run the conformance and property tests on Spark
	$(BIN)/pytest -n 0 --engine spark tests/conformance tests/property/test_spark_equals_duckdb.py tests/unit/engines

test-connectors: $(WORKABLE) ## Run every connector against a server that misbehaves
	$(BIN)/pytest -m connectors tests/unit/connectors

test-e2e: $(WORKABLE) ## Run the tests that need a browser
	$(BIN)/pytest -m e2e

check-api: $(WORKABLE) $(FUZZER) ## Let schemathesis look for answers that the API does not describe
	SATSUMA_SCHEMATHESIS=$(abspath $(FUZZER)) $(BIN)/pytest -n 0 -m e2e tests/e2e/test_api_fuzzed.py

docs: $(WORKABLE) ## Write the reference pages from the program
	$(BIN)/python docs/write_reference.py

docs-check: $(WORKABLE) ## Check that the pages are up to date, run and link to what is there
	$(BIN)/pytest tests/docs

demo: $(RUNNABLE) ## Run the main job on a realistic data set; writes demo/report.html
	$(BIN)/python examples/complete_journey/demo.py demo

picture: demo ## Draw the picture of the README from the demo
	$(BIN)/satsuma report -o docs/images/overview.svg -w demo

bench: $(WORKABLE) ## Measure speed and memory
	$(BIN)/python -m benchmarks

check: lint types test docs-check ## All that a change must pass

clean: ## Delete what was built
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name it with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNNABLE): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -c constraints.txt -e '.[demo]'
	@touch $@

$(WORKABLE): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -c constraints.txt -e '.[demo,dataframes,postgres,mysql,dev]'
	@touch $@ $(RUNNABLE)

$(SPARKABLE): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -c constraints.txt -e '.[demo,dataframes,postgres,mysql,dev,spark]'
	@touch $@ $(WORKABLE) $(RUNNABLE)

$(FUZZER):
	$(PYTHON) -m venv .venv-schemathesis
	.venv-schemathesis/bin/python -m pip install -q 'schemathesis==4.32.5'
