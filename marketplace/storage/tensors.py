"""How networks, updates and validation rows are written as bytes: safetensors, in one canonical form.

Honest seats must produce the same aggregate file byte for byte, whatever version of a library each has installed, so
the writer is ours: tensors in sorted order, one compact header padded to eight bytes. Any safetensors library
reads it; reading is done with the `safetensors` library, which neither executes nor allocates on the header's word.

Source: the safetensors format, https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from marketplace.domain.errors import ProtocolError
from marketplace.domain.network import Layer, Network, Scales
from marketplace.domain.update import LayerUpdate, Update

__all__ = [
    "dump_component",
    "dump_network",
    "dump_rows",
    "dump_update",
    "load_component",
    "load_network",
    "load_rows",
    "load_update",
]

_DTYPES = {np.dtype(np.int64): "I64", np.dtype(np.uint64): "U64", np.dtype(np.int8): "I8", np.dtype(np.uint8): "U8"}
_SALT = "salt"
_COMPONENT = "component"
_SALT_BYTES = 32

Tensors = Mapping[str, NDArray[np.generic]]


def dump_network(network: Network, salt: bytes) -> bytes:
    """Return the file of a model and the 32-byte salt of its commitment."""
    return _dump(_layer_tensors(network.layers), salt)


def load_network(data: bytes, scales: Scales) -> tuple[Network, bytes]:
    """Return the model in `data` and its salt; raises ProtocolError unless it is one."""
    tensors, salt = _load(data)
    return Network(tuple(Layer(w, b) for w, b in _layers(tensors)), scales), salt


def dump_update(update: Update, *salts: bytes) -> bytes:
    """Return the file of an update and its salts (an aggregate carries a second one, of the next base)."""
    return _dump(_layer_tensors(update.layers), *salts)


def load_update(data: bytes, salts: int = 1) -> tuple[Update, tuple[bytes, ...]]:
    """Return the update in `data` and its `salts`; raises ProtocolError unless it is one."""
    tensors, joined = _load(data, salts)
    update = Update(tuple(LayerUpdate(w, b) for w, b in _layers(tensors)))
    return update, tuple(joined[i : i + _SALT_BYTES] for i in range(0, len(joined), _SALT_BYTES))


def dump_rows(rows: NDArray[np.int8], labels: NDArray[np.int64], salt: bytes) -> bytes:
    """Return the file of a shard: int8[n, inputs] rows, int64[n] labels and its salt."""
    return _dump({"rows": np.asarray(rows, np.int8), "labels": np.asarray(labels, np.int64)}, salt)


def load_rows(data: bytes) -> tuple[NDArray[np.int8], NDArray[np.int64], bytes]:
    """Return rows, labels and salt of a shard; raises ProtocolError unless they fit each other."""
    tensors, salt = _load(data)
    rows, labels = tensors.get("rows"), tensors.get("labels")
    if rows is None or labels is None or rows.dtype != np.int8 or labels.dtype != np.int64:
        msg = "a shard's file does not hold int8 rows and int64 labels: ask the owner for the right one"
        raise ProtocolError(msg)
    if rows.ndim != 2 or labels.shape != rows.shape[:1]:  # noqa: PLR2004
        msg = "a shard's file does not hold rows and as many labels: ask the owner for the right one"
        raise ProtocolError(msg)
    return rows.astype(np.int8), labels.astype(np.int64), salt


def dump_component(component: NDArray[np.uint64], salt: bytes) -> bytes:
    """Return the file of uint64[n], a component of a shared update, and the salt of its commitment."""
    return _dump({_COMPONENT: component}, salt)


def load_component(data: bytes) -> tuple[NDArray[np.uint64], bytes]:
    """Return the component in `data` and its salt; raises ProtocolError unless it is one."""
    tensors, salt = _load(data)
    component = tensors.get(_COMPONENT)
    if set(tensors) != {_COMPONENT} or component is None or component.dtype != np.uint64 or component.ndim != 1:
        msg = "a file is no component of a shared update: its sender wrote something else"
        raise ProtocolError(msg)
    return component.astype(np.uint64, copy=False), salt


def _layer_tensors(layers: tuple[Layer | LayerUpdate, ...]) -> dict[str, NDArray[np.generic]]:
    out: dict[str, NDArray[np.generic]] = {}
    for i, layer in enumerate(layers):
        out[f"layer{i}.bias"] = layer.bias
        out[f"layer{i}.weight"] = layer.weight
    return out


def _layers(tensors: Tensors) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    count = len(tensors) // 2
    names = {f"layer{i}.{part}" for i in range(count) for part in ("weight", "bias")}
    if set(tensors) != names or not count:
        msg = (
            "a model file does not hold the tensors layer<i>.weight and layer<i>.bias: its sender wrote something else"
        )
        raise ProtocolError(msg)
    pairs = [(tensors[f"layer{i}.weight"], tensors[f"layer{i}.bias"]) for i in range(count)]
    for weight, bias in pairs:
        if weight.dtype != np.int64 or bias.dtype != np.int64 or weight.ndim != 2 or bias.shape != weight.shape[:1]:  # noqa: PLR2004
            msg = "a model file holds a layer whose weight and bias do not fit: its sender wrote something else"
            raise ProtocolError(msg)
    return [(w.astype(np.int64), b.astype(np.int64)) for w, b in pairs]


def _dump(tensors: Tensors, *salts: bytes) -> bytes:
    if any(len(s) != _SALT_BYTES for s in salts):
        msg = f"a salt has {_SALT_BYTES} bytes"
        raise ValueError(msg)
    arrays = {**tensors, _SALT: np.frombuffer(b"".join(salts), np.uint8)}
    header, at, chunks = {}, 0, []
    # Wide types first keeps every tensor aligned, as the reference writer does.
    for name in sorted(arrays, key=lambda n: (-arrays[n].dtype.itemsize, n)):
        array = np.ascontiguousarray(arrays[name])
        little = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        offsets = [at, at + len(little)]
        header[name] = {"dtype": _DTYPES[array.dtype], "shape": list(array.shape), "data_offsets": offsets}
        at += len(little)
        chunks.append(little)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((len(text).to_bytes(8, "little"), text, *chunks))


def _load(data: bytes, salts: int = 1) -> tuple[dict[str, NDArray[np.generic]], bytes]:
    from safetensors import SafetensorError  # noqa: PLC0415 - heavy, and only needed here
    from safetensors.numpy import load  # noqa: PLC0415

    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        msg = "a file is not safetensors: its sender wrote something else, or it was cut short"
        raise ProtocolError(msg) from error
    salt = tensors.pop(_SALT, None)
    if salt is None or salt.dtype != np.uint8 or salt.shape != (salts * _SALT_BYTES,):
        msg = "a file lacks the salt of its commitment: its sender wrote something else"
        raise ProtocolError(msg)
    return tensors, salt.tobytes()
