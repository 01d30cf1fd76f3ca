"""What a demonstration has to keep to itself, worked out again from what everybody brought and has at home."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from numpy.typing import NDArray

from client.demo.plan import DemoOptions
from client.demo.script import HolderPart, Script, write_script
from client.encrypted.base import flat_of
from client.encrypted.vectors import admitted
from client.holder import BlindTask, TrainingTask
from client.home import Home, read_password
from client.modes import ENCRYPTED
from client.training.quantise import to_update
from marketplace.datasets import quantise_rows
from marketplace.domain.commitment import rows_root
from marketplace.domain.documents import SubmissionDocument
from marketplace.domain.network import Network
from marketplace.domain.shared_documents import ComponentsDocument
from marketplace.domain.terms_document import SealedRoot, TermsDocument
from marketplace.privacy.paillier.keys import LEAST_BITS
from marketplace.privacy.paillier.wire import load_private
from marketplace.sealing import datakeys
from marketplace.storage.tensors import load_network
from tests.canary.patterns import of_key, of_numbers

__all__ = ["Found", "Updates", "documents", "keys", "numbers"]

Found = dict[str, set[bytes]]
Updates = dict[tuple[str, int], NDArray[np.int64]]


def numbers(options: DemoOptions, owner: Path) -> tuple[Found, Updates]:
    """Return updates, models and rows of every round, and what they were before they were integers.

    Args:
        options: of the demonstration.
        owner: the owner's folder, with the models that the rounds led to.

    Returns:
        How each is written, and the updates by holder and round.
    """
    script = write_script(options, "0x" + "00" * 20, 0)
    inputs, scale = script.inputs, script.inputs.scoring.scales.input_scale
    found: Found = {"root rows": _rows(inputs.root.features, scale)}
    for part in script.holders:
        found[f"rows of {part.name}"] = _rows(part.rows.features, scale)
    for number, shard in enumerate(inputs.shards):
        found[f"shard {number}"] = of_numbers(shard.rows) | of_numbers(shard.rows / scale)
    updates: Updates = {}
    models = [inputs.base]
    for round_ in range(options.play_rounds):
        model, name = models[-1], f"round {round_}"
        found[f"base, {name}"] = _network(model)
        with _rounding() as rounded:
            flat = inputs.plan().train_root(model, round_).flat()
        found[f"root update, {name}"] = of_numbers(flat) | _before(rounded, model)
        for part in script.holders:
            found |= _update(script, part, model, round_, updates)
        path = owner / "models" / f"round-{round_}.safetensors"
        models.append(load_network(path.read_bytes(), inputs.scoring.scales)[0] if path.exists() else model)
        if models[-1] != model:
            found[f"aggregate, {name}"] = of_numbers(flat_of(models[-1]) - flat_of(model))
    found["last model"] = _network(models[-1])
    return found, updates


def _update(script: Script, part: HolderPart, model: Network, round_: int, updates: Updates) -> Found:
    terms, name = _terms(script), f"{part.name}, round {round_}"
    if script.options.privacy == ENCRYPTED:
        step = part.trainer().linear_map(BlindTask(terms, round_))
        fine = step.matrix @ flat_of(model) + step.offset
        update = updates[part.name, round_] = admitted(fine, step.fraction_bits, terms.scoring).flat()
        return {f"map of {name}": of_numbers(step.matrix), f"update of {name}": of_numbers(fine) | of_numbers(update)}
    trainer = part.trainer()
    with _rounding() as rounded:
        flat = updates[part.name, round_] = trainer(TrainingTask(model, terms, round_)).flat()
    return {f"update of {name}": of_numbers(flat) | of_numbers(-flat) | _before(rounded, model)}


def _rounding() -> AbstractContextManager[mock.Mock]:
    """Notice what is rounded to an update."""
    return mock.patch("client.training.local.to_update", wraps=to_update)


def _before(rounded: mock.Mock, model: Network) -> set[bytes]:
    """Return what the last update was as floats, in units of the integers and of the weights."""
    flat: NDArray[np.float64] = rounded.call_args.args[0]
    return of_numbers(flat) | of_numbers(flat / model.scales.weight_scale)


def _network(model: Network) -> set[bytes]:
    found: set[bytes] = of_numbers(flat_of(model))
    for layer in model.layers:
        found |= of_numbers(layer.weight) | of_numbers(layer.weight / model.scales.weight_scale)
    return found


def _rows(features: NDArray[np.float64], scale: int) -> set[bytes]:
    whole = quantise_rows(features, scale)
    return of_numbers(features) | of_numbers(whole) | of_numbers(whole / scale)


def _terms(script: Script) -> TermsDocument:
    inputs, shard = script.inputs, SealedRoot(bytes(32), "", bytes(32))
    names = inputs.class_names, inputs.feature_names, inputs.public_prior
    return TermsDocument(inputs.title, inputs.scoring, *names, (shard, shard), inputs.recipe)


def keys(homes: Iterable[Path], published: Iterable[bytes], options: DemoOptions) -> Found:
    """Return the private keys and secrets in everybody's folder, and the keys that follow from them.

    Args:
        homes: the folders.
        published: contents of the store, with the documents that data keys were derived for.
        options: of the demonstration.
    """
    found: Found = {}
    contents = list(published)
    submissions = [
        kind.from_json(value)
        for kind in (SubmissionDocument, ComponentsDocument)
        for value in documents(contents, kind.kind)
    ]
    for path in homes:
        home, name = Home.open(path), path.name
        password = read_password(path / "password")
        opened = home.unlock(password)
        found[f"password of {name}"] = {password.encode()}
        found[f"wallet of {name}"] = of_key(bytes(opened.wallet._account.key))
        identity = opened.identity.private_bytes()
        for at in range(0, len(identity), 32):
            found[f"identity of {name}, from byte {at}"] = of_key(identity[at : at + 32])
        with home.journal(opened) as journal:
            for entry in journal.names("secret/"):
                secret = journal.get(entry) or b""
                found[f"secret of {name}"] = of_key(secret)
                if home.settings.role == "owner":
                    found |= _shard_keys(options, secret)
                own = [document for document in submissions if document.holder == opened.wallet.address]
                found |= {what: k for document in own for what, k in _data_keys(document, secret, name).items()}
                for desk in journal.names(f"desk/{entry.removeprefix('secret/')}/"):
                    found[f"{desk} of {name}"] = _desk_key(journal.get(desk) or b"", secret, desk)
            for entry in journal.names("shared/"):
                found |= _model_keys(journal.get(entry) or b"", f"{entry} of {name}")
            for entry in journal.names("paillier/"):
                for number, prime in enumerate(load_private(journal.get(entry) or b"").primes):
                    found[f"prime {number} of {name}"] = of_key(int(prime).to_bytes(LEAST_BITS // 16, "big"))
    return found


def documents(published: Iterable[bytes], kind: str) -> Iterator[dict[str, Any]]:
    """Yield the documents of a kind among what the store holds."""
    for data in published:
        value: Any = None
        with suppress(ValueError, RecursionError):
            value = json.loads(data)
        if isinstance(value, dict) and value.get("kind") == kind:
            yield value


def _data_keys(document: SubmissionDocument | ComponentsDocument, secret: bytes, name: str) -> Found:
    """Return the keys that a submission is sealed under; their published hashes say that these are the ones."""
    at = document.round.to_bytes(32, "big")
    if isinstance(document, SubmissionDocument):
        key = datakeys.derive(secret, "update-key", at + document.update_root)
        assert datakeys.key_hash(key) == document.key_hash
        return {f"data key of {name}, round {document.round}": of_key(key)}
    found: Found = {}
    for index, component in enumerate(document.components):
        labels = ("component-key", "root-component-key")  # of a holder's update, of the owner's root update
        made = (datakeys.derive(secret, f"{label}-{index}", at + component.commitment) for label in labels)
        (key,) = (key for key in made if datakeys.key_hash(key) == component.key_hash)
        found[f"key of component {index} of {name}, round {document.round}"] = of_key(key)
    return found


def _model_keys(stored: bytes, name: str) -> Found:
    """Return the keys of a compute seat's components of the model that a round led to, from what it kept of it."""
    both = bytes.fromhex(json.loads(stored)["key"].removeprefix("0x"))
    size = datakeys.KEY_BYTES
    return {
        f"key {at // size} of the model of {name}": of_key(both[at : at + size]) for at in range(0, len(both), size)
    }


def _desk_key(stored: bytes, secret: bytes, desk: str) -> set[bytes]:
    """Return the private key of the certificate that a compute seat meets the others with."""
    at = int(desk.rpartition("/")[2]).to_bytes(32, "big")
    password = datakeys.derive(secret, "desk", at).hex().encode()
    key = load_der_private_key(base64.b64decode(json.loads(stored)["key"]), password)
    assert isinstance(key, EllipticCurvePrivateKey)
    return of_key(key.private_numbers().private_value.to_bytes(32, "big"))


def _shard_keys(options: DemoOptions, secret: bytes) -> Found:
    found: Found = {}
    for number, shard in enumerate(write_script(options, "0x" + "00" * 20, 0).inputs.shards):
        at = number.to_bytes(32, "big")
        root = rows_root(shard.rows, shard.labels, datakeys.derive(secret, "shard-salt", at))
        found[f"key of shard {number}"] = of_key(datakeys.derive(secret, "shard-key", at + root))
    return found
