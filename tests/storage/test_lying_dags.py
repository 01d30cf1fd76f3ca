"""Blocks that match their CIDs and lie all the same: about sizes, shape or each other."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import ContentTooLarge, CorruptContent
from marketplace.storage.car import import_car
from marketplace.storage.cid import CHUNK_BYTES, name_node, name_raw
from marketplace.storage.folder import FolderStore
from marketplace.storage.protobuf import Link, decode_node, encode_node
from marketplace.storage.reader import Piece, walk
from marketplace.storage.unixfs import WIDTH, total_bytes

Block = tuple[bytes, bytes]

FULL = bytes(CHUNK_BYTES)
TAIL = b"tail"


def leaf(data: bytes) -> tuple[Link, Block]:
    """Return an honest leaf."""
    cid = name_raw(data)
    return Link(cid, len(data), len(data)), (cid, data)


def node(*links: Link) -> tuple[Link, Block]:
    """Return a node that says about its children whatever the links say."""
    data = encode_node(links)
    cid = name_node(data)
    total = len(data) + sum(link.total for link in links)
    return Link(cid, sum(link.size for link in links), total), (cid, data)


def lies() -> dict[str, list[Block]]:
    """Return DAGs, root first, each wrong in one way only."""
    full, full_block = leaf(FULL)
    tail, tail_block = leaf(TAIL)
    honest, honest_block = node(full, tail)
    blocks = [full_block, tail_block]
    wrapped, wrapped_block = node(tail)
    text = honest_block[1]
    out = {
        "declares less than a leaf has": [node(full, tail._replace(size=3, total=3))[1], *blocks],
        "declares more than a leaf has": [node(full, tail._replace(size=5, total=5))[1], *blocks],
        "has a wrong total": [node(full, tail._replace(total=5))[1], *blocks],
        "has its short leaf first": [node(tail, full)[1], *blocks],
        "has an empty leaf at the end": [node(full, full, leaf(b"")[0])[1], full_block, leaf(b"")[1]],
        "wraps a single leaf": [node(full)[1], full_block],
        "wraps nothing": [node()[1]],
        "contradicts its child": [
            node(Link(honest.cid, WIDTH * CHUNK_BYTES, total_bytes(WIDTH * CHUNK_BYTES, 1)), wrapped)[1],
            *(honest_block, wrapped_block, *blocks),
        ],
        "is a chain of nodes": [node(honest)[1], honest_block, *blocks],
        "names a node where a leaf belongs": [node(full, honest)[1], honest_block, *blocks],
        "has more than 174 children": [node(*[full] * (WIDTH + 1))[1], full_block],
        "has an endless list of links": [node(*[full] * 5000)[1], full_block],
        "has bytes behind its header": [(name_node(text + b"\x00"), text + b"\x00"), *blocks],
        "has a cut header": [(name_node(text[:-3]), text[:-3]), *blocks],
        "is no node at all": [(name_node(b"\xff" * 40), b"\xff" * 40)],
        "is empty": [(name_node(b""), b"")],
        "is a directory": [(name_node(b"\x0a\x02\x08\x01"), b"\x0a\x02\x08\x01")],
    }
    named = text.replace(b"\x12\x00\x18", b"\x12\x01\x18", 1)
    out["names a child differently"] = [(name_node(named), named), *blocks]
    return out


@pytest.mark.parametrize("kind", list(lies()))
def test_a_lying_dag_is_refused_before_more_than_the_truth_comes_out(
    kind: str, store: FolderStore, plant: Callable[..., str]
) -> None:
    """Whatever a node says that the builder would not have said makes the content unreadable, and `has` denies it.

    GM-602.
    """
    blocks = lies()[kind]
    cid, sink = plant(store, blocks[0][0], blocks), BytesIO()
    with pytest.raises(CorruptContent, match="block b"):
        store.get(cid, sink, max_bytes=1 << 30)
    assert len(sink.getvalue()) <= CHUNK_BYTES
    assert not store.has(cid)


@pytest.mark.parametrize("kind", list(lies()))
def test_a_lying_dag_is_not_imported(kind: str, store: FolderStore, car: Callable[..., bytes]) -> None:
    """The same DAGs in a CAR file leave nothing behind in the store."""
    blocks = lies()[kind]
    with pytest.raises(CorruptContent):
        import_car(store, BytesIO(car(blocks[0][0], blocks)), max_bytes=1 << 30)
    assert store.pins() == []
    assert store.total_bytes() == 0


def test_a_leaf_of_more_than_a_chunk_is_refused(store: FolderStore, plant: Callable[..., str]) -> None:
    """A single block of 256 KiB and one byte would have a second CID, so it is no content."""
    block = (name_raw(FULL + b"x"), FULL + b"x")
    cid = plant(store, block[0], [block])
    with pytest.raises(CorruptContent, match="block b"):
        store.get(cid, BytesIO(), max_bytes=1 << 30)


def bomb(levels: int) -> tuple[Link, list[Block]]:
    """Return an honest DAG of zeros that is a few KiB of nodes and one leaf, repeated 174 ** levels times."""
    link, block = leaf(FULL)
    blocks = [block]
    for _ in range(levels):
        link, block = node(*[link] * WIDTH)
        blocks.append(block)
    return link, blocks[::-1]


def test_content_that_repeats_itself_is_refused_by_its_declared_size(
    store: FolderStore, plant: Callable[..., str]
) -> None:
    """Four nodes that stand for 240 TB are refused by their own word before a byte is written."""
    link, blocks = bomb(4)
    sink = BytesIO()
    with pytest.raises(ContentTooLarge, match="1,000,000 bytes expected"):
        store.get(plant(store, link.cid, blocks), sink, max_bytes=1_000_000)
    assert sink.getvalue() == b""


def test_content_that_repeats_itself_costs_no_time_unless_it_is_read(
    store: FolderStore, plant: Callable[..., str]
) -> None:
    """Asking for 240 TB of zeros looks at its five blocks once each."""
    link, blocks = bomb(4)
    loads: list[bytes] = []
    table = dict(blocks)
    pieces = list(walk(link.cid, lambda cid: loads.append(cid) or table[cid], set()))  # type: ignore[func-returns-value]
    assert [piece.depth for piece in pieces] == [4, 3, 2, 1, 0]
    assert len(loads) <= 2 * 5
    assert store.has(plant(store, link.cid, blocks))


def test_a_node_deeper_than_its_size_needs_is_refused() -> None:
    """A chain of a million nodes is refused at its first: its declared size leaves room for one level only."""
    full, _ = leaf(FULL)
    tail, _ = leaf(TAIL)
    link, block = node(full, tail)
    table = dict([block])
    for _ in range(50):
        link, block = node(link)
        table.update([block])
    with pytest.raises(CorruptContent):
        list(walk(link.cid, table.__getitem__))


def test_a_piece_is_known_by_what_must_be_true_of_it() -> None:
    """The same block under two sizes is looked at twice, so that the second lie is not taken for the first truth."""
    assert Piece(b"x", 0, 1) != Piece(b"x", 0, 2)


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    """Any block under any name is content or CorruptContent."""
    cid = name_node(data)
    with pytest.raises(CorruptContent):
        list(walk(cid, lambda _: data))


@given(st.lists(st.tuples(st.binary(min_size=36, max_size=36), st.integers(0, 1 << 50)), max_size=WIDTH))
def test_a_written_node_is_read_as_it_was_meant(children: list[tuple[bytes, int]]) -> None:
    """decode_node gives the names and the sum of sizes that encode_node was given."""
    links = [Link(cid, size, size + 7) for cid, size in children]
    assert ([c for c, _ in children], sum(s for _, s in children)) == decode_node(encode_node(links))
