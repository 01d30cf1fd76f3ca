"""How long a round's trace takes to build, and how much memory, against hashing one message at a time.

    python benchmarks/tracing.py [--submissions 8] [--rows 500] [--inputs 64] [--hidden 32] [--classes 10]

One core: BLAS is held to one thread. The floor of the naive way is the time of its hashes alone, from a sample.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
from scoring import make_round
from threadpoolctl import threadpool_limits

from marketplace.domain.hashing import keccak
from marketplace.domain.keccak_batch import keccak_batch
from marketplace.domain.network import Shape
from marketplace.scoring.round import score_round
from marketplace.scoring.trace.build import Trace, build_trace
from marketplace.scoring.trace.figures import TraceInput
from marketplace.scoring.trace.layout import FINAL, Section

_SAMPLE: Final = 4096
_FEW: Final = 256
_HEAD_BYTES: Final = 49
"""What the hash of a leaf starts with: tag, section, salt."""


def hashes_of(trace: Trace) -> dict[int, int]:
    """Return how many hashes of which length a trace takes."""
    counts, out = trace.frame.counts, dict[int, int]()

    def add(length: int, count: int) -> None:
        out[length] = out.get(length, 0) + count

    for section in range(2 * FINAL):
        size = counts.size(section)
        if size and section != Section.MODELS:
            add(_HEAD_BYTES + counts.content_bytes(section, 0), size)
            add(64, size)
        if section % FINAL in {Section.SUMS, Section.DOTS} and size:
            add(_HEAD_BYTES + 32, size * counts.items(section))
            add(160, size << counts.sum_depth(section))
    return out


def main() -> None:
    """Time both and print the figures."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("submissions", 8), ("rows", 500), ("inputs", 64), ("hidden", 32), ("classes", 10)):
        ask.add_argument(f"--{name}", type=int, default=default)
    asked = ask.parse_args()
    given = make_round(Shape(asked.inputs, asked.hidden, asked.classes), asked.submissions, asked.rows)
    given = replace(given, scoring=replace(given.scoring, copy_ppm=1_000_000))
    salt = bytes(range(32))
    traced = TraceInput(
        given=given,
        round=1,
        secret=salt,
        base_salt=salt,
        known_salt=salt,
        root_salt=salt,
        first_salt=None,
        next_salt=salt,
        aggregate_salt=salt,
        update_salts=(salt,) * asked.submissions,
        previous_salts=(),
        rows_salt=salt,
        final_rows_salt=None,
        base_from=0,
        previous_from=0,
        gains_before=0,
    )
    with threadpool_limits(1):
        score = score_round(given)
        start = time.process_time()
        trace = build_trace(traced, score)
        seconds = time.process_time() - start
        print(f"build_trace: {seconds:.2f} s of processor time, one core, {trace.frame.counts}")
        print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
        floor = 0.0
        for length, count in sorted(hashes_of(trace).items()):
            messages = np.random.default_rng(0).integers(0, 256, (_SAMPLE, length)).astype(np.uint8)
            some = [row.tobytes() for row in messages[:_FEW]]
            slow = _seconds(partial(_one_at_a_time, some)) / _FEW
            fast = _seconds(partial(keccak_batch, messages)) / _SAMPLE
            floor += slow * count
            print(
                f"{count:>8} hashes of {length:>5} bytes: {fast * 1e6:6.2f} us each, one at a time {slow * 1e6:6.2f} us"
            )
        print(f"one at a time, hashes alone: {floor:.1f} s, {floor / seconds:.1f} times as long as the whole trace")


def _one_at_a_time(messages: Sequence[bytes]) -> list[bytes]:
    return [keccak(message) for message in messages]


def _seconds(act: Callable[[], object]) -> float:
    """Return the processor's time for an action, the shortest of several: other work on the machine does not count."""
    spent = []
    for _ in range(5):
        start = time.process_time()
        act()
        spent.append(time.process_time() - start)
    return min(spent)


if __name__ == "__main__":
    main()
