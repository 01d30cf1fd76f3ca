"""A shared bounty with everybody in a process: the money of one process, and no trace of an update anywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from client.demo.command import run_demo
from client.demo.plan import DemoOptions
from client.demo.script import write_script
from client.holder import TrainingTask
from marketplace.domain.terms_document import SealedRoot, TermsDocument

_OPTIONS = DemoOptions("digits", 3, ("noise",), 1, 3, privacy="shared")


def patterns() -> dict[str, bytes]:
    """What must not be found: pieces of the updates, the base and the validation rows, as arrays hold them."""
    inputs = (script := write_script(_OPTIONS, "0x" + "00" * 20, 0)).inputs
    shard = SealedRoot(bytes(32), "", bytes(32))
    terms = TermsDocument(
        inputs.title,
        inputs.scoring,
        inputs.class_names,
        inputs.feature_names,
        inputs.public_prior,
        (shard, shard),
        inputs.recipe,
    )
    found = {"base": inputs.base.layers[0].weight.tobytes()[:64], "row": inputs.shards[0].rows.tobytes()[:60]}
    for part in script.holders:
        flat = part.trainer()(TrainingTask(inputs.base, terms, 0)).flat()
        busiest = np.argmax(np.convolve(flat != 0, np.ones(8), "valid"))  # a piece without zeros that others have too
        found[part.name] = flat[busiest : busiest + 8].tobytes()
        found[f"{part.name}, negated"] = (-flat[busiest : busiest + 8]).tobytes()
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_shared_bounty_of_processes_leaves_no_update_behind(tmp_path):
    """Homes, store and logs hold no piece of an update, the base or a row; payouts are the same. GM-562."""
    one = run_demo(_OPTIONS)
    many = run_demo(replace(_OPTIONS, chain="anvil"), keep=tmp_path / "kept")
    assert [r["pool"] for r in one["rounds"]] == [r["pool"] for r in many["rounds"]]
    assert [p["net"] for p in one["participants"]] == [p["net"] for p in many["participants"]]
    own = {"rows.safetensors", "plan", "models"}  # what holders and the owner brought, and what the owner bought
    files = [p for p in Path(tmp_path).rglob("*") if p.is_file() and not own & set(p.relative_to(tmp_path).parts)]
    content = {path: path.read_bytes() for path in files}
    assert any(path.name == "run.log" for path in files)
    assert any(len(data) > 1 << 12 for data in content.values())
    hits = [(name, path) for name, piece in patterns().items() for path, data in content.items() if piece in data]
    assert [] == hits
    plan = next(Path(tmp_path).rglob("base.safetensors")).read_bytes()
    assert patterns()["base"] in plan  # the search finds what is there
