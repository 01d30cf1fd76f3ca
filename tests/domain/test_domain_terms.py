"""Terms: JSON there and back, nothing malformed accepted, and tuples in the order of the contract's structs."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.bounds import Bounds
from marketplace.domain.errors import InvalidInput, InvalidTerms
from marketplace.domain.money import format_units, hold_back, majority, threshold
from marketplace.domain.network import Scales, Shape
from marketplace.domain.terms import (
    ChainTerms,
    Phases,
    RecipeTerms,
    ScoringTerms,
    SealedRoot,
    SheetHead,
    TermsDocument,
)
from marketplace.domain.words import address_text

INTERFACE = Path(__file__).parents[2] / "contracts" / "interfaces" / "IMarket.sol"
SEALED = SealedRoot(bytes(32), "bafy", bytes([7] * 32))
DOCUMENT = TermsDocument(
    title="Predict",
    scoring=ScoringTerms(Shape(2, 3, 2), Scales(24, 512), Bounds(norm=77), target_gain_ppm=5),
    class_names=("no", "yes"),
    feature_names=("age", "dose"),
    public_prior=(40, 22),
    shards=(SEALED, SEALED),
    recipe=RecipeTerms(learning_rate_ppm=5000),
    preparation=[{"name": "age", "means": ["0.5"], "missing": True}],
)


def json_of(document: TermsDocument) -> Any:
    """Return the document as it arrives: through JSON text."""
    return json.loads(json.dumps(document.to_json()))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value below `value`, except into what `datasets` reads itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [] if path == ("preparation",) else [p for key, v in items for p in places(v, (*path, key))]
    return [path, *below] if path else below


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of `document` with another value at `path`."""
    out = copy.deepcopy(document)
    at = out
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return out


def test_a_document_survives_json() -> None:
    """Reading what was written gives an equal document."""
    again = TermsDocument.from_json(json_of(DOCUMENT))
    assert DOCUMENT == again
    assert 1 == again.rounds


@pytest.mark.parametrize("path", places(json_of(DOCUMENT)), ids=str)
@pytest.mark.parametrize("wrong", [None, -1, 1.5, True, "0xzz", [], {}, [[]], 10**90], ids=str)
def test_no_malformed_value_is_accepted(path: tuple[Any, ...], wrong: Any) -> None:
    """A value of another type or range, anywhere, is refused with InvalidTerms, or is a valid value of that field."""
    document = put(json_of(DOCUMENT), path, wrong)
    try:
        read = TermsDocument.from_json(document)
    except InvalidTerms:
        return
    assert document == json_of(read)


@pytest.mark.parametrize("path", places(json_of(DOCUMENT)), ids=str)
def test_no_field_may_be_missing(path: tuple[Any, ...]) -> None:
    """Dropping any field of any object is refused."""
    document = json_of(DOCUMENT)
    at = document
    for key in path[:-1]:
        at = at[key]
    if isinstance(at, dict):
        del at[path[-1]]
        with pytest.raises(InvalidTerms, match="malformed"):
            TermsDocument.from_json(document)


@pytest.mark.parametrize("path", [(), ("scoring",), ("recipe",), ("scoring", "bounds"), ("shards", 0)], ids=str)
def test_no_unknown_field_is_accepted(path: tuple[Any, ...]) -> None:
    """A field of a later version is never ignored silently."""
    with pytest.raises(InvalidTerms, match="surprise"):
        TermsDocument.from_json(put(json_of(DOCUMENT), (*path, "surprise"), 1))


@pytest.mark.parametrize("value", [None, 3, "terms", []])
def test_what_is_no_object_is_no_document(value: Any) -> None:
    """Whatever the store returns, reading it raises one of our errors."""
    with pytest.raises(InvalidTerms):
        TermsDocument.from_json(value)


def test_a_preparation_beyond_a_block_is_refused() -> None:
    """Terms must fit one block of the store."""
    with pytest.raises(InvalidTerms, match="preparation"):
        TermsDocument.from_json(put(json_of(DOCUMENT), ("preparation",), [{"name": "x" * (1 << 18)}]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"class_names": ("only",)}, "class names"),
        ({"feature_names": ()}, "feature names"),
        ({"public_prior": (1, 0)}, "public prior"),
        ({"public_prior": (1,)}, "public prior"),
        ({"shards": (SEALED,)}, "shards"),
        ({"kind": "torch"}, "torch"),
        ({"privacy": "open"}, "open"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(change: dict[str, Any], words: str) -> None:
    """One name a class and an input, a positive prior a class, a shard a round and the final one, a known mode."""
    with pytest.raises(InvalidTerms, match=words):
        replace(DOCUMENT, **change)


@pytest.mark.parametrize("name", ["clip_logits", "copy_ppm", "max_submissions", "permutations", "max_rows"])
def test_scoring_terms_out_of_range_are_refused(name: str) -> None:
    """Zero makes no sense for any of these, and the message names the term."""
    with pytest.raises(InvalidTerms, match=name):
        replace(DOCUMENT.scoring, **{name: 0})


def test_terms_of_a_model_nobody_can_hold_are_refused() -> None:
    """A stranger's terms cannot make a holder allocate gigabytes."""
    with pytest.raises(InvalidTerms, match="parameters"):
        ScoringTerms(Shape(1 << 11, 1 << 11, 10))


@pytest.mark.parametrize(
    ("path", "value", "words"), [(("version",), 2, "version 2"), (("scoring", "shape", "classes"), 1, "does not exist")]
)
def test_later_versions_and_impossible_shapes_are_refused(path: tuple[str, ...], value: int, words: str) -> None:
    """Well-formed figures that mean nothing here raise InvalidTerms too."""
    with pytest.raises(InvalidTerms, match=words):
        TermsDocument.from_json(put(json_of(DOCUMENT), path, value))


def test_recipes_nothing_learns_from_are_refused() -> None:
    """A recipe of no epochs is no recipe."""
    with pytest.raises(InvalidTerms, match="epochs"):
        RecipeTerms(epochs=0)


def test_terms_that_can_overflow_or_not_be_paid_fail_their_check() -> None:
    """The check covers the proof of 64 bits and a budget the contract can carry."""
    DOCUMENT.scoring.check(10**21)
    for bad in (0, 2**96 + 1):
        with pytest.raises(InvalidTerms, match="budget"):
            DOCUMENT.scoring.check(bad)
    with pytest.raises(InvalidTerms, match="overflow"):
        replace(DOCUMENT.scoring, shape=Shape(784, 512, 10), max_submissions=128).check()


def struct(name: str) -> list[str]:
    """Return the field names of a struct of the market's interface, in order."""
    body = re.search(rf"struct {name} \{{(.*?)\}}", INTERFACE.read_text(), re.DOTALL)
    assert body is not None
    lines = [line.split("//")[0].strip() for line in body.group(1).splitlines()]
    return [line.rstrip(";").split()[-1] for line in lines if line]


def snake(name: str) -> str:
    """Return a Solidity name as Python writes it."""
    return re.sub(r"([A-Z])", lambda m: "_" + m.group(1).lower(), name)


def test_sheets_mirror_the_struct_of_the_contract() -> None:
    """Same fields in the same order, so that `as_tuple` is what the ABI encodes."""
    assert [snake(f) for f in struct("Sheet")] == [f.name for f in fields(SheetHead)]


def test_fields_stand_where_the_contract_says() -> None:
    """The words, fields and widths that the interface lists are the ones that `packed` fills."""
    body = re.search(r"struct PackedTerms \{(.*?)\}", INTERFACE.read_text(), re.DOTALL)
    assert body is not None
    words = re.findall(r"uint256 \w+; // ([a-zA-Z][\w ,]+)", body.group(1))
    listed = [[tuple(place.rsplit(" ", 1)) for place in word.split(", ")] for word in words]
    places = [[(snake(name), int(bits)) for name, bits in word] for word in listed]
    terms = some_terms()
    for word, found in zip(places, terms.packed(), strict=False):
        for name, bits in word:
            value = getattr(terms, name)
            assert found % 2**bits == (int(value, 16) if isinstance(value, str) else value), name
            found >>= bits  # noqa: PLW2901 - read off from the lowest bit up
        assert 0 == found
    phases = re.search(r"phases; // 23 each: ([\w, ]+)", body.group(1))
    assert phases is not None
    assert phases.group(1).split(", ") == [f.name for f in fields(Phases)]
    assert [v for _, v in vars(terms.phases).items()] == [terms.packed()[5] >> 23 * i & 0x7FFFFF for i in range(11)]


AMOUNTS = st.integers(0, 2**96 - 1)
ADDRESSES = st.integers(0, 2**160 - 1).map(address_text)
BYTES_32 = st.binary(min_size=32, max_size=32)
TERMS = st.builds(
    ChainTerms,
    *[ADDRESSES] * 2,
    *[AMOUNTS] * 7,
    st.integers(0, 2**16 - 1),
    *[st.integers(0, 255)] * 3,
    st.integers(0, 2**40 - 1),
    *[BYTES_32] * 4,
    st.builds(Phases, *[st.integers(0, 2**23 - 1)] * 11),
)


def some_terms() -> ChainTerms:
    """Terms whose fields all differ."""
    base, shards, allowed, document = (bytes([i]) * 32 for i in range(4))
    owner, token, phases = address_text(2**159 + 1), address_text(2**158 + 5), Phases(*range(100, 111))
    amounts = (100, 2, 3, 4, 5, 600, 7)
    return ChainTerms(owner, token, *amounts, 8, 9, 10, 11, 12, base, shards, allowed, document, phases)


@given(TERMS)
def test_terms_come_out_of_the_words_as_they_went_in(terms: ChainTerms) -> None:
    """Whatever fits its place survives packing, and other terms have another hash."""
    assert terms == ChainTerms.unpacked(terms.packed(), terms.roots)
    assert terms.hash != replace(terms, seats=terms.seats ^ 1).hash
    assert terms.hash != replace(terms, document=bytes(31) + b"?").hash or terms.document == bytes(31) + b"?"


@pytest.mark.parametrize(
    "changes",
    [{"fee": 2**96}, {"bond": -1}, {"rounds": 2**16}, {"seats": 256}, {"phases": Phases.of(2**23)}],
    ids=["fee", "bond", "rounds", "seats", "phases"],
)
def test_what_does_not_fit_its_place_is_refused(changes: dict[str, object]) -> None:
    """A figure that is too large would otherwise change its neighbour."""
    with pytest.raises(InvalidInput, match=next(iter(changes)).removesuffix("s")):
        replace(some_terms(), **changes).packed()  # type: ignore[arg-type]


def test_sheets_are_in_abi_order() -> None:
    """`as_tuple` nests nothing; the escrow is what `escrowOf` computes."""
    assert 8 * (100 + 9 * 5) + 600 == some_terms().escrow
    head = SheetHead(1, 2, b"t", b"p", 3, b"n", True, False, b"a", b"d")
    assert (1, 2, b"t", b"p", 3, b"n", True, False, b"a", b"d") == head.as_tuple()


@given(st.integers(0, 2**128))
def test_the_hold_back_is_a_fifth_rounded_down(amount: int) -> None:
    """Nothing is lost in splitting, and at most a fifth waits. GM-113."""
    now, held = hold_back(amount)
    assert amount == now + held
    assert amount // 5 == held


def test_amounts_are_shown_in_whole_tokens_towards_zero() -> None:
    """Two decimals, thousands apart, never more than there is."""
    shown = [format_units(v) for v in (0, 10**18 // 2, 1234567 * 10**15, -(10**16) - 9, 10**16 - 1)]
    assert ["0.00", "0.50", "1,234.56", "-0.01", "0.00"] == shown


def test_thresholds_of_seats() -> None:
    """2 of 3, 5 of 7 and 10 of 15 open a share; more than half make a majority. GM-213."""
    assert [2, 5, 10] == [threshold(n) for n in (3, 7, 15)]
    assert [2, 4, 8] == [majority(n) for n in (3, 7, 15)]
