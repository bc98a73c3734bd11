# Everything a developer does here, one target each. `make` alone tells them.
# Needs Python >= 3.11 with pip; the environment (.venv) is made on first use.

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
COVERED := --cov --cov-report=term:skip-covered

export ROCKET_MAGIC_VENV := $(abspath $(VENV))
.DEFAULT_GOAL := help
.PHONY: help setup check lint fix format types spelling architecture test coverage test-all notebooks bench quickstart clean

help:  ## Tell what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup:  ## Make .venv and install the package with its test extra
	@$(PYTHON) scripts/_venv.py test > /dev/null

check: lint format types spelling architecture coverage  ## Everything that CI asks for; writes nothing

lint: setup  ## Lint (ruff, all rules)
	$(PY) -m ruff check .

format: setup  ## Is the code formatted?
	$(PY) -m ruff format --check .

types: setup  ## Check types (mypy, strict)
	$(PY) -m mypy

spelling: setup  ## Check spelling (codespell)
	$(PY) -m codespell_lib

architecture: setup  ## Do imports go downward only, and does only the clock read the wall clock?
	$(PY) -m pytest tests/test_architecture.py tests/test_exports.py

test:  ## Run the tests (warnings are errors)
	$(PYTHON) scripts/test.py

coverage:  ## Run the tests and measure coverage against the gate
	$(PYTHON) scripts/test.py $(COVERED)

test-all:  ## Run the tests on Python 3.11 to 3.15, where installed
	$(PYTHON) scripts/test_all.py

fix: setup  ## Repair what can be repaired (format, imports, spelling of lint)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

notebooks: setup  ## Run the notebooks and compare their outputs (nbval)
	$(PY) -m pytest tests/notebooks

bench: setup  ## Measure beside the peers, in one run (BENCH=--quick: about a minute)
	$(PY) -m tests.benchmarks $(BENCH)

quickstart:  ## Open the quickstart notebook in JupyterLab
	$(PYTHON) scripts/quickstart.py

clean:  ## Remove environments, caches and artefacts
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* artefacts build dist
