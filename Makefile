# Everything sets itself up: Python 3.11+ and make are all that is needed.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help run test bench clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(READY): pyproject.toml .constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "postel needs Python 3.11 or newer; say PYTHON=/path/to/python3 if it is not the first on PATH"; exit 2; }
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .constraints.txt -e '.[dev]'
	@touch $(READY)

run: $(READY) ## the main job on the embedded reference; prints where the report is
	@$(BIN)/postel run reference

test: $(READY) ## all tests, the container tests among them where a Docker engine answers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@echo "== unit tests, and the deliberate faults that prove the suites"
	@$(BIN)/pytest -q -rs harness/tests reference_server/tests reports/tests suites/selftest
	@echo "== the suites on the reference"
	@$(BIN)/pytest -q suites/smoke suites/pop3 suites/imap

bench: $(READY) ## how fast: the suites beside raw sockets, the reference beside other servers
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .constraints.txt -e '.[bench]'
	@$(BIN)/postel bench reference --suite pop3
	@$(BIN)/postel bench reference --suite imap
	@$(BIN)/postel bench reference --suite smtp
	@$(BIN)/postel throughput

clean: ## what was built and written, but not the environment
	rm -rf out .pytest_cache .mypy_cache .ruff_cache .hypothesis
