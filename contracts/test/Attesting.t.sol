// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Path} from "./Path.sol";
import {Trees} from "./fuzz/Trees.sol";
import {Terms} from "./Terms.sol";

/// @title The shard opens, and seats say what they hold.
contract AttestingTest is Path {
    function _openShardAs(address who, bytes32 document) private {
        vm.prank(who);
        market.openShard(bounty, Terms.pack(terms), document);
    }

    function _attestFrom(address who, uint256 seat, uint128 bitmap, bytes32 document) private {
        vm.prank(who);
        market.attest(bounty, Terms.pack(terms), seat, bitmap, true, document);
    }

    function _rebut(address who, bytes32 key) private {
        bytes32[] memory proof = Trees.proof(_shardRow(), _view().round);
        vm.prank(who);
        market.rebut(bounty, Terms.pack(terms), Terms.roots(terms), key, SOME, SOME, proof);
    }

    function _toRebut() private {
        _toAttest();
        _attestAs(0, 7, true);
        _attestAs(1, 7, false);
        _attestAs(2, 7, false);
    }

    // ---------------------------------------------------------------- the shard
    /// @dev The owner opens the shard after submissions closed and before its own deadline. GM-206.
    function test_openingTheShardHasItsRules() public {
        _toSubmit();
        for (uint256 i = 0; i < 3; ++i) {
            _submit(i);
        }
        uint256 deadline = _view().deadline;
        _refused(IMarket.Market_NotOwner.selector, stranger);
        _openShardAs(stranger, SOME);
        _refused(IMarket.Market_TooEarly.selector, deadline + 1);
        _openShardAs(owner, SOME);
        vm.warp(deadline + 1);
        _refusedZeroDigest();
        _openShardAs(owner, 0);
        vm.warp(deadline + 105 + 1);
        _refused(IMarket.Market_TooLate.selector, deadline + 105);
        _openShardAs(owner, SOME);
        vm.warp(deadline + 105);
        _openShardAs(owner, SOME);
        _assertPhase(IMarket.Phase.Attest);
        _refusedInPhase(IMarket.Phase.Attest);
        _openShardAs(owner, SOME);
    }

    /// @dev An owner that does not open the shard compensates those who submitted; the others lose their stake as always.
    /// GM-211.
    function test_anOwnerThatDoesNotOpenTheShardPaysForIt() public {
        _toSubmit();
        _submit(0);
        _submit(1);
        uint256 deadline = _view().deadline;
        _pass();
        _refused(IMarket.Market_TooEarly.selector, deadline + 105 + 1);
        market.advance(bounty, Terms.pack(terms));
        vm.warp(deadline + 105 + 1);
        market.advance(bounty, Terms.pack(terms));
        _assertClosed(IMarket.CloseReason.OwnerDefault);
        _assertSettled(0, false);
        _assertSound();
        for (uint256 i = 0; i < 3; ++i) {
            market.leave(bounty, Terms.pack(terms), holders[i]);
        }
        vm.assertEq(PURSE + COMPENSATION, _balance(holders[0]), "submitted");
        vm.assertEq(PURSE + COMPENSATION, _balance(holders[1]), "submitted");
        vm.assertEq(PURSE - STAKE, _balance(holders[2]), "did not");
        vm.assertEq(STAKE + BOND - 2 * COMPENSATION, _burned(), "a stake, and the rest of the bond");
        vm.assertEq(0, _balance(bounty), "nothing stays");
    }

    // ---------------------------------------------------------------- attesting
    /// @dev What two of three seats hold is included, whatever else they say. GM-213.
    function test_whatAThresholdHoldsIsIncluded() public {
        _toAttest();
        _attestAs(0, 1, true);
        _attestAs(1, 3, true);
        vm.assertEq(3, market.seatOf(bounty, 1).attested, "seen");
        vm.assertEq(0, market.seatOf(bounty, 2).attested, "not yet");
        _assertPhase(IMarket.Phase.Attest);
        _attestAs(2, 6, true);
        _assertPhase(IMarket.Phase.Commit);
        vm.assertEq(3, _view().included, "0 and 1 twice, 2 once");
    }

    /// @dev The same of the first holder alone. GM-111.
    function test_theFirstHolderExcludedPaysNoFee() public {
        _toAttest();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attestAs(seat, 6, true);
        }
        IMarket.Sheet memory sheet = _rejectedSheet();
        sheet.included = 6;
        _settle(sheet);
        vm.assertEq(2, market.holderOf(bounty, holders[0]).prepaid, "the first holder's fee is not used");
        vm.assertEq(1, market.holderOf(bounty, holders[1]).prepaid, "the second's is");
    }

    /// @dev Submissions that were not included pay no fee. GM-111.
    function test_excludedSubmissionsPayNoFee() public {
        _toAttest();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attestAs(seat, 3, true);
        }
        IMarket.Sheet memory sheet = _rejectedSheet();
        sheet.included = 3;
        _settle(sheet);
        vm.assertEq(1, market.holderOf(bounty, holders[0]).prepaid, "one of two fees is used");
        vm.assertEq(2, market.holderOf(bounty, holders[2]).prepaid, "but the third holder's");
        _assertSound();
        vm.prank(holders[2]);
        market.leave(bounty, Terms.pack(terms), holders[2]);
        vm.assertEq(PURSE, _balance(holders[2]), "nothing was paid");
        vm.prank(holders[1]);
        market.leave(bounty, Terms.pack(terms), holders[1]);
        vm.assertEq(PURSE - FEE, _balance(holders[1]), "a fee was");
        _assertSound();
    }

    /// @dev Silence is no attestation: at the deadline those who spoke decide.
    function test_attestingEndsAtTheDeadline() public {
        _toAttest();
        _attestAs(0, 7, true);
        _attestAs(1, 3, true);
        _advanceAfterDeadline();
        _assertPhase(IMarket.Phase.Commit);
        vm.assertEq(3, _view().included, "two of three");
    }

    /// @dev With fewer included submissions than the least number the round is void: the aggregate would be a single update.
    /// GM-209.
    function test_tooFewIncludedVoidTheRound() public {
        _toAttest();
        _attestAs(0, 7, true);
        _advanceAfterDeadline();
        _assertSettled(0, false);
        _assertPhase(IMarket.Phase.Join);
        for (uint256 seat = 0; seat < 3; ++seat) {
            vm.assertEq(TICKET, _ticketOf(seat).stake, "silence costs nothing here");
        }
        _assertSound();
    }

    /// @dev A seat attests once, in time, to what was submitted, and names its shares if it has any. GM-304.
    function test_attestingHasItsRules() public {
        _toSubmit();
        for (uint256 i = 0; i < 3; ++i) {
            _submit(i);
        }
        address val = _validatorOf(0);
        _refusedInPhase(IMarket.Phase.Submit);
        _attestFrom(val, 0, 7, SOME);
        _openShard();
        _refused(IMarket.Market_NotSeat.selector, 0, stranger);
        _attestFrom(stranger, 0, 7, SOME);
        _refused(IMarket.Market_NotSeat.selector, 1, val);
        _attestFrom(val, 1, 7, SOME);
        _refused(IMarket.Market_BadBitmap.selector, 8);
        _attestFrom(val, 0, 8, SOME);
        _refusedZeroDigest();
        _attestFrom(val, 0, 1, 0);
        _attestFrom(val, 0, 0, 0);
        _refused(IMarket.Market_AlreadyActed.selector, 0);
        _attestFrom(val, 0, 7, SOME);
        uint256 deadline = _view().deadline;
        _pass();
        val = _validatorOf(1);
        _refused(IMarket.Market_TooLate.selector, deadline);
        _attestFrom(val, 1, 7, SOME);
    }

    // ---------------------------------------------------------------- "not opened"
    /// @dev A majority of seats makes the owner answer; the right key is an answer. GM-212.
    function test_theRightKeyIsAnAnswer() public {
        _toRebut();
        _assertPhase(IMarket.Phase.Rebut);
        vm.assertEq(7, _view().included, "fixed already");
        _rebut(owner, _shardKey(0));
        _assertPhase(IMarket.Phase.Commit);
    }

    /// @dev A minority does not.
    function test_aMinorityMakesNobodyAnswer() public {
        _toAttest();
        _attestAs(0, 7, false);
        _attestAs(1, 7, true);
        _attestAs(2, 7, true);
        _assertPhase(IMarket.Phase.Commit);
    }

    /// @dev The answer is the owner's, in time, with the key of this round's shard.
    function test_rebuttingHasItsRules() public {
        bytes32 right = _shardKey(0);
        bytes32 wrong = _shardKey(1);
        _toAttest();
        _refusedInPhase(IMarket.Phase.Attest);
        _rebut2(owner, right);
        _attestAs(0, 7, true);
        _attestAs(1, 7, false);
        _attestAs(2, 7, false);
        _refused(IMarket.Market_NotOwner.selector, stranger);
        _rebut2(stranger, right);
        _refused(IMarket.Market_BadKey.selector);
        _rebut2(owner, wrong);
        bytes32[] memory short = new bytes32[](0);
        vm.prank(owner);
        _refused(IMarket.Market_BadKey.selector);
        market.rebut(bounty, Terms.pack(terms), Terms.roots(terms), right, SOME, SOME, short);
        uint256 deadline = _view().deadline;
        _pass();
        _refused(IMarket.Market_TooLate.selector, deadline);
        _rebut2(owner, right);
    }

    /// @dev As `_rebut` for the first round, without a call of its own.
    function _rebut2(address who, bytes32 key) private {
        vm.prank(who);
        market.rebut(bounty, Terms.pack(terms), Terms.roots(terms), key, SOME, SOME, Trees.proof(_shardRow(), 0));
    }

    /// @dev The answer does not help when too few submissions are included.
    function test_anAnswerDoesNotReplaceSubmissions() public {
        _toAttest();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attestAs(seat, 1, false);
        }
        _assertPhase(IMarket.Phase.Rebut);
        _rebut(owner, _shardKey(0));
        _assertSettled(0, false);
        _assertPhase(IMarket.Phase.Join);
    }

    /// @dev No answer is a default. GM-115.
    function test_noAnswerIsADefault() public {
        _toRebut();
        _advanceAfterDeadline();
        _assertClosed(IMarket.CloseReason.OwnerDefault);
        _assertSettled(0, false);
        vm.assertEq(7, _view().compensated, "who submitted");
        for (uint256 i = 0; i < 3; ++i) {
            market.leave(bounty, Terms.pack(terms), holders[i]);
            vm.assertEq(PURSE + COMPENSATION, _balance(holders[i]), "stake, fee and compensation");
        }
        vm.assertEq(0, _balance(bounty), "nothing stays");
    }

    /// @dev The right key may open the wrong rows: seats that said "not opened" are not slashed for not committing.
    /// GM-305.
    function test_whoSaidNotOpenedNeedNotCommit() public {
        _toRebut();
        _rebut(owner, _shardKey(0));
        _advanceAfterDeadline();
        _assertSettled(0, false);
        _assertPhase(IMarket.Phase.Draw);
        vm.assertEq(1, _view().vacant, "only the seat that could have");
        vm.assertEq(TICKET / 10, _burned(), "a tenth of one ticket");
        _assertSound();
    }
}
