"""How long a sum takes that nobody can take apart, for each holder and each seat.

    python benchmarks/threshold_sum.py [--parameters 1000000] [--holders 10] [--seats 7]

One core. The accepted figure is 1 s a holder for 1,000,000 parameters of 24 bits. Beside it: what a holder pays
who shares the whole vector among three seats in additive shares of 64 bits, so that each seat has a vector to keep.
"""

from __future__ import annotations

import argparse
import secrets
import time
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from marketplace.domain.money import threshold as threshold_of
from marketplace.privacy.randomness import RandomStream
from marketplace.privacy.threshold.masking import add_masked, mask, unmask
from marketplace.privacy.threshold.parameters import LARGEST_MODULUS_BITS, MODULUS, SumTerms
from marketplace.privacy.threshold.ring import DEGREE
from marketplace.privacy.threshold.shares import Keeper, open_secrets, share_mask
from marketplace.privacy.threshold.wire import dump_masked, dump_share, load_masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["main"]

T = TypeVar("T")

_BOUND: Final = (1 << 23) - 1


def main() -> None:
    """Play one sum and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parameters", type=int, default=1_000_000)
    parser.add_argument("--holders", type=int, default=10)
    parser.add_argument("--seats", type=int, default=7)
    args = parser.parse_args()
    terms, threshold = SumTerms(args.holders, _BOUND, args.parameters), threshold_of(args.seats)
    print(f"{args.parameters:,} parameters of 24 bits, {args.holders} holders, {threshold} of {args.seats} seats")
    print(
        f"  degree {DEGREE}, modulus {MODULUS.bit_length()} of {LARGEST_MODULUS_BITS[DEGREE]} bits allowed at "
        f"128 bits of security, noise at most {terms.noise.bit_length()} bits"
    )
    context, rng = secrets.token_bytes(32), np.random.default_rng(0)
    vectors = [rng.integers(-_BOUND, _BOUND + 1, args.parameters) for _ in range(args.holders)]
    kept: list[dict[str, NDArray[np.uint32]]] = [{} for _ in range(args.seats)]
    files, times = [], []
    for number, vector in enumerate(vectors):
        start = time.perf_counter()
        masked, secret = mask(vector, terms, context)
        shares = share_mask(secret, threshold, args.seats)
        files.append(dump_masked(masked))
        times.append(time.perf_counter() - start)
        for keeper, share in zip(kept, shares, strict=True):
            keeper[str(number)] = share
    print(f"  a holder: median {np.median(times):.3f} s, worst {max(times):.3f} s")
    share_bytes = len(dump_share(kept[0]["0"]))
    print(
        f"  {len(files[0]):,} bytes to publish ({len(files[0]) / (4 * args.parameters):.2f} times float32), "
        f"{share_bytes:,} to each seat"
    )
    everybody = list(kept[0])
    keepers = dict(enumerate(map(Keeper, kept)))
    answers = _timed("all seats", lambda: {seat: keeper.answer(everybody) for seat, keeper in keepers.items()})
    total = _timed("read and add all", lambda: add_masked([load_masked(raw, terms, context) for raw in files]))
    found = _timed("open", lambda: unmask(total, open_secrets(answers, threshold)))
    print(f"  exact {np.array_equal(found, np.sum(vectors, axis=0))}")
    _timed("additive shares for 3 seats", lambda: _additive(vectors[0]))


def _additive(values: NDArray[np.int64]) -> list[NDArray[np.uint64]]:
    masks = [RandomStream().words(len(values)) for _ in range(2)]
    return [*masks, values.view(np.uint64) - masks[0] - masks[1]]


def _timed(what: str, act: Callable[[], T]) -> T:
    start = time.perf_counter()
    result = act()
    print(f"  {what:<32} {time.perf_counter() - start:8.4f} s")
    return result


if __name__ == "__main__":
    main()
