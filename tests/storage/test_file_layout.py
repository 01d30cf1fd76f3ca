"""Content -> blocks: the same CIDs as IPFS nodes give.

Oracle: PyPI `aleph-cid`, a Rust implementation pinned against Kubo by its authors. The golden CIDs were printed by
js-ipfs 0.66.1 (`add --cid-version 1 --raw-leaves --cid-base base32`), the two of 8 GB by aleph-cid.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO, StringIO
from typing import cast

import aleph_cid
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidInput, StorageError
from marketplace.storage.cid import CHUNK_BYTES, is_raw, name_raw, show_cid
from marketplace.storage.protobuf import Link
from marketplace.storage.unixfs import WIDTH, Builder, build, depth_of, split, total_bytes

FULL_NODE = WIDTH * CHUNK_BYTES
BORDERS = [
    *(0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1),
    *(FULL_NODE - 1, FULL_NODE, FULL_NODE + 1, FULL_NODE + CHUNK_BYTES + 1),
]


class Dribble(BytesIO):
    """A source that gives less than it is asked for, by turns."""

    def __init__(self, data: bytes, pieces: list[int]) -> None:
        """Give `pieces[0]` bytes, then `pieces[1]`, and so on, over and over."""
        super().__init__(data)
        self._pieces = pieces
        self._turn = 0

    def read(self, size: int | None = -1) -> bytes:
        """Return the next piece, at most `size` bytes."""
        self._turn += 1
        return super().read(min(size or 0, self._pieces[self._turn % len(self._pieces)]))


def cid_of(source: BytesIO | bytes) -> str:
    """Return the CID of a content whose blocks nobody wants."""
    return show_cid(build(source, lambda _cid, _data: None))


def oracle(data: bytes) -> str:
    """Return what aleph-cid says."""
    hasher = aleph_cid.CidHasher.for_ipfs_v1_raw_leaves()
    hasher.update(data)
    return hasher.finalize()


@pytest.mark.parametrize("size", BORDERS)
def test_cids_equal_the_oracle_at_chunk_and_width_borders(size: int, some_bytes: Callable[[int], bytes]) -> None:
    """One byte around every border of the layout, the CID is that of `ipfs add --cid-version 1 --raw-leaves`.

    GM-601.
    """
    data = some_bytes(size)
    assert oracle(data) == cid_of(data)


@given(st.integers(0, 12 * CHUNK_BYTES))
@settings(max_examples=20, deadline=None)
def test_cids_equal_the_oracle_at_any_size(size: int) -> None:
    """Sizes nobody chose agree as well."""
    data = bytes(size)
    assert oracle(data) == cid_of(data)


@pytest.mark.parametrize(
    ("data", "cid"),
    [
        (b"", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
        (b"hello", "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"),
        (bytes(FULL_NODE + 1), "bafybeihqwzd3o6q6v3pmwhzjy22vokhr767burokmqemg63hptx2nqd7ym"),
    ],
    ids=["nothing", "hello", "two levels"],
)
def test_cids_equal_those_of_js_ipfs(data: bytes, cid: str) -> None:
    """What a real node printed. GM-601."""
    assert cid == cid_of(data)


@pytest.mark.parametrize(
    ("size", "cid"),
    [
        (WIDTH * FULL_NODE, "bafybeidxp6macmsb2fl24g2urxdvecsmmuspexpjyxcav2wyazeytjh5yi"),
        (WIDTH * FULL_NODE + 1, "bafybeic3bmw3lls6npgpysoz7577inmexlh7ulmlepk4qypu72heonqfhu"),
    ],
)
def test_eight_gigabytes_of_zeros_get_the_cid_of_the_oracle(size: int, cid: str) -> None:
    """The third level begins where it should; leaves are hashed once, because all are alike."""
    builder = Builder(lambda _cid, _data: None)
    full = Link(name_raw(bytes(CHUNK_BYTES)), CHUNK_BYTES, CHUNK_BYTES)
    for _ in range(size // CHUNK_BYTES):
        builder.link(full)
    if rest := size % CHUNK_BYTES:
        builder.link(Link(name_raw(bytes(rest)), rest, rest))
    assert cid == show_cid(builder.root())


@given(st.integers(0, 3 * CHUNK_BYTES), st.lists(st.integers(1, 400_000), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_the_cid_does_not_depend_on_how_the_source_is_read(size: int, pieces: list[int]) -> None:
    """A socket that dribbles, a file and bytes in memory give the same CID."""
    pieces = [max(piece, size // 50) for piece in pieces]
    data = bytes(size)
    assert cid_of(data) == cid_of(Dribble(data, pieces)) == cid_of(BytesIO(data))


@pytest.mark.parametrize("size", BORDERS)
def test_the_shape_is_a_function_of_the_size(size: int) -> None:
    """`depth_of`, `split` and `total_bytes` say what the builder does, down to the bytes of all blocks."""
    blocks: list[tuple[bytes, int]] = []
    build(bytes(range(256)) * (size // 256) + bytes(size % 256), lambda cid, data: blocks.append((cid, len(data))))
    assert total_bytes(size, depth_of(size)) == sum(length for _, length in blocks)
    assert depth_of(size) == (0 if size <= CHUNK_BYTES else 1 if size <= FULL_NODE else 2)
    assert is_raw(blocks[-1][0]) == (depth_of(size) == 0)


@given(st.integers(CHUNK_BYTES + 1, 1 << 62))
def test_the_parts_of_a_node_add_up_and_are_never_empty(size: int) -> None:
    """Every node has 1 to 174 children, all full but the last."""
    parts = split(size, depth_of(size))
    assert size == sum(parts)
    assert 2 <= len(parts) <= WIDTH
    assert min(parts) == parts[-1] > 0


def test_a_source_of_text_is_refused() -> None:
    """A file opened in text mode is the person's mistake, and said so."""
    with pytest.raises(InvalidInput, match="open the file in binary mode"):
        cid_of(cast("BytesIO", StringIO("text")))


def test_a_source_that_cannot_be_read_is_a_storage_error() -> None:
    """An error of the file that is put in has a line that says what to do."""

    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error", size)

    with pytest.raises(StorageError, match=r"cannot be read \(Input/output error\): check its file"):
        cid_of(Broken())
