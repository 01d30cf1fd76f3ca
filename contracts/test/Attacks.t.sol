// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IReferee} from "../interfaces/IReferee.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Disputes} from "./Disputes.sol";
import {Terms} from "./Terms.sol";

/// @title What somebody might try with disputes, and what comes of it.
contract AttacksTest is Disputes {
    /// @dev A challenger that answers itself has its bond back and nothing else: it has bought two turns of delay.
    function test_answeringOneselfGainsNothing() public {
        _toChallenge();
        bytes32 id = _dispute(challenger, "H", WHAT);
        vm.warp(_now() + TURN);
        _answer(challenger, "H", id, WHAT);
        vm.warp(_now() + TURN + 1);
        _close("H", id, WHAT);
        vm.assertEq(PURSE, _balance(challenger), "as before");
        _settleOn("H");
        vm.assertEq(1, market.seatOf(bounty, 0).halves, "and all are paid");
    }

    /// @dev Disputes that run side by side delay no longer than one does: each has its own clock, and none starts after the window.
    function test_manyDisputesDelayNoLongerThanOne() public {
        _toChallenge();
        vm.warp(_view().deadline);
        bytes32[] memory ids = new bytes32[](8);
        for (uint256 i = 0; i < 8; ++i) {
            ids[i] = _dispute(challenger, "H", WHAT + i);
        }
        for (uint256 i = 0; i < 8; ++i) {
            _answer(defender, "H", ids[i], WHAT + i);
        }
        vm.warp(_now() + TURN + 1);
        for (uint256 i = 0; i < 8; ++i) {
            _close("H", ids[7 - i], WHAT + 7 - i);
        }
        vm.assertEq(PURSE + 36 * STEP, _balance(defender), "1 + 2 + ... + 8 bonds");
        _settleOn("H");
    }

    /// @dev Who lied disputes its own sheet, answers and loses: that shields it from nothing.
    function test_disputingOnesOwnSheetShieldsNothing() public {
        _toBench("AAH");
        address liar = _validatorOf(0);
        bytes32 id = _dispute(liar, "A", WHAT);
        _answer(liar, "A", id, WHAT);
        _disprove(challenger, "A");
        _close("A", id, WHAT);
        _pass();
        _settleOn("H");
        vm.assertEq(PURSE + TICKET, _balance(challenger), "the reward");
        _assertLost(0, 100);
        _assertLost(1, 100);
    }

    /// @dev The honest sheet is disputed by liars: answers save it, and every bond goes to whoever gave them.
    function test_liarsPayForDisputingTheHonestSheet() public {
        _toBench("HHA");
        address liar = _validatorOf(2);
        bytes32 first = _dispute(liar, "H", WHAT);
        bytes32 second = _dispute(liar, "H", FRAME);
        _answer(defender, "H", first, WHAT);
        IReferee.Case memory given = _case("H");
        vm.prank(defender);
        referee.answer(given, second, FRAME, "");
        _demand(liar, "H", first, WHAT, WHAT + 1);
        _answer(defender, "H", first, WHAT + 1);
        vm.warp(_now() + TURN + 1);
        _close("H", first, WHAT + 1);
        _close("H", second, FRAME);
        vm.assertEq(PURSE + 3 * STEP, _balance(defender), "both bonds");
        _pass();
        _settleOn("H");
        _assertLost(2, 20);
    }

    /// @dev Nobody takes a bond away before its dispute is over: not by another token, not by closing it as another one's.
    function test_aBondStaysUntilTheEnd() public {
        _toBench("AAH");
        bytes32 first = _dispute(challenger, "A", WHAT);
        bytes32 second = _dispute(rival, "H", WHAT);
        _disprove(rival, "A");
        IReferee.Case memory honest = _case("H");
        IReferee.Case memory lie = _case("A");
        _refusal(IReferee.Referee_WrongSubject.selector, second);
        referee.close(lie, address(token), second, WHAT);
        _refusal(IReferee.Referee_TooEarly.selector, second, _now() + TURN + 1);
        referee.close(honest, address(token), second, WHAT);
        _refusal(IVault.Vault_ZeroAmount.selector);
        referee.close(lie, address(this), first, WHAT);
        _close("A", first, WHAT);
        _refusedTurn(first, IReferee.Turn.Over);
        referee.close(lie, address(token), first, WHAT);
        vm.assertEq(PURSE, _balance(challenger), "once");
        vm.assertEq(2 * STEP, _disputeOf(second).bond, "untouched");
    }

    /// @dev A dispute that is over is not used up by a later round: the same sheet's hash names its round, and so does the dispute.
    function test_disputesOfAnEarlierRoundAreOver() public {
        _toBench("HHA");
        bytes32 old = _dispute(challenger, "H", WHAT);
        IReferee.Case memory given = _case("H");
        _answer(defender, "H", old, WHAT);
        vm.warp(_now() + TURN + 1);
        _close("H", old, WHAT);
        _pass();
        _settleOn("H");
        _serve(2);
        vm.roll(_view().drawBlock + 1);
        market.draw(bounty, Terms.pack(terms));
        _acknowledge(2);
        _playBench("HHH");
        _assertCounts(0, 0);
        bytes32 id = _dispute(challenger, "H", WHAT);
        vm.assertTrue(id != old, "another one");
        vm.assertEq(STEP, _disputeOf(id).bond, "bonds start anew");
        _refusedTurn(old, IReferee.Turn.Over);
        referee.close(given, address(token), old, WHAT);
        _refusal(IReferee.Referee_WrongSubject.selector, id);
        referee.close(given, address(token), id, WHAT);
        _assertPhase(IMarket.Phase.Dispute);
    }
}
