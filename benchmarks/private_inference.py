"""A network on shares beside the same network in CrypTen: three processes each, one thread each, in one run.

    python benchmarks/private_inference.py [--parties 3] [--fast]

First what scoring consists of: the networks of all 256 coalitions of eight updates, first layer to logits, on public
rows. Then private inference: secret rows through one secret network. Ours is exact on integers and semi-honest here,
over mutual TLS; CrypTen's is fixed-point, semi-honest, over plain sockets, with triples of a trusted party for nothing.
Both start from the shares of the updates and multiply, add and compare in the same order, 32 coalitions at a time.

"cpu/2" is the processor time of all parties over two cores; ratios are of processor times. `make crypten` installs
CrypTen into an environment of its own; without it only our times are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from private_scoring import CORES, in_processes

from marketplace.privacy.sharing.nonlinear import relu
from marketplace.privacy.sharing.products import public_product
from marketplace.privacy.sharing.shares import PARTIES, Shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.sharing.party import Party

    Integers = NDArray[np.int64]

HERE = Path(__file__).resolve().parent
CRYPTEN = HERE.parent / ".venv-crypten" / "bin" / "python"
COALITIONS = {"59-32-2": (59, 32, 2, 455), "64-32-10": (64, 32, 10, 500)}
INFERENCE = (784, 128, 10, 64)
PLAYERS = 8
BATCH = 32
RUNS = 3


def coalitions(party: Party, shares: list[Shares], rows: NDArray[np.integer]) -> Integers:
    """Return the logits of every coalition."""
    first, last = shares
    parts = first.each(lambda w: np.stack([public_product(rows, weight) for weight in w]))
    hidden, lasts = _subsets(parts), _subsets(last)
    batches = [slice(at, at + BATCH) for at in range(0, hidden.shape[0], BATCH)]
    return party.open(Shares.concatenate([party.matmul(relu(party, hidden[b], 32), lasts[b]) for b in batches]))


def inference(party: Party, shares: list[Shares], _: None) -> Integers:
    """Return the logits of secret rows."""
    rows, first, last = shares
    return party.open(party.matmul(relu(party, party.matmul(rows, first)), last))


def _subsets(parts: Shares) -> Shares:
    out = parts[:1].each(np.zeros_like)
    for i in range(parts.shape[0]):
        out = Shares.concatenate([out, out + parts[i : i + 1]])
    return out


def ours_coalitions(inputs: int, hidden: int, classes: int, n: int) -> tuple[float, float]:
    """Return the best seconds and processor seconds over two cores, of right answers."""
    rng = np.random.default_rng(0)
    rows = rng.integers(-127, 128, (n, inputs)).astype(np.int8)
    first = rng.integers(-400, 401, (PLAYERS, inputs, hidden))
    last = rng.integers(-400, 401, (PLAYERS, hidden, classes))
    wanted = []
    for coalition in range(1 << PLAYERS):
        members = [i for i in range(PLAYERS) if coalition >> i & 1]
        wanted.append(np.maximum(rows.astype(np.int64) @ first[members].sum(0), 0) @ last[members].sum(0))
    return _best(coalitions, [first, last], rows, np.array(wanted))


def ours_inference(inputs: int, hidden: int, classes: int, n: int) -> tuple[float, float]:
    """Return the best seconds and processor seconds over two cores, of right answers."""
    rng = np.random.default_rng(0)
    rows = rng.integers(-127, 128, (n, inputs))
    first, last = rng.integers(-400, 401, (inputs, hidden)), rng.integers(-400, 401, (hidden, classes))
    return _best(inference, [rows, first, last], None, np.maximum(rows @ first, 0) @ last)


def _best(job: Any, secrets: list[Integers], given: Any, wanted: Integers) -> tuple[float, float]:  # noqa: ANN401
    runs = [in_processes(job, secrets, given) for _ in range(RUNS)]
    if not all((found == wanted).all() for _, _, results in runs for found in results):
        message = "the network on shares is not the one in the open"
        raise SystemExit(message)
    return min(wall for wall, _, _ in runs), min(cpu for _, cpu, _ in runs)


def theirs(parties: int, job: list[Any]) -> tuple[float, float] | None:
    """Return CrypTen's seconds and processor seconds over two cores; None where it is not installed."""
    if not CRYPTEN.exists():
        return None
    command = [str(CRYPTEN), "-W", "ignore", str(HERE / "peers" / "crypten_peer.py"), str(parties), json.dumps(job)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    found = json.loads(done.stdout.splitlines()[-1])
    return found["wall"], found["cpu"] / CORES


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parties", type=int, default=PARTIES, help="of CrypTen; ours are always three")
    parser.add_argument("--fast", action="store_true", help="inference only")
    given = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    if not CRYPTEN.exists():
        print("CrypTen is not installed: `make crypten` would do that; these are our times alone")
    print(
        f"{'network':>24} {'rows':>4} {'ours':>8} {'cpu/2':>7} {'CrypTen':>8} {'cpu/2':>7}   ({given.parties} parties)"
    )
    for name, sizes in {} if given.fast else COALITIONS.items():
        job = ["coalitions", *sizes, PLAYERS, BATCH]
        _line(f"256 x {name}", sizes[-1], ours_coalitions(*sizes), theirs(given.parties, job))
    name = "-".join(map(str, INFERENCE[:3]))
    _line(
        f"secret rows, {name}",
        INFERENCE[-1],
        ours_inference(*INFERENCE),
        theirs(given.parties, ["inference", *INFERENCE]),
    )


def _line(name: str, rows: int, ours: tuple[float, float], peer: tuple[float, float] | None) -> None:
    line = f"{name:>24} {rows:>4} {ours[0]:>7.3f}s {ours[1]:>6.3f}s"
    if peer is not None:
        line += f" {peer[0]:>7.3f}s {peer[1]:>6.3f}s   {peer[1] / ours[1]:.1f} times faster"
    print(line, flush=True)


if __name__ == "__main__":
    main()
