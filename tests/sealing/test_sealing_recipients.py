"""One key sealed to many: everybody named opens it, nobody else does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import WrongKey
from marketplace.sealing.identity import EncryptionIdentity
from marketplace.sealing.recipients import open_for, open_text, seal_text, seal_to_all

CONTEXT = b"bounty 7, round 0"
PEOPLE = {f"0x{number:040X}": EncryptionIdentity.generate() for number in (9, 3, 12, 7)}
PUBLIC = {address: identity.public_key for address, identity in PEOPLE.items()}
ANNA, BERT, *_ = PEOPLE


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.sets(st.sampled_from(sorted(PEOPLE))))
def test_every_recipient_opens_it_and_nobody_else(secret: bytes, chosen: set[str]) -> None:
    """Law: open_for gives the secret to each address named, and WrongKey to all others. GM-503."""
    sealed = seal_to_all(secret, {address: PUBLIC[address] for address in chosen}, CONTEXT)
    for address, identity in PEOPLE.items():
        if address in chosen:
            assert secret == open_for(sealed, address, identity, CONTEXT)
        else:
            with pytest.raises(WrongKey, match=f"not sealed to you: {address}"):
                open_for(sealed, address, identity, CONTEXT)


def test_the_envelope_survives_json_in_order_of_addresses() -> None:
    """What comes back from a JSON document is what was sealed, sorted whatever the order of recipients."""
    sealed = seal_to_all(bytes(32), PUBLIC, CONTEXT)
    assert sorted(PUBLIC) == list(sealed)
    assert sealed == json.loads(json.dumps(sealed))


def test_an_entry_of_somebody_else_does_not_open() -> None:
    """An entry moved to another address, or another context, raises WrongKey."""
    sealed = seal_to_all(bytes(32), PUBLIC, CONTEXT)
    with pytest.raises(WrongKey):
        open_for({ANNA: sealed[BERT]}, ANNA, PEOPLE[ANNA], CONTEXT)
    with pytest.raises(WrongKey):
        open_for(sealed, ANNA, PEOPLE[ANNA], b"bounty 7, round 1")


@pytest.mark.parametrize("entry", ["", "AA==", "not base64!", "AAA", "\u00e4", None, 7, ["AA=="]])
def test_an_entry_that_is_no_sealed_key_is_refused(entry: object) -> None:
    """Documents come from strangers: text that is not base64, and what is not text, raise WrongKey."""
    with pytest.raises(WrongKey):
        open_for({ANNA: entry}, ANNA, PEOPLE[ANNA], CONTEXT)  # type: ignore[dict-item]


def test_a_recipient_nobody_can_seal_to_is_named() -> None:
    """One bad public key among many is reported with its address, so that it can be left out."""
    with pytest.raises(WrongKey, match=f"{BERT}.*leave its owner out"):
        seal_to_all(bytes(32), {**PUBLIC, BERT: PUBLIC[BERT][:1184] + bytes(32)}, CONTEXT)


def test_one_entry_is_text_of_a_sealed_key() -> None:
    """`seal_text` and `open_text` are one entry of the mapping."""
    text = seal_text(b"share", PUBLIC[ANNA], CONTEXT)
    assert text.isascii()
    assert open_text(text, PEOPLE[ANNA], CONTEXT) == b"share"
    assert open_for({ANNA: text}, ANNA, PEOPLE[ANNA], CONTEXT) == b"share"
