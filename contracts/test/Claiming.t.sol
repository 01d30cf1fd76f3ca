// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Path} from "./Path.sol";
import {Trees} from "./fuzz/Trees.sol";

/// @title Payouts and their hold-back.
contract ClaimingTest is Path {
    function _held(uint256 amount) private pure returns (uint256) {
        return amount / 5;
    }

    /// @dev Two rounds, both adopted; the second releases the hold-back, or does not.
    function _toEnd(bool released) private {
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _playRound(_goodSheet());
        _claim(0, 0);
        IMarket.Sheet memory last = _goodSheet();
        last.released = released;
        _playRound(last);
        _assertClosed(IMarket.CloseReason.Finished);
        _assertSound();
    }

    // ---------------------------------------------------------------- before the end
    /// @dev Four fifths are paid at once, rounded up; a fifth waits. The whole of it leaves what is unclaimed. GM-113.
    function test_aFifthWaits() public {
        _toServe();
        uint256 before = _balance(holders[0]);
        vm.prank(stranger);
        _claim(0, 0);
        vm.assertEq(before + 201, _balance(holders[0]), "251 - 50");
        vm.assertEq(50, market.holderOf(bounty, holders[0]).held, "waits");
        IMarket.RoundView memory r = market.roundOf(bounty, 0);
        vm.assertEq(POOL - 251, r.unclaimed, "unclaimed");
        vm.assertEq(1, r.claimed, "who claimed");
        _refusedInPhase(IMarket.Phase.Serve);
        market.claimHeld(bounty, terms, holders[0]);
        _assertSound();
    }

    /// @dev A payout is claimed once, by proof, of a settled round. GM-114.
    function test_claimingHasItsRules() public {
        _toChallenge();
        Trees.Payout[] memory row = _payouts();
        (bytes32[] memory hashes, uint128[] memory sums) = Trees.sumProof(row, 0);
        _refused(IMarket.Market_NothingToDo.selector);
        market.claim(bounty, terms, 0, 0, holders[0], 251, hashes, sums);
        _pass();
        market.settle(bounty, terms, _goodSheet());
        _refused(IMarket.Market_BadProof.selector);
        market.claim(bounty, terms, 0, 0, holders[0], 252, hashes, sums);
        _refused(IMarket.Market_BadProof.selector);
        market.claim(bounty, terms, 0, 0, holders[1], 251, hashes, sums);
        _refused(IMarket.Market_BadProof.selector);
        market.claim(bounty, terms, 0, 1, holders[0], 251, hashes, sums);
        _refused(IMarket.Market_BadProof.selector);
        market.claim(bounty, terms, 0, 4, holders[0], 251, hashes, sums);
        _refused(IMarket.Market_BadProof.selector);
        market.claim(bounty, terms, 0, 128, holders[0], 251, hashes, sums);
        _refused(IMarket.Market_NothingToDo.selector);
        market.claim(bounty, terms, 0, 3, address(0), 0, hashes, sums);
        _refused(IMarket.Market_NothingToDo.selector);
        market.claim(bounty, terms, 1, 0, holders[0], 251, hashes, sums);
        uint128[] memory fewer = new uint128[](1);
        _refused(IMarket.Market_BadProof.selector);
        market.claim(bounty, terms, 0, 0, holders[0], 251, hashes, fewer);
        sums[1] = type(uint128).max;
        _refused(IMarket.Market_BadProof.selector);
        market.claim(bounty, terms, 0, 0, holders[0], 251, hashes, sums);
        _claim(0, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_AlreadyClaimed.selector, bounty, 0, 0));
        this.claimAgain();
    }

    /// @dev External, so that a revert can be expected of it.
    function claimAgain() external {
        _claim(0, 0);
    }

    /// @dev A claim needs no membership: who left is paid too, and joins again without losing what is held.
    function test_whoLeftIsPaidToo() public {
        _toServe();
        _serve(3);
        vm.prank(holders[0]);
        market.leave(bounty, terms, holders[0]);
        _claim(0, 0);
        vm.assertEq(PURSE - FEE + 201, _balance(holders[0]), "paid");
        _join(holders[0], 5);
        vm.assertEq(50, market.holderOf(bounty, holders[0]).held, "still held");
        vm.prank(holders[0]);
        market.leave(bounty, terms, holders[0]);
        vm.assertEq(50, market.holderOf(bounty, holders[0]).held, "still held");
        _assertSound();
    }

    /// @dev An index that was given to somebody else does not carry the claims of whoever had it before. GM-114.
    function test_anIndexCarriesNoClaims() public {
        _toServe();
        _serve(3);
        vm.prank(holders[0]);
        market.leave(bounty, terms, holders[0]);
        _join(holders[3], 0);
        _claim(0, 0);
        vm.assertEq(PURSE - FEE + 201, _balance(holders[0]), "the old one's");
        vm.assertEq(0, market.holderOf(bounty, holders[3]).held, "not the new one's");
        _assertSound();
    }

    // ---------------------------------------------------------------- after the end
    /// @dev Released: what waited is paid, and later claims are paid in full.
    function test_aReleasedHoldBackIsTheHolders() public {
        _toEnd(true);
        uint256 before = _balance(holders[0]);
        vm.prank(stranger);
        market.claimHeld(bounty, terms, holders[0]);
        vm.assertEq(before + _held(251), _balance(holders[0]), "what waited");
        _claim(0, 1);
        _claim(1, 0);
        vm.assertEq(before + _held(251) + 251, _balance(holders[0]), "all at once");
        vm.assertEq(0, market.holderOf(bounty, holders[1]).held, "nothing waits any more");
        _refused(IMarket.Market_NothingToDo.selector);
        market.claimHeld(bounty, terms, holders[0]);
        _assertSound();
    }

    /// @dev Not released: what waited is the owner's, and so is a fifth of every later claim.
    function test_aReturnedHoldBackIsTheOwners() public {
        _toEnd(false);
        uint256 before = _balance(owner);
        market.claimHeld(bounty, terms, holders[0]);
        vm.assertEq(before + _held(251), _balance(owner), "what waited");
        uint256 paid = _balance(holders[1]);
        _claim(1, 1);
        vm.assertEq(paid + 149 - _held(149), _balance(holders[1]), "four fifths");
        vm.assertEq(before + _held(251) + _held(149), _balance(owner), "a fifth");
        vm.assertEq(0, market.holderOf(bounty, holders[1]).held, "nothing waits any more");
        _assertSound();
    }

    /// @dev When the last round is void nobody decides against the holders: released.
    function test_withoutALastSheetTheHoldBackIsReleased() public {
        _toServe();
        _serve(3);
        _claim(0, 2);
        _openRound();
        _advanceAfterDeadline();
        _assertClosed(IMarket.CloseReason.Finished);
        uint256 before = _balance(holders[2]);
        market.claimHeld(bounty, terms, holders[2]);
        vm.assertEq(before + _held(100), _balance(holders[2]), "released");
        _assertSound();
    }

    /// @dev Amounts below five have no fifth.
    function test_smallPayoutsAreNotSplit() public {
        _toCommitPhase();
        Trees.Payout[] memory row = new Trees.Payout[](1);
        row[0] = Trees.Payout(holders[0], 4);
        Trees.Node memory root = Trees.sumRoot(row);
        IMarket.Sheet memory sheet = _goodSheet();
        (sheet.payoutRoot, sheet.pool) = (root.hash, root.sum);
        _settle(sheet);
        market.claim(bounty, terms, 0, 0, holders[0], 4, new bytes32[](0), new uint128[](0));
        vm.assertEq(0, market.holderOf(bounty, holders[0]).held, "nothing waits");
        _assertSound();
    }
}
