# One thing each. `make demo` needs Python alone; everything that touches Solidity also needs Node 20.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOLC := .solcx/solc-v0.8.28
FORGE = $(firstword $(wildcard node_modules/@foundry-rs/forge-*/bin/forge))
SOURCES := $(shell find contracts -name '*.sol' -not -path '*/test/*' 2>/dev/null)

.PHONY: demo test test-python test-contracts check fix bench gas fuzz coverage contracts setup setup-dev clean

# ---------------------------------------------------------------- set-up
$(VENV)/.runtime: pyproject.toml constraints/runtime.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints/runtime.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime constraints/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints/dev.txt -e '.[dev,parquet]'
	touch $@

node_modules/.installed: package.json package-lock.json
	npm install --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

$(SOLC): node_modules/.installed $(VENV)/.dev
	$(BIN)/python scripts/setup_solc.py
	touch $@

setup: $(VENV)/.runtime

setup-dev: $(VENV)/.dev node_modules/.installed $(SOLC)

# ---------------------------------------------------------------- use
demo: setup
	$(BIN)/gradmarket demo --report build/demo/report.json

contracts: setup-dev
	$(BIN)/python scripts/compile_contracts.py

# ---------------------------------------------------------------- proof
test: test-contracts test-python

test-python: setup-dev
	$(BIN)/python -m pytest -m "not slow" -n 2

test-contracts: setup-dev
	$(BIN)/python scripts/compile_contracts.py --check
	$(FORGE) test --use $(CURDIR)/$(SOLC)

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/interrogate -q client marketplace
	$(BIN)/vulture
	$(BIN)/deptry .
	$(BIN)/codespell
	$(FORGE) fmt --check
	node_modules/.bin/solhint --max-warnings 0 'contracts/**/*.sol'
	./scripts/slither.sh

fix: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(FORGE) fmt

# The long runs: 10,000 cases for every money function, 256 sequences of 500 calls for every invariant.
fuzz: setup-dev
	FOUNDRY_PROFILE=long $(FORGE) test --use $(CURDIR)/$(SOLC)

bench: setup-dev
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

gas: setup-dev
	$(FORGE) test --use $(CURDIR)/$(SOLC) --gas-report --no-match-path 'contracts/test/invariant/*'

coverage: setup-dev
	$(BIN)/python -m pytest -m "not slow" -n 2 --cov --cov-report=term
	FOUNDRY_SOLC=$(CURDIR)/$(SOLC) $(FORGE) coverage --ir-minimum --report summary --no-match-coverage 'contracts/test'

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache
