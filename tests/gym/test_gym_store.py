"""The store of a game is a store."""

from io import BytesIO

import pytest

from client.gym.store import MemoryStore
from marketplace.domain.errors import ContentTooLarge, NotFound
from marketplace.storage.folder import FolderStore
from marketplace.storage.store import read_bytes


@pytest.mark.parametrize("size", [0, 1, 300_000], ids=str)
def test_contents_have_the_names_they_have_everywhere(tmp_path, size):
    """The CID is the folder's, for bytes and for a file, and what was put comes back."""
    store, content = MemoryStore(), bytes(size)
    cid = store.put(content)
    assert FolderStore(tmp_path).put(content) == cid == store.put(BytesIO(content))
    assert content == read_bytes(store, cid, max_bytes=size)
    assert store.has(cid)


def test_what_is_not_here_is_not_found_and_what_is_too_large_is_not_given():
    """As every store does."""
    store = MemoryStore()
    cid = store.put(b"abc")
    with pytest.raises(ContentTooLarge):
        read_bytes(store, cid, max_bytes=2)
    other = MemoryStore()
    assert not other.has(cid)
    with pytest.raises(NotFound):
        other.pin(cid)
