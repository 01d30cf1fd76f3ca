# One thing each. `make demo` needs Python 3.11 or newer and nothing else; what touches Solidity also needs Node 20.
#
# On Linux pip takes PyTorch's CUDA build, gigabytes that nothing here uses. To get the CPU build, export PIP_EXTRA_INDEX_URL
# with the CPU index that https://pytorch.org/get-started names before the first `make`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SOLC := $(CURDIR)/.solcx/solc-v0.8.28
# The binary itself: npm's wrapper around it exits 0 whatever `forge fmt --check` finds.
FORGE = $(shell echo node_modules/@foundry-rs/forge-*/bin/forge)
DOCUMENTED := client marketplace scripts benchmarks tests

export SOLCX_BINARY_PATH := $(CURDIR)/.solcx

.PHONY: help demo test test-contracts test-python check check-python check-contracts fix bench gas gym leakage fuzz coverage
.PHONY: contracts setup setup-dev ipfs kubo crypten canary crowd chaos disputes plant mutate prove lock brownie brownie-ganache clean

help: ## List what there is to make.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

# ---------------------------------------------------------------- set-up

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11 demo")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml constraints/runtime.txt | $(BIN)/python
	@echo "installing gradmarket into $(VENV): minutes, once"
	$(PIP) -c constraints/runtime.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime constraints/dev.txt
	$(PIP) -c constraints/dev.txt -e '.[dev,ipfs,paillier,parquet,privacy]'
	@touch $@

# `npm ci` insists on the packages of other platforms; with the lock this installs the same.
node_modules/.installed: package.json package-lock.json .npmrc
	npm install --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# The IPFS node that tests and the devnet start where Kubo is not installed.
scripts/ipfs/node_modules/.installed: scripts/ipfs/package.json scripts/ipfs/package-lock.json scripts/ipfs/.npmrc
	cd scripts/ipfs && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

ipfs: scripts/ipfs/node_modules/.installed ## Install an IPFS node for the devnet and the tests.

.venv-kubo/.installed: constraints/kubo.txt
	test -x .venv-kubo/bin/python || $(PYTHON) -m venv .venv-kubo
	.venv-kubo/bin/python -m pip install --quiet --disable-pip-version-check -c constraints/kubo.txt kubo-python
	@touch $@

kubo: .venv-kubo/.installed ## Install Kubo as a library, the second IPFS node of the slow tests (Linux on x86-64).

$(SOLC): scripts/setup_solc.py scripts/solc_shim.cjs node_modules/.installed | $(VENV)/.dev
	$(BIN)/python scripts/setup_solc.py
	@touch $@

setup: $(VENV)/.runtime ## Make .venv with gradmarket in it.

setup-dev: $(VENV)/.dev node_modules/.installed scripts/ipfs/node_modules/.installed $(SOLC) ## The same with tests, linters and the Solidity tools.

# ---------------------------------------------------------------- use

demo: setup ## Play a whole bounty; the figures go to build/demo/report.json.
	@mkdir -p build/demo
	$(BIN)/gradmarket demo --report build/demo/report.json

contracts: setup-dev ## Compile the contracts into the package.
	$(BIN)/python scripts/compile_contracts.py

# ---------------------------------------------------------------- proof

test: test-contracts test-python ## All tests but those marked slow.

test-contracts: setup-dev
	FOUNDRY_PROFILE=$${FOUNDRY_PROFILE:-default} $(FORGE) test --use $(SOLC)

test-python: setup-dev
	$(BIN)/python -m pytest -m "not slow" -n 2

fuzz: setup-dev ## The long runs: 10,000 cases a function, 256 sequences of 500 calls an invariant, 1,000 a property.
	FOUNDRY_PROFILE=long $(FORGE) test --use $(SOLC)
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -m "not slow" -n 2 tests/domain tests/scoring tests/privacy

coverage: setup-dev ## Fails below 90 % of the Python lines or 95 % of the Solidity lines.
	$(BIN)/python -m pytest -m "not slow" -n 2 --cov --cov-report=term --cov-fail-under=90
	FOUNDRY_SOLC=$(SOLC) $(FORGE) coverage --ir-minimum --report summary --report lcov --report-file build/lcov.info \
	  --no-match-coverage 'contracts/test|node_modules'
	@awk -F: '/^LF:/ { all += $$2 } /^LH:/ { hit += $$2 } \
	  END { print "contracts: " hit " of " all " lines"; exit (all == 0 || hit / all < 0.95) }' build/lcov.info

crowd: setup-dev ## Fifty holders and seven seats, each a process, on anvil; build/crowd.json has the figures.
	@mkdir -p build
	$(BIN)/python scripts/crowd.py --report build/crowd.json

chaos: setup-dev ## Kills at every journal step, random kills, reorganisations, faults: hours.
	@mkdir -p build
	$(BIN)/python -m tests.chaos --report build/chaos.json

canary: setup-dev ## Look for secrets in all that demonstrations leave behind, in every mode: ten minutes.
	$(BIN)/python -m pytest tests/canary -rP

disputes: setup-dev ## 200 sheets with one wrong figure and 200 right ones under attack; build/disputes.json has the figures.
	@mkdir -p build
	$(BIN)/python -m tests.disputes --report build/disputes.json

plant: setup-dev ## Plant bugs in the contracts: the invariant that must notice has to fail.
	@mkdir -p build
	$(BIN)/python scripts/plant_bugs.py --table build/planted.md

mutate: setup-dev ## Change the contracts at random places: 95 of 100 changes have to fail a test. Hours.
	$(BIN)/python scripts/mutate.py --report build/mutants.json

HALMOS = PATH="$(CURDIR)/$(dir $(FORGE)):$(CURDIR)/.venv-halmos/bin:$$PATH" FOUNDRY_PROFILE=proofs \
  FOUNDRY_SOLC=$(SOLC) .venv-halmos/bin/halmos --forge-build-out build/proofs/out --no-status --loop 16 \
  --solver-timeout-assertion 10m

.venv-halmos/.installed: constraints/halmos.txt
	test -x .venv-halmos/bin/python || $(PYTHON) -m venv .venv-halmos
	.venv-halmos/bin/python -m pip install --quiet --disable-pip-version-check -c constraints/halmos.txt halmos cvc5
	@touch $@

.venv-crypten/.installed: constraints/crypten.txt
	test -x .venv-crypten/bin/python || $(PYTHON) -m venv .venv-crypten
	.venv-crypten/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r constraints/crypten.txt
	@touch $@

crypten: .venv-crypten/.installed ## Install CrypTen, the peer of benchmarks/private_inference.py.

prove: setup-dev .venv-halmos/.installed ## Prove the arithmetic of moves, splits, slashes and shares, with halmos.
	$(HALMOS) --match-contract '(Move|Split|Slash)Proofs'
	$(HALMOS) --match-contract ShareProofs \
	  --solver-command "$(CURDIR)/.venv-halmos/bin/python $(CURDIR)/scripts/cvc5_command.py"

# ---------------------------------------------------------------- care

check: check-python check-contracts ## Everything that can be said without running it.

check-python: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/interrogate --quiet $(DOCUMENTED)
	$(BIN)/vulture
	$(BIN)/deptry .
	$(BIN)/codespell
	$(BIN)/towncrier build --draft > /dev/null

check-contracts: setup-dev
	$(FORGE) fmt --check
	node_modules/.bin/solhint --disc --noPoster --max-warnings 0 'contracts/**/*.sol'
	PATH="$(CURDIR)/$(dir $(FORGE)):$(CURDIR)/$(BIN):$$PATH" scripts/slither.sh $(SOLC)

fix: setup-dev ## Format, and mend what linters can mend.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(FORGE) fmt

# ---------------------------------------------------------------- figures

bench: setup-dev ## Time what has to be fast.
	for program in benchmarks/*.py; do $(BIN)/python $$program; done

gas: setup-dev ## Gas of every call, into snapshots/gas.json; a test fails when one grows.
	$(BIN)/python -m tests.chain.gas

gym: setup-dev ## Play every attack against honest people, for hours; build/gym.json has what each earned.
	@mkdir -p build
	$(BIN)/gradmarket gym --only cheap --games 1000 --no-chain --jobs 2 --report build/gym.json
	$(BIN)/gradmarket gym --games 50 --jobs 2 --robustness --report build/gym.json

leakage: setup-dev ## Attack what each party holds of an update: minutes; build/leakage.json and docs/PRIVACY.md have the figures.
	@mkdir -p build
	$(BIN)/gradmarket leakage --jobs 2 --report build/leakage.json --write docs/PRIVACY.md

# ---------------------------------------------------------------- rare

lock: setup-dev ## Write the constraints files from what is installed.
	$(PIP) -c constraints/dev.txt -e '.[dev,ipfs,paillier,parquet,privacy]'
	$(BIN)/python scripts/pin.py

.venv-brownie/.installed: constraints/brownie.txt
	test -x .venv-brownie/bin/python || $(PYTHON) -m venv .venv-brownie
	.venv-brownie/bin/python -m pip install --quiet --disable-pip-version-check -c constraints/brownie.txt eth-brownie numpy
	@touch $@

BROWNIE := .venv-brownie/bin/python scripts/run_brownie.py

brownie: setup-dev .venv-brownie/.installed ## Compile with Brownie and run its suite on anvil.
	$(BROWNIE) compile -- test

brownie-ganache: setup-dev .venv-brownie/.installed ## Deploy with Brownie on Ganache 7 and run its suite there.
	GRADMARKET_DEPLOYMENTS=build/brownie/rehearsal \
	  $(BROWNIE) --ganache run deploy --network ganache7 -- test --network ganache7

clean: ## Remove what was built, keep what was installed.
	rm -rf build .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
