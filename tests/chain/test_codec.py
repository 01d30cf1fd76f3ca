"""Call data and answers: what does not fit is refused before it is sent, or understood to be somebody else's."""

import pytest
from eth_abi import encode as reference
from hypothesis import given
from hypothesis import strategies as st

from marketplace.chain.artefacts import artefact
from marketplace.chain.codec import decode, encode, selector
from marketplace.domain.errors import ChainError, InvalidInput

TYPES = ["address", "uint96", "bytes32", "bool", "(uint16,bytes32[])"]


@given(
    address=st.binary(min_size=20, max_size=20),
    amount=st.integers(0, 2**96 - 1),
    word=st.binary(min_size=32, max_size=32),
    flag=st.booleans(),
    count=st.integers(0, 2**16 - 1),
    words=st.lists(st.binary(min_size=32, max_size=32), max_size=4),
)
def test_values_survive_the_way_there_and_back(address, amount, word, flag, count, words):
    """decode(encode(x)) = x, as eth_abi encodes it, and addresses come back as EIP-55 text."""
    values = ["0x" + address.hex(), amount, word, flag, (count, tuple(words))]
    data = encode(TYPES, values)
    assert reference(TYPES, values) == data
    found = decode(TYPES, data)
    assert values[0] == found[0].lower()
    assert tuple(values[1:]) == found[1:]


@pytest.mark.parametrize(
    ("kind", "value"), [("uint96", 2**96), ("uint96", -1), ("address", "0x12"), ("bytes32", b"x" * 33), ("bool", "yes")]
)
def test_a_value_that_does_not_fit_is_invalid_input(kind, value):
    """It is refused here, in one line, and no transaction is made of it."""
    with pytest.raises(InvalidInput, match="does not fit"):
        encode([kind], [value])


def test_an_answer_cut_short_is_a_chain_error():
    """Whoever answered is not the contract that was asked."""
    with pytest.raises(ChainError, match="right chain and address"):
        decode(["uint256", "address"], b"\0" * 40)


def test_selectors_are_those_of_the_abi():
    """The four bytes everybody else computes."""
    assert bytes.fromhex("a9059cbb") == selector("transfer(address,uint256)")
    assert bytes.fromhex("095ea7b3") == artefact("RewardToken").interface.functions["approve"].selector
