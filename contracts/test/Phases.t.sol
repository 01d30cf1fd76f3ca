// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IReferee} from "../interfaces/IReferee.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";

/// @title Every act in every phase: what does not belong is refused, and whatever phase everybody falls silent in, all goes home.
contract PhasesTest is Path {
    enum Act {
        Draw,
        Acknowledge,
        Join,
        Leave,
        OpenRound,
        Submit,
        OpenShard,
        Attest,
        Rebut,
        Commit,
        Reveal,
        Agree,
        Settle,
        Serve,
        Advance,
        ClaimHeld
    }

    function _to(IMarket.Phase phase) private {
        if (phase == IMarket.Phase.Draw) _post();
        else if (phase == IMarket.Phase.Acknowledge) _toAcknowledge();
        else if (phase == IMarket.Phase.Join) _toJoinWithHolders();
        else if (phase == IMarket.Phase.Submit) _toSubmit();
        else if (phase == IMarket.Phase.Attest) _toAttest();
        else if (phase == IMarket.Phase.Rebut) _toRebut();
        else if (phase == IMarket.Phase.Commit) _toCommitPhase();
        else if (phase == IMarket.Phase.Reveal) _toReveal();
        else if (phase == IMarket.Phase.Challenge) _toChallenge();
        else if (phase == IMarket.Phase.Dispute) _toDispute();
        else if (phase == IMarket.Phase.Serve) _toServe();
        else _toClosed();
        _assertPhase(phase);
    }

    function _toAcknowledge() private {
        _post();
        vm.roll(_view().drawBlock + 1);
        market.draw(bounty, Terms.pack(terms));
    }

    function _toJoinWithHolders() private {
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
    }

    function _toRebut() private {
        _toAttest();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attestAs(seat, 7, false);
        }
    }

    function _toClosed() private {
        terms.rounds = 1;
        _toServe();
        _serve(3);
    }

    function _callOf(Act act) private view returns (address who, bytes memory call) {
        address val = _view().phase == IMarket.Phase.Draw ? validators[0] : _validatorOf(0);
        if (act == Act.Draw) return (stranger, abi.encodeCall(market.draw, (bounty, Terms.pack(terms))));
        if (act == Act.Acknowledge) {
            return (val, abi.encodeCall(market.acknowledge, (bounty, Terms.pack(terms), 0, 0, SOME)));
        }
        if (act == Act.Join) {
            return (holders[3], abi.encodeCall(market.join, (bounty, Terms.pack(terms), 3, SOME, new bytes32[](0))));
        }
        if (act == Act.Leave) {
            return (holders[0], abi.encodeCall(market.leave, (bounty, Terms.pack(terms), holders[0])));
        }
        if (act == Act.OpenRound) {
            return (owner, abi.encodeCall(market.openRound, (bounty, Terms.pack(terms), 7, SOME, SOME)));
        }
        if (act == Act.Submit) return (holders[0], abi.encodeCall(market.submit, (bounty, SOME, SOME)));
        if (act == Act.OpenShard) return (owner, abi.encodeCall(market.openShard, (bounty, Terms.pack(terms), SOME)));
        if (act == Act.Attest) {
            return (val, abi.encodeCall(market.attest, (bounty, Terms.pack(terms), 0, 7, true, SOME)));
        }
        if (act == Act.Rebut) {
            return (
                owner,
                abi.encodeCall(
                    market.rebut, (bounty, Terms.pack(terms), Terms.roots(terms), SOME, SOME, SOME, new bytes32[](0))
                )
            );
        }
        if (act == Act.Commit) return (val, abi.encodeCall(market.commit, (bounty, 0, SOME)));
        if (act == Act.Reveal) {
            return (val, abi.encodeCall(market.reveal, (bounty, Terms.pack(terms), 0, _rejectedSheet(), SOME)));
        }
        if (act == Act.Agree) return (val, abi.encodeCall(market.agree, (bounty, 0, SOME)));
        if (act == Act.Settle) {
            return (stranger, abi.encodeCall(market.settle, (bounty, Terms.pack(terms), _rejectedSheet())));
        }
        if (act == Act.Serve) return (val, abi.encodeCall(market.serve, (bounty, 0, SOME)));
        if (act == Act.Advance) return (stranger, abi.encodeCall(market.advance, (bounty, Terms.pack(terms))));
        return (stranger, abi.encodeCall(market.claimHeld, (bounty, Terms.pack(terms), holders[0])));
    }

    /// @dev Whether an act has its place in a phase, be it too early or otherwise impossible there.
    function _belongs(Act act, IMarket.Phase phase) private pure returns (bool) {
        if (act == Act.Draw) return phase == IMarket.Phase.Draw;
        if (act == Act.Acknowledge) return phase == IMarket.Phase.Acknowledge;
        if (act == Act.Join || act == Act.OpenRound) return phase == IMarket.Phase.Join;
        if (act == Act.Leave) return phase == IMarket.Phase.Join || phase == IMarket.Phase.Closed;
        if (act == Act.Submit || act == Act.OpenShard) return phase == IMarket.Phase.Submit;
        if (act == Act.Attest) return phase == IMarket.Phase.Attest;
        if (act == Act.Rebut) return phase == IMarket.Phase.Rebut;
        if (act == Act.Commit) return phase == IMarket.Phase.Commit;
        if (act == Act.Reveal || act == Act.Agree) return phase == IMarket.Phase.Reveal;
        if (act == Act.Settle) return phase == IMarket.Phase.Challenge;
        if (act == Act.Serve) return phase == IMarket.Phase.Serve;
        if (act == Act.ClaimHeld) return phase == IMarket.Phase.Closed;
        return true;
    }

    /// @dev Who is there at all comes first: before the bench is full nobody has a seat, before joining nobody is joined.
    function _expectedError(Act act, IMarket.Phase phase, address who) private view returns (bytes memory) {
        bool early = phase < IMarket.Phase.Join;
        bool seatsAct = act == Act.Attest || act == Act.Commit || act == Act.Serve;
        if (early && seatsAct) {
            return abi.encodeWithSelector(IMarket.Market_NotSeat.selector, bounty, 0, who);
        }
        if (early && (act == Act.Submit || act == Act.Leave)) {
            return abi.encodeWithSelector(IMarket.Market_NotJoined.selector, bounty, who);
        }
        return abi.encodeWithSelector(IMarket.Market_WrongPhase.selector, bounty, phase);
    }

    function _tryEverything(IMarket.Phase phase) private {
        _to(phase);
        bytes32 before = keccak256(abi.encode(_view()));
        for (uint256 i = 0; i <= uint256(type(Act).max); ++i) {
            Act act = Act(i);
            if (_belongs(act, phase)) continue;
            (address who, bytes memory call) = _callOf(act);
            vm.prank(who);
            (bool done, bytes memory answer) = address(market).call(call);
            vm.assertFalse(done, "refused");
            vm.assertEq(keccak256(_expectedError(act, phase, who)), keccak256(answer), "with this reason");
        }
        vm.assertEq(before, keccak256(abi.encode(_view())), "nothing changed");
    }

    /// @dev What belongs to another phase is refused. GM-205.
    function test_nothingElseWhileDrawing() public {
        _tryEverything(IMarket.Phase.Draw);
        _refused(IMarket.Market_NothingToDo.selector);
        market.advance(bounty, Terms.pack(terms));
    }

    /// @dev What belongs to another phase is refused. GM-205.
    function test_nothingElseWhileAcknowledging() public {
        _tryEverything(IMarket.Phase.Acknowledge);
    }

    /// @dev What belongs to another phase is refused. GM-205.
    function test_nothingElseWhileJoining() public {
        _tryEverything(IMarket.Phase.Join);
    }

    /// @dev What belongs to another phase is refused. GM-205.
    function test_nothingElseWhileSubmitting() public {
        _tryEverything(IMarket.Phase.Submit);
    }

    /// @dev What belongs to another phase is refused. GM-205.
    function test_nothingElseWhileAttesting() public {
        _tryEverything(IMarket.Phase.Attest);
    }

    /// @dev What belongs to another phase is refused. GM-205.
    function test_nothingElseWhileRebutting() public {
        _tryEverything(IMarket.Phase.Rebut);
    }

    /// @dev What belongs to another phase is refused. GM-205.
    function test_nothingElseWhileCommitting() public {
        _tryEverything(IMarket.Phase.Commit);
    }

    /// @dev What belongs to another phase is refused. GM-205.
    function test_nothingElseWhileRevealing() public {
        _tryEverything(IMarket.Phase.Reveal);
    }

    /// @dev What belongs to another phase is refused. GM-205.
    function test_nothingElseWhileChallenging() public {
        _tryEverything(IMarket.Phase.Challenge);
        uint256 notBefore = uint256(_view().deadline) + 1;
        _refused(IMarket.Market_TooEarly.selector, notBefore);
        market.advance(bounty, Terms.pack(terms));
        _pass();
        _refused(IMarket.Market_NothingToDo.selector);
        market.advance(bounty, Terms.pack(terms));
    }

    /// @dev What belongs to another phase is refused: a disputed round is not settled, nor pushed on. GM-205.
    function test_nothingElseWhileDisputed() public {
        _tryEverything(IMarket.Phase.Dispute);
        _pass();
        _refused(IMarket.Market_NothingToDo.selector);
        market.advance(bounty, Terms.pack(terms));
        _refusedInPhase(IMarket.Phase.Dispute);
        market.settle(bounty, Terms.pack(terms), _rejectedSheet());
    }

    /// @dev What belongs to another phase is refused. GM-205.
    function test_nothingElseWhileServing() public {
        _tryEverything(IMarket.Phase.Serve);
    }

    /// @dev The end is the end.
    function test_nothingAfterTheEnd() public {
        _tryEverything(IMarket.Phase.Closed);
        _refused(IMarket.Market_NothingToDo.selector);
        market.advance(bounty, Terms.pack(terms));
    }

    // ---------------------------------------------------------------- silence
    /// @dev From every phase on nobody does anything any more but a stranger who pushes: the bounty ends, within the deadlines,
    /// and every token of its account finds its owner. GM-118, GM-207.
    function test_silenceSendsEverybodyHome() public {
        for (uint256 p = uint256(IMarket.Phase.Draw); p <= uint256(IMarket.Phase.Closed); ++p) {
            _startAnew();
            _to(IMarket.Phase(p));
            IMarket.Sheet memory sheet = _goodSheet();
            uint256 latest = vm.getBlockTimestamp() + 4 * (101 + 2 * 1200);
            while (_view().phase != IMarket.Phase.Closed) _push(sheet);
            vm.assertTrue(vm.getBlockTimestamp() <= latest, "within the deadlines");
            _assertSound();
            _sendEverybodyHome();
            vm.assertEq(0, _balance(bounty), "nothing stays");
        }
    }

    function _startAnew() private {
        delete holders;
        delete validators;
        delete accounts;
        setUp();
    }

    function _push(IMarket.Sheet memory sheet) private {
        IMarket.BountyView memory b = _view();
        vm.roll(b.drawBlock + 1);
        vm.warp(uint256(b.deadline == 0 ? vm.getBlockTimestamp() : b.deadline) + 106);
        IReferee.Case memory given = _caseOf(sheet);
        bool fallen = market.seatOf(bounty, 0).word == 0;
        vm.prank(stranger);
        if (b.phase == IMarket.Phase.Draw) market.draw(bounty, Terms.pack(terms));
        else if (b.phase == IMarket.Phase.Dispute) referee.close(given, address(token), accounts[0], FRAME);
        else if (b.phase == IMarket.Phase.Challenge && !fallen) market.settle(bounty, Terms.pack(terms), sheet);
        else market.advance(bounty, Terms.pack(terms));
    }

    function _sendEverybodyHome() private {
        if (market.resultOf(bounty, 0) != 0) {
            for (uint256 i = 0; i < 3; ++i) {
                _claim(0, i);
            }
        }
        for (uint256 i = 0; i < 3; ++i) {
            if (market.holderOf(bounty, holders[i]).joined) market.leave(bounty, Terms.pack(terms), holders[i]);
            if (market.holderOf(bounty, holders[i]).held != 0) market.claimHeld(bounty, Terms.pack(terms), holders[i]);
        }
        for (uint256 seat = 0; seat < 3; ++seat) {
            if (market.seatOf(bounty, seat).halves != 0) market.collect(bounty, Terms.pack(terms), seat);
        }
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            _redeem(i);
        }
    }

    /// @dev No ticket stays locked: it is live, or leaves already.
    function _redeem(uint256 ticket) private {
        bytes32 pool = registry.poolOf(address(token), terms.ticketStake);
        address val = registry.ticketOf(pool, ticket).validator;
        if (registry.ticketOf(pool, ticket).freeAt == 0) {
            vm.prank(val);
            registry.leave(address(token), terms.ticketStake, ticket);
        }
        vm.warp(vm.getBlockTimestamp() + registry.UNBONDING());
        registry.redeem(address(token), terms.ticketStake, ticket);
    }

    // ---------------------------------------------------------------- isolation
    /// @dev A whole bounty beside another one changes nothing of it. GM-119.
    function test_bountiesAreIsolated() public {
        vm.prank(owner);
        bytes32 other = market.post("other", Terms.posted(terms), SOME);
        bytes32 before = keccak256(abi.encode(market.bountyOf(other), _balance(other)));
        _toClosed();
        vm.assertEq(before, keccak256(abi.encode(market.bountyOf(other), _balance(other))), "as before");
        vm.assertTrue(bounty != other, "two bounties");
    }
}
