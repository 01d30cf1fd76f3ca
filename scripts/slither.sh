#!/usr/bin/env bash
# Static analysis of every contract that is deployed; reasons for what it may ignore stand beside the code.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/slither contracts/Market.sol \
  --solc "$PWD/.solcx/solc-v0.8.28" \
  --solc-remaps "@openzeppelin=node_modules/@openzeppelin" \
  --solc-args "--evm-version shanghai --via-ir --optimize" \
  --filter-paths "node_modules|contracts/test" \
  --exclude-informational --exclude-optimization \
  --fail-low
