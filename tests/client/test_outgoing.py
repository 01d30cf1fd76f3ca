"""What leaves the machine is said before it leaves, and nothing leaves that a person did not allow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from client.outgoing import Outbound, Outgoing, Privacy, approve, describe, read_outgoing
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import InvalidInput, ProtocolError
from marketplace.domain.network import Shape
from marketplace.domain.update import Update
from tests.client.stage import Stage

SEATS = ("0xA1", "0xB2", "0xC3")
PLAIN = Outgoing("ab" * 32, 4, "0xD4", 1234, 777, 55, SEATS, 2, 9876)
PRIVATE = replace(PLAIN, privacy=Privacy("clipped to a norm of 900, noise of 630.0", 10.719, 12.0, 1e-5))


def _inspect(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "client.cli", "inspect", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own


@pytest.mark.parametrize("outgoing", [PLAIN, PRIVATE])
def test_a_file_gives_the_same_submission(outgoing):
    """Law: what was written is read back."""
    assert outgoing == Outgoing.from_bytes(outgoing.to_bytes())


def test_the_figures_are_those_of_the_update():
    """Number, norm rounded up, and the largest entry whatever its sign."""
    update = Update.from_flat(np.array([3, -4, 1, 0]), Shape(1, 0, 2))
    assert (4, 6, 4) == describe(update)


def test_inspecting_says_what_leaves_and_to_whom(tmp_path):
    """Norm, noise, epsilon, budget, every seat, the threshold, and what stays. GM-933."""
    path = tmp_path / "one.json"
    path.write_bytes(PRIVATE.to_bytes())
    done = _inspect(path)
    assert 0 == done.returncode, done.stderr
    for fact in (
        *SEATS,
        "any 2 of 3",
        "norm 777",
        "norm of 900",
        "noise of 630.0",
        "epsilon 10.72 of 12",
        "0xD4",
        "9,876",
    ):
        assert fact in done.stdout
    assert [path] == list(tmp_path.iterdir())


def test_inspecting_says_plainly_that_there_is_no_noise(tmp_path):
    """And that an update of zeros changes nothing."""
    path = tmp_path / "one.json"
    path.write_bytes(PLAIN.to_bytes())
    assert "sees it as it was trained" in _inspect(path).stdout
    path.write_bytes(replace(PLAIN, largest=0, norm=0).to_bytes())
    assert "changes nothing" in _inspect(path).stdout


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"null", b"\xff", b'{"seats": 1, "privacy": null}', b" " * 70_000])
def test_what_is_no_submission_is_refused(tmp_path, raw):
    """With one line and exit code 2, and it cannot be approved. GM-802."""
    path = tmp_path / "one.json"
    path.write_bytes(raw)
    with pytest.raises(InvalidInput, match="HOME/outgoing"):
        approve(path)
    assert [path] == list(tmp_path.iterdir())


def test_a_missing_file_is_refused_with_one_line(tmp_path):
    """The reason names the folder to look in."""
    done = _inspect(tmp_path / "none.json")
    assert InvalidInput.exit_code == done.returncode
    assert 1 == len(done.stderr.strip().splitlines())
    assert "HOME/outgoing" in done.stderr


def test_an_approval_is_for_one_submission_only(tmp_path):
    """Once anything about it changes, it has to be looked at again, and the file says what changed. GM-934."""
    outbound = Outbound(tmp_path, review=True)
    assert not outbound.may_leave(PRIVATE)
    done = _inspect(outbound.file(PRIVATE), "--approve")
    assert 0 == done.returncode, done.stderr
    assert outbound.may_leave(PRIVATE)
    assert not outbound.may_leave(replace(PRIVATE, norm=778))
    assert 778 == json.loads(outbound.file(PRIVATE).read_bytes())["norm"]


def test_without_review_a_submission_is_described_and_leaves(tmp_path):
    """The file is there before the answer, for its user alone."""
    outbound = Outbound(tmp_path, review=False)
    assert outbound.may_leave(PLAIN)
    assert PLAIN == read_outgoing(outbound.file(PLAIN))
    assert 0o700 == outbound.file(PLAIN).parent.stat().st_mode & 0o777


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory):
    """Two rounds: in the first the submission is approved after a while, in the second nobody looks."""
    folder = tmp_path_factory.mktemp("reviewed")
    stage = Stage(folder / "store", rounds=2, honest=3)
    stage.holder = stage.add_holder("careful", stage.honest_trainer(9))
    stage.outbound = Outbound(folder, review=True)
    stage.asked, stage.stored = [], []

    def may_leave(outgoing):
        stage.asked.append(outgoing)
        allowed = stage.outbound.may_leave(outgoing)
        if outgoing.round == 0 and not allowed and len(stage.asked) > 1:
            approve(stage.outbound.file(outgoing))
        return allowed

    seal = stage.holder.seal
    stage.holder.seal = lambda update, round_: (
        stage.stored.append((len(stage.asked), round_, update)) or seal(update, round_)
    )
    stage.holder.may_leave = may_leave
    stage.post()
    stage.play()
    return stage


def test_nothing_is_sealed_before_it_is_approved(reviewed):
    """The holder asks again and again, and seals what was approved. GM-934."""
    when, round_, update = reviewed.stored[0]
    assert 0 == round_
    assert when > 2
    assert describe(update)[1:] == (reviewed.asked[0].norm, reviewed.asked[0].largest)
    assert reviewed.asked[0].largest > 0


def test_what_nobody_approves_is_replaced_in_time(reviewed):
    """An update that changes nothing keeps the stake; what was trained never leaves. GM-934."""
    _, round_, update = reviewed.stored[1]
    assert 1 == round_
    assert 0 == describe(update)[2]
    assert any(
        isinstance(trouble, ProtocolError) and "nobody approved" in str(trouble) for trouble in reviewed.holder.troubles
    )
    assert Phase.CLOSED is reviewed.state().phase
    reviewed.withdraw_all()
    assert reviewed.holder.account.token.balance() >= reviewed.terms.holder_stake


def test_a_submission_names_the_seats_it_is_sealed_to(reviewed):
    """All of the bench, and two thirds of it as threshold."""
    asked = reviewed.asked[0]
    assert {v.address for v in reviewed.validators} == set(asked.seats)
    assert 2 == asked.threshold
    assert reviewed.holder.address == asked.address


def test_help_of_inspect_loads_no_heavy_library():
    """Reading a file of facts loads neither torch nor web3. GM-801."""
    code = "import sys, client.outgoing; print({'torch', 'web3', 'eth'} & set(sys.modules))"
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, env=dict(os.environ)
    )
    assert "set()" == done.stdout.strip()
