"""The canary scan finds what is there, however it is written: a scan that finds nothing says something."""

from __future__ import annotations

import base64
import json
import random
import urllib.request

import numpy as np
import pytest

from client.devnet.nodes import NODES, start_node
from client.devnet.processes import stop
from tests.canary.patterns import of_key, of_numbers
from tests.canary.recorder import Recorder
from tests.canary.scanner import Scanner

KEY = random.Random(1).randbytes(32)
UPDATE = np.random.default_rng(2).integers(-90, 90, 300)
FLOATS = np.random.default_rng(3).normal(size=300)
SCANNER = Scanner({"key": of_key(KEY), "update": of_numbers(UPDATE), "floats": of_numbers(FLOATS)})

WRITTEN = {
    "raw": lambda raw: raw,
    "hex": lambda raw: b"0x" + raw.hex().encode(),
    "upper case": lambda raw: raw.hex().upper().encode(),
    "half a byte later": lambda raw: b"f" + raw.hex().encode(),
    "base64": base64.b64encode,
    "for addresses": base64.urlsafe_b64encode,
    "a byte later": lambda raw: base64.b64encode(b"x" + raw),
    "two bytes later": lambda raw: base64.b64encode(b"xy" + raw),
    "base64 in hex": lambda raw: base64.b64encode(raw).hex().encode(),
    "hex in base64": lambda raw: base64.b64encode(raw.hex().encode()),
}
KINDS = ["i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "<f4", ">f4", "<f8", ">f8"]


def _around(data, seed=7):
    """Put it somewhere among random bytes and letters."""
    rng = random.Random(seed)
    return rng.randbytes(rng.randrange(300)) + b'{"data": "' + data + b'"}' + rng.randbytes(90)


@pytest.mark.parametrize("how", WRITTEN)
def test_a_key_is_found_however_it_is_written(how):
    """As bytes, in hexadecimal or base64, from any digit on, in one another."""
    assert {"key"} == SCANNER.find(_around(WRITTEN[how](KEY)))
    assert {"key"} == SCANNER.find(_around(WRITTEN[how](KEY[::-1])))


@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.parametrize("kind", KINDS)
def test_an_update_is_found_however_it_is_written(how, kind):
    """In integers or floats of any width and order, the whole or a quarter of it."""
    for values in (UPDATE, UPDATE[75:150]):
        assert {"update"} == SCANNER.find(_around(WRITTEN[how](values.astype(kind).tobytes())))


def test_numbers_are_found_as_text_and_as_words():
    """As a document and as a call of a contract would have them; floats as well as integers."""
    words = b"".join(int(v).to_bytes(32, "big", signed=True) for v in UPDATE)
    assert {"update"} == SCANNER.find(_around(words.hex().encode()))
    for separators in ((",", ":"), None):
        for values, name in ((UPDATE, "update"), (FLOATS, "floats")):
            assert {name} == SCANNER.find(_around(json.dumps(values.tolist(), separators=separators).encode()))
    assert {"key"} == SCANNER.find(str(int.from_bytes(KEY, "big")).encode())
    assert {"floats"} == SCANNER.find(FLOATS.astype("<f4").tobytes())


def test_what_is_not_there_is_not_found(tmp_path):
    """Megabytes of chance and of digits, other keys and other updates."""
    other = np.random.default_rng(4).integers(-90, 90, 300)
    data = random.Random(5).randbytes(1 << 21) + random.Random(6).randbytes(1 << 18).hex().encode()
    data += other.astype("<i8").tobytes() + json.dumps(other.tolist()).encode() + bytes(1 << 16)
    assert set() == SCANNER.find(data)
    assert set() == SCANNER.scan(tmp_path / "nowhere")


def test_what_lies_across_two_pieces_of_a_file_is_found(tmp_path, monkeypatch):
    """Files are read piece by piece, and no place in them is blind."""
    monkeypatch.setattr("tests.canary.scanner._PIECE", 1 << 15)
    rng = random.Random(8)
    for start in range((1 << 15) - 80, (1 << 15) + 8, 8):
        data = bytearray(rng.randbytes(1 << 16))
        data[start : start + 64] = KEY.hex().encode()
        (tmp_path / "file").write_bytes(data)
        assert {"key"} == SCANNER.scan(tmp_path / "file")


def test_a_secret_that_says_too_little_is_refused():
    """A vector of zeros would be found everywhere, and a short pattern too."""
    with pytest.raises(ValueError, match="so few different numbers"):
        of_numbers(np.zeros(100, np.int64))
    with pytest.raises(ValueError, match="has 4 bytes"):
        Scanner({"short": {b"abcd"}})


def test_what_passes_the_recorder_is_written_down(tmp_path):
    """Both ways, before a real node; the node's own answer comes back."""
    mark, rpc = start_node(NODES["anvil"], tmp_path, " ".join(["test"] * 11 + ["junk"]), dies_with_us=True)
    try:
        with Recorder(rpc.url, tmp_path / "record") as recorder:
            sent = "0x" + UPDATE.astype("<i4").tobytes().hex()
            data = "0x600080" + "f3" + KEY.hex()  # a creation that leaves nothing; the node has to give it back
            for method, params in (
                ("web3_sha3", [sent]),
                ("anvil_setStorageAt", ["0x" + "11" * 20, "0x" + "00" * 32, "0x" + KEY.hex()]),
                ("eth_getStorageAt", ["0x" + "11" * 20, "0x0", "latest"]),
                ("eth_estimateGas", [{"data": data}]),
            ):
                body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
                headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
                request = urllib.request.Request(recorder.url, body, headers)  # noqa: S310 - 127.0.0.1
                with urllib.request.urlopen(request) as answer:  # noqa: S310
                    assert "error" not in json.load(answer), method
            assert 4 == recorder.count
    finally:
        stop(mark)
    assert {"key", "update"} == SCANNER.scan(tmp_path / "record" / "requests")
    assert {"key"} == SCANNER.scan(tmp_path / "record" / "answers")
