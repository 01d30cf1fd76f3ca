"""How long a packed Paillier update takes, against one number a ciphertext with `phe`.

    python benchmarks/paillier.py [--parameters 100000] [--bits 2048] [--features 60] [--rows 500] [--seats 7]

One core. The accepted figures are for 100,000 parameters of 16 bits under 2,048 bits: 2 s to encrypt, 6 s to decrypt,
1.6 times the size of float32.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from marketplace.domain.money import threshold as threshold_of
from marketplace.privacy.paillier.encrypt import Encrypter
from marketplace.privacy.paillier.keys import PrivateKey, generate
from marketplace.privacy.paillier.lanes import Lanes
from marketplace.privacy.paillier.library import phe
from marketplace.privacy.paillier.linear import Schedule, encrypt_model, logistic, train, training_map
from marketplace.privacy.paillier.shares import combine, deal, part_of
from marketplace.privacy.paillier.vector import decrypt, dump_vector, load_vector, weighted_sum

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["main"]

T = TypeVar("T")

_LANE_BITS: Final = 24
_BOUND: Final = (1 << 15) - 1
_SAMPLE: Final = 50
"""Numbers that plain `phe` is timed on: it would take minutes for all."""


def main() -> None:
    """Run every step and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parameters", type=int, default=100_000)
    parser.add_argument("--bits", type=int, default=2048)
    parser.add_argument("--features", type=int, default=60)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--seats", type=int, default=7)
    args = parser.parse_args()
    key, _ = _timed("make a key of safe primes", lambda: generate(args.bits))
    encrypter, _ = _timed("make the table of powers", lambda: Encrypter(key.public))
    _packed(key, encrypter, args.parameters)
    _linear(key, encrypter, args.features, args.rows, args.seats)


def _packed(key: PrivateKey, encrypter: Encrypter, parameters: int) -> None:
    print(f"\n{parameters:,} parameters of 16 bits in lanes of {_LANE_BITS}")
    values = np.random.default_rng(0).integers(-_BOUND, _BOUND + 1, parameters)
    lanes = Lanes.of(_LANE_BITS, key.public.n)
    vector, sealing = _timed("encrypt", lambda: encrypter.encrypt(values, bound=_BOUND, lanes=lanes))
    raw, _ = _timed("write", lambda: dump_vector(vector))
    read, _ = _timed("read and check", lambda: load_vector(raw, key.public, max_length=parameters))
    summed, _ = _timed("add 10 with coefficients", lambda: weighted_sum([read] * 10, range(1, 11)))
    found, opening = _timed("decrypt", lambda: decrypt(summed, key))
    print(
        f"  exact {np.array_equal(found, 55 * values)}, {len(raw):,} bytes, "
        f"{len(raw) / (4 * parameters):.2f} times float32"
    )
    plain = phe().PaillierPublicKey(key.public.n)
    start = time.perf_counter()
    numbers = [plain.encrypt(int(value)) for value in values[:_SAMPLE]]
    slow_sealing = (time.perf_counter() - start) * parameters / len(numbers)
    private = phe().PaillierPrivateKey(plain, *key.primes)
    start = time.perf_counter()
    for number in numbers:
        private.decrypt(number)
    slow_opening = (time.perf_counter() - start) * parameters / len(numbers)
    size = parameters * key.public.ciphertext_bytes
    print(
        f"  phe, one number a ciphertext, from {len(numbers)}: {slow_sealing:,.0f} s, {slow_opening:,.0f} s, "
        f"{size:,} bytes"
    )
    print(
        f"  ratio to phe: {slow_sealing / sealing:,.0f} times faster to encrypt, "
        f"{slow_opening / opening:,.0f} to decrypt, "
        f"{size / len(raw):,.0f} times smaller"
    )


def _linear(key: PrivateKey, encrypter: Encrypter, features: int, rows: int, seats: int) -> None:
    print(f"\nan encrypted logistic model of {features} features, trained on {rows} rows, decrypted by shares")
    rng = np.random.default_rng(0)
    table = np.c_[rng.normal(0, 1, (rows, features)), np.ones(rows)]
    labels = (table @ rng.normal(0, 1, features + 1) > 0).astype(float)
    weights = rng.integers(-300, 300, features + 1)
    model, _ = _timed("encrypt the model", lambda: encrypt_model(weights, encrypter, bound=1 << 15))
    step, _ = _timed(
        "train in the clear", lambda: training_map(table, labels, logistic(), Schedule(), weight_scale=1024)
    )
    made, _ = _timed("apply to the model", lambda: train(model, step, encrypter))
    threshold = threshold_of(seats)
    (shared, shares), _ = _timed(f"deal the key, {threshold} of {seats}", lambda: deal(key, threshold, seats))
    part, _ = _timed("one seat's part", lambda: part_of(made, shares[0]))
    parts = [part, *(part_of(made, share) for share in shares[1:threshold])]
    found, _ = _timed("check and combine", lambda: combine(made, parts, shared))
    print(f"  exact {np.array_equal(found, step.matrix @ weights + step.offset)}, {len(dump_vector(made)):,} bytes")


def _timed(what: str, act: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    result = act()
    took = time.perf_counter() - start
    print(f"  {what:<32} {took:8.3f} s")
    return result, took


if __name__ == "__main__":
    main()
