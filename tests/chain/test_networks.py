"""The table of networks, and what a person may put into it."""

import pytest

from marketplace.chain.networks import NETWORKS, Network, network
from marketplace.domain.errors import InvalidInput


def test_no_main_network_and_no_address_of_a_node_is_built_in():
    """Chain ids of networks where tokens are worth something are absent, and nothing but explorers has a URL."""
    assert {"devnet-anvil": 31337, "devnet-ganache": 1337, "sepolia": 11155111, "optimism-sepolia": 11155420} == {
        name: found.chain_id for name, found in NETWORKS.items()
    }
    urls = [str(value) for found in NETWORKS.values() for value in vars(found).values() if "://" in str(value)]
    assert [found.explorer for found in NETWORKS.values() if found.explorer] == urls


def test_a_network_others_can_reorganise_waits_for_confirmations():
    """Public networks wait, chains of one's own do not."""
    for name, found in NETWORKS.items():
        assert (found.confirmations > 0) is (not name.startswith("devnet"))
        assert (found.block_seconds > 0) is (not name.startswith("devnet"))


def test_the_explorer_shows_a_transaction():
    """By its hash; where there is no explorer there is no page."""
    assert network("sepolia").page_of(b"\xab" * 32).endswith("/tx/0x" + "ab" * 32)
    assert network("devnet-anvil").page_of(bytes(32)) is None


def test_a_network_of_ones_own_may_start_from_a_known_one():
    """What is named replaces what is built in."""
    mine = Network.of({"name": "mine", "like": "sepolia", "confirmations": 3, "block_seconds": 2})
    assert ("mine", 11155111, 3, 2) == (mine.name, mine.chain_id, mine.confirmations, mine.block_seconds)
    assert network("sepolia").fee_ceiling == mine.fee_ceiling
    assert Network(name="own", chain_id=5) == Network.of({"name": "own", "chain_id": 5})


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"name": "x"},
        {"name": "x", "chain_id": 0},
        {"name": "x", "chain_id": "1"},
        {"name": "x", "chain_id": True},
        {"name": "X Y", "chain_id": 1},
        {"name": "x", "chain_id": 1, "colour": "red"},
        {"name": "x", "chain_id": 1, "confirmations": -1},
        {"name": "x", "chain_id": 1, "confirmations": 1.5},
        {"name": "x", "chain_id": 1, "tip": 0},
        {"name": "x", "chain_id": 1, "tip": 5, "fee_ceiling": 4},
        {"name": "x", "chain_id": 1, "gas_limit": 0},
        {"name": "x", "chain_id": 1, "block_seconds": "soon"},
        {"name": "x", "chain_id": 1, "block_seconds": -1},
        {"name": "x", "chain_id": 1, "explorer": "https://there"},
        {"name": "x", "chain_id": 1, "explorer": "javascript:{transaction}"},
        {"name": "x", "chain_id": 1, "explorer": 3},
        {"name": "x", "chain_id": 1, "bump_blocks": 0},
        {"name": "x", "like": "nowhere"},
        {"name": 3, "chain_id": 1},
    ],
    ids=str,
)
def test_a_table_that_cannot_be_is_refused(values):
    """With an error that says so, whatever is wrong."""
    with pytest.raises(InvalidInput):
        Network.of(values)


def test_an_unknown_name_lists_the_known_ones():
    """So that a typing error is seen at once."""
    with pytest.raises(InvalidInput, match=r"sepolia.*optimism-sepolia"):
        network("mainnet")
