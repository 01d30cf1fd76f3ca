// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IAnswers} from "../../interfaces/IAnswers.sol";
import {IJudge} from "../../interfaces/IJudge.sol";
import {IMarket} from "../../interfaces/IMarket.sol";
import {IReferee} from "../../interfaces/IReferee.sol";
import {Acts} from "./Acts.sol";
import {Terms} from "../Terms.sol";

/// @title What holders do to sheets: dispute, demand, answer, close, disprove. Again only what must succeed.
/// @dev A round has two sheets, one of which, both or none are wrong. Only wrong ones are disproved; right ones fall when nobody answers.
abstract contract Quarrels is Acts {
    uint256 private constant FRAME = 3 << 72;
    uint256 private constant AT_ONCE = 4; // disputes that are open

    function _quarrel(uint256 k, uint256 seed) internal returns (bool acted) {
        bytes32 id = current[k];
        IMarket.BountyView memory v = _viewOf(id);
        bool inTime = _now() <= v.deadline;
        if (v.phase != IMarket.Phase.Dispute && (v.phase != IMarket.Phase.Challenge || !inTime)) return false;
        bool other = _rarely(seed, 1, 2);
        bool stands = _standsFor(id, other) != 0;
        if (stands && _has(cases[id].wrong, other ? 1 : 0) && _rarely(seed, 2, 2)) {
            _disprove(id, other, holders[_mix(seed, 3) % HOLDERS], seed);
            acted = true;
        } else if (stands && inTime && cases[id].open < AT_ONCE && _rarely(seed, 4, 2)) {
            _dispute(id, other, holders[_mix(seed, 5) % HOLDERS], _rarely(seed, 6, 3) ? FRAME : _mix(seed, 7));
            acted = true;
        } else if (cases[id].open != 0) {
            acted = _goOn(id, _someOpen(id, seed), seed);
        }
        if (acted) _track(id);
    }

    /// @dev The seats whose sheet it is, as long as it stands.
    function _standsFor(bytes32 id, bool other) internal view returns (uint256 seats) {
        Case storage c = cases[id];
        bytes32 sheetHash = market.sheetHashOf(id, _viewOf(id).round, _sheetOf(c, other));
        for (uint256 seat = 0; seat < c.terms.seats; ++seat) {
            if (_seatOf(id, seat).word == sheetHash) seats |= 1 << seat;
        }
    }

    // ---------------------------------------------------------------- single steps
    function _disprove(bytes32 id, bool other, address who, uint256 seed) private {
        Case storage c = cases[id];
        IReferee.Case memory given = _given(c, id, other);
        uint256 at = (1 + _mix(seed, 20) % 5 << 4) + (_mix(seed, 21) << 8);
        bytes memory proof = abi.encode(seed);
        judges[(at >> 4)
                & 7].teach(
            abi.encodeCall(IJudge.contradicts, (id, given.round, given.fieldsHash, given.frame, at, proof)), true
        );
        _bringDown(c, id, other, who);
        vm.prank(who);
        referee.disprove(given, at, proof);
        ++counts["disproved"];
    }

    function _dispute(bytes32 id, bool other, address who, uint256 what) private {
        Case storage c = cases[id];
        Terms.Fields memory t = _termsOf(id);
        IReferee.Case memory given = _given(c, id, other);
        c.disputed = c.disputedRound == given.round + 1 ? c.disputed + 1 : 1;
        c.disputedRound = given.round + 1;
        if (what != FRAME) _teachExists(what);
        uint256 bond = c.disputed * ((uint256(t.ticketStake) + 9) / 10);
        vm.prank(who);
        bytes32 dispute = referee.dispute(given, Terms.pack(t), what);
        quarrels.push(Quarrel(dispute, id, other, true, who, address(0), bond, what));
        c.due[who] -= int256(bond);
        c.open += 1;
        ++counts["disputed"];
    }

    /// @dev The next step of an open dispute. False: it is to wait for its deadline.
    function _goOn(bytes32 id, uint256 n, uint256 seed) private returns (bool) {
        Quarrel storage q = quarrels[n];
        IReferee.Dispute memory d = referee.disputeOf(address(token), q.id);
        bool stands = _standsFor(id, q.other) != 0;
        if (!stands || _now() > d.deadline) _close(n);
        else if (d.turn == IReferee.Turn.Defence) _answer(q, holders[_mix(seed, 31) % HOLDERS], seed);
        else if (d.demands < 128 && !_rarely(seed, 32, 4)) _demand(q, _mix(seed, 33));
        else return false;
        return true;
    }

    function _answer(Quarrel storage q, address who, uint256 seed) private {
        IReferee.Case memory given = _given(cases[q.bounty], q.bounty, q.other);
        bytes memory content = abi.encode(seed);
        judges[0].teach(abi.encodeCall(IAnswers.answers, (given.frame, q.last, content)), true);
        vm.prank(who);
        referee.answer(given, q.id, q.last, content);
        q.defender = who;
        ++counts["answered"];
    }

    function _teachExists(uint256 what) private {
        judges[0].teach(abi.encodeCall(IAnswers.exists, (_frame(), what)), true);
    }

    function _demand(Quarrel storage q, uint256 what) private {
        IReferee.Case memory given = _given(cases[q.bounty], q.bounty, q.other);
        _teachExists(what);
        vm.prank(q.challenger);
        referee.demand(given, q.id, q.last, what);
        q.last = what;
        ++counts["demanded"];
    }

    /// @dev By a stranger. Who gets the bond is told from the books.
    function _close(uint256 n) internal {
        Quarrel storage q = quarrels[n];
        Case storage c = cases[q.bounty];
        IReferee.Case memory given = _given(c, q.bounty, q.other);
        bool moot = _standsFor(q.bounty, q.other) == 0;
        bool silent = !moot && referee.disputeOf(address(token), q.id).turn == IReferee.Turn.Defence;
        if (silent) _bringDown(c, q.bounty, q.other, q.challenger);
        referee.close(given, address(token), q.id, q.last);
        c.due[moot || silent ? q.challenger : q.defender] += int256(q.bond);
        c.open -= 1;
        q.open = false;
        ++counts[moot ? bytes32("moot") : silent ? bytes32("upheld") : bytes32("dismissed")];
    }

    /// @dev The books of a sheet that falls. To be called before it does.
    function _bringDown(Case storage c, bytes32 id, bool other, address who) private {
        uint256 seats = _standsFor(id, other);
        c.fallen |= seats;
        for (uint256 seat = 0; seat < c.terms.seats; ++seat) {
            if (_has(seats, seat)) c.fallenBy[seat] = who;
        }
        fell[market.sheetHashOf(id, _viewOf(id).round, _sheetOf(c, other))] = true;
    }

    // ---------------------------------------------------------------- the end of disputes
    /// @dev Lets all turns run out. Afterwards the round is settled, or void.
    function _closeAll(bytes32 id) internal {
        for (uint256 n = quarrels.length; n > 0 && cases[id].open != 0; --n) {
            Quarrel storage q = quarrels[n - 1];
            if (!q.open || q.bounty != id) continue;
            if (_standsFor(id, q.other) != 0) _warpPast(referee.disputeOf(address(token), q.id).deadline);
            _close(n - 1);
            _track(id);
        }
    }

    function _someOpen(bytes32 id, uint256 seed) private view returns (uint256) {
        uint256 skip = _mix(seed, 40) % cases[id].open;
        for (uint256 n = quarrels.length; n > 0; --n) {
            if (!quarrels[n - 1].open || quarrels[n - 1].bounty != id) continue;
            if (skip == 0) return n - 1;
            --skip;
        }
        revert("fewer are open than were opened");
    }

    function _given(Case storage c, bytes32 id, bool other) private view returns (IReferee.Case memory) {
        return IReferee.Case(id, _viewOf(id).round, keccak256(abi.encode(_sheetOf(c, other))), _frame());
    }
}
