"""The network of `benchmarks/private_inference.py` in CrypTen: run by it, with the Python of `.venv-crypten`.

    python crypten_peer.py PARTIES '["coalitions", inputs, hidden, classes, rows, players, batch]'
    python crypten_peer.py PARTIES '["inference", inputs, hidden, classes, rows]'

Prints one line of JSON: seconds of the slowest party, processor seconds of all parties, both of the best of two runs,
and the largest error. Products
use triples of a trusted first party, which costs nothing here and which a real run would have to replace.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time
import types
from pathlib import Path
from typing import Any

# CrypTen 0.4.1 imports a module that PyTorch no longer has, for models read from files, which is not done here.
sys.modules["torch.onnx.symbolic_registry"] = types.ModuleType("torch.onnx.symbolic_registry")

import crypten  # noqa: E402 - after the stub
import crypten.communicator  # noqa: E402
import torch  # noqa: E402

RUNS = 2
"""The first one also loads what is loaded when it is needed."""


def coalitions(sizes: list[int]) -> float:
    """Evaluate the sums over all subsets of the players' secret networks on public rows; return the largest error."""
    inputs, hidden, classes, rows, players, batch = sizes
    torch.manual_seed(0)
    features = torch.randn(rows, inputs)
    first = torch.randn(players, inputs, hidden) / inputs**0.5
    last = torch.randn(players, hidden, classes) / hidden**0.5
    secret_first, secret_last = crypten.cryptensor(first), crypten.cryptensor(last)
    begin()
    parts = [secret_first[i].t().matmul(features.t()).t() for i in range(players)]
    hiddens, lasts = _subsets(parts), _subsets([secret_last[i] for i in range(players)])
    logits = [hiddens[at : at + batch].relu().matmul(lasts[at : at + batch]) for at in range(0, 1 << players, batch)]
    end()
    wanted = _subsets([features @ f for f in first], torch.cat).relu() @ _subsets(list(last), torch.cat)
    return float((torch.cat([part.get_plain_text() for part in logits]) - wanted).abs().max())


def inference(sizes: list[int]) -> float:
    """Evaluate a secret network on secret rows; return the largest error."""
    inputs, hidden, classes, rows = sizes
    torch.manual_seed(0)
    x, first = torch.randn(rows, inputs), torch.randn(inputs, hidden) / inputs**0.5
    last = torch.randn(hidden, classes) / hidden**0.5
    secrets = [crypten.cryptensor(v) for v in (x, first, last)]
    begin()
    found = secrets[0].matmul(secrets[1]).relu().matmul(secrets[2]).get_plain_text()
    end()
    return float((found - (x @ first).relu() @ last).abs().max())


def _subsets(parts: list[Any], cat: Any = crypten.cat) -> Any:  # noqa: ANN401 - tensors, secret or not
    out = (parts[0] * 0).unsqueeze(0)
    for part in parts:
        out = cat([out, out + part.unsqueeze(0)])
    return out


class _Clock:
    wall = cpu = 0.0


def begin() -> None:
    """Start the clock once everybody is here."""
    crypten.communicator.get().barrier()
    _Clock.wall, _Clock.cpu = time.perf_counter(), time.process_time()


def end() -> None:
    """Stop the clock."""
    _Clock.wall, _Clock.cpu = time.perf_counter() - _Clock.wall, time.process_time() - _Clock.cpu


def party(rank: int, parties: int, meeting: str, job: list[Any], results: Any) -> None:  # noqa: ANN401 - a queue
    """Be one of the parties."""
    os.environ |= {
        "WORLD_SIZE": str(parties),
        "RANK": str(rank),
        "RENDEZVOUS": f"file://{meeting}",
        "DISTRIBUTED_BACKEND": "gloo",
    }
    torch.set_num_threads(1)
    crypten.init()
    name, *sizes = job
    found = []
    for _ in range(RUNS):
        error = {"coalitions": coalitions, "inference": inference}[name](sizes)
        found.append((_Clock.wall, _Clock.cpu, error))
    results.put(tuple(min(figure) for figure in zip(*found, strict=True)))
    crypten.uninit()


def main() -> None:
    """Run the job among parties."""
    parties, job = int(sys.argv[1]), json.loads(sys.argv[2])
    results: Any = multiprocessing.Queue()
    with tempfile.TemporaryDirectory() as folder:
        meeting = str(Path(folder) / "meeting")
        processes = [
            multiprocessing.Process(target=party, args=(rank, parties, meeting, job, results), daemon=True)
            for rank in range(parties)
        ]
        for process in processes:
            process.start()
        found = [results.get() for _ in processes]
        for process in processes:
            process.join()
    walls, cpus, errors = zip(*found, strict=True)
    print(json.dumps({"wall": max(walls), "cpu": sum(cpus), "error": max(errors)}))


if __name__ == "__main__":
    main()
