"""Fifty data holders and seven seats, each a process of its own on a folder of its own, play three rounds on anvil.

Usage: python scripts/crowd.py [--holders N] [--seats N] [--rounds N] [--storage embedded|ipfs] [--report FILE]

Takes about 16 GB of memory with fifty holders: each loads PyTorch to train.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from client.demo.command import run_demo
from client.demo.plan import DemoOptions


def main() -> None:
    """Play, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--holders", type=int, default=50)
    parser.add_argument("--seats", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--storage", default="embedded")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    options = DemoOptions(
        "support2", given.holders, (), given.rounds, given.seed, "anvil", given.storage, seats=given.seats
    )
    result = run_demo(options, given.report, keep=given.keep)
    settled = sum(round_["pool"] > 0 or round_["gain"] != 0 for round_ in result["rounds"])
    people = len(result["participants"])
    print(f"{people} processes, {settled} of {given.rounds} rounds settled, {result['seconds']:.0f} s")


if __name__ == "__main__":
    main()
