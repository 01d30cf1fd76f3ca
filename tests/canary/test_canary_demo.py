"""A canary scan of whatever a demonstration of processes leaves behind or says aloud, in every mode.

Looked through: everybody's homes and logs, the chain's and the nodes' logs, the nodes' repositories, every request to
the chain and to the nodes with its answer, the screen, and whatever was written to the folder for temporary files, to
the user's own folder and to the working folder. In each of these something is put that has to be found.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from client.demo.plan import DemoOptions
from client.home import Home
from tests.canary.patterns import of_key
from tests.canary.scanner import Scanner
from tests.canary.stage import Stage
from tests.canary.treasure import Found, Updates, documents, keys, numbers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SEALED = DemoOptions("digits", 3, ("noise",), 2, 3, "anvil", "ipfs")
MODES = {
    "sealed": SEALED,
    "shared": replace(SEALED, privacy="shared"),
    "encrypted-model": DemoOptions("support2", 3, (), 2, 3, "anvil", "ipfs", privacy="encrypted-model"),
}
LEAST_REQUESTS = 500


@pytest.mark.parametrize("mode", MODES)
def test_a_demonstration_lets_no_secret_out(tmp_path, monkeypatch, mode):
    """No update, model, row or key in homes, logs, repositories, requests or answers. GM-562, GM-936."""
    options, stage = MODES[mode], Stage(tmp_path, monkeypatch)
    report = stage.play(options)
    assert report["rounds"][0]["adopted"]
    homes = sorted((stage.kept / "homes").iterdir())
    heard(stage, homes)

    owner = next(home for home in homes if home.name.startswith("owner"))
    treasure, updates = numbers(options, owner)
    scored(stage, homes, updates, options.play_rounds)
    treasure |= keys(homes, stage.blocks(), options)
    stage.plant_everywhere()
    planted = {f"planted: {place}": of_key(key) for place, key in stage.planted.items()}
    scanner = Scanner(treasure | planted)
    found = {(name, path.relative_to(tmp_path)) for path in stage.files() for name in scanner.scan(path)}
    assert set() == {(name, str(path)) for name, path in found if name not in planted}

    assert set(planted) == {name for name, _ in found}
    assert ("planted: chain/answers", Path("recorded", "chain", "answers")) in found
    for number in range(1, len(stage.recorders)):  # in what passed, and in the node's own blocks
        places = {path.parts[0] for name, path in found if name == f"planted: ipfs-{number}"}
        assert {"recorded", "kept"} == places
    in_own_places = {
        name for home in homes for path in home.rglob("*") if path.is_file() for name in scanner.scan(path)
    }
    brought = {
        name for name in treasure if name.startswith(("base, round 0", "shard", "root rows", "rows", "password"))
    }
    assert set() == brought - in_own_places
    print(json.dumps(figures(mode, stage, treasure)))  # noqa: T201 - make canary shows it


def heard(stage: Stage, homes: list[Path]) -> None:
    """Make sure that everybody spoke to chain and nodes through the recorders alone, and at length."""
    settings = [Home.open(home).settings for home in homes]
    chain, *nodes = [recorder.url for recorder in stage.recorders]
    assert {(chain,)} == {one.chain.urls for one in settings}
    assert [set(nodes)] * len(homes) == [set(one.storage.urls) for one in settings]
    assert stage.recorders[0].count > LEAST_REQUESTS


def scored(stage: Stage, homes: list[Path], updates: Updates, rounds: int) -> None:
    """Make sure that the updates looked for are those that were scored: the sheets publish their dot products."""
    names = {home.address(): home.settings.name for home in map(Home.open, homes)}
    seen = set()
    for sheet in documents(stage.blocks(), "sheet"):
        flats = np.stack([updates[names[row["holder"]], sheet["round"]] for row in sheet["submissions"]])
        gram = flats @ flats.T
        assert sheet["dots"]["gram"] == [[str(gram[i, j]) for j in range(i + 1)] for i in range(len(gram))]
        seen.add(sheet["round"])
    assert set(range(rounds)) == seen


def figures(mode: str, stage: Stage, treasure: Found) -> dict[str, Any]:
    """What was looked for, and in how much."""
    files = list(stage.files())
    return {
        "mode": mode,
        "secrets": len(treasure),
        "patterns": sum(map(len, treasure.values())),
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
        "requests": {recorder.folder.name: recorder.count for recorder in stage.recorders},
    }
