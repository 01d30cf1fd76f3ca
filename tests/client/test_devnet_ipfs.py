"""A devnet with IPFS nodes: they know each other, and go down with it."""

import pytest

from client.devnet.life import DevnetOptions, bring_up, take_down, tell
from client.devnet.processes import runs
from marketplace.storage.ipfs import IpfsStore
from marketplace.storage.store import read_bytes


@pytest.fixture(scope="module")
def devnet(tmp_path_factory):
    """One chain and two nodes."""
    folder = tmp_path_factory.mktemp("devnet")
    try:
        yield folder, bring_up(folder, DevnetOptions(ipfs=2, conductor=False, grants=False))
    finally:
        take_down(folder)


def test_what_one_node_has_the_other_finds(devnet):
    """They are connected with each other, and with nobody else."""
    _, state = devnet
    one, other = (IpfsStore(url) for url in state.ipfs)
    content = b"a sealed update " * 1000
    assert content == read_bytes(other, one.put(content), max_bytes=1 << 20)


def test_every_node_is_one_of_its_processes(devnet):
    """So that status tells of it and down stops it."""
    folder, state = devnet
    assert {"chain", "ipfs 1", "ipfs 2"} == set(state.processes)
    assert tell(folder).up
    take_down(folder)
    assert not any(map(runs, state.processes.values()))
