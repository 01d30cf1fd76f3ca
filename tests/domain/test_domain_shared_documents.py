"""Documents of shared bounties are read as they were written, and refused where anything is missing or too much."""

from __future__ import annotations

import copy

import pytest

from marketplace.domain.errors import ProtocolError
from marketplace.domain.hashing import keccak
from marketplace.domain.shared_documents import ComponentsDocument, ModelDocument, SealedComponent

_COMPONENTS = tuple(SealedComponent(f"cid-{i}", bytes([i]) * 32, bytes([i + 9]) * 32) for i in range(3))
_DOCUMENTS = (
    ModelDocument(4, _COMPONENTS),
    ComponentsDocument(4, "0x01", _COMPONENTS, ("one", "", "three")),
)


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_a_document_is_read_as_it_was_written(document):
    """Also its root, which covers the three commitments in their order."""
    assert document == type(document).from_json(document.to_json())
    root = keccak(*(c.commitment for c in _COMPONENTS))
    assert root == (document.root if isinstance(document, ModelDocument) else document.update_root)
    turned = ModelDocument(4, _COMPONENTS[::-1])
    assert root != turned.root


@pytest.mark.parametrize("document", _DOCUMENTS)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda v: v["components"].pop(),
        lambda v: v["components"].append(v["components"][0]),
        lambda v: v["components"][1].pop("cid"),
        lambda v: v["components"][1].update(cid=3),
        lambda v: v["components"][1].update(more=""),
        lambda v: v["components"][2].update(commitment="0x12"),
        lambda v: v["components"][2].update(key_hash=None),
        lambda v: v.update(components={}),
        lambda v: v.update(round=-1),
        lambda v: v.update(kind="other"),
        lambda v: v.update(more=1),
    ],
)
def test_a_malformed_document_is_refused(document, spoil):
    """Naming the field, whatever is wrong with it."""
    value = copy.deepcopy(document.to_json())
    spoil(value)
    with pytest.raises(ProtocolError, match="malformed"):
        type(document).from_json(value)
