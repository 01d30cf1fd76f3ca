#!/usr/bin/env bash
# Static analysis of every file that holds a contract one can deploy; fails on any finding that is not explained.
# usage: scripts/slither.sh SOLC     (slither and forge on PATH; `make check` sees to it)
# A finding at one place is explained there, in a `slither-disable` comment; these are explained once:
set -euo pipefail
cd "$(dirname "$0")/.."
solc=$1
mkdir -p build

excluded=(
  assembly          # short, commented, and what makes draws and bitmaps affordable
  calls-loop        # over at most 15 seats, and only into the vault and the registry the market was deployed with
  naming-convention # getters of constants are in capitals, errors carry their contract's name
  reentrancy-events # the vault's ledger and the registry call nobody back, so nothing comes between these events
  timestamp         # deadlines are minutes and more; whoever makes a block may move it by seconds
)

# What more is excluded for one file.
also() {
  case "$1" in
    contracts/Referee.sol)
      # bonds grow in whole steps; market and vault of a deployment call nobody back, see contracts/market/Core.sol
      echo ",divide-before-multiply,reentrancy-benign,reentrancy-no-eth" ;;
    contracts/referee/*)
      # an opening is checked as it is read, whatever it holds; a kind that sets no verdict reverts
      echo ",unused-return,uninitialized-local" ;;
  esac
}

look_at() {
  local file=$1 log
  log=build/slither-$(basename "$1" .sol).log
  echo "slither $file"
  slither "$file" --compile-force-framework solc --solc "$solc" --filter-paths 'node_modules|contracts/test' \
    --exclude "$(IFS=,; echo "${excluded[*]}")$(also "$file")" --fail-low >"$log" 2>&1 || { cat "$log"; return 1; }
}

# Two at a time: each compiles for itself, on one core.
status=0
for file in $(grep -lE '^contract ' -r contracts --include='*.sol' --exclude-dir=test | sort); do
  while (($(jobs -rp | wc -l) >= 2)); do wait -n || status=1; done
  look_at "$file" &
done
while (($(jobs -p | wc -l) > 0)); do wait -n || status=1; done
exit $status
