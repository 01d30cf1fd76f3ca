"""A bounty for an encrypted model with everybody in a process: what one process reports, on every chain."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from client.demo.command import run_demo
from client.demo.plan import DemoOptions

_OPTIONS = DemoOptions("support2", 3, ("noise", "copy"), 2, 3, privacy="encrypted-model")
_ELSEWHERE = {"chain", "storage", "seconds"}


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_processes_report_what_one_process_reports():
    """Money, models and gains on anvil and on Ganache with IPFS nodes, to the unit; cheats lose. GM-803, GM-923."""
    one = run_demo(_OPTIONS, console=Console(file=io.StringIO()))
    assert one["rounds"][0]["adopted"]
    assert all((p["net"] < 0) is (p["kind"] != "honest") for p in one["participants"] if p["role"] == "holder")
    for chain in ("anvil", "ganache"):
        many = run_demo(replace(_OPTIONS, chain=chain, storage="ipfs"), console=Console(file=io.StringIO()))
        assert (chain, "ipfs") == (many["chain"], many["storage"])
        assert {k: v for k, v in one.items() if k not in _ELSEWHERE} == {
            k: v for k, v in many.items() if k not in _ELSEWHERE
        }
