// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IAnswers} from "../interfaces/IAnswers.sol";
import {IJudge} from "../interfaces/IJudge.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {IReferee} from "../interfaces/IReferee.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";

/// @title Benches that disagree, and the words for bringing sheets down. After every step all sums are checked.
/// @dev A bench is written seat by seat: `H` reveals the good sheet, `A` and `B` wrong ones, `S` and `T` the good
/// one under other salts, `.` commits and never reveals, `-` does not
/// commit, `x` had said that it could not score. The first to reveal leads. Judges were taught nothing but that there is something
/// to demand at `WHAT` and nine places after it: what is to convince them, a test teaches.
abstract contract Disputes is Path {
    uint256 internal constant TURN = 109; // the phase of revealing
    uint256 internal constant STEP = 200; // a tenth of TICKET
    uint256 internal constant WHAT = (5 << 72) + 7; // some demand
    uint256 internal constant AT = 0x13; // a step that the first judge of sheets decides about
    bytes internal constant PROOF = "proof";

    address internal challenger; // has money, and no part in the bounty
    address internal rival; // likewise
    address internal defender; // likewise
    uint256[] internal tickets; // of the seats, before anybody lost one

    function setUp() public virtual override {
        super.setUp();
        (challenger, defender) = (stranger, holders[3]);
        rival = _person("rival", 0);
        holders.push(rival); // counted with the others
        for (uint256 i = 0; i < 10; ++i) {
            _teachExists(WHAT + i);
        }
    }

    /// @dev For tests that go through several benches.
    function _newBench() internal {
        delete holders;
        delete validators;
        delete tickets;
        delete accounts;
        setUp();
    }

    // ---------------------------------------------------------------- benches
    /// @dev To `Challenge`, or wherever the round goes instead.
    function _toBench(bytes memory bench) internal {
        terms.seats = uint8(bench.length);
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            tickets.push(market.seatOf(bounty, seat).ticket);
        }
        _playBench(bench);
    }

    /// @dev From `Join` on.
    function _playBench(bytes memory bench) internal {
        _openRound();
        for (uint256 i = 0; i < 3; ++i) {
            _submit(i);
        }
        _openShard();
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            _attestAs(seat, 7, bench[seat] != "x");
        }
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            if (bench[seat] != "-" && bench[seat] != "x") _commit(seat, _sheetOf(bench[seat]));
        }
        if (_view().phase == IMarket.Phase.Commit) _advanceAfterDeadline();
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            if (bench[seat] >= "A") _revealIfCommitted(seat, bench[seat]);
        }
        if (_view().phase == IMarket.Phase.Reveal) _advanceAfterDeadline();
        _assertSound();
    }

    function _revealIfCommitted(uint256 seat, bytes1 kind) private {
        if (kind != "x") _reveal(seat, _sheetOf(kind));
    }

    /// @dev Wrong sheets pay nobody who would be paid, and each is another one.
    function _sheetOf(bytes1 kind) internal view returns (IMarket.Sheet memory sheet) {
        sheet = _goodSheet();
        if (kind == "H" || kind == ".") return sheet;
        if (kind == "S" || kind == "T") {
            _salt(sheet, kind);
            if (kind == "T") (sheet.nextBaseRoot, sheet.aggregate) = (sheet.traceRoot, sheet.document);
            return sheet;
        }
        sheet.payoutRoot = keccak256(abi.encode("lie", kind));
        sheet.document = keccak256(abi.encode("story", kind));
    }

    function _case(bytes1 kind) internal view returns (IReferee.Case memory) {
        return _caseOf(_sheetOf(kind));
    }

    /// @dev The same case, told by whoever does not know the frame.
    function _unknown(bytes1 kind) internal view returns (IReferee.Case memory given) {
        given = _case(kind);
        given.frame = IJudge.Frame(0, 0, _sheetOf(kind).traceRoot);
    }

    function _hash(bytes1 kind) internal view returns (bytes32) {
        return market.sheetHashOf(bounty, _view().round, _sheetOf(kind));
    }

    // ---------------------------------------------------------------- what convinces judges
    function _teachWrong(IReferee.Case memory given, uint256 at, bytes memory proof) internal {
        judges[(at >> 4)
                & 7].teach(
            abi.encodeCall(IJudge.contradicts, (given.bounty, given.round, given.fieldsHash, given.frame, at, proof)),
            true
        );
    }

    function _teachExists(uint256 what) internal {
        judges[0].teach(abi.encodeCall(IAnswers.exists, (_frame(), what)), true);
    }

    function _teachAnswer(uint256 what, bytes memory content) internal {
        judges[0].teach(abi.encodeCall(IAnswers.answers, (_frame(), what, content)), true);
    }

    // ---------------------------------------------------------------- steps that succeed
    function _disprove(address who, bytes1 kind) internal {
        IReferee.Case memory given = _case(kind);
        _teachWrong(given, AT, PROOF);
        vm.prank(who);
        referee.disprove(given, AT, PROOF);
        _assertSound();
    }

    function _dispute(address who, bytes1 kind, uint256 what) internal returns (bytes32 id) {
        IReferee.Case memory given = _case(kind);
        vm.prank(who);
        id = referee.dispute(given, Terms.pack(terms), what);
        accounts.push(id);
        _assertSound();
    }

    function _answer(address who, bytes1 kind, bytes32 id, uint256 what) internal {
        IReferee.Case memory given = _case(kind);
        _teachAnswer(what, "content");
        vm.prank(who);
        referee.answer(given, id, what, "content");
        _assertSound();
    }

    function _demand(address who, bytes1 kind, bytes32 id, uint256 last, uint256 what) internal {
        IReferee.Case memory given = _case(kind);
        vm.prank(who);
        referee.demand(given, id, last, what);
        _assertSound();
    }

    function _close(bytes1 kind, bytes32 id, uint256 last) internal {
        IReferee.Case memory given = _case(kind);
        vm.prank(rival);
        referee.close(given, address(token), id, last);
        _assertSound();
    }

    function _settleOn(bytes1 kind) internal {
        IMarket.Sheet memory sheet = _sheetOf(kind);
        market.settle(bounty, Terms.pack(terms), sheet);
        _assertSound();
    }

    // ---------------------------------------------------------------- refusals: the next call reverts with exactly this
    function _refusal(bytes4 error_) internal {
        vm.expectRevert(abi.encodeWithSelector(error_));
    }

    function _refusal(bytes4 error_, bytes32 a) internal {
        vm.expectRevert(abi.encodeWithSelector(error_, a));
    }

    function _refusal(bytes4 error_, bytes32 a, uint256 b) internal {
        vm.expectRevert(abi.encodeWithSelector(error_, a, b));
    }

    function _refusedTurn(bytes32 id, IReferee.Turn turn) internal {
        vm.expectRevert(abi.encodeWithSelector(IReferee.Referee_WrongTurn.selector, id, turn));
    }

    function _refusedSheet(bytes32 sheetHash) internal {
        vm.expectRevert(abi.encodeWithSelector(IReferee.Referee_UnknownSheet.selector, bounty, sheetHash));
    }

    // ---------------------------------------------------------------- figures
    function _now() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    function _disputeOf(bytes32 id) internal view returns (IReferee.Dispute memory) {
        return referee.disputeOf(address(token), id);
    }

    function _assertTurn(bytes32 id, IReferee.Turn turn, uint256 deadline) internal view {
        IReferee.Dispute memory d = _disputeOf(id);
        vm.assertEq(uint256(turn), uint256(d.turn), "turn");
        vm.assertEq(deadline, d.deadline, "its deadline");
    }

    function _assertCounts(uint256 open, uint256 all) internal view {
        (uint256 open_, uint256 all_) = referee.countOf(bounty, _view().round);
        vm.assertEq(open, open_, "open disputes");
        vm.assertEq(all, all_, "all disputes");
    }

    /// @dev What the ticket that a seat had when the bench was full has left.
    function _assertLost(uint256 seat, uint256 percent) internal view {
        bytes32 pool = registry.poolOf(address(token), terms.ticketStake);
        IRegistry.Ticket memory t = registry.ticketOf(pool, tickets[seat]);
        vm.assertEq(TICKET - TICKET * percent / 100, t.stake, "what is left of the stake");
        IRegistry.TicketState state = percent == 0 ? IRegistry.TicketState.Seated : IRegistry.TicketState.Leaving;
        vm.assertEq(uint256(state), uint256(t.state), "state of the ticket");
    }
}
