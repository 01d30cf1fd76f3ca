"""The envelope's laws: what was sealed opens, and nothing else does."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import traceback
from io import BytesIO
from typing import cast

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import BrokenSeal, ContentTooLarge, SealingError, StorageError, WrongKey
from marketplace.sealing.datakeys import derive
from marketplace.sealing.envelope import (
    CHUNK_BYTES,
    open_bytes,
    open_stream,
    seal_bytes,
    seal_stream,
    sealed_size,
)

KEY = bytes(range(32))
CONTEXT = b"bounty 7, round 0"
HEAD = 40
STRIDE = CHUNK_BYTES + 16
POOL = hashlib.shake_256(b"any content").digest(3 * CHUNK_BYTES + 64)
THREE = seal_bytes(POOL, KEY, CONTEXT)
"""Three whole chunks and a short fourth one."""

near_borders = st.builds(
    lambda chunks, off: max(0, chunks * CHUNK_BYTES + off), st.integers(0, 3), st.integers(-20, 20)
)
keys = st.binary(min_size=32, max_size=32)
contexts = st.binary(max_size=200)
positions = st.one_of(st.integers(0, len(THREE) - 1), st.integers(HEAD, HEAD + 40), st.integers(STRIDE, STRIDE + 80))


def opened(sealed: bytes) -> bytes:
    """Open under the usual key and context, taking anything."""
    return open_bytes(sealed, KEY, CONTEXT, max_bytes=1 << 30)


def chunks_of(sealed: bytes) -> list[bytes]:
    """Cut an envelope into its sealed chunks."""
    return [sealed[at : at + STRIDE] for at in range(HEAD, len(sealed), STRIDE)]


class Trickle(BytesIO):
    """A pipe: gives and takes at most `step` bytes at a time."""

    step = 65_521

    def read(self, size: int | None = -1, /) -> bytes:
        """Return fewer bytes than asked for."""
        return super().read(min(size, self.step) if size is not None and size >= 0 else self.step)

    def write(self, data: object, /) -> int:
        """Take fewer bytes than given."""
        return super().write(memoryview(cast("bytes", data))[: self.step])


class Full(BytesIO):
    """A sink that takes nothing more."""

    def write(self, data: object, /) -> int:
        """Refuse without an exception, as a non-blocking file does."""
        return 0 * len(cast("bytes", data))


@settings(deadline=None)
@given(near_borders, keys, contexts)
def test_what_was_sealed_opens_to_itself(size: int, key: bytes, context: bytes) -> None:
    """Law: open(seal(m, k, c), k, c) = m, for lengths around every chunk border. GM-501."""
    plain = POOL[:size]
    assert plain == open_bytes(seal_bytes(plain, key, context), key, context, max_bytes=size)


@settings(deadline=None)
@given(near_borders)
def test_the_ciphertext_has_the_promised_length(size: int) -> None:
    """`sealed_size` and both return values agree with the bytes that were written."""
    sealed, plain = BytesIO(), BytesIO()
    assert sealed_size(size) == seal_stream(BytesIO(POOL[:size]), sealed, KEY, CONTEXT)
    assert sealed_size(size) == len(sealed.getvalue())
    sealed.seek(0)
    assert size == open_stream(sealed, plain, KEY, CONTEXT, max_bytes=size)
    assert size == len(plain.getvalue())


@pytest.mark.parametrize(
    ("content", "digest"),
    [
        (b"", "cc2009fd95e79d61fc03be328814463f"),
        (bytes(CHUNK_BYTES), "4b08f4e4f5b2bf0da18306a141a3f2a9"),
        (bytes(2 * CHUNK_BYTES + 1), "dccb857c783a7d8d2ca971bfd47a9aca"),
    ],
)
def test_sealing_gives_the_same_bytes_everywhere(content: bytes, digest: str) -> None:
    """All honest seats name the same CID: the ciphertext is pinned, across machines and versions. GM-507."""
    assert digest == hashlib.sha256(seal_bytes(content, KEY, CONTEXT)).hexdigest()[:32]


def test_an_envelope_is_what_its_documentation_says() -> None:
    """A reading of the format from the module's docstring and RFC 5869 alone opens the envelope."""

    def hkdf(label: bytes) -> bytes:
        pseudorandom = hmac.digest(bytes(32), KEY, "sha256")
        return hmac.digest(pseudorandom, b"gradmarket/1/" + label + b"\x00" + CONTEXT + b"\x01", "sha256")

    assert b"GMSEAL01" + hkdf(b"envelope-commitment") == THREE[:HEAD]
    cipher, plain = AESGCM(hkdf(b"envelope-content")), b""
    for number, chunk in enumerate(chunks_of(THREE)):
        place = number.to_bytes(8, "big") + bytes([number == 3]) + CONTEXT
        plain += cipher.decrypt(number.to_bytes(12, "big"), chunk, place)
    assert plain == POOL


def test_slow_sources_and_sinks_lose_nothing() -> None:
    """Pipes that give and take less than asked for change neither the ciphertext nor the content."""
    sealed, plain = Trickle(), Trickle()
    assert len(THREE) == seal_stream(Trickle(POOL), sealed, KEY, CONTEXT)
    assert sealed.getvalue() == THREE
    assert len(POOL) == open_stream(Trickle(THREE), plain, KEY, CONTEXT, max_bytes=len(POOL))
    assert plain.getvalue() == POOL


def test_a_sink_that_takes_nothing_is_an_error() -> None:
    """Bytes never vanish silently: a sink that takes no more ends sealing and opening."""
    with pytest.raises(StorageError, match="free some space"):
        seal_stream(BytesIO(POOL), Full(), KEY, CONTEXT)
    with pytest.raises(StorageError, match="free some space"):
        open_stream(BytesIO(THREE), Full(), KEY, CONTEXT, max_bytes=len(POOL))


def test_every_flipped_bit_of_a_small_envelope_is_noticed() -> None:
    """Exhaustive over all bits: magic and body raise BrokenSeal, the commitment raises WrongKey. GM-502."""
    sealed = seal_bytes(b"sixteen bytes...", KEY, CONTEXT)
    for bit in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(WrongKey if 8 <= bit // 8 < HEAD else BrokenSeal):
            opened(bytes(altered))


@settings(deadline=None)
@given(positions, st.integers(0, 7))
def test_a_flipped_bit_of_a_large_envelope_is_noticed(position: int, bit: int) -> None:
    """Law: no altered envelope opens, and what reached the sink before is a prefix of the content in whole chunks."""
    altered = bytearray(THREE)
    altered[position] ^= 1 << bit
    sink = BytesIO()
    with pytest.raises(SealingError):
        open_stream(BytesIO(altered), sink, KEY, CONTEXT, max_bytes=len(POOL))
    verified = max(0, position - HEAD) // STRIDE * CHUNK_BYTES
    assert POOL[:verified] == sink.getvalue()


@settings(deadline=None)
@given(st.one_of(positions, st.sampled_from([HEAD + i * STRIDE + d for i in range(4) for d in (-1, 0, 1, 16)])))
def test_a_truncated_envelope_does_not_open(length: int) -> None:
    """Law: no proper prefix opens, not even one that ends between two chunks. GM-502."""
    with pytest.raises(BrokenSeal):
        opened(THREE[:length])


def test_no_prefix_of_a_small_envelope_opens() -> None:
    """Exhaustive: every proper prefix raises BrokenSeal."""
    sealed = seal_bytes(b"sixteen bytes...", KEY, CONTEXT)
    for length in range(len(sealed)):
        with pytest.raises(BrokenSeal):
            opened(sealed[:length])


def test_chunks_in_another_order_do_not_open() -> None:
    """Exhaustive: dropping, repeating or swapping whole chunks breaks the seal. GM-502."""
    chunks = chunks_of(THREE)
    for count in range(5):
        for order in itertools.permutations(range(4), count):
            if order != (0, 1, 2, 3):
                with pytest.raises(BrokenSeal):
                    opened(THREE[:HEAD] + b"".join(chunks[i] for i in order))
    for twice in range(4):
        with pytest.raises(BrokenSeal):
            opened(THREE[:HEAD] + b"".join(chunks[: twice + 1] + chunks[twice:]))


@settings(deadline=None)
@given(st.sampled_from([0, 1, 16, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1]), st.binary(min_size=1, max_size=40))
def test_an_envelope_with_something_appended_does_not_open(size: int, tail: bytes) -> None:
    """Law: nothing may follow the last chunk, whatever it is."""
    sealed = seal_bytes(POOL[:size], KEY, CONTEXT)
    with pytest.raises(BrokenSeal):
        opened(sealed + tail)
    with pytest.raises(BrokenSeal):
        opened(sealed + sealed[HEAD:])


@settings(deadline=None)
@given(st.sampled_from([0, 5, CHUNK_BYTES + 1]), keys, keys, contexts, contexts)
def test_another_key_or_context_is_told_apart(
    size: int, key: bytes, other: bytes, context: bytes, place: bytes
) -> None:
    """Law: another key or another context raises WrongKey, before anything reaches the sink. GM-501."""
    assume(key != other and context != place)
    sealed, sink = seal_bytes(POOL[:size], key, context), BytesIO()
    for wrong, where in ((other, context), (key, place), (other, place)):
        with pytest.raises(WrongKey, match="ask for the right one"):
            open_stream(BytesIO(sealed), sink, wrong, where, max_bytes=size)
    assert sink.getvalue() == b""


def test_chunks_of_another_context_do_not_fit() -> None:
    """A chunk sealed under the same key and number, but for another context, breaks the seal."""
    other = seal_bytes(POOL, KEY, b"bounty 7, round 1")
    with pytest.raises(BrokenSeal):
        opened(THREE[:HEAD] + other[HEAD:])


def test_contexts_do_not_share_a_keystream() -> None:
    """Two contents under one key in two contexts do not give away their difference, as a repeated nonce would."""
    one, two = (seal_bytes(bytes(64), KEY, context)[HEAD:-16] for context in (b"a", b"b"))
    assert one != two


def test_one_content_has_one_ciphertext() -> None:
    """Even a holder of the key cannot write a second envelope for a content, by ending it with an empty chunk."""
    cipher = AESGCM(derive(KEY, "envelope-content", CONTEXT))
    full = cipher.encrypt(bytes(12), POOL[:CHUNK_BYTES], bytes(9) + CONTEXT)
    empty = cipher.encrypt((1).to_bytes(12, "big"), b"", (1).to_bytes(8, "big") + b"\x01" + CONTEXT)
    with pytest.raises(BrokenSeal):
        opened(THREE[:HEAD] + full + empty)


@settings(deadline=None)
@given(near_borders, st.integers(0, 3 * CHUNK_BYTES + 20))
def test_no_byte_beyond_the_cap_is_written(size: int, cap: int) -> None:
    """More than `max_bytes` raises ContentTooLarge, and the sink never holds more than the cap."""
    sealed, sink = seal_bytes(POOL[:size], KEY, CONTEXT), BytesIO()
    try:
        open_stream(BytesIO(sealed), sink, KEY, CONTEXT, max_bytes=cap)
    except ContentTooLarge:
        assert size > cap
        assert len(sink.getvalue()) <= cap
    else:
        assert size <= cap


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    """AES-128 or longer keys are not silently taken."""
    with pytest.raises(WrongKey, match=f"32 bytes, not {size}"):
        seal_bytes(b"", bytes(size), CONTEXT)
    with pytest.raises(WrongKey, match=f"32 bytes, not {size}"):
        open_bytes(THREE, bytes(size), CONTEXT, max_bytes=len(POOL))


def test_failures_show_neither_key_nor_content() -> None:
    """Messages and tracebacks of every failure are one line each and hold no secret."""
    secret, plain = hashlib.sha256(b"secret").digest(), b"the patient's diagnosis"
    sealed = seal_bytes(plain, secret, CONTEXT)
    attempts: list[tuple[bytes, bytes, int]] = [
        (sealed, KEY, 99),
        (sealed[:-1], secret, 99),
        (b"", secret, 99),
        (sealed, secret, 3),
        (sealed, secret[:31], 99),
    ]
    for raw, key, cap in attempts:
        with pytest.raises((SealingError, ContentTooLarge)) as caught:
            open_bytes(raw, key, CONTEXT, max_bytes=cap)
        assert "\n" not in str(caught.value)
        shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert not any(text in shown for text in (secret.hex(), repr(secret)[2:-1], plain.decode()))
