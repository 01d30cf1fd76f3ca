"""The solver of the proofs that multiply and divide: cvc5, with integers in place of bit vectors.

Usage: python scripts/cvc5_command.py FILE

Prints what the commands of an SMT-LIB file print, as the program cvc5 does, of which there is no package.
"""

from __future__ import annotations

import sys

import cvc5

# Whoever divides by a variable of 256 bits bit by bit comes to no end; of integers it is a product and a comparison.
_OPTIONS = {"produce-models": "true", "solve-bv-as-int": "sum"}


def main() -> int:
    """Run the file; return 0."""
    solver = cvc5.Solver(cvc5.TermManager())
    for name, value in _OPTIONS.items():
        solver.setOption(name, value)
    parser = cvc5.InputParser(solver)
    parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, sys.argv[1])
    symbols = parser.getSymbolManager()
    while not (command := parser.nextCommand()).isNull():
        sys.stdout.write(command.invoke(solver, symbols))
    return 0


if __name__ == "__main__":
    sys.exit(main())
