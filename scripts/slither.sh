#!/usr/bin/env bash
# Static analysis of every file that holds a contract one can deploy; fails on any finding that is not explained.
# usage: scripts/slither.sh SOLC     (slither and forge on PATH; `make check` sees to it)
# A finding at one place is explained there, in a `slither-disable` comment; these are explained once:
set -euo pipefail
cd "$(dirname "$0")/.."
solc=$1

excluded=(
  assembly          # short, commented, and what makes draws and bitmaps affordable
  naming-convention # getters of constants are in capitals, errors carry their contract's name
  timestamp         # deadlines are minutes and more; whoever makes a block may move it by seconds
)

files=$(grep -lE '^contract ' -r contracts --include='*.sol' --exclude-dir=test | sort)
for file in $files; do
  echo "slither $file"
  if ! report=$(slither "$file" --compile-force-framework solc --solc "$solc" --filter-paths 'node_modules|contracts/test' \
    --exclude "$(IFS=,; echo "${excluded[*]}")" --fail-low 2>&1); then
    echo "$report"
    exit 1
  fi
done
